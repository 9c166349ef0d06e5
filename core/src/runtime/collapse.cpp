#include "runtime/collapse.h"

#include <cstdint>

namespace ferrule::detail {
namespace {

int64_t element_count(const frl_tensor& t) {
  int64_t n = 1;
  for (int i = 0; i < t.ndim; ++i) n *= t.shape[i];
  return n;
}

bool row_major(const frl_tensor& t) {
  int64_t step = 1;
  for (int i = t.ndim; i-- > 0;) {
    if (t.shape[i] != 1 && t.strides[i] != step) return false;
    step *= t.shape[i];
  }
  return true;
}

void set_one_dim(frl_tensor& t, int64_t extent, int64_t stride) {
  t.ndim = 1;
  t.shape[0] = extent;
  t.strides[0] = stride;
}

// A one-element input takes the output's shape with zero strides.
void broadcast(frl_tensor& t, const frl_tensor& out) {
  t.ndim = out.ndim;
  for (int i = 0; i < out.ndim; ++i) {
    t.shape[i] = out.shape[i];
    t.strides[i] = 0;
  }
}

}  // namespace

void collapse_dims(frl_tensor* tensors, size_t n_inputs, size_t n_outputs) {
  const size_t n = n_inputs + n_outputs;
  const frl_tensor& out = tensors[n_inputs];
  const int64_t size = element_count(out);
  bool flat = true;
  for (size_t i = 0; i < n && flat; ++i) {
    const frl_tensor& t = tensors[i];
    bool single = i < n_inputs && (t.ndim == 0 || element_count(t) == 1);
    flat = single || (t.flags & FRL_TENSOR_INLINE) || row_major(t);
  }
  if (flat) {
    for (size_t i = 0; i < n; ++i) {
      frl_tensor& t = tensors[i];
      bool single =
          i < n_inputs && size != 1 && ((t.flags & FRL_TENSOR_INLINE) || t.ndim == 0 || element_count(t) == 1);
      set_one_dim(t, size, single ? 0 : 1);
    }
    return;
  }
  for (size_t i = 0; i < n_inputs; ++i) {
    if (tensors[i].ndim != out.ndim || element_count(tensors[i]) == 1) broadcast(tensors[i], out);
  }
  // dims [0, kept) are final; dim d is merged into the last kept one where every operand steps evenly across both
  int kept = 0;
  for (int d = 0; d < out.ndim; ++d) {
    int64_t extent = out.shape[d];
    if (extent == 1 && !(d + 1 == out.ndim && kept == 0)) continue;
    bool merge = kept > 0;
    for (size_t i = 0; i < n && merge; ++i) {
      merge = tensors[i].strides[kept - 1] == tensors[i].strides[d] * extent;
    }
    for (size_t i = 0; i < n; ++i) {
      frl_tensor& t = tensors[i];
      if (merge) {
        // `out` is one of the tensors: its extents change only after the loop has read `extent`
        t.shape[kept - 1] *= extent;
        t.strides[kept - 1] = t.strides[d];
      } else {
        t.shape[kept] = extent;
        t.strides[kept] = t.strides[d];
      }
    }
    if (!merge) ++kept;
  }
  for (size_t i = 0; i < n; ++i) tensors[i].ndim = static_cast<uint16_t>(kept);
}

}  // namespace ferrule::detail
