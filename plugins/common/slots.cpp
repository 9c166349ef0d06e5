#include "common/slots.h"

#include <algorithm>
#include <cinttypes>

#include "common/dtypes.h"
#include "common/error.h"

namespace ferrule::plugin {

void SlotUse::add(int64_t from, int64_t to) {
  begin = memory ? std::min(begin, from) : from;
  end = memory ? std::max(end, to) : to;
  memory = true;
}

bool byte_reach(const frl_tensor& tensor, int64_t& begin, int64_t& end) {
  constexpr int64_t kFar = int64_t{1} << 61;  // beyond every buffer, and sums of a few do not overflow
  const auto item = static_cast<int64_t>(item_size(tensor.dtype));
  begin = 0;
  end = item;
  for (uint32_t i = 0; i < tensor.ndim; ++i) {
    if (tensor.shape[i] <= 0) return false;
    int64_t bytes = 0;
    if (__builtin_mul_overflow(tensor.shape[i] - 1, tensor.strides[i], &bytes) ||
        __builtin_mul_overflow(bytes, item, &bytes) || bytes > kFar || bytes < -kFar) [[unlikely]] {
      bytes = tensor.strides[i] < 0 ? -kFar : kFar;
    }
    int64_t& side = bytes < 0 ? begin : end;
    side = std::clamp(side + bytes, -kFar, kFar);
  }
  return true;
}

frl_status find_slot(const char* op, const char* what, const frl_buffer* buffer, size_t n_slots, uint32_t* out_slot,
                     frl_error* error) {
  const auto bits = reinterpret_cast<uintptr_t>(buffer);
  if ((bits & 1) == 0) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] while recording: %s %s; expected FRL_SLOT of a slot of the graph",
                op, what, buffer == nullptr ? "has no buffer" : "is a buffer");
  }
  if ((bits >> 1) >= n_slots) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] while recording: %s is slot %" PRIuPTR "; expected one below %zu",
                op, what, bits >> 1, n_slots);
  }
  *out_slot = static_cast<uint32_t>(bits >> 1);
  return FRL_OK;
}

frl_status refuse_binding(size_t slot, const frl_buffer* got, frl_error* error) {
  return fail(error, FRL_INVALID_ARGUMENT, "[graph_launch] slot %zu: got %s; expected a buffer of this plugin", slot,
              got == nullptr ? "no buffer" : "something else");
}

frl_status refuse_binding(size_t slot, const SlotUse& use, uint64_t offset, uint64_t bytes, frl_error* error) {
  return fail(error, FRL_INVALID_ARGUMENT,
              "[graph_launch] slot %zu: got offset %" PRIu64 " in a buffer of %" PRIu64
              " bytes; the graph reaches bytes %" PRId64 " to %" PRId64 " from there",
              slot, offset, bytes, use.begin, use.end);
}

}  // namespace ferrule::plugin
