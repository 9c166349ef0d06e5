// Launching a function over the elements of its operands, for the elementwise and copy families. Host side; the types
// are shared with elementwise.cuh.
#pragma once

#include <cstdint>
#include <span>

#include "host/command_list.h"
#include "host/kernel.h"
#include "host/loop_nest.h"

namespace ferrule::gpu::elementwise {

// What a kernel gets beside the layout: addresses, inline elements, and what the vectors look like.
template <uint32_t N>
struct Operands {
  const void* in[N];
  uint64_t value[N];
  void* out;
  uint32_t count;     // of vectors (or single elements)
  uint32_t last;      // elements in the last vector
  uint32_t repeated;  // bit k: input k has inner stride 0
  uint32_t inlined;   // bit k: its element is value[k]
};

// The compiled kernels of one function for given types.
struct Entry {
  vendor::Function vectors = nullptr, singles = nullptr;
  uint32_t lanes = 1, unroll = 1;
};

// Every input has the output's shape, or is an inline element.
const char* check_operands(const frl_call& call, std::span<char> reason);
// Any strides and inline inputs; the output may reuse an input of its dtype.
void answer_any_layout(const frl_call& call, frl_requirements& out);

// Appends the launches that compute `out` from `inputs` (at most three), all of one shape with any strides.
void launch(CommandList& commands, const Entry& entry, std::span<const Operand> inputs, const Operand& out);

// The same for one input over a nest of (input, output), simplified by the output. `value` is the input's element where
// it has no address. The sizes are those of the entry's types.
void launch(CommandList& commands, const Entry& entry, const LoopNest& nest, const void* in, uint64_t value, void* out,
            uint32_t in_size, uint32_t out_size);

}  // namespace ferrule::gpu::elementwise
