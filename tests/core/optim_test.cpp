// Optimizers, schedules and compiled steps against recorded values of mlx.optimizers.
#include <ferrule/ferrule.h>
#include <ferrule/nn.h>
#include <ferrule/optim.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "oracle.h"

namespace fr = ferrule;
namespace nn = ferrule::nn;
namespace optim = ferrule::optim;

namespace {

constexpr double kTolerance = 3e-6;

fr::array row(const fr::array& a, int i) { return fr::take(a, i, 0); }

// Five steps on recorded gradients; every row is compared.
void check(optim::Optimizer&& optimizer, const std::string& name) {
  nn::Parameters parameters{{"w", recorded_array("optim/w")}};
  fr::array gradients = recorded_array("optim/grads");
  std::vector<fr::array> rows;
  for (int i = 0; i < 5; ++i) {
    parameters = optimizer.apply_gradients({{"w", row(gradients, i)}}, parameters);
    rows.push_back(parameters[0].second);
  }
  expect_recorded(fr::stack(rows), "optim/" + name, kTolerance);
  EXPECT_EQ(optimizer.step().item<uint64_t>(), 5u);
}

TEST(Optim, UpdatesFollowMlx) {
  check(optim::SGD(0.1), "sgd");
  check(optim::SGD(0.1, 0.0, 0.05), "sgd_decay");
  check(optim::SGD(0.1, 0.9), "sgd_momentum");
  check(optim::SGD(0.1, 0.9, 0.0, 0.2), "sgd_dampening");
  check(optim::SGD(0.1, 0.9, 0.0, 0.0, true), "sgd_nesterov");
  check(optim::RMSprop(0.01), "rmsprop");
  check(optim::Adagrad(0.1), "adagrad");
  check(optim::Adam(0.01), "adam");
  check(optim::Adam(0.01, {0.9, 0.999}, 1e-8, true), "adam_corrected");
  check(optim::AdamW(0.01, {0.9, 0.999}, 1e-8, 0.1), "adamw");
  check(optim::AdamW(0.01, {0.9, 0.999}, 1e-8, 0.01, true), "adamw_corrected");
  check(optim::Lion(0.01), "lion");
  check(optim::Lion(0.01, {0.9, 0.99}, 0.1), "lion_decay");
  check(optim::Adam(optim::exponential_decay(0.05, 0.5)), "adam_scheduled");
}

TEST(Optim, SchedulesFollowMlx) {
  Recorded steps = recorded("schedule/steps");
  auto check_schedule = [&](const optim::Schedule& schedule, const std::string& name) {
    for (fr::Dtype dtype : {fr::int32, fr::uint64}) {
      std::vector<fr::array> values;
      for (double s : steps.values) values.push_back(schedule(fr::array(static_cast<int>(s), dtype)));
      expect_recorded(fr::stack(values), "schedule/" + name, kTolerance);
    }
  };
  check_schedule(optim::exponential_decay(0.1, 0.9), "exponential_decay");
  check_schedule(optim::step_decay(0.1, 0.5, 10), "step_decay");
  check_schedule(optim::cosine_decay(0.1, 20, 0.01), "cosine_decay");
  check_schedule(optim::linear_schedule(0.0, 0.1, 10), "linear_schedule");
  check_schedule(optim::join_schedules({optim::linear_schedule(0.0, 0.1, 10), optim::cosine_decay(0.1, 20)}, {10}),
                 "join_schedules");
}

TEST(Optim, ClippingFollowsMlx) {
  nn::Parameters gradients{{"a", fr::array({3.0f, 4.0f})}, {"b", fr::array({12.0f}, fr::Shape{1, 1})}};
  for (double limit : {1.0, 100.0}) {
    auto [clipped, norm] = optim::clip_grad_norm(gradients, limit);
    std::string name = "clip/" + std::string(limit == 1.0 ? "1" : "100");
    expect_recorded(norm, name + "/norm", kTolerance);
    expect_recorded(clipped[0].second, name + "/a", kTolerance);
  }
  EXPECT_THROW(optim::clip_grad_norm(gradients, -1.0), fr::error);
}

TEST(Optim, BadCoefficientsAreErrors) {
  EXPECT_THROW(optim::SGD(0.1, 0.0, 0.0, 0.0, true), fr::error);
  EXPECT_THROW(optim::Adam(0.1, {1.0, 0.9}), fr::error);
  EXPECT_THROW(optim::Adam(0.1, {0.9, -0.1}), fr::error);
  EXPECT_THROW(optim::Lion(0.1, {0.9, 1.0}), fr::error);
  EXPECT_THROW(optim::RMSprop(0.1, -1.0), fr::error);
  EXPECT_THROW(optim::Adagrad(0.1, 0.0), fr::error);
  EXPECT_THROW(optim::cosine_decay(0.1, 0), fr::error);
  EXPECT_THROW(optim::join_schedules({}, {}), fr::error);
  EXPECT_THROW(optim::join_schedules({optim::exponential_decay(0.1, 0.9)}, {3}), fr::error);
  optim::SGD sgd(0.1);
  EXPECT_THROW(sgd.apply_gradients({{"w", fr::zeros({2})}}, {{"w", fr::zeros({3})}}), fr::error);
  EXPECT_THROW(sgd.apply_gradients({{"v", fr::zeros({2})}}, {{"w", fr::zeros({2})}}), fr::error);
  optim::Adam adam(0.1);
  EXPECT_THROW(adam.set_state({}), fr::error);
  EXPECT_THROW(adam.set_state({{"step", fr::array(1)}, {"learning_rate", fr::array(0.1f)}, {"w.m", fr::zeros({2})}}),
               fr::error);
  EXPECT_THROW(adam.set_state({{"step", fr::array(1)}, {"learning_rate", fr::array(0.1f)}, {"w.q", fr::zeros({2})}}),
               fr::error);
}

struct Session {
  nn::Sequential net;
  optim::AdamW optimizer{optim::cosine_decay(0.05, 40), {0.9, 0.999}, 1e-8, 0.01, true};
  std::unique_ptr<optim::TrainStep> step;

