// A device with memory of its own, by the stand-in of remote_plugin.h: graphs with steps that fall back or cannot be
// recorded, launches that fail, staging of host copies, memory held back, managed memory, and a device that is lost.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "ferrule/ferrule.h"
#include "remote_plugin.h"
#include "runtime/node.h"

namespace ferrule {
namespace {

using Arrays = std::vector<array>;

class Remote : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!is_available(device())) {
      ASSERT_EQ(std::getenv("FERRULE_PLUGIN_PATH"), nullptr) << "no backend remote there";
      GTEST_SKIP() << "the backend remote is not built";
    }
    set_fallback_policy(FallbackPolicy::allow);
    control().refuse_recording = control().refuse_launch = control().fail_kernel = 0;
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

std::vector<float> counting(size_t n) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = static_cast<float>(i);
  return values;
}

// The elements, read back.
std::vector<float> values(const array& a) {
  const float* first = a.data<float>();
  return std::vector<float>(first, first + a.size());
}

// Evaluations are handed over one by one; in eights to a device that has not come through the last sixteen.
TEST_F(Remote, ShortEvaluationsGoTogetherToADeviceThatIsBehind) {
  set_default_device(device());
  array x = numbers({8});
  x.eval();
  const auto flushes_of = [&](int evaluations) {
    const uint64_t before = control().flushes;
    for (int i = 0; i < evaluations; ++i) {
      x = x + array(1.0f);
      async_eval(x);
    }
    return control().flushes - before;
  };
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(flushes_of(10), 10u);
    synchronize();  // the device has caught up
  }
  control().behind = 1;
  EXPECT_EQ(flushes_of(160),
            30u + 8);  // markers submit by themselves, and the first finds nothing unfinished before it
  const array want = numbers({8}) + array(320.0f);
  EXPECT_TRUE(allclose(x, want).item<bool>());
  EXPECT_EQ(flushes_of(10), 10u);
}

TEST_F(Remote, HostCopiesGoThroughPinnedMemory) {
  set_default_device(device());
  constexpr size_t kCount = 100'000;
  uint64_t pageable = control().pageable_copies, pinned = control().pinned_copies;
  std::vector<float> host = counting(kCount);
  array x(host.data(), {kCount}, float32);
  array y = x + array(1.0f);
  std::vector<float> got = values(y);
  for (size_t i = 0; i < kCount; ++i) ASSERT_EQ(got[i], host[i] + 1) << i;
  EXPECT_EQ(control().pageable_copies, pageable);
  EXPECT_EQ(control().pinned_copies, pinned + 2) << "one in, one out";
}

TEST_F(Remote, SmallValuesAllocateNothing) {
  set_default_device(device());
  auto run = [&](int i) {
    float host[4] = {0, 1, 2, static_cast<float>(i)};
    array x(host, {4}, float32);
    return sum(x * array(2.0f)).item<float>();
  };
  for (int i = 0; i < 5; ++i) run(i);
  uint64_t pinned_blocks = control().allocations[FRL_MEMORY_PINNED], chunks = control().allocations[FRL_MEMORY_DEVICE];
  uint64_t consumed = control().consumed_copies, pageable = control().pageable_copies;
  for (int i = 0; i < 50; ++i) ASSERT_EQ(run(i), 2.0f * static_cast<float>(3 + i));
  EXPECT_EQ(control().allocations[FRL_MEMORY_PINNED], pinned_blocks);
  EXPECT_EQ(control().allocations[FRL_MEMORY_DEVICE], chunks);
  EXPECT_EQ(control().consumed_copies, consumed + 50);
  EXPECT_EQ(control().pageable_copies, pageable);
}

