#include "tensor.h"

#include <cstring>

namespace ferrule::conformance {

int64_t count(const Shape& shape) {
  int64_t n = 1;
  for (int64_t extent : shape) n *= extent;
  return n;
}

std::string to_text(const Shape& shape) {
  if (shape.empty()) return "0d";
  std::string text;
  for (int64_t extent : shape) text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

Shape row_major(const Shape& shape) {
  Shape strides(shape.size());
  int64_t step = 1;
  for (size_t i = shape.size(); i-- > 0; step *= shape[i]) strides[i] = step;
  return strides;
}

bool next_index(Shape& index, const Shape& shape) {
  for (size_t i = shape.size(); i-- > 0;) {
    if (++index[i] < shape[i]) return true;
    index[i] = 0;
  }
  return false;
}

Tensor::Tensor(uint32_t code, Shape dims) : dtype(code), shape(std::move(dims)) {
  data.resize(static_cast<size_t>(size()) * itemsize());
}

const char* layout_name(LayoutKind kind) {
  switch (kind) {
    case LayoutKind::CONTIGUOUS:
      return "contiguous";
    case LayoutKind::TRANSPOSED:
      return "transposed";
    case LayoutKind::BROADCAST:
      return "broadcast";
    case LayoutKind::SLICED:
      return "sliced";
    case LayoutKind::NEGATIVE:
      return "negative";
    case LayoutKind::PADDED:
      return "padded";
    default:
      return "inline";
  }
}

Layout make_layout(const Shape& shape, LayoutKind kind, uint32_t broadcast_axes) {
  Layout layout;
  const size_t rank = shape.size();
  layout.strides.resize(rank);
  layout.inlined = kind == LayoutKind::INLINE;
  int64_t step = kind == LayoutKind::SLICED ? 2 : 1;
  for (size_t k = 0; k < rank; ++k) {
    const size_t axis = kind == LayoutKind::TRANSPOSED ? k : rank - 1 - k;
    if (kind == LayoutKind::BROADCAST && ((broadcast_axes >> axis) & 1u)) continue;
    layout.strides[axis] = step;
    step *= shape[axis];
    if (kind == LayoutKind::PADDED && k == 0) step += 3;
    if (kind == LayoutKind::SLICED) step += 1;
  }
  if (kind == LayoutKind::SLICED) layout.first = 3;
  if (kind == LayoutKind::NEGATIVE)
    for (size_t i = 0; i < rank; ++i) {
      layout.first += layout.strides[i] * (shape[i] - 1);
      layout.strides[i] = -layout.strides[i];
    }
  if (count(shape) == 0) return Layout{layout.strides, 0, 0, false};
  int64_t last = layout.first;
  for (size_t i = 0; i < rank; ++i)
    if (layout.strides[i] > 0) last += layout.strides[i] * (shape[i] - 1);
  layout.elements = last + 1;
  return layout;
}

void repeat_axes(Tensor& tensor, uint32_t axes) {
  if (tensor.size() == 0) return;
  Shape strides = row_major(tensor.shape);
  Shape index(tensor.shape.size(), 0);
  int64_t i = 0;
  do {
    int64_t source = 0;
    for (size_t a = 0; a < index.size(); ++a)
      if (!((axes >> a) & 1u)) source += index[a] * strides[a];
    std::memmove(tensor.address(i), tensor.address(source), tensor.itemsize());
    ++i;
  } while (next_index(index, tensor.shape));
}

}  // namespace ferrule::conformance
