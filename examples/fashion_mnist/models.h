// The three models. All take float32 images [n, 28, 28, 1] in 0 .. 1 and give logits [n, 10].
#pragma once

#include <ferrule/nn.h>

#include <memory>
#include <string>

// `name`: logreg, mlp or cnn.
std::unique_ptr<ferrule::nn::Module> make_model(const std::string& name);
// A learning rate that suits it.
double default_learning_rate(const std::string& name);
