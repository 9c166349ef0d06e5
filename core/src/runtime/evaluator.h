// Turning graphs into device work. schedule() orders the graph without recursion, gives every node storage and submits
// its kernels; it never waits for devices. One evaluation at a time runs in the process; the work itself runs
// concurrently.
#pragma once

#include <vector>

#include "ferrule/array.h"
#include "runtime/node.h"
#include "runtime/stream_state.h"

namespace ferrule::detail {

// Submits everything that the arrays depend on; afterwards they are evaluated.
void schedule(const std::vector<array>& outputs);

// Of evaluated nodes: is the work done; wait for it (throws its failure); the elements in row-major order on the host,
// valid as long as the node.
bool is_ready(const Node& node);
void wait_ready(const Node& node);
const void* read_to_host(Node& node);
// The value of a node of one element.
void read_element(Node& node, void* to);

class Recording;
// Runs one step of a compiled function on evaluated inputs, with the evaluator's lock held: on the primitive's stream,
// or into a recording, which then alone knows of it (throws CannotRecord). The outputs are evaluated afterwards. The
// caller marks the stream.
void run_step(Primitive& primitive, const std::vector<array>& inputs, std::vector<array>& outputs,
              Recording* recording);
// Gives `to` the data of `from`.
void share_data(Node& to, const Node& from);

// Copies implicitly made between devices so far.
uint64_t transfers();

}  // namespace ferrule::detail
