// A logical tensor (row-major values in host memory) and a layout: where those values lie in a device allocation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dtypes.h"

namespace ferrule::conformance {

using Shape = std::vector<int64_t>;

int64_t count(const Shape& shape);
std::string to_text(const Shape& shape);  // "3x5", "0d" for rank 0
Shape row_major(const Shape& shape);      // strides in elements

// Steps through all index tuples of a shape in row-major order, the last axis fastest.
bool next_index(Shape& index, const Shape& shape);

struct Tensor {
  uint32_t dtype = FRL_NONE;  // FRL_NONE: an absent optional operand
  Shape shape;
  std::vector<std::byte> data;

  Tensor() = default;
  Tensor(uint32_t code, Shape dims);  // all zero

  int64_t size() const { return count(shape); }
  const std::byte* address(int64_t i) const { return data.data() + static_cast<size_t>(i) * itemsize(); }
  std::byte* address(int64_t i) { return data.data() + static_cast<size_t>(i) * itemsize(); }
  Value at(int64_t i) const { return load(dtype, address(i)); }
  uint64_t bits(int64_t i) const { return load_bits(dtype, address(i)); }
  void set(int64_t i, const Value& value) { store(dtype, value, address(i)); }
  void set(int64_t i, Real value) { store(dtype, Value{value, 0}, address(i)); }
  size_t itemsize() const { return conformance::dtype(dtype).bytes; }
};

struct Layout {
  Shape strides;         // in elements
  int64_t first = 0;     // element of the allocation that index 0 addresses
  int64_t elements = 0;  // length of the allocation
  bool inlined = false;  // the value travels in the call
};

enum class LayoutKind { CONTIGUOUS, TRANSPOSED, BROADCAST, SLICED, NEGATIVE, PADDED, INLINE };
const char* layout_name(LayoutKind kind);

// BROADCAST gives stride 0 to every axis in the mask; values there must repeat (see repeat_axes).
Layout make_layout(const Shape& shape, LayoutKind kind, uint32_t broadcast_axes = 0);
// Makes the tensor constant along the axes of the mask.
void repeat_axes(Tensor& tensor, uint32_t axes);

}  // namespace ferrule::conformance
