// Fashion-MNIST as it is published: four gzip'd idx files.
#pragma once

#include <ferrule/ferrule.h>

#include <string>

struct Images {
  ferrule::array pixels;  // uint8 [n, 28, 28, 1]
  ferrule::array labels;  // uint8 [n], 0 .. 9
};

struct FashionMnist {
  Images train, test;
};

// Reads the files in `folder`; an empty name means the places where packages put them. Throws ferrule::error(io) for a
// file that is missing, damaged, or of another shape.
FashionMnist load_fashion_mnist(const std::string& folder);
