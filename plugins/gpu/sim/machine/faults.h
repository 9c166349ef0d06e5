// Failures on purpose: FERRULE_SIM_FAIL="malloc:3,launch:5" makes the third allocation and the fifth launch fail;
// "lost:7" makes the seventh submission (launch, copy or graph) and everything after it fail, as a lost device does.
// Kinds: malloc, pinned, managed, launch, copy, graph (making, instantiating, launching one), node (adding or changing
// one), capture, event (making one), record, wait (of a stream for an event), stream, sync, lost. Any thread.
#pragma once

#include "machine/status.h"

namespace ferrule::gpu::sim {

enum class Fault : uint32_t {
  kMalloc,
  kPinned,
  kManaged,
  kLaunch,
  kCopy,
  kGraph,
  kNode,
  kCapture,
  kEvent,
  kRecord,
  kWait,
  kStream,
  kSync,
  kCount
};

// Counts a call of this kind; kOk, or how it is to fail.
Status count_call(Fault kind);
// Begins anew with this text in place of FERRULE_SIM_FAIL; false if it is not understood (nothing fails then).
bool inject_faults(const char* text);

}  // namespace ferrule::gpu::sim
