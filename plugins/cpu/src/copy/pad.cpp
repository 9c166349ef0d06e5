// pad: the border is filled slab by slab, the middle is a strided copy. Every element is written once.
#include <algorithm>

#include "copy/cast.h"
#include "copy/copy.h"

namespace ferrule::cpu {

void run_pad(const Call& call) {
  const Tensor& x = call.inputs[0];
  const Tensor& out = call.outputs[0];
  const auto& attrs = call.attributes<frl_pad_attrs>();
  const int64_t item = item_size(out.dtype);
  constexpr int64_t kZeroStrides[FRL_MAX_DIMS] = {};

  // `shape` at `data` is what is left after the slabs of the axes before have been cut off.
  int64_t shape[FRL_MAX_DIMS];
  std::copy_n(out.shape, out.ndim, shape);
  std::byte* data = out.data;
  auto fill = [&](std::byte* at) {
    const Tensor value{call.inputs[1].data, out.dtype, out.ndim, shape, kZeroStrides};
    copy_tensor(value, {at, out.dtype, out.ndim, shape, out.strides});
  };
  for (uint32_t i = 0; i < out.ndim; ++i) {
    const int64_t step = out.strides[i] * item;
    shape[i] = attrs.low[i];
    fill(data);
    shape[i] = attrs.high[i];
    fill(data + (attrs.low[i] + x.shape[i]) * step);
    shape[i] = x.shape[i];
    data += attrs.low[i] * step;
  }
  copy_tensor(x, {data, out.dtype, out.ndim, shape, out.strides});
}

}  // namespace ferrule::cpu
