#include "host/graph.h"

#include <memory>
#include <new>

#include "host/failure.h"
#include "host/handles.h"
#include "host/recording.h"
#include "host/replay.h"
#include "host/runtime.h"
#include "host/stream.h"

struct frl_graph : ferrule::gpu::Tagged<ferrule::gpu::kGraphTag> {
  frl_graph(ferrule::gpu::Device& on, uint32_t n_slots) : device(on), recording(n_slots), replay(on, recording) {}

  ferrule::gpu::Device& device;
  ferrule::gpu::Recording recording;
  ferrule::gpu::Replay replay;
};

namespace ferrule::gpu {
namespace {

struct Recorder : Tagged<kRecorderTag> {
  std::unique_ptr<frl_graph> graph;
};

Recorder* recorder_of(frl_stream* stream) { return reinterpret_cast<Recorder*>(stream); }

frl_status graph_begin(frl_device* device, uint32_t n_slots, frl_stream** out_recorder, frl_error* error) {
  if (!valid(device)) return refuse_handle(error, "graph_begin", "device", device);
  if (out_recorder == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[graph_begin] out_recorder is NULL");
  if (frl_status status = check_process("graph_begin", error); status != FRL_OK) return status;
  return guarded("graph_begin", &device->device, error, [&] {
    device->device.activate();
    if (n_slots > Recording::kMostSlots) {
      throw Failure(FRL_UNSUPPORTED, "[graph_begin] got %u slots; expected at most %u", n_slots, Recording::kMostSlots);
    }
    auto recorder = std::make_unique<Recorder>();
    recorder->graph = std::make_unique<frl_graph>(device->device, n_slots);
    *out_recorder = reinterpret_cast<frl_stream*>(recorder.release());
  });
}

frl_status graph_end(frl_stream* stream, frl_graph** out_graph, frl_error* error) {
  if (!is_recorder(stream)) {
    if (stream == nullptr) return refuse_handle(error, "graph_end", "recorder", nullptr);
    return fail(error, FRL_INVALID_ARGUMENT, "[graph_end] got a handle that is no recorder of this plugin");
  }
  const std::unique_ptr<Recorder> recorder(recorder_of(stream));
  recorder->tag = 0;
  if (out_graph == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[graph_end] out_graph is NULL");
  *out_graph = recorder->graph.release();
  return FRL_OK;
}

frl_status graph_launch(frl_stream* stream, frl_graph* graph, const frl_binding* bindings, uint32_t n_bindings,
                        frl_error* error) {
  if (frl_status status = check_stream("graph_launch", stream, error); status != FRL_OK) return status;
  if (!valid(graph)) return refuse_handle(error, "graph_launch", "graph", graph);
  const size_t expected = graph->recording.n_slots();
  if (n_bindings != expected || (bindings == nullptr && n_bindings != 0)) {
    return fail(error, FRL_INVALID_ARGUMENT, "[graph_launch] got %u bindings%s; expected %zu", n_bindings,
                bindings == nullptr && n_bindings != 0 ? " at NULL" : "", expected);
  }
  if (stream->device().index() != graph->device.index()) {
    return fail(error, FRL_INVALID_ARGUMENT, "[graph_launch] got a stream of device %u and a graph of device %u",
                stream->device().index(), graph->device.index());
  }
  return guarded("graph_launch", &graph->device, error, [&] {
    graph->device.activate();
    graph->replay.launch(bindings, *stream);
  });
}

void graph_destroy(frl_graph* graph) {
  if (!valid(graph) || process_is_exiting()) return;
  graph->tag = 0;
  delete graph;
}

constexpr frl_graph_api kGraphApi = {
    .struct_size = sizeof(frl_graph_api),
    .reserved = 0,
    .graph_begin = graph_begin,
    .graph_end = graph_end,
    .graph_launch = graph_launch,
    .graph_destroy = graph_destroy,
};

}  // namespace

const frl_graph_api* graph_extension() { return &kGraphApi; }

bool is_recorder(const void* handle) { return valid(static_cast<const Recorder*>(handle)); }

void record_call(frl_stream* recorder, const frl_kernel& kernel, const frl_plan* plan, const frl_call& call) {
  recorder_of(recorder)->graph->recording.add(kernel, plan, call);
}

}  // namespace ferrule::gpu