  explicit Session(bool compiled, double dropout = 0.25) {
    fr::random::KeyScope scope(fr::random::key(4));
    net.add<nn::Linear>(5, 16).add(nn::relu).add<nn::Dropout>(static_cast<float>(dropout)).add<nn::Linear>(16, 3);
    auto loss = [this](const std::vector<fr::array>& batch) {
      return nn::cross_entropy(net(batch[0]), batch[1], std::nullopt, -1, 0.0, nn::Reduction::mean);
    };
    step = std::make_unique<optim::TrainStep>(net, optimizer, loss, fr::random::key(8), compiled);
  }
  std::vector<float> train(int steps) {
    fr::array x = fr::random::normal({12, 5}, fr::random::key(1));
    fr::array y = fr::random::randint(0, 3, {12}, fr::int32, fr::random::key(2));
    std::vector<float> losses;
    for (int i = 0; i < steps; ++i) losses.push_back((*step)({x, y}).item<float>());
    return losses;
  }
};

bool same_bits(const nn::Parameters& a, const nn::Parameters& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].first != b[i].first || a[i].second.nbytes() != b[i].second.nbytes()) return false;
    if (std::memcmp(a[i].second.data(), b[i].second.data(), a[i].second.nbytes()) != 0) return false;
  }
  return true;
}

TEST(TrainStep, TheLossFalls) {
  Session run(true, 0.0);
  auto losses = run.train(30);
  EXPECT_LT(losses.back(), 0.5f * losses.front());
}

// Dropout masks differ from step to step although the step was traced once.
TEST(TrainStep, ACompiledStepDrawsFreshNumbers) {
  Session run(true, 0.5);
  run.optimizer.set_learning_rate(0.0);
  std::vector<float> losses = run.train(6);
  std::sort(losses.begin(), losses.end());
  EXPECT_EQ(std::unique(losses.begin(), losses.end()), losses.end());
}

TEST(TrainStep, CompiledAndPlainStepsAgree) {
  Session compiled(true), plain(false);
  auto a = compiled.train(10), b = plain.train(10);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-4f) << i;
}

TEST(TrainStep, ARestoredRunContinuesBitForBit) {
  Session whole(true);
  whole.train(5);
  auto parameters = whole.net.parameters(), state = whole.optimizer.state();
  fr::array key = whole.step->key();
  auto rest = whole.train(5);

  Session resumed(true);
  resumed.net.update(parameters);
  resumed.optimizer.set_state(state);
  resumed.step->set_key(key);
  EXPECT_EQ(resumed.train(5), rest);
  EXPECT_TRUE(same_bits(resumed.net.parameters(), whole.net.parameters()));
  EXPECT_TRUE(same_bits(resumed.optimizer.state(), whole.optimizer.state()));
}

TEST(TrainStep, AFailingLossLeavesTheModelAlone) {
  nn::Linear model(2, 2);
  optim::SGD sgd(0.1);
  optim::TrainStep step(
      model, sgd, [&](const std::vector<fr::array>& b) { return nn::mse_loss(model(b[0]), b[1]); }, fr::random::key(0));
  auto before = model.parameters();
  EXPECT_THROW(step({fr::zeros({3, 2}), fr::zeros({4, 2})}), fr::error);
  EXPECT_TRUE(same_bits(before, model.parameters()));
  EXPECT_NO_THROW(step({fr::zeros({3, 2}), fr::zeros({3, 2})}));
}

}  // namespace
