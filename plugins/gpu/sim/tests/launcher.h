// Runs kernels of a test on the simulated device, through the vendor interface.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "vendor/host.h"

#include "device/gpu.h"

namespace ferrule::gpu::sim {

// One stream on device 0; failures of the set-up fail the test.
class SimTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(vendor::set_device(0), vendor::kOk);
    ASSERT_EQ(vendor::stream_create(&stream_, 0), vendor::kOk);
  }
  void TearDown() override { EXPECT_EQ(vendor::stream_destroy(stream_), vendor::kOk); }

  template <auto* K, typename... A>
  vendor::Status run(uint32_t blocks, uint32_t threads, A... arguments) {
    return run_shape<K>({{blocks, 1, 1}, {threads, 1, 1}, 0}, arguments...);
  }
  template <auto* K, typename... A>
  vendor::Status run_shape(const vendor::LaunchShape& shape, A... arguments) {
    void* pointers[] = {&arguments..., nullptr};
    const vendor::Status status = vendor::launch(vendor::function_of<K>(), shape, pointers, stream_);
    message_ = status == vendor::kOk ? "" : vendor::describe(status);
    return status;
  }

  vendor::Stream stream_ = nullptr;
  std::string message_;  // of the last launch
};

}  // namespace ferrule::gpu::sim
