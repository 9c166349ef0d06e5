// frl.graph/1: a recorder takes kernel launches whose buffers are slots, a graph launches them with bindings. A recorder
// belongs to one thread, a graph to any.
#pragma once

#include "ferrule/plugin.h"

namespace ferrule::gpu {

// The table that device_extension returns for FRL_EXT_GRAPH, version 1.
const frl_graph_api* graph_extension();

bool is_recorder(const void* handle);
// kernel_launch on a stream that turned out to be a recorder; the handles were checked. Throws Failure.
void record_call(frl_stream* recorder, const frl_kernel& kernel, const frl_plan* plan, const frl_call& call);

}  // namespace ferrule::gpu
