// Training and testing on one data set.
#pragma once

#include <ferrule/nn.h>
#include <ferrule/optim.h>

#include <memory>

#include "checkpoint.h"
#include "data.h"

class Trainer {
 public:
  Trainer(RunSettings settings, const FashionMnist& data, bool compiled);

  // One pass over the training images in a fresh random order; what does not fill a batch is left out. Returns the mean
  // loss.
  double train_epoch();
  // The part of the test images that is classified right.
  double test();
  int epoch() const { return epoch_; }

  Checkpoint checkpoint() const;
  // Continues a run. Throws when the arrays do not fit the model.
  void restore(const Checkpoint& checkpoint);

 private:
  RunSettings settings_;
  const FashionMnist& data_;
  bool compiled_;
  std::unique_ptr<ferrule::nn::Module> model_;
  std::unique_ptr<ferrule::optim::Optimizer> optimizer_;
  std::unique_ptr<ferrule::optim::TrainStep> step_;
  ferrule::array shuffle_key_;
  int epoch_ = 0;
};