TEST_F(Remote, LargeTransfersGoInPieces) {
  constexpr size_t kCount = (66 << 20) / 4 + 3;  // more than all pieces that are on their way at once
  control().largest_copy = 0;
  array x = astype(arange(0.0, static_cast<double>(kCount), int32, device()), float32, device());
  array there = multiply(x, array(1.0f), device());
  array here = add(there, array(0.0f), Device(Device::cpu));
  array back = add(here, array(0.0f), device());
  eval(there, here, back);
  EXPECT_TRUE(array_equal(here, astype(arange(0.0, static_cast<double>(kCount), int32), float32)).item<bool>());
  EXPECT_TRUE(array_equal(back, there, false, device()).item<bool>());
  const float* read = there.data<float>();
  for (size_t i = 0; i < kCount; i += 4099) ASSERT_EQ(read[i], static_cast<float>(static_cast<int32_t>(i)));
  ASSERT_EQ(read[kCount - 1], static_cast<float>(static_cast<int32_t>(kCount - 1)));
  std::vector<float> host = counting(kCount);
  array uploaded = add(array(host.data(), {kCount}, float32), array(0.0f), device());
  EXPECT_TRUE(array_equal(uploaded, there, false, device()).item<bool>());
  EXPECT_LE(control().largest_copy, 16u << 20);
}

TEST_F(Remote, StridedArraysAreReadAndMoved) {
  array x = multiply(reshape(arange(0.0, 600.0, 1.0, float32), {20, 30}), array(1.0f), device());
  array view = slice(transpose(x, device()), {29, 3}, {2, 17}, {-3, 2}, device());
  array expected = slice(transpose(reshape(arange(0.0, 600.0, 1.0, float32), {20, 30})), {29, 3}, {2, 17}, {-3, 2});
  EXPECT_EQ(values(view), values(expected));
  EXPECT_EQ(values(add(view, array(0.0f), Device(Device::cpu))), values(expected));
}

TEST_F(Remote, FallbackIsStaged) {
  set_default_device(device());
  uint64_t pageable = control().pageable_copies;
  array x = zeros({5000});
  for (int i = 0; i < 20; ++i) x = cos(x) - array(1.0f);
  array y = zeros({5000}, float32, Device(Device::cpu));
  for (int i = 0; i < 20; ++i) y = subtract(cos(y, Device(Device::cpu)), array(1.0f), Device(Device::cpu));
  EXPECT_EQ(values(x), values(y));
  EXPECT_EQ(control().pageable_copies, pageable);
}

TEST_F(Remote, FreedMemoryIsHeldBackWithinABatchOnly) {
  set_default_device(device());
  constexpr int64_t kCount = 16'384;  // 64 KiB
  array base = ones({kCount}) + array(1.0f);
  base.eval();
  // Large arrays that nothing may be donated to: what dies within the batch must not come back in it.
  std::vector<uint64_t> offsets;
  Arrays sums;
  for (int i = 0; i < 4; ++i) sums.push_back(sum(base * array(static_cast<float>(i))));
  eval(sums);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(sums[static_cast<size_t>(i)].item<float>(), 2.0f * kCount * static_cast<float>(i));
  Arrays others;  // lie where the batches before have left room
  for (int i = 0; i < 8; ++i) others.push_back(base * array(static_cast<float>(i)));
  eval(others);
  array first = base * array(3.0f);
  first.eval();
  uint64_t place = first.node()->storage->offset();
  first = array(0.0f);
  array second = base * array(4.0f);
  second.eval();
  EXPECT_NE(second.node()->storage->offset(), place) << "given back after the last batch's end: held";
  array third = base * array(5.0f);
  third.eval();
  EXPECT_EQ(third.node()->storage->offset(), place) << "the batch is over";
}

// Compiled and plain results are alike.
void check_products(const Arrays& in, Arrays (*f)(const Arrays&)) {
  auto compiled = compile(f);
  for (int round = 0; round < 3; ++round) {
    Arrays got = compiled(in), expected = f(in);
    for (size_t k = 0; k < got.size(); ++k) {
      ASSERT_EQ(got[k].shape(), expected[k].shape());
      EXPECT_TRUE(allclose(got[k], expected[k], 1e-5, 1e-6).item<bool>())
          << to_string(got[k]) << to_string(expected[k]);
    }
  }
}

