// frl.graph/1: a recording is a list of calls whose operands are slots; a launch is one record of the stream's queue
// that fills the slots in and runs the calls in order. A recorder belongs to one thread, a graph to any.
#pragma once

#include "handles.h"

namespace ferrule::cpu {

// The table that device_extension returns for FRL_EXT_GRAPH, version 1.
const frl_graph_api* graph_extension();

bool is_recorder(const void* handle);
// kernel_launch on a stream that turned out to be a recorder; kernel and arity were checked.
frl_status record_launch(frl_stream* recorder, frl_kernel* kernel, const frl_plan* plan, const frl_call* call,
                         frl_error* error);

}  // namespace ferrule::cpu
