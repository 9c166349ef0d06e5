// Loops over the axes of several strided operands, for the families that work along axes: listed and merged on the host,
// walked in kernels by the number of an iteration. Also the carving of scratch memory. Value types.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device/gpu.h"
#include "device/index.h"

namespace ferrule::gpu {

// Axes innermost first; strides in elements, zero or negative ones too.
template <uint32_t N>
struct Axes {
  uint32_t ndim = 0;
  uint32_t wide = 0;  // iterations are numbered beyond 2^31
  Divider divider[kMaxDims];
  int64_t extent[kMaxDims];
  int64_t stride[kMaxDims][N];

  // The offsets of iteration i (row-major) in each operand.
  GPU_DEVICE void offsets(uint64_t i, int64_t (&out)[N]) const {
    GPU_UNROLL
    for (uint32_t k = 0; k < N; ++k) out[k] = 0;
    for (uint32_t d = 0; d < ndim; ++d) {
      uint64_t quotient = 0;
      if (d + 1 < ndim)
        quotient = wide ? i / static_cast<uint64_t>(extent[d]) : divider[d].divide(static_cast<uint32_t>(i));
      const auto index = static_cast<int64_t>(i - quotient * static_cast<uint64_t>(extent[d]));
      GPU_UNROLL
      for (uint32_t k = 0; k < N; ++k) out[k] += index * stride[d][k];
      i = quotient;
    }
  }
  // The only operand's offset.
  GPU_DEVICE int64_t offset(uint64_t i) const {
    int64_t out[N];
    offsets(i, out);
    return out[0];
  }
};

// Builds Axes, outermost axis first; axes of extent 1 are dropped, neighbours merged.
template <uint32_t N>
class AxisList {
 public:
  void push(int64_t extent, const int64_t (&stride)[N]) {
    size_ *= extent;
    if (extent == 1) return;
    if (count_ > 0) {
      Axis& outer = axes_[count_ - 1];
      bool joins = true;
      for (uint32_t k = 0; k < N; ++k) joins = joins && outer.stride[k] == stride[k] * extent;
      if (joins) {
        outer.extent *= extent;
        for (uint32_t k = 0; k < N; ++k) outer.stride[k] = stride[k];
        return;
      }
    }
    axes_[count_].extent = extent;
    for (uint32_t k = 0; k < N; ++k) axes_[count_].stride[k] = stride[k];
    ++count_;
  }

  int64_t size() const { return size_; }
  uint32_t count() const { return count_; }
  // Axis i, 0 = innermost.
  int64_t extent(uint32_t i) const { return axes_[count_ - 1 - i].extent; }
  int64_t stride(uint32_t i, uint32_t operand) const { return axes_[count_ - 1 - i].stride[operand]; }

  Axes<N> axes() const {
    Axes<N> out;
    out.ndim = count_;
    out.wide = size_ >= int64_t{1} << 31;
    for (uint32_t i = 0; i < count_; ++i) {
      out.extent[i] = extent(i);
      if (!out.wide) out.divider[i] = Divider(static_cast<uint32_t>(extent(i)));
      for (uint32_t k = 0; k < N; ++k) out.stride[i][k] = stride(i, k);
    }
    return out;
  }

 private:
  struct Axis {
    int64_t extent;
    int64_t stride[N];
  };
  Axis axes_[kMaxDims];
  uint32_t count_ = 0;
  int64_t size_ = 1;
};

// Cuts scratch memory into arrays aligned to 256 bytes. With base nullptr it only counts.
class Scratch {
 public:
  explicit Scratch(void* base = nullptr) : base_(static_cast<std::byte*>(base)) {}

  template <typename T>
  T* take(uint64_t count) {
    return static_cast<T*>(take_bytes(count * sizeof(T)));
  }
  void* take_bytes(uint64_t bytes) {
    std::byte* at = base_ == nullptr ? nullptr : base_ + used_;
    used_ += (bytes + 255) / 256 * 256;
    return at;
  }
  uint64_t bytes() const { return used_; }

 private:
  std::byte* base_;
  uint64_t used_ = 0;
};

}  // namespace ferrule::gpu
