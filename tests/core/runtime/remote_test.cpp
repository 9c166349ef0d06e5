// A device with memory of its own, by the stand-in of remote_plugin.h: graphs with steps that fall back or cannot be
// recorded, and launches that fail.
#include <gtest/gtest.h>

#include "ferrule/ferrule.h"
#include "remote_plugin.h"

namespace ferrule {
namespace {

using Arrays = std::vector<array>;

class Remote : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!is_available(device())) GTEST_SKIP() << "the backend remote is not built";
    set_fallback_policy(FallbackPolicy::allow);
    control().refuse_recording = control().refuse_launch = 0;
  }
  void TearDown() override { set_default_device(Device(Device::cpu)); }
  static Device device() { return Device("remote"); }
  static test::RemoteControl& control() {
    auto* table = const_cast<void*>(device_extension(device(), "remote.control", 1));
    return *static_cast<test::RemoteControl*>(table);
  }
};

array numbers(const Shape& shape, double scale = 0.01) {
  int64_t n = 1;
  for (int64_t extent : shape) n *= extent;
  return reshape(arange(0.0, static_cast<double>(n), 1.0, float32), shape) * array(static_cast<float>(scale));
}

Arrays with_a_missing_op(const Arrays& in) {
  array a = matmul(in[0], in[0]) + array(1.0f);
  array b = cos(transpose(a));
  return {matmul(b, a), sum(b) + sum(a)};
}

TEST_F(Remote, AStepThatFallsBackSplitsTheGraph) {
  set_default_device(device());
  auto compiled = compile(with_a_missing_op);
  for (int i = 1; i < 5; ++i) {
    array x = numbers({4, 4}, 0.02 * i);
    Arrays got = compiled({x}), expected = with_a_missing_op({x});
    for (size_t k = 0; k < 2; ++k) EXPECT_TRUE(allclose(got[k], expected[k], 1e-5, 1e-5).item<bool>());
  }
  CompiledProgram report = compile_report().back();
  ASSERT_TRUE(report.recorded) << report.reason;
  EXPECT_EQ(report.segments, 2u);
  ASSERT_EQ(report.splits.size(), 1u);
  EXPECT_EQ(report.splits[0].op, "cos");
  EXPECT_NE(report.splits[0].reason.find("falls back"), std::string::npos) << report.splits[0].reason;
}

TEST_F(Remote, ACallThatTheRecorderRefusesRunsBetweenTheGraphs) {
  set_default_device(device());
  control().refuse_recording = 1;
  auto f = [](const Arrays& in) {
    array a = matmul(in[0], in[0]);
    array rows = sum(a, 1);
    return Arrays{exp(matmul(a, a)) + rows, transpose(rows)};
  };
  auto compiled = compile(f);
  for (int i = 1; i < 4; ++i) {
    array x = numbers({3, 3}, 0.03 * i);
    Arrays got = compiled({x}), expected = f({x});
    for (size_t k = 0; k < 2; ++k) EXPECT_TRUE(allclose(got[k], expected[k], 1e-5, 1e-5).item<bool>());
  }
  CompiledProgram report = compile_report().back();
  ASSERT_TRUE(report.recorded) << report.reason;
  ASSERT_EQ(report.splits.size(), 1u);
  EXPECT_NE(report.splits[0].reason.find("cannot be recorded"), std::string::npos) << report.splits[0].reason;
}

TEST_F(Remote, AFailedGraphLaunchIsAnErrorAndTheNextWorks) {
  set_default_device(device());
  auto f = [](const Arrays& in) { return Arrays{matmul(in[0], in[0]) + in[0], sum(in[0])}; };
  auto compiled = compile(f);
  array x = numbers({8, 8});
  array expected = f({x})[0];
  eval(compiled({x}));
  Arrays failing = compiled({x});
  control().refuse_launch = 1;
  EXPECT_THROW(eval(failing), error);
  EXPECT_TRUE(array_equal(failing[0], expected).item<bool>()) << "the second try works";
  EXPECT_TRUE(array_equal(compiled({x})[0], expected).item<bool>());
}

TEST_F(Remote, ACallIsOneLaunch) {
  set_default_device(device());
  auto compiled = compile([](const Arrays& in) { return Arrays{tanh(matmul(in[0], in[1])) + sum(in[0])}; });
  array x = numbers({8, 8}), w = numbers({8, 8}, 0.1);
  compiled({x, w})[0].eval();
  uint64_t graphs = control().graph_launches, kernels = control().kernel_launches;
  for (int i = 0; i < 10; ++i) w = compiled({x, w})[0];
  w.eval();
  EXPECT_EQ(control().graph_launches - graphs, 10u);
  EXPECT_EQ(control().kernel_launches - kernels, 0u);
}

}  // namespace
}  // namespace ferrule
