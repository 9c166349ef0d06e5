// What a cpu kernel is: a query and a run function, listed by family in registry.cpp. kernel_launch copies a call into
// the stream's queue; run executes on the stream's thread, with operands that are plain host pointers, and may spread
// work over the shared pool with parallel_for. run may throw (std::bad_alloc, std::runtime_error): the stream fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ferrule/plugin.h"

namespace ferrule::cpu {

// A resolved operand. An absent optional operand has dtype FRL_NONE; an inline operand's data points at its value.
struct Tensor {
  std::byte* data;  // of the element at index 0
  uint32_t dtype;
  uint32_t ndim;
  const int64_t* shape;
  const int64_t* strides;  // in elements

  template <typename T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
  int64_t size() const {
    int64_t n = 1;
    for (uint32_t i = 0; i < ndim; ++i) n *= shape[i];
    return n;
  }
};

struct Call {
  const Tensor* inputs;
  const Tensor* outputs;
  uint32_t n_inputs, n_outputs;
  uint32_t math;  // FRL_MATH_*
  const void* attrs;
  std::byte* scratch;
  uint64_t scratch_bytes;
  const frl_plan* plan;

  template <typename A>
  const A& attributes() const {
    return *static_cast<const A*>(attrs);
  }
};

// Fills `out` (zeroed, struct_size set) and returns nullptr, or returns the reason why the call is not supported (a
// string literal, or text written into `reason`). Pure and thread-safe; must survive any call, valid or not: arity and
// presence of attributes are checked before it is asked.
using QueryFn = const char* (*)(const frl_call& call, frl_requirements& out, std::span<char> reason);
using RunFn = void (*)(const Call& call);

struct Kernel {
  const char* name;
  uint32_t version;
  QueryFn query;
  RunFn run;
};

// One function per family, defined beside its kernels and listed in registry.cpp.
std::span<const Kernel> elementwise_kernels();  // unary, binary, select
std::span<const Kernel> copy_kernels();         // fill, copy, arange, pad
std::span<const Kernel> reduce_kernels();       // reduce_*, argmax, argmin
std::span<const Kernel> matmul_kernels();       // matmul, addmm
std::span<const Kernel> conv_kernels();
std::span<const Kernel> index_kernels();   // gather, scatter, gather_axis, scatter_axis, masked_scatter, searchsorted
std::span<const Kernel> random_kernels();  // random_bits
std::span<const Kernel> scan_kernels();
std::span<const Kernel> sort_kernels();
std::span<const Kernel> row_kernels();  // softmax, logsumexp, rms_norm, layer_norm and gradients

}  // namespace ferrule::cpu
