#include "fixture.h"

#include <map>

extern "C" const frl_manifest* frl_plugin_query(uint32_t major, uint32_t minor_min, uint32_t minor_max);

namespace ferrule::cpu::test {
namespace {

std::map<std::string, std::string>& settings() {
  static std::map<std::string, std::string> map;
  return map;
}

void host_log(int32_t, const char*, const char* text);
const char* host_config(const char* key) {
  auto found = settings().find(key);
  return found == settings().end() ? nullptr : found->second.c_str();
}

constexpr frl_host_api kHost = {sizeof(frl_host_api), FRL_ABI_MINOR, host_log, host_config};

std::vector<std::string>& lines() {
  static std::vector<std::string> list;
  return list;
}
void host_log(int32_t, const char*, const char* text) { lines().emplace_back(text); }

void run_body(const Call& call) { (*reinterpret_cast<const std::function<void()>*>(call.plan))(); }

}  // namespace

frl_tensor tensor(const View& view) {
  frl_tensor out{};
  out.buffer = view.buffer;
  out.byte_offset = view.byte_offset;
  out.dtype = view.dtype;
  out.ndim = static_cast<uint16_t>(view.shape.size());
  int64_t stride = 1;
  for (size_t i = view.shape.size(); i-- > 0; stride *= view.shape[i]) {
    out.shape[i] = view.shape[i];
    out.strides[i] = view.strides.empty() ? stride : view.strides[i];
  }
  return out;
}

frl_tensor inline_tensor(uint32_t dtype, uint64_t value) {
  frl_tensor out{};
  out.dtype = dtype;
  out.flags = FRL_TENSOR_INLINE;
  out.value[0] = value;
  return out;
}

void PluginTest::SetUp() {
  lines().clear();
  const frl_manifest* manifest = frl_plugin_query(FRL_ABI_MAJOR, 0, FRL_ABI_MINOR);
  ASSERT_NE(manifest, nullptr);
  ASSERT_EQ(manifest->open(&kHost, &plugin, nullptr), FRL_OK);
  ASSERT_EQ(plugin->device_open(0, &device, &api, nullptr), FRL_OK);
}

void PluginTest::TearDown() {
  for (frl_stream* stream : streams_) api->stream_destroy(stream);
  for (frl_event* event : events_) api->event_destroy(event);
  for (frl_buffer* buffer : buffers_) api->buffer_free(device, buffer);
  streams_.clear();
  events_.clear();
  buffers_.clear();
  plugin->device_close(device);
  plugin->shutdown(0);
  settings().clear();
}

frl_stream* PluginTest::make_stream() {
  frl_stream* stream = nullptr;
  EXPECT_EQ(api->stream_create(device, 0, &stream, nullptr), FRL_OK);
  streams_.push_back(stream);
  return stream;
}

frl_event* PluginTest::make_event(uint32_t flags) {
  frl_event* event = nullptr;
  EXPECT_EQ(api->event_create(device, flags, &event, nullptr), FRL_OK);
  events_.push_back(event);
  return event;
}

frl_buffer* PluginTest::make_buffer(uint64_t bytes) {
  frl_buffer* buffer = nullptr;
  EXPECT_EQ(api->buffer_alloc(device, FRL_MEMORY_SHARED, bytes, &buffer, nullptr), FRL_OK);
  buffers_.push_back(buffer);
  return buffer;
}

void* PluginTest::map(frl_buffer* buffer) {
  void* pointer = nullptr;
  EXPECT_EQ(api->buffer_map(device, buffer, &pointer, nullptr), FRL_OK);
  return pointer;
}

frl_kernel* PluginTest::find(const char* op) {
  frl_kernel* kernel = nullptr;
  EXPECT_EQ(api->kernel_find(device, op, 1, &kernel, nullptr), FRL_OK) << op;
  return kernel;
}

frl_kernel* PluginTest::make_kernel(std::function<void()> body) {
  bodies_.push_back(std::make_unique<std::function<void()>>(std::move(body)));
  auto kernel = std::make_unique<frl_kernel>();
  kernel->kernel = {"test", 1, nullptr, run_body};
  kernel->program = bodies_.back().get();
  kernels_.push_back(std::move(kernel));
  return kernels_.back().get();
}

frl_status PluginTest::launch(frl_stream* stream, frl_kernel* kernel, frl_error* error) {
  frl_call call{};
  return api->kernel_launch(stream, kernel, nullptr, &call, error);
}

frl_status PluginTest::run(frl_stream* stream, const char* op, const std::vector<frl_tensor>& inputs,
                           const frl_tensor& output, const void* attrs, uint32_t attrs_size, frl_error* error) {
  frl_kernel* kernel = find(op);
  if (kernel == nullptr) return FRL_UNSUPPORTED;
  frl_call call{};
  call.inputs = inputs.data();
  call.n_inputs = static_cast<uint16_t>(inputs.size());
  call.outputs = &output;
  call.n_outputs = 1;
  call.attrs = attrs;
  call.attrs_size = attrs_size;
  frl_requirements requirements{};
  requirements.struct_size = sizeof requirements;
  if (frl_status status = api->kernel_query(kernel, &call, &requirements, error); status != FRL_OK) return status;
  return api->kernel_launch(stream, kernel, requirements.plan, &call, error);
}

frl_status PluginTest::finish(frl_stream* stream, frl_error* error) {
  frl_event* event = make_event();
  if (frl_status status = api->event_record(event, stream, error); status != FRL_OK) return status;
  return api->event_wait(event, UINT64_MAX, error);
}

void PluginTest::set_config(const char* key, const char* value) { settings()[key] = value; }
std::vector<std::string>& PluginTest::log_lines() { return lines(); }

}  // namespace ferrule::cpu::test
