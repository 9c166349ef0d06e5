#include "fixture.h"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>

#include "host/plugin_main.h"

namespace ferrule::gpu::test {
namespace {

std::map<std::string, std::string> g_settings;
std::vector<std::string> g_log;

void note_log(int32_t, const char*, const char* text) try {
  g_log.emplace_back(text);
} catch (const std::bad_alloc&) {  // a host's sink does not throw
}

const char* read_config(const char* key) {
  const char* dot = std::strchr(key, '.');
  const auto found = g_settings.find(dot == nullptr ? key : dot + 1);
  return found == g_settings.end() ? nullptr : found->second.c_str();
}

constexpr frl_host_api kHost = {sizeof(frl_host_api), FRL_ABI_MINOR, note_log, read_config};

using OpenFn = frl_status (*)(const frl_host_api*, const frl_plugin_api**, frl_error*);

OpenFn find_open() {
  const char* path = std::getenv("FERRULE_GPU_TEST_PLUGIN");
  if (path == nullptr) return open_plugin;
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  const auto query = reinterpret_cast<frl_plugin_query_fn>(dlsym(library, FRL_PLUGIN_QUERY));
  const frl_manifest* manifest = query != nullptr ? query(FRL_ABI_MAJOR, 0, FRL_ABI_MINOR) : nullptr;
  return manifest != nullptr ? manifest->open : nullptr;
}

}  // namespace

const std::vector<std::string>& GpuTest::logged() { return g_log; }

bool GpuTest::simulated() { return std::getenv("FERRULE_GPU_TEST_PLUGIN") == nullptr; }

frl_tensor f32_vector(frl_buffer* buffer, int64_t count, uint64_t offset) {
  frl_tensor t{};
  t.buffer = buffer;
  t.byte_offset = offset;
  t.dtype = FRL_DTYPE_F32;
  t.ndim = 1;
  t.shape[0] = count;
  t.strides[0] = 1;
  return t;
}

void GpuTest::SetUp() {
  error_.struct_size = sizeof error_;
  g_log.clear();
}

void GpuTest::TearDown() { close(); }

void GpuTest::open(const Settings& settings) {
  close();
  g_settings = settings;
  const OpenFn open_fn = find_open();
  ASSERT_NE(open_fn, nullptr) << "FERRULE_GPU_TEST_PLUGIN names no plugin";
  ASSERT_EQ(open_fn(&kHost, &plugin_, &error_), FRL_OK) << error_.message;
  info_ = {};
  info_.struct_size = sizeof info_;
  ASSERT_EQ(plugin_->device_info(0, &info_, &error_), FRL_OK) << error_.message;
  ASSERT_EQ(plugin_->device_open(0, &device_, &api_, &error_), FRL_OK) << error_.message;
}

void GpuTest::close() {
  if (device_ == nullptr) return;
  for (frl_event* event : events_) api_->event_destroy(event);
  for (frl_stream* stream : streams_) api_->stream_destroy(stream);
  for (frl_buffer* buffer : buffers_) api_->buffer_free(device_, buffer);
  events_.clear();
  streams_.clear();
  buffers_.clear();
  plugin_->device_close(device_);
  plugin_->shutdown(0);
  device_ = nullptr;
}

frl_buffer* GpuTest::alloc(uint64_t bytes, uint32_t kind) {
  frl_buffer* buffer = nullptr;
  expect_ok(api_->buffer_alloc(device_, kind, bytes, &buffer, &error_), "buffer_alloc");
  if (buffer != nullptr) buffers_.push_back(buffer);
  return buffer;
}

frl_buffer* GpuTest::alloc(uint64_t bytes) {
  const bool device = (info_.memory_kinds >> FRL_MEMORY_DEVICE & 1) != 0;
  return alloc(bytes, device ? FRL_MEMORY_DEVICE : FRL_MEMORY_SHARED);
}

frl_stream* GpuTest::stream() {
  frl_stream* stream = nullptr;
  expect_ok(api_->stream_create(device_, 0, &stream, &error_), "stream_create");
  if (stream != nullptr) streams_.push_back(stream);
  return stream;
}

frl_event* GpuTest::event(uint32_t flags) {
  frl_event* event = nullptr;
  expect_ok(api_->event_create(device_, flags, &event, &error_), "event_create");
  if (event != nullptr) events_.push_back(event);
  return event;
}

void GpuTest::expect_ok(frl_status status, const char* what) {
  EXPECT_EQ(status, FRL_OK) << what << ": " << error_.message;
}

frl_status GpuTest::finish(frl_stream* stream) {
  frl_event* done = event();
  expect_ok(api_->event_record(done, stream, &error_), "event_record");
  return api_->event_wait(done, UINT64_MAX, &error_);
}

Bytes GpuTest::read(frl_stream* stream, frl_buffer* buffer, uint64_t bytes) {
  Bytes out(bytes);
  expect_ok(api_->copy_out(stream, out.data(), buffer, 0, bytes, &error_), "copy_out");
  expect_ok(finish(stream), "event_wait");
  return out;
}

}  // namespace ferrule::gpu::test
