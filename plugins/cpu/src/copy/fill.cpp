// fill: a copy whose source has zero strides; contiguous outputs go through fill_bytes.
#include <cstring>

#include "bytes.h"
#include "copy/cast.h"
#include "copy/copy.h"

namespace ferrule::cpu {
namespace {

bool row_contiguous(const Tensor& tensor) {
  int64_t expected = 1;
  for (uint32_t i = tensor.ndim; i-- > 0; expected *= tensor.shape[i]) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
  }
  return true;
}

}  // namespace

void run_fill(const Call& call) {
  const Tensor& out = call.outputs[0];
  const uint32_t width = item_size(out.dtype);
  if (row_contiguous(out)) {
    uint64_t pattern = 0;
    std::memcpy(&pattern, call.inputs[0].data, width);
    fill_bytes(out.data, static_cast<uint64_t>(out.size()) * width, pattern, width);
    return;
  }
  constexpr int64_t kZeroStrides[FRL_MAX_DIMS] = {};
  const Tensor value{call.inputs[0].data, out.dtype, out.ndim, out.shape, kZeroStrides};
  copy_tensor(value, out);
}

}  // namespace ferrule::cpu
