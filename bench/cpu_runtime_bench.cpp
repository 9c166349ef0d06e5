// The cpu backend below its kernels: what a call costs, and copies against a plain threaded memcpy in the same run.
//   build/bin/cpu_runtime_bench [--benchmark_filter=...]
// Bytes are counted as each input read once, each output written once.
#include <benchmark/benchmark.h>

#include <cstring>
#include <thread>
#include <vector>

#include "device.h"
#include "parallel.h"

extern "C" const frl_manifest* frl_plugin_query(uint32_t major, uint32_t minor_min, uint32_t minor_max);

namespace {

using benchmark::State;

constexpr frl_host_api kHost = {sizeof(frl_host_api), FRL_ABI_MINOR, nullptr, nullptr};

// The opened plugin with one stream and one event.
struct Plugin {
  Plugin() {
    frl_plugin_query(FRL_ABI_MAJOR, 0, FRL_ABI_MINOR)->open(&kHost, &plugin, nullptr);
    plugin->device_open(0, &device, &api, nullptr);
    api->stream_create(device, 0, &stream, nullptr);
    api->event_create(device, 0, &event, nullptr);
  }
  ~Plugin() {
    api->event_destroy(event);
    api->stream_destroy(stream);
    plugin->device_close(device);
    plugin->quiesce(nullptr);
  }
  void finish() const {
    api->event_record(event, stream, nullptr);
    api->event_wait(event, UINT64_MAX, nullptr);
  }
  frl_kernel* find(const char* op) const {
    frl_kernel* kernel = nullptr;
    api->kernel_find(device, op, 1, &kernel, nullptr);
    return kernel;
  }
  frl_buffer* buffer(uint64_t bytes) const {
    frl_buffer* result = nullptr;
    void* data = nullptr;
    api->buffer_alloc(device, FRL_MEMORY_SHARED, bytes, &result, nullptr);
    api->buffer_map(device, result, &data, nullptr);
    std::memset(data, 1, bytes);
    return result;
  }
  const frl_plugin_api* plugin = nullptr;
  const frl_device_api* api = nullptr;
  frl_device* device = nullptr;
  frl_stream* stream = nullptr;
  frl_event* event = nullptr;
};

frl_tensor tensor(frl_buffer* buffer, uint32_t dtype, std::vector<int64_t> shape, std::vector<int64_t> strides) {
  frl_tensor out{};
  out.buffer = buffer;
  out.dtype = dtype;
  out.ndim = static_cast<uint16_t>(shape.size());
  for (size_t i = 0; i < shape.size(); ++i) out.shape[i] = shape[i], out.strides[i] = strides[i];
  return out;
}

void run_one(const Plugin& p, frl_kernel* kernel, const frl_tensor& from, const frl_tensor& to) {
  frl_call call{};
  call.inputs = &from;
  call.n_inputs = 1;
  call.outputs = &to;
  call.n_outputs = 1;
  p.api->kernel_launch(p.stream, kernel, nullptr, &call, nullptr);
}

// Launches of a small kernel in batches; the wait for each batch is not counted in "launch", but in "launch_and_run".
void small_calls(State& state, bool count_run) {
  Plugin p;
  frl_buffer *a = p.buffer(64), *b = p.buffer(64);
  const frl_tensor from = tensor(a, FRL_DTYPE_F32, {4}, {1}), to = tensor(b, FRL_DTYPE_F32, {4}, {1});
  frl_kernel* kernel = p.find("copy");
  constexpr int kBatch = 500;
  p.finish();
  for (auto _ : state) {
    for (int i = 0; i < kBatch; ++i) run_one(p, kernel, from, to);
    if (!count_run) state.PauseTiming();
    p.finish();
    if (!count_run) state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
  p.api->buffer_free(p.device, a);
  p.api->buffer_free(p.device, b);
}
void launch(State& state) { small_calls(state, false); }
void launch_and_run(State& state) { small_calls(state, true); }
BENCHMARK(launch)->MeasureProcessCPUTime()->UseRealTime();
BENCHMARK(launch_and_run)->MeasureProcessCPUTime()->UseRealTime();

// One small call and the wait for it.
void round_trip(State& state) {
  Plugin p;
  frl_buffer *a = p.buffer(64), *b = p.buffer(64);
  const frl_tensor from = tensor(a, FRL_DTYPE_F32, {4}, {1}), to = tensor(b, FRL_DTYPE_F32, {4}, {1});
  frl_kernel* kernel = p.find("copy");
  for (auto _ : state) {
    run_one(p, kernel, from, to);
    p.finish();
  }
  p.api->buffer_free(p.device, a);
  p.api->buffer_free(p.device, b);
}
BENCHMARK(round_trip)->MeasureProcessCPUTime()->UseRealTime();

constexpr int64_t kSide = 8192;  // 256 MiB of f32
constexpr int64_t kElements = kSide * kSide;

// The peer: one memcpy per thread, threads made beforehand by the pool of the plugin.
void peer_memcpy(State& state) {
  Plugin p;
  const auto bytes = static_cast<size_t>(state.range(0));
  frl_buffer *a = p.buffer(bytes), *b = p.buffer(bytes);
  const int64_t threads = ferrule::cpu::thread_count();
  for (auto _ : state) {
    ferrule::cpu::parallel_for(threads, 1, [&](int64_t begin, int64_t) {
      const size_t part = bytes / static_cast<size_t>(threads), at = static_cast<size_t>(begin) * part;
      std::memcpy(b->data + at, a->data + at, part);
    });
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(2 * bytes));
  p.api->buffer_free(p.device, a);
  p.api->buffer_free(p.device, b);
}
BENCHMARK(peer_memcpy)->Arg(kElements * 4)->Arg(4 << 20)->MeasureProcessCPUTime()->UseRealTime();

void copy_between(State& state, uint32_t from_dtype, int64_t from_size, uint32_t to_dtype, int64_t to_size,
                  std::vector<int64_t> shape, std::vector<int64_t> from_strides, std::vector<int64_t> to_strides) {
  Plugin p;
  int64_t n = 1;
  for (int64_t extent : shape) n *= extent;
  int64_t reach = 1;
  for (size_t i = 0; i < shape.size(); ++i) reach += (shape[i] - 1) * from_strides[i];
  frl_buffer* a = p.buffer(static_cast<uint64_t>(reach * from_size));
  frl_buffer* b = p.buffer(static_cast<uint64_t>(n * to_size));
  const frl_tensor from = tensor(a, from_dtype, shape, from_strides), to = tensor(b, to_dtype, shape, to_strides);
  frl_kernel* kernel = p.find("copy");
  for (auto _ : state) {
    run_one(p, kernel, from, to);
    p.finish();
  }
  state.SetBytesProcessed(state.iterations() * n * (from_size + to_size));
  p.api->buffer_free(p.device, a);
  p.api->buffer_free(p.device, b);
}

#define COPY_BENCH(name, ...)                                   \
  void name(State& state) { copy_between(state, __VA_ARGS__); } \
  BENCHMARK(name)->MeasureProcessCPUTime()->UseRealTime()
using Dims = std::vector<int64_t>;
constexpr int64_t kRows = kSide;
COPY_BENCH(copy_f32, FRL_DTYPE_F32, 4, FRL_DTYPE_F32, 4, Dims{kElements}, Dims{1}, Dims{1});
COPY_BENCH(copy_f32_4mib, FRL_DTYPE_F32, 4, FRL_DTYPE_F32, 4, Dims{1 << 20}, Dims{1}, Dims{1});
COPY_BENCH(transpose_u8, FRL_DTYPE_U8, 1, FRL_DTYPE_U8, 1, (Dims{kRows, kSide}), (Dims{1, kRows}), (Dims{kSide, 1}));
COPY_BENCH(transpose_f16, FRL_DTYPE_F16, 2, FRL_DTYPE_F16, 2, (Dims{kRows, kSide}), (Dims{1, kRows}), (Dims{kSide, 1}));
COPY_BENCH(transpose_f32, FRL_DTYPE_F32, 4, FRL_DTYPE_F32, 4, (Dims{kRows, kSide}), (Dims{1, kRows}), (Dims{kSide, 1}));
COPY_BENCH(transpose_f64, FRL_DTYPE_F64, 8, FRL_DTYPE_F64, 8, (Dims{kRows, kSide / 2}), (Dims{1, kRows}),
           (Dims{kSide / 2, 1}));
COPY_BENCH(transpose_odd_f32, FRL_DTYPE_F32, 4, FRL_DTYPE_F32, 4, (Dims{8191, 8193}), (Dims{1, 8191}), (Dims{8193, 1}));
COPY_BENCH(transpose_heads_f32, FRL_DTYPE_F32, 4, FRL_DTYPE_F32, 4, (Dims{64, 16, 1024, 64}),
           (Dims{1 << 20, 64, 1024, 1}), (Dims{1 << 20, 65536, 64, 1}));
COPY_BENCH(broadcast_rows_f32, FRL_DTYPE_F32, 4, FRL_DTYPE_F32, 4, (Dims{kRows, kSide}), (Dims{0, 1}),
           (Dims{kSide, 1}));
COPY_BENCH(every_second_f32, FRL_DTYPE_F32, 4, FRL_DTYPE_F32, 4, Dims{kElements / 2}, Dims{2}, Dims{1});
COPY_BENCH(cast_f32_f16, FRL_DTYPE_F32, 4, FRL_DTYPE_F16, 2, Dims{kElements}, Dims{1}, Dims{1});
COPY_BENCH(cast_f16_f32, FRL_DTYPE_F16, 2, FRL_DTYPE_F32, 4, Dims{kElements}, Dims{1}, Dims{1});
COPY_BENCH(cast_f32_bf16, FRL_DTYPE_F32, 4, FRL_DTYPE_BF16, 2, Dims{kElements}, Dims{1}, Dims{1});
COPY_BENCH(cast_bf16_f32, FRL_DTYPE_BF16, 2, FRL_DTYPE_F32, 4, Dims{kElements}, Dims{1}, Dims{1});
COPY_BENCH(cast_f32_i32, FRL_DTYPE_F32, 4, FRL_DTYPE_I32, 4, Dims{kElements}, Dims{1}, Dims{1});
COPY_BENCH(cast_i64_f32, FRL_DTYPE_I64, 8, FRL_DTYPE_F32, 4, Dims{kElements / 2}, Dims{1}, Dims{1});
COPY_BENCH(cast_u8_f32, FRL_DTYPE_U8, 1, FRL_DTYPE_F32, 4, Dims{kElements}, Dims{1}, Dims{1});
COPY_BENCH(cast_f32_bool, FRL_DTYPE_F32, 4, FRL_DTYPE_BOOL, 1, Dims{kElements}, Dims{1}, Dims{1});
COPY_BENCH(cast_transposed_f32_f16, FRL_DTYPE_F32, 4, FRL_DTYPE_F16, 2, (Dims{kRows, kSide}), (Dims{1, kRows}),
           (Dims{kSide, 1}));

}  // namespace

BENCHMARK_MAIN();