TEST_F(Remote, AVectorProductAndItsChainAreOneKernel) {
  set_default_device(device());
  array x = numbers({6, 5}, 0.03), w = numbers({5}, 0.2), y = numbers({6}, 0.1), s = array(0.7f);
  array sliced = slice(numbers({9, 20}, 0.01), {1, 2}, {7, 17}, {1, 3});
  struct {
    Arrays inputs;
    Arrays (*f)(const Arrays&);
  } cases[] = {
      {{x, w, y, s}, [](const Arrays& in) { return Arrays{sigmoid(matmul(in[0], in[1])) * in[3] - in[2]}; }},
      {{x, w, y, s}, [](const Arrays& in) { return Arrays{exp(matmul(in[2], in[0])) * in[1] - in[3]}; }},
      {{x, y, w, s}, [](const Arrays& in) { return Arrays{matmul(transpose(in[0]), in[1]) * in[3] + in[2]}; }},
      {{transpose(x), w, y, s}, [](const Arrays& in) { return Arrays{exp(matmul(in[1], in[0])) * in[3] + in[2]}; }},
      {{sliced, w, y, s}, [](const Arrays& in) { return Arrays{negative(matmul(in[0], in[1]) + in[2]) * in[3]}; }},
      {{x, w, y, s}, [](const Arrays& in) { return Arrays{negative(matmul(in[0], in[1]))}; }},
  };
  for (auto& [inputs, f] : cases) {
    check_products(inputs, f);
    auto compiled = compile(f);
    uint64_t before = control().kernel_launches;
    compiled(inputs)[0].eval();
    EXPECT_EQ(control().kernel_launches - before, 1u);
  }
}

TEST_F(Remote, AProductWithOtherUsesStays) {
  set_default_device(device());
  auto f = [](const Arrays& in) {
    array z = matmul(in[0], in[1]);
    return Arrays{sigmoid(z) * array(2.0f), z};
  };
  check_products({numbers({6, 5}, 0.03), numbers({5}, 0.2)}, f);
  EXPECT_EQ(compile_report().back().calls, 2u);
}

TEST_F(Remote, ALogisticRegressionStepIsTwoKernels) {
  set_default_device(device());
  static const array x = numbers({40, 7}, 0.01), y = astype(numbers({40}, 1.0) > array(20.0f), float32);
  eval(x, y);
  auto loss = [](const array& w) {
    array z = matmul(x, w);
    return mean(logaddexp(array(0.0f), z) - y * z);
  };
  auto gradient = grad(std::function<array(const array&)>(loss));
  ArrayFn step = [gradient](const Arrays& in) { return Arrays{in[0] - array(0.1f) * gradient(in[0])}; };
  auto compiled = compile(step);
  array w = zeros({7}), plain = w;
  for (int i = 0; i < 5; ++i) {
    w = compiled({w})[0];
    plain = step({plain})[0];
  }
  EXPECT_TRUE(allclose(w, plain, 1e-5, 1e-6).item<bool>());
  EXPECT_EQ(compile_report().back().calls, 2u);
}

TEST_F(Remote, ACompiledLoopUsesTheSameMemoryAgainAndAgain) {
  set_default_device(device());
  auto step = compile([](const Arrays& in) { return Arrays{tanh(matmul(in[0], in[1])) + sum(in[0])}; });
  array x = numbers({8, 8}), w = numbers({8, 8}, 0.1);
  x.eval();
  std::set<uint64_t> places;
  for (int i = 0; i < 60; ++i) {
    w = step({x, w})[0];
    w.eval();
    if (i >= 10) places.insert(w.node()->storage->offset());
  }
  EXPECT_LE(places.size(), 2u);
}

class Managed : public Remote {
 protected:
  void SetUp() override {
    const char* memory = std::getenv("FERRULE_MEMORY");
    if (!memory || std::string(memory) != "managed") GTEST_SKIP() << "runs under ctest, with FERRULE_MEMORY=managed";
  }
  static bool absent() {
    const char* text = std::getenv("FERRULE_REMOTE_MANAGED");
    return text && std::string(text) == "0";
  }
};

