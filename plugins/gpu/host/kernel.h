// What a gpu kernel is on the host side: a query and a run function, listed by family in registry.cpp. run is called on
// the thread that calls kernel_launch, with the stream's lock held; it appends device work to the command list and returns
// without waiting. It may throw Failure (failure.h) or std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "common/dtypes.h"
#include "ferrule/plugin.h"

namespace ferrule::gpu {

class CommandList;
class Device;

// A resolved operand. An absent optional operand has dtype FRL_NONE. An inline operand has data == nullptr and its
// element in `value` (low bytes); a zero-size one has data == nullptr and no value.
struct Operand {
  void* data;  // device address of the element at index 0
  uint32_t dtype;
  uint32_t ndim;
  const int64_t* shape;
  const int64_t* strides;  // in elements
  const uint64_t* value;   // two words, or nullptr when not inline

  template <typename T>
  T* as() const {
    return static_cast<T*>(data);
  }
  int64_t size() const {
    int64_t n = 1;
    for (uint32_t i = 0; i < ndim; ++i) n *= shape[i];
    return n;
  }
  uint64_t bytes() const { return static_cast<uint64_t>(size()) * plugin::item_size(dtype); }
};

struct Call {
  std::span<const Operand> inputs;
  std::span<const Operand> outputs;
  uint32_t math;  // FRL_MATH_*
  const void* attrs;
  void* scratch;  // device address, aligned to 256
  uint64_t scratch_bytes;
  const void* state;  // Answer::state of the query, or nullptr

  template <typename A>
  const A& attributes() const {
    return *static_cast<const A*>(attrs);
  }
};

// What a query answers. `state` (an algorithm, a compiled function) reaches run as Call::state and lives as long as the
// plan; make it only when the requirements name in `depends` all that it depends on.
struct Answer {
  frl_requirements requirements;  // zeroed, struct_size set; support 0 means FRL_SUPPORTED here
  std::shared_ptr<const void> state;
};

// Fills the answer and returns nullptr, or returns the reason why the call is not supported (a string literal, or text
// written into `reason`). Thread-safe, launches nothing; survives any call that passed plugin::check_call.
using QueryFn = const char* (*)(Device& device, const frl_call& call, Answer& answer, std::span<char> reason);
using RunFn = void (*)(Device& device, const Call& call, CommandList& commands);

struct Kernel {
  const char* name;
  uint32_t version;
  QueryFn query;
  RunFn run;
};

// One function per family, defined beside its kernels in kernels/<family>/. Several kernels of one name are asked in the
// order of registry.cpp; the first that supports a call runs it.
std::span<const Kernel> copy_kernels();         // fill, copy, arange, pad
std::span<const Kernel> elementwise_kernels();  // unary, binary, select
std::span<const Kernel> reduce_kernels();       // reduce_*, argmax, argmin
std::span<const Kernel> row_kernels();          // softmax, logsumexp, norms and their gradients
std::span<const Kernel> scan_kernels();
std::span<const Kernel> sort_kernels();   // sort, argsort, partition, argpartition, searchsorted
std::span<const Kernel> index_kernels();  // gather, scatter, their axis forms, masked_scatter
std::span<const Kernel> random_kernels();
std::span<const Kernel> matmul_kernels();  // matmul, addmm without a library
std::span<const Kernel> conv_kernels();    // convolutions without a library
std::span<const Kernel> vendor_kernels();  // those that call the vendor's libraries; asked first

}  // namespace ferrule::gpu
