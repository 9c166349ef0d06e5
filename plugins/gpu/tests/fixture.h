// A gpu plugin through its ABI: the simulated device that is linked in, or the plugin that FERRULE_GPU_TEST_PLUGIN names.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "ferrule/plugin.h"

namespace ferrule::gpu::test {

using Bytes = std::vector<std::byte>;

// A contiguous f32 operand that begins `offset` bytes into a buffer or slot.
frl_tensor f32_vector(frl_buffer* buffer, int64_t count, uint64_t offset);

// Opens device 0 with the settings given as {"batch", "graph"}, which are config keys behind the plugin's name.
class GpuTest : public testing::Test {
 protected:
  using Settings = std::map<std::string, std::string>;

  void SetUp() override;
  void TearDown() override;

  void open(const Settings& settings = {});
  void close();
  // Skips what needs failures on purpose, which only the simulated device has.
  static bool simulated();
  // What the plugin logged since the test began.
  static const std::vector<std::string>& logged();

  frl_buffer* alloc(uint64_t bytes, uint32_t kind);
  frl_buffer* alloc(uint64_t bytes);  // of the device's own kind
  frl_stream* stream();
  frl_event* event(uint32_t flags = 0);
  void expect_ok(frl_status status, const char* what);
  // Everything on the stream is done; returns how its next event ended.
  frl_status finish(frl_stream* stream);
  Bytes read(frl_stream* stream, frl_buffer* buffer, uint64_t bytes);

  const frl_plugin_api* plugin_ = nullptr;
  frl_device* device_ = nullptr;
  const frl_device_api* api_ = nullptr;
  frl_device_info info_{};
  frl_error error_{};

 private:
  std::vector<frl_buffer*> buffers_;
  std::vector<frl_stream*> streams_;
  std::vector<frl_event*> events_;
};

}  // namespace ferrule::gpu::test
