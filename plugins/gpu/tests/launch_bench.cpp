// What the host runtime costs on a device: gpu_launch_bench PLUGIN.so [N]. Prints microseconds per call of a chain of small
// additions, of independent ones, and of launches of a recorded graph of 1, 2, 8 and 64 of them. The environment's
// FERRULE_<PLUGIN>_BATCH, _BATCH_COMMANDS, _GRAPH_COMMANDS and _GRAPH_BRANCHES apply.
#include <dlfcn.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "ferrule/plugin.h"

namespace {

constexpr int64_t kCount = 1024;
constexpr uint64_t kSize = kCount * 4;

void log_line(int32_t, const char* plugin, const char* text) { std::fprintf(stderr, "%s: %s\n", plugin, text); }

// "cuda.batch" is FERRULE_CUDA_BATCH.
const char* config(const char* key) {
  std::string name = "FERRULE_";
  for (const char* c = key; *c != '\0'; ++c) {
    name += *c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(*c)));
  }
  return std::getenv(name.c_str());
}

frl_error error;

void check(frl_status status, const char* what) {
  if (status == FRL_OK) return;
  std::fprintf(stderr, "%s: status %d: %s\n", what, status, error.message);
  std::exit(1);
}

frl_tensor vector_in(frl_buffer* buffer, uint64_t offset) {
  frl_tensor t{};
  t.buffer = buffer;
  t.byte_offset = offset;
  t.dtype = FRL_DTYPE_F32;
  t.ndim = 1;
  t.shape[0] = kCount;
  t.strides[0] = 1;
  return t;
}

struct Bench {
  const frl_device_api* api = nullptr;
  frl_device* device = nullptr;
  frl_kernel* add = nullptr;
  frl_plan* plan = nullptr;
  frl_stream* stream = nullptr;
  frl_event* done = nullptr;
  frl_buffer* memory = nullptr;

  void launch(frl_stream* to, frl_buffer* buffer, uint64_t a, uint64_t b, uint64_t out) const {
    const frl_tensor in[2] = {vector_in(buffer, a), vector_in(buffer, b)};
    const frl_tensor result = vector_in(buffer, out);
    frl_call call{};
    call.inputs = in;
    call.outputs = &result;
    call.n_inputs = 2;
    call.n_outputs = 1;
    check(api->kernel_launch(to, add, plan, &call, &error), "kernel_launch");
  }
  void finish() const {
    check(api->event_record(done, stream, &error), "event_record");
    check(api->event_wait(done, UINT64_MAX, &error), "event_wait");
  }
  // Microseconds per call: whole, and until the host is through.
  template <typename Body>
  void time(const char* name, int n, const Body& body) const {
    std::vector<double> whole, host;
    for (int round = 0; round < 7; ++round) {
      finish();
      const auto begin = std::chrono::steady_clock::now();
      for (int i = 0; i < n; ++i) body(i);
      const auto through = std::chrono::steady_clock::now();
      finish();
      const auto end = std::chrono::steady_clock::now();
      host.push_back(std::chrono::duration<double, std::micro>(through - begin).count() / n);
      whole.push_back(std::chrono::duration<double, std::micro>(end - begin).count() / n);
    }
    std::sort(host.begin(), host.end());
    std::sort(whole.begin(), whole.end());
    std::printf("%-44s %8.3f us, of it host %8.3f us\n", name, whole[3], host[3]);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: gpu_launch_bench PLUGIN.so [N]\n");
    return 2;
  }
  const int n = argc > 2 ? std::atoi(argv[2]) : 10000;
  error.struct_size = sizeof error;
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  const auto query = reinterpret_cast<frl_plugin_query_fn>(dlsym(library, FRL_PLUGIN_QUERY));
  const frl_manifest* manifest = query != nullptr ? query(FRL_ABI_MAJOR, 0, FRL_ABI_MINOR) : nullptr;
  if (manifest == nullptr) return 1;
  const frl_host_api host = {sizeof host, FRL_ABI_MINOR, log_line, config};
  const frl_plugin_api* plugin = nullptr;
  check(manifest->open(&host, &plugin, &error), "open");
  Bench b;
  check(plugin->device_open(0, &b.device, &b.api, &error), "device_open");
  check(b.api->kernel_find(b.device, "add", 1, &b.add, &error), "kernel_find");
  check(b.api->stream_create(b.device, 0, &b.stream, &error), "stream_create");
  check(b.api->event_create(b.device, 0, &b.done, &error), "event_create");
  check(b.api->buffer_alloc(b.device, FRL_MEMORY_DEVICE, 1024 * kSize, &b.memory, &error), "buffer_alloc");
  check(b.api->fill(b.stream, b.memory, 0, 1024 * kSize, 0, 4, &error), "fill");
  {
    const frl_tensor in[2] = {vector_in(b.memory, 0), vector_in(b.memory, 0)};
    frl_call call{};
    call.inputs = in;
    call.outputs = in;
    call.n_inputs = 2;
    call.n_outputs = 1;
    frl_requirements need{};
    need.struct_size = sizeof need;
    check(b.api->kernel_query(b.add, &call, &need, &error), "kernel_query");
    b.plan = need.plan;
  }
  b.time("chain of small adds, two buffers", n,
         [&](int i) { b.launch(b.stream, b.memory, i % 2 ? kSize : 0, 2 * kSize, i % 2 ? 0 : kSize); });
  b.time("chain through 1000 buffers", n, [&](int i) {
    const auto at = static_cast<uint64_t>(i % 1000);
    b.launch(b.stream, b.memory, at * kSize, 1002 * kSize, (at + 1) % 1000 * kSize);
  });
  b.time("independent small adds", n, [&](int i) {
    b.launch(b.stream, b.memory, 1001 * kSize, 1002 * kSize, static_cast<uint64_t>(i % 1000) * kSize);
  });
  b.time("one add, then an event and a wait", n / 10, [&](int) {
    b.launch(b.stream, b.memory, 0, 2 * kSize, kSize);
    b.finish();
  });
  b.time("three adds in a chain, then an event", n / 3, [&](int) {
    for (uint64_t k = 0; k < 3; ++k) b.launch(b.stream, b.memory, k * kSize, 9 * kSize, (k + 1) * kSize);
    check(b.api->event_record(b.done, b.stream, &error), "event_record");
  });
  const auto* graph = static_cast<const frl_graph_api*>(b.api->device_extension(b.device, FRL_EXT_GRAPH, 1));
  for (const uint64_t length : {uint64_t{1}, uint64_t{2}, uint64_t{3}, uint64_t{8}, uint64_t{64}}) {
    frl_stream* recorder = nullptr;
    check(graph->graph_begin(b.device, 1, &recorder, &error), "graph_begin");
    for (uint64_t k = 0; k < length; ++k) b.launch(recorder, FRL_SLOT(0), k * kSize, 65 * kSize, (k + 1) * kSize);
    frl_graph* made = nullptr;
    check(graph->graph_end(recorder, &made, &error), "graph_end");
    for (const uint64_t places : {uint64_t{1}, uint64_t{2}, uint64_t{12}}) {
      const std::string name =
          "graph of " + std::to_string(length) + ", at " + std::to_string(places) + " addresses in turn";
      b.time(name.c_str(), n / 10, [&](int i) {
        const frl_binding binding = {b.memory, static_cast<uint64_t>(i) % places * 66 * kSize, {}};
        check(graph->graph_launch(b.stream, made, &binding, 1, &error), "graph_launch");
      });
    }
    b.finish();
    graph->graph_destroy(made);
  }
  return 0;
}
