// A training run on disk: parameters, optimizer state, random keys, and how far it got. One safetensors file.
#pragma once

#include <ferrule/nn.h>
#include <ferrule/optim.h>

#include <string>

// What decides the course of a run; a resumed run must agree with it.
struct RunSettings {
  std::string model = "mlp";
  int batch = 128;
  double learning_rate = 0.0;
  uint64_t seed = 0;
};

struct Checkpoint {
  RunSettings settings;
  int epoch = 0;  // epochs done
  ferrule::array shuffle_key, step_key;
  ferrule::nn::Parameters parameters, optimizer_state;
};

void save_checkpoint(const std::string& file, const Checkpoint& checkpoint);
// Throws ferrule::error(io) when the file is no whole checkpoint.
Checkpoint load_checkpoint(const std::string& file);