TEST_F(Managed, ArraysLieInManagedMemory) {
  if (absent()) GTEST_SKIP() << "taken away";
  set_default_device(device());
  array x = ones({1000}) + array(2.0f);
  uint64_t copies = control().pinned_copies + control().pageable_copies;
  EXPECT_EQ(values(x)[999], 3.0f);
  EXPECT_EQ(control().pinned_copies + control().pageable_copies, copies) << "the host sees it";
  EXPECT_GT(control().allocations[FRL_MEMORY_MANAGED], 0u);
  EXPECT_EQ(control().allocations[FRL_MEMORY_DEVICE], 0u);
}

TEST_F(Managed, IsAnErrorWhereItIsNotOffered) {
  if (!absent()) GTEST_SKIP() << "offered";
  try {
    ones({4}, float32, device()).eval();
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(e.what()).find("FERRULE_MEMORY"), std::string::npos) << e.what();
  }
  EXPECT_EQ(values(ones({4}) + array(1.0f))[0], 2.0f);
}

// Queued; what is known to be impossible already is so again when it is read.
array evaluated(array a) {
  try {
    async_eval({a});
  } catch (const error&) {
  }
  return a;
}

// Neither before nor after somebody has noticed does what was made of a failed array pass for a result.
TEST_F(Remote, WhatIsMadeOfAFailedArrayFails) {
  set_default_device(device());
  array good = evaluated(ones({64}) + array(1.0f));
  EXPECT_EQ(good.data<float>()[5], 2.0f);
  for (int between : {0, 3, 40}) {
    control().fail_kernel = 1;
    array failed = evaluated(good * array(3.0f));
    array other = failed;
    for (int i = 0; i < between; ++i) other = evaluated(other + array(1.0f));
    array later = evaluated(other + array(1.0f));
    array elsewhere = add(other, array(1.0f), Device(Device::cpu));
    EXPECT_THROW(later.data<float>(), error) << between;
    EXPECT_THROW(elsewhere.data<float>(), error) << between;
    EXPECT_THROW(failed.data<float>(), error) << between;
    array again = failed + array(1.0f);
    EXPECT_THROW(again.data<float>(), error) << between;
    EXPECT_THROW(add(failed, array(1.0f), Device(Device::cpu)).data<float>(), error) << between;
    EXPECT_EQ((good + array(1.0f)).data<float>()[5], 3.0f) << between;
    EXPECT_EQ(good.data<float>()[5], 2.0f);
  }
}

TEST_F(Remote, NoFailureIsForgotten) {
  set_default_device(device());
  array good = evaluated(ones({64}) + array(1.0f));
  good.wait();
  std::vector<array> failed;
  for (int i = 0; i < 200; ++i) {
    control().fail_kernel = 1;
    failed.push_back(evaluated(good * array(3.0f)));
    EXPECT_THROW(failed.back().wait(), error);
  }
  for (array& each : failed) EXPECT_THROW(each.data<float>(), error);
  EXPECT_EQ((good * array(3.0f)).data<float>()[5], 6.0f);
}

// The last of all: the device does not come back.
class ZLost : public Remote {};

TEST_F(ZLost, ArraysBecomeErrorsAndTheProcessGoesOn) {
  array before = multiply(ones({100'000}), array(2.0f), device());
  before.eval();
  auto compiled = compile([](const Arrays& in) { return Arrays{matmul(in[0], in[0], Device("remote")) + in[0]}; });
  array large = numbers({700, 700}, 1e-6);
  for (int i = 0; i < 4; ++i) large = matmul(large, large, device());
  array waits = evaluated(add(large, array(1.0f), Device(Device::cpu)));
  control().lost = 1;
  auto expect_lost = [](const auto& action) {
    try {
      action();
      ADD_FAILURE() << "no error";
    } catch (const error& e) {
      EXPECT_EQ(e.code(), ErrorCode::device_lost) << e.what();
    }
  };
  // What waits for the lost device ends, and its own device is none the worse.
  expect_lost([&] { waits.data<float>(); });
  expect_lost([&] { before.data<float>(); });
  expect_lost([&] { multiply(before, array(3.0f), device()).eval(); });
  expect_lost([&] { add(before, array(1.0f), Device(Device::cpu)).eval(); });
  expect_lost([&] { sum(before, device()).item<float>(); });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(sum(ones({10}) + array(1.0f)).item<float>(), 20.0f);
}

}  // namespace
}  // namespace ferrule
