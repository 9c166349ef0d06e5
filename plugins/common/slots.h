// frl.graph: the slots of a recording, how its calls use them, and whether a binding holds that.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ferrule/plugin.h"

namespace ferrule::plugin {

inline constexpr uint32_t kNoSlot = ~0u;

// The bytes from a binding's offset that the calls reach; nothing where they read values only.
struct SlotUse {
  bool memory = false;
  int64_t begin = 0, end = 0;

  void add(int64_t from, int64_t to);
  // Whether a buffer of `bytes` bytes, bound at `offset`, has them all.
  bool fits(uint64_t offset, uint64_t bytes) const {
    const auto below = static_cast<uint64_t>(begin < 0 ? -begin : 0), above = static_cast<uint64_t>(end > 0 ? end : 0);
    return offset >= below && offset <= bytes && above <= bytes - offset;
  }
};

// The bytes that a tensor's strides reach, from its element at index 0; false when it has no elements.
bool byte_reach(const frl_tensor& tensor, int64_t& begin, int64_t& end);

// The index in FRL_SLOT(index), which has to be below n_slots; `what` names the operand in errors.
frl_status find_slot(const char* op, const char* what, const frl_buffer* buffer, size_t n_slots, uint32_t* out_slot,
                     frl_error* error);

// Errors of a slot whose binding is no buffer of this plugin, or one of `bytes` bytes that does not fit.
frl_status refuse_binding(size_t slot, const frl_buffer* got, frl_error* error);
frl_status refuse_binding(size_t slot, const SlotUse& use, uint64_t offset, uint64_t bytes, frl_error* error);

}  // namespace ferrule::plugin
