// A training step, eager and compiled, on a device on which the nth call of each kind fails, or which is lost at the nth
// submission (the simulated device's FERRULE_SIM_FAIL, read once): each in a process of its own. The step is right or an
// error; after a failure the next one is right, after a loss every one says so; and the process ends in peace.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <string>

#include "ferrule/ferrule.h"

namespace ferrule {
namespace {

using Arrays = std::vector<array>;

Arrays step(const Arrays& in) {
  auto [value, gradients] = value_and_grad(ArrayFn([](const Arrays& a) {
    array z = matmul(a[1], a[0]);
    return Arrays{mean(logaddexp(array(0.0f), z) - a[2] * z)};
  }))(in);
  return {value[0], in[0] - in[3] * gradients[0]};
}

// What was queued before a failure was noticed may fail with it; after this it has been.
void settle() {
  try {
    synchronize();
  } catch (const error&) {
  }
}

// Three steps, one of them with an op that runs on the cpu; the loss, or nothing where it failed.
std::optional<float> train(const ArrayFn& f, const Arrays& data, bool* lost) {
  try {
    array w = zeros({16});
    for (int i = 0; i < 3; ++i) {
      Arrays out = f({w, data[0], data[1], array(0.1f)});
      async_eval(out);
      w = i == 1 ? add(out[1], array(0.0f), Device(Device::cpu)) : out[1];
    }
    return f({w, data[0], data[1], array(0.1f)})[0].item<float>();
  } catch (const error& e) {
    if (e.code() == ErrorCode::device_lost) *lost = true;
    return std::nullopt;
  }
}

// What the child process finds wrong; 0 is nothing.
int try_training(bool compiled) {
  set_default_device(Device(Device::cpu));
  Arrays data{random::normal({32, 16}, random::key(3)),
              astype(random::bernoulli(array(0.5f), Shape{32}, random::key(4)), float32)};
  eval(data);
  bool lost = false;
  const std::optional<float> expected = train(step, data, &lost);
  if (!expected || lost) return 2;
  try {
    set_default_device(Device("sim"));
  } catch (const error&) {
    return 0;  // opening the device failed, with an error
  }
  const ArrayFn f = compiled ? compile(ArrayFn([](const Arrays& in) { return step(in); })) : ArrayFn(step);
  int failures = 0;
  for (int round = 0; round < 4; ++round) {
    const bool was_lost = lost;
    const std::optional<float> got = train(f, data, &lost);
    settle();
    if (got && was_lost) return 3;
    if (got && std::abs(*got - *expected) > 1e-5f) return 4;
    failures += !got;
  }
  if (!lost && failures > 1) return 5;
  set_default_device(Device(Device::cpu));
  return train(step, data, &lost) == expected ? 0 : 6;
}

TEST(Child, Trains) {
  const char* mode = std::getenv("STEP_FAULTS_CHILD");
  if (mode == nullptr) GTEST_SKIP() << "run by the other tests";
  EXPECT_EQ(try_training(std::string(mode) == "compiled"), 0);
}

int run_child(const std::string& fault, const char* mode) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("FERRULE_SIM_FAIL", fault.c_str(), 1);
    ::setenv("STEP_FAULTS_CHILD", mode, 1);
    ::alarm(60);  // a hang ends in a signal
    ::execl("/proc/self/exe", "step_faults_test", "--gtest_filter=Child.*", "--gtest_brief=1", nullptr);
    ::_exit(127);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child ? status : -1;
}

class StepFaults : public ::testing::TestWithParam<const char*> {};

TEST_P(StepFaults, EveryFailureIsAnErrorAndTheNextStepWorks) {
  for (const char* kind :
       {"malloc", "pinned", "launch", "copy", "graph", "node", "event", "record", "wait", "stream", "sync", "lost"}) {
    for (int n : {1, 2, 3, 4, 5, 6, 8, 11, 15, 21, 30, 45}) {
      const std::string fault = std::string(kind) + ":" + std::to_string(n);
      EXPECT_EQ(run_child(fault, GetParam()), 0) << fault;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, StepFaults, ::testing::Values("eager", "compiled"));

}  // namespace
}  // namespace ferrule
