#include "kernels/elementwise/launch.h"

#include <cstddef>

#include "common/check.h"
#include "common/dtypes.h"
#include "host/launch.h"
#include "kernels/tuning.h"

namespace ferrule::gpu::elementwise {
namespace {

// `whole` holds the operands' first addresses and inline elements.
template <uint32_t N>
void launch_nest(CommandList& commands, const Entry& entry, const LoopNest& nest, const Operands<N>& whole,
                 const uint32_t (&item_sizes)[N + 1]) {
  nest.for_each_piece([&](const LoopNest& piece) {
    Operands<N> args = whole;
    const void* addresses[N + 1];
    for (uint32_t k = 0; k < N; ++k) {
      if (((args.inlined >> k) & 1u) == 0) {
        args.in[k] = static_cast<const std::byte*>(whole.in[k]) + piece.offset[k] * item_sizes[k];
      }
      if (piece.inner_stride(k) == 0) args.repeated |= 1u << k;
      addresses[k] = args.in[k];
    }
    args.out = static_cast<std::byte*>(whole.out) + piece.offset[N] * item_sizes[N];
    addresses[N] = args.out;
    const bool wide = piece.inner_stride(N) == 1 && piece.vectorises(entry.lanes, addresses, item_sizes);
    const uint32_t lanes = wide ? entry.lanes : 1;
    const auto size = static_cast<uint64_t>(piece.size());
    args.count = static_cast<uint32_t>(ceil_div(size, lanes));
    args.last = static_cast<uint32_t>(size - uint64_t{args.count - 1} * lanes);
    std::byte layout[LoopNest::packed_bytes(N + 1)];
    piece.pack(layout, lanes);
    const void* arguments[] = {&args, layout};
    const uint32_t sizes[] = {sizeof args, sizeof layout};
    commands.launch(wide ? entry.vectors : entry.singles,
                    grid_for(ceil_div(args.count, wide ? entry.unroll : 1), tuning::kElementwiseThreads), arguments,
                    sizes);
  });
}

template <uint32_t N>
void launch_operands(CommandList& commands, const Entry& entry, std::span<const Operand> inputs, const Operand& out) {
  LoopNest nest(out.ndim, out.shape);
  uint32_t item_sizes[N + 1];
  Operands<N> whole{};
  for (uint32_t k = 0; k < N; ++k) {
    const bool inlined = inputs[k].value != nullptr;
    nest.add(inlined || inputs[k].ndim == 0 ? nullptr : inputs[k].strides);
    item_sizes[k] = plugin::item_size(inputs[k].dtype);
    whole.in[k] = inputs[k].data;
    if (inlined) {
      whole.inlined |= 1u << k;
      whole.value[k] = inputs[k].value[0];
    }
  }
  nest.add(out.strides);
  item_sizes[N] = plugin::item_size(out.dtype);
  whole.out = out.data;
  nest.simplify(N);
  launch_nest<N>(commands, entry, nest, whole, item_sizes);
}

}  // namespace

const char* check_operands(const frl_call& call, std::span<char> reason) {
  const frl_tensor& out = call.outputs[0];
  for (uint32_t i = 0; i < call.n_inputs; ++i) {
    const frl_tensor& in = call.inputs[i];
    if ((in.flags & FRL_TENSOR_INLINE) != 0 && in.ndim == 0) continue;
    if (const char* bad = plugin::check_same_shape(out, in, -1, "input", reason)) return bad;
  }
  return nullptr;
}

void answer_any_layout(const frl_call& call, frl_requirements& out) {
  out.inline_ok = (1u << call.n_inputs) - 1;
  out.out_strided_ok = 1;
  for (uint32_t i = 0; i < call.n_inputs; ++i) {
    if (call.inputs[i].dtype == call.outputs[0].dtype) out.reuse_input_for_output |= 1u << i;
  }
}

void launch(CommandList& commands, const Entry& entry, std::span<const Operand> inputs, const Operand& out) {
  switch (inputs.size()) {
    case 1:
      return launch_operands<1>(commands, entry, inputs, out);
    case 2:
      return launch_operands<2>(commands, entry, inputs, out);
    default:
      return launch_operands<3>(commands, entry, inputs, out);
  }
}

void launch(CommandList& commands, const Entry& entry, const LoopNest& nest, const void* in, uint64_t value, void* out,
            uint32_t in_size, uint32_t out_size) {
  Operands<1> whole{};
  whole.in[0] = in;
  whole.out = out;
  if (in == nullptr) {
    whole.inlined = 1;
    whole.value[0] = value;
  }
  launch_nest<1>(commands, entry, nest, whole, {in_size, out_size});
}

}  // namespace ferrule::gpu::elementwise
