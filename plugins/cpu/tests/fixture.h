// The plugin opened through its entry, as a host would, with short forms for tests.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ferrule/plugin.h"
#include "handles.h"

namespace ferrule::cpu::test {

// An frl_error ready to be filled.
struct Error : frl_error {
  Error() : frl_error{} { struct_size = sizeof(frl_error); }
};

// One shape with its strides; contiguous unless strides are given.
struct View {
  frl_buffer* buffer = nullptr;
  uint32_t dtype = FRL_DTYPE_F32;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides = {};
  uint64_t byte_offset = 0;
};
frl_tensor tensor(const View& view);
frl_tensor inline_tensor(uint32_t dtype, uint64_t value);

class PluginTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  frl_stream* make_stream();
  frl_event* make_event(uint32_t flags = 0);
  frl_buffer* make_buffer(uint64_t bytes);
  void* map(frl_buffer* buffer);
  template <typename T>
  T* data(frl_buffer* buffer) {
    return static_cast<T*>(map(buffer));
  }

  frl_kernel* find(const char* op);
  // A kernel that runs `body` on the stream's thread.
  frl_kernel* make_kernel(std::function<void()> body);
  frl_status launch(frl_stream* stream, frl_kernel* kernel, frl_error* error = nullptr);
  // Queries and launches an op of one output.
  frl_status run(frl_stream* stream, const char* op, const std::vector<frl_tensor>& inputs, const frl_tensor& output,
                 const void* attrs = nullptr, uint32_t attrs_size = 0, frl_error* error = nullptr);
  // Records an event and waits for it.
  frl_status finish(frl_stream* stream, frl_error* error = nullptr);

  static void set_config(const char* key, const char* value);
  static std::vector<std::string>& log_lines();

  const frl_plugin_api* plugin = nullptr;
  const frl_device_api* api = nullptr;
  frl_device* device = nullptr;

 private:
  std::vector<frl_stream*> streams_;
  std::vector<frl_event*> events_;
  std::vector<frl_buffer*> buffers_;
  std::vector<std::unique_ptr<frl_kernel>> kernels_;
  std::vector<std::unique_ptr<std::function<void()>>> bodies_;
};

}  // namespace ferrule::cpu::test
