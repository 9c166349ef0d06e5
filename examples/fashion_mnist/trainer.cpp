// The images stay on the device as bytes; a step gathers its batch there and scales it.
#include "trainer.h"

#include <ferrule/ferrule.h>

#include <algorithm>
#include <cmath>

#include "models.h"
#include "progress.h"

namespace fr = ferrule;
namespace nn = ferrule::nn;
namespace optim = ferrule::optim;

namespace {

constexpr double kDecayPerEpoch = 0.8;
constexpr int kTestBatch = 1000;
constexpr int kStepsInFlight = 16;  // bounds how far the host runs ahead of the device

fr::array to_input(const fr::array& pixels) { return fr::astype(pixels, fr::float32) * (1.0f / 255.0f); }

fr::array seed_key(uint64_t seed, int which) {
  return fr::reshape(fr::slice(fr::random::split(fr::random::key(seed), 3), {which, 0}, {which + 1, 2}), {2});
}

std::unique_ptr<nn::Module> seeded_model(const RunSettings& settings) {
  fr::random::KeyScope scope(seed_key(settings.seed, 0));
  return make_model(settings.model);
}

int steps_per_epoch(const RunSettings& settings, const FashionMnist& data) {
  return static_cast<int>(data.train.labels.shape(0)) / settings.batch;
}

// The rate falls with every step and depends on nothing but the step, so that a longer run begins like a shorter one.
optim::Schedule schedule(const RunSettings& settings, const FashionMnist& data) {
  int steps = std::max(1, steps_per_epoch(settings, data));
  return optim::exponential_decay(settings.learning_rate, std::pow(kDecayPerEpoch, 1.0 / steps));
}

// A checkpoint's arrays must have the names, shapes and dtypes of this model's.
void require_same_layout(const nn::Parameters& got, const nn::Parameters& expected) {
  bool same = std::equal(got.begin(), got.end(), expected.begin(), expected.end(), [](const auto& a, const auto& b) {
    return a.first == b.first && a.second.shape() == b.second.shape() && a.second.dtype() == b.second.dtype();
  });
  if (!same) {
    throw fr::error(fr::ErrorCode::io,
                    "[fashion_mnist] the checkpoint's arrays do not fit the model: other names, shapes "
                    "or dtypes than its parameters and optimizer state");
  }
}

}  // namespace

Trainer::Trainer(RunSettings settings, const FashionMnist& data, bool compiled)
    : settings_(std::move(settings)),
      data_(data),
      compiled_(compiled),
      model_(seeded_model(settings_)),
      optimizer_(std::make_unique<optim::AdamW>(schedule(settings_, data), optim::Betas{0.9, 0.999}, 1e-8, 1e-2, true)),
      shuffle_key_(seed_key(settings_.seed, 1)) {
  if (steps_per_epoch(settings_, data) < 1) {
    throw fr::error(fr::ErrorCode::invalid_argument,
                    "[fashion_mnist] got a batch of " + std::to_string(settings_.batch) + "; expected at most the " +
                        std::to_string(data.train.labels.shape(0)) + " training images");
  }
  auto loss = [this](const std::vector<fr::array>& batch) {
    const fr::array &pixels = batch[0], &labels = batch[1], &indices = batch[2];
    fr::array logits = (*model_)(to_input(fr::take(pixels, indices, 0)));
    return nn::cross_entropy(logits, fr::take(labels, indices, 0), std::nullopt, -1, 0.0, nn::Reduction::mean);
  };
  step_ = std::make_unique<optim::TrainStep>(*model_, *optimizer_, loss, seed_key(settings_.seed, 2), compiled);
  fr::eval(nn::values(model_->parameters()));
}

double Trainer::train_epoch() {
  model_->train();
  auto [kept, used] = fr::random::split(shuffle_key_);
  shuffle_key_ = kept;
  int steps = steps_per_epoch(settings_, data_), batch = settings_.batch;
  fr::array order = fr::random::permutation(static_cast<int>(data_.train.labels.shape(0)), used);
  fr::array total(0.0f);
  std::vector<fr::array> losses;
  Progress progress("epoch " + std::to_string(epoch_ + 1), steps);
  for (int i = 0; i < steps; ++i) {
    fr::array indices = fr::slice(order, {i * batch}, {(i + 1) * batch});
    fr::array loss = (*step_)({data_.train.pixels, data_.train.labels, indices});
    losses.push_back(loss);
    total = total + loss;
    if (i >= kStepsInFlight) losses[static_cast<size_t>(i - kStepsInFlight)].wait();
    progress.show(i + 1);
  }
  fr::eval(shuffle_key_, total);
  ++epoch_;
  return static_cast<double>(total.item<float>()) / steps;
}

double Trainer::test() {
  model_->eval();
  int64_t n = data_.test.labels.shape(0);
  fr::array right(0);
  Progress progress("test", static_cast<int>(n));
  for (int64_t begin = 0; begin < n; begin += kTestBatch) {
    int64_t end = std::min(n, begin + kTestBatch);
    fr::array pixels = fr::slice(data_.test.pixels, {begin, 0, 0, 0}, {end, 28, 28, 1});
    fr::array labels = fr::slice(data_.test.labels, {begin}, {end});
    fr::array predicted = fr::argmax((*model_)(to_input(pixels)), -1);
    right = right + fr::sum(fr::equal(predicted, labels));
    fr::async_eval(right);
    progress.show(static_cast<int>(end));
  }
  return static_cast<double>(right.item<int>()) / static_cast<double>(n);
}

Checkpoint Trainer::checkpoint() const {
  return {settings_, epoch_, shuffle_key_, step_->key(), model_->parameters(), optimizer_->state()};
}

void Trainer::restore(const Checkpoint& c) {
  require_same_layout(c.parameters, model_->parameters());
  require_same_layout(c.optimizer_state, optimizer_->state());
  model_->update(c.parameters);
  optimizer_->set_state(c.optimizer_state);
  shuffle_key_ = c.shuffle_key;
  step_->set_key(c.step_key);
  epoch_ = c.epoch;
}
