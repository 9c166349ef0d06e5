// A backend that forwards every slot to a good plugin and can be told to make one mistake. One fault is active at a
// time, for all threads; hits() proves that it took effect.
#pragma once

#include <cstdint>
#include <span>

#include "ferrule/plugin.h"

namespace ferrule::conformance {

struct Fault {
  const char* name;
  const char* caught_by;  // the case that must fail
};

std::span<const Fault> faults();
// Wraps `good`, which must outlive the result. One wrapper per process.
const frl_plugin_api* wrap_plugin(const frl_plugin_api* good);
void activate(int fault);  // an index into faults(), or -1 for none; resets hits
int hits();

}  // namespace ferrule::conformance
