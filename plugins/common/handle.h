// The opaque handles of the ABI begin with a tag, so that NULL, a graph's FRL_SLOT and another plugin's handle are refused
// with a message instead of a crash.
#pragma once

#include <cstdint>
#include <cstring>

#include "ferrule/plugin.h"

namespace ferrule::plugin {

template <uint32_t kValue>
struct Tagged {
  static constexpr uint32_t kTag = kValue;
  uint32_t tag = kTag;
};

// Not NULL, and not the FRL_SLOT of a graph.
inline bool is_address(const void* handle) {
  return handle != nullptr && (reinterpret_cast<uintptr_t>(handle) & 1) == 0;
}

// Reads the tag alone: what lies there may be an object of another of these types, with another alignment.
template <typename Handle>
bool valid(const Handle* handle) {
  if (!is_address(handle)) return false;
  uint32_t tag;
  std::memcpy(&tag, static_cast<const void*>(handle), sizeof tag);
  return tag == Handle::kTag;
}

// "[slot] got a NULL stream" or "... a handle that is not a stream of this plugin".
frl_status refuse_handle(frl_error* error, const char* slot, const char* noun, const void* handle);

}  // namespace ferrule::plugin
