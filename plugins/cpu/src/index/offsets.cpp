#include "index/offsets.h"

#include <algorithm>
#include <limits>

#include "value.h"

namespace ferrule::cpu {
namespace {

// Unsigned 64-bit values beyond the signed range are out of range above.
template <typename T>
int64_t position_of(T index, int64_t extent) {
  if constexpr (std::is_same_v<T, uint64_t>) {
    return static_cast<int64_t>(std::min<uint64_t>(index, std::numeric_limits<int64_t>::max()));
  } else {
    const auto position = static_cast<int64_t>(index);
    return position < 0 ? position + extent : position;
  }
}

template <typename F>
void visit_integer(uint32_t dtype, F&& f) {
  visit_real(dtype, [&](auto type) {
    if constexpr (std::is_integral_v<decltype(type)>) f(type);
  });
}

}  // namespace

void add_clamped(int64_t* offsets, const Tensor& indices, int64_t begin, int64_t step, int64_t count,
                 const IndexedAxis& axis) {
  visit_integer(indices.dtype, [&](auto type) {
    const auto* index = indices.as<const decltype(type)>() + begin;
    const int64_t last = axis.extent - axis.span;
    for (int64_t i = 0; i < count; ++i)
      offsets[i] += axis.stride * std::clamp<int64_t>(position_of(index[i * step], axis.extent), 0, last);
  });
}

void add_or_drop(int64_t* offsets, const Tensor& indices, int64_t begin, int64_t step, int64_t count,
                 const IndexedAxis& axis) {
  visit_integer(indices.dtype, [&](auto type) {
    const auto* index = indices.as<const decltype(type)>() + begin;
    const int64_t last = axis.extent - axis.span;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t position = position_of(index[i * step], axis.extent);
      const bool inside = position >= 0 && position <= last && offsets[i] != kDropped;
      offsets[i] = inside ? offsets[i] + axis.stride * position : kDropped;
    }
  });
}

}  // namespace ferrule::cpu
