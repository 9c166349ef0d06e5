// The launches of the row family by dtype, one file per op group. `scratch_bytes` says what a call of that shape needs.
// Host side.
#pragma once

#include "common/dtypes.h"
#include "functors/types.h"
#include "host/command_list.h"
#include "host/kernel.h"

namespace ferrule::gpu {

// A contiguous tensor seen along one axis: [outer, n, inner].
struct Fibres {
  uint64_t outer = 1, n = 1, inner = 1;
  Fibres(const int64_t* shape, uint32_t ndim, uint32_t axis) {
    for (uint32_t i = 0; i < ndim; ++i) (i < axis ? outer : i == axis ? n : inner) *= static_cast<uint64_t>(shape[i]);
  }
};

// Calls fn with an object of the dtype's type; the dtype is one of the floating ones.
template <typename Fn>
void visit_floating(uint32_t dtype, const Fn& fn) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return fn(Half{});
    case FRL_DTYPE_BF16:
      return fn(Bfloat{});
    case FRL_DTYPE_F32:
      return fn(float{});
    default:
      return fn(double{});
  }
}

uint64_t softmax_scratch(uint32_t dtype, const Fibres& fibres);
void launch_softmax(const Call& call, const Fibres& fibres, bool logsumexp, CommandList& commands);

uint64_t norm_scratch(uint32_t dtype, uint64_t rows, uint64_t n);
void launch_norm(const Call& call, bool layer, CommandList& commands);

uint64_t norm_vjp_scratch(uint32_t dtype, uint64_t rows, uint64_t n, uint32_t multiprocessors);
void launch_norm_vjp(const Call& call, bool layer, uint32_t multiprocessors, CommandList& commands);

}  // namespace ferrule::gpu
