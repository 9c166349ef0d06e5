// Shapes along an axis, and loop nests over strided operands: an axis with one stride per operand, and the simplification
// and walking of lists of them. Plain values, no ownership.
#pragma once

#include <array>
#include <cstdint>

#include "ferrule/plugin.h"

namespace ferrule::cpu {

// A contiguous tensor seen along one axis: [outer, n, inner].
struct Fibres {
  int64_t outer = 1, n = 1, inner = 1;
  Fibres(const int64_t* shape, uint32_t ndim, int32_t axis) {
    for (uint32_t i = 0; i < ndim; ++i) {
      const auto at = static_cast<int32_t>(i);
      (at < axis ? outer : at == axis ? n : inner) *= shape[i];
    }
  }
};

// One axis of a nest over N operands; strides in elements.
template <int N>
struct Axis {
  int64_t extent;
  std::array<int64_t, N> stride;
};

template <int N>
struct AxisList {
  std::array<Axis<N>, FRL_MAX_DIMS> axes;
  int count = 0;

  void push(const Axis<N>& axis) { axes[static_cast<size_t>(count++)] = axis; }
  Axis<N>& operator[](int i) { return axes[static_cast<size_t>(i)]; }
  const Axis<N>& operator[](int i) const { return axes[static_cast<size_t>(i)]; }
  int64_t size() const {
    int64_t n = 1;
    for (int i = 0; i < count; ++i) n *= (*this)[i].extent;
    return n;
  }
  Axis<N> pop() { return axes[static_cast<size_t>(--count)]; }
};

// Sorts by the magnitude of operand 0's stride, largest first (stable), so that the last axis is its densest.
template <int N>
void sort_axes(AxisList<N>& list) {
  const auto magnitude = [&](int i) { return list[i].stride[0] < 0 ? -list[i].stride[0] : list[i].stride[0]; };
  for (int i = 1; i < list.count; ++i)
    for (int j = i; j > 0 && magnitude(j - 1) < magnitude(j); --j) std::swap(list[j - 1], list[j]);
}

// Drops axes of extent 1 and joins neighbours that every operand walks as one.
template <int N>
void merge_axes(AxisList<N>& list) {
  AxisList<N> merged;
  for (int i = 0; i < list.count; ++i) {
    const Axis<N>& axis = list[i];
    if (axis.extent == 1) continue;
    if (merged.count > 0) {
      Axis<N>& last = merged[merged.count - 1];
      bool joins = true;
      for (size_t k = 0; k < N; ++k) joins = joins && last.stride[k] == axis.stride[k] * axis.extent;
      if (joins) {
        last = {last.extent * axis.extent, axis.stride};
        continue;
      }
    }
    merged.push(axis);
  }
  list = merged;
}

// A position in a nest, in row-major order, with each operand's offset in elements.
template <int N>
class Walker {
 public:
  explicit Walker(const AxisList<N>& list, int64_t start = 0) : list_(list) {
    for (int i = list.count - 1; i >= 0; --i) {
      const auto axis = static_cast<size_t>(i);
      index_[axis] = start % list[i].extent;
      start /= list[i].extent;
      for (size_t k = 0; k < N; ++k) offset_[k] += index_[axis] * list[i].stride[k];
    }
  }
  int64_t offset(size_t operand) const { return offset_[operand]; }
  void next() {
    for (int i = list_.count - 1; i >= 0; --i) {
      const auto axis = static_cast<size_t>(i);
      for (size_t k = 0; k < N; ++k) offset_[k] += list_[i].stride[k];
      if (++index_[axis] < list_[i].extent) return;
      for (size_t k = 0; k < N; ++k) offset_[k] -= list_[i].stride[k] * list_[i].extent;
      index_[axis] = 0;
    }
  }

 private:
  const AxisList<N>& list_;
  std::array<int64_t, FRL_MAX_DIMS> index_{};
  std::array<int64_t, N> offset_{};
};

}  // namespace ferrule::cpu
