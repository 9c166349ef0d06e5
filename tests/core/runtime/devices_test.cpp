// Two devices of one backend: arrays go from one to the other without the host. Skips where there is one device only;
// plugins/gpu/tests runs it on two simulated ones.
#include <gtest/gtest.h>

#include "ferrule/ferrule.h"

namespace ferrule {
namespace {

class TwoDevices : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string name = default_device().name();
    if (device_count(name) < 2) GTEST_SKIP() << name << " has one device";
    first_ = Device(name, 0);
    second_ = Device(name, 1);
  }
  Device first_{default_device()}, second_{default_device()};
};

TEST_F(TwoDevices, ArraysMove) {
  const array x = reshape(arange(0.0, 6000.0, 1.0, float32), {60, 100});
  array here = multiply(x, array(2.0f), first_);
  array strided = transpose(slice(here, {3, 5}, {51, 90}, {2, 3}));
  array there = add(strided, array(1.0f), second_);
  array back = subtract(there, array(1.0f), first_);
  EXPECT_TRUE(array_equal(back, transpose(slice(x, {3, 5}, {51, 90}, {2, 3})) * array(2.0f)).item<bool>());
}

TEST_F(TwoDevices, ChainsAlternate) {
  array x = zeros({1000});
  for (int i = 0; i < 50; ++i) x = add(x, array(1.0f), i % 2 == 0 ? first_ : second_);
  EXPECT_EQ(sum(x).item<float>(), 50000.0f);
}

// What is written on one device after the copy to the other began does not reach the copy.
TEST_F(TwoDevices, DonatedMemoryIsNotOverwritten) {
  for (int i = 0; i < 20; ++i) {
    array x = full({100000}, static_cast<float>(i), float32);
    x = add(x, array(1.0f), first_);
    array copy = multiply(x, array(1.0f), second_);
    x = add(std::move(x), array(100.0f), first_);
    eval(copy, x);
    EXPECT_EQ(max(copy).item<float>(), static_cast<float>(i + 1));
    EXPECT_EQ(min(x).item<float>(), static_cast<float>(i + 101));
  }
}

TEST_F(TwoDevices, GradientsCross) {
  const array w = full({64}, 0.5f, float32);
  auto loss = [this](const array& v) {
    const array far = multiply(v, v, second_);
    return sum(multiply(far, array(3.0f), first_));
  };
  const array g = grad(loss)(w);
  EXPECT_TRUE(allclose(g, full({64}, 3.0f, float32)).item<bool>());
}

}  // namespace
}  // namespace ferrule
