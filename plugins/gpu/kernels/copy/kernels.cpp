// fill, copy, arange and pad on the host side.
#include <algorithm>

#include "common/contract.h"
#include "common/dtypes.h"
#include "kernels/copy/copy.h"

namespace ferrule::gpu {
namespace copy {

const elementwise::Entry& cast(uint32_t from, uint32_t to) {
  static const CastTable kTable = [] {
    CastTable table{};
    add_integer_casts(table);
    add_from_float_casts(table);
    add_to_float_casts(table);
    return table;
  }();
  return kTable.entries[from][to];
}

// Moves words as wide as the innermost dimension of both operands allows.
void launch_same_size(CommandList& commands, LoopNest nest, const void* in, uint64_t value, void* out,
                      uint32_t item_bytes) {
  if (transpose(commands, nest, in, out, item_bytes)) return;
  while (item_bytes < 8 && in != nullptr && nest.ndim > 1 && nest.inner_stride(0) == 1 && nest.inner_stride(1) == 1) {
    const uint32_t twice = 2 * item_bytes;
    bool fits = nest.extent[0] % 2 == 0 && reinterpret_cast<uintptr_t>(in) % twice == 0 &&
                reinterpret_cast<uintptr_t>(out) % twice == 0;
    for (uint32_t d = 1; d < nest.ndim; ++d) fits = fits && nest.stride[d][0] % 2 == 0 && nest.stride[d][1] % 2 == 0;
    if (!fits) break;
    nest.extent[0] /= 2;
    for (uint32_t d = 1; d < nest.ndim; ++d) {
      nest.stride[d][0] /= 2;
      nest.stride[d][1] /= 2;
    }
    item_bytes = twice;
  }
  elementwise::launch(commands, same_size(item_bytes), nest, in, value, out, item_bytes, item_bytes);
}

namespace {

const char* query_fill(Device&, const frl_call& call, Answer& answer, std::span<char> reason) {
  if (const char* bad = plugin::check_fill(call, reason)) return bad;
  answer.requirements.inline_ok = 1;
  answer.requirements.out_strided_ok = 1;
  return nullptr;
}

void fill(CommandList& commands, const Operand& value, const Operand& out) {
  LoopNest nest(out.ndim, out.shape);
  nest.add(nullptr);
  nest.add(out.strides);
  nest.simplify(1);
  launch_same_size(commands, nest, value.data, value.value == nullptr ? 0 : value.value[0], out.data,
                   plugin::item_size(out.dtype));
}
void run_fill(Device&, const Call& call, CommandList& commands) { fill(commands, call.inputs[0], call.outputs[0]); }

const char* query_copy(Device&, const frl_call& call, Answer& answer, std::span<char> reason) {
  const frl_tensor& x = call.inputs[0];
  if (plugin::item_size(x.dtype) == 0 || plugin::item_size(call.outputs[0].dtype) == 0) {
    return plugin::reject(reason, "got dtype codes %u and %u; expected known ones", x.dtype, call.outputs[0].dtype);
  }
  if (const char* bad = elementwise::check_operands(call, reason)) return bad;
  elementwise::answer_any_layout(call, answer.requirements);
  return nullptr;
}

void copy(CommandList& commands, const Operand& x, const Operand& out) {
  LoopNest nest(out.ndim, out.shape);
  const bool scalar = x.value != nullptr || x.ndim == 0;
  uint32_t from = x.dtype, in_bytes = plugin::item_size(from);
  const bool real_parts = from == FRL_DTYPE_C64 && out.dtype != FRL_DTYPE_C64 && out.dtype != FRL_DTYPE_BOOL;
  nest.add(scalar ? nullptr : x.strides);
  nest.add(out.strides);
  if (real_parts) {
    from = FRL_DTYPE_F32;
    in_bytes /= 2;
    for (uint32_t d = 0; d < nest.ndim; ++d) nest.stride[d][0] *= 2;
  }
  nest.simplify(1);
  const uint64_t value = x.value == nullptr ? 0 : x.value[0];
  const uint32_t out_bytes = plugin::item_size(out.dtype);
  if (from == out.dtype) return launch_same_size(commands, nest, x.data, value, out.data, out_bytes);
  elementwise::launch(commands, cast(from, out.dtype), nest, x.data, value, out.data, in_bytes, out_bytes);
}
void run_copy(Device&, const Call& call, CommandList& commands) { copy(commands, call.inputs[0], call.outputs[0]); }

const char* query_arange(Device&, const frl_call& call, Answer&, std::span<char> reason) {
  return plugin::check_arange(call, reason);
}
void run_arange(Device&, const Call& call, CommandList& commands) {
  launch_arange(commands, call.attributes<frl_arange_attrs>(), call.outputs[0]);
}

const char* query_pad(Device&, const frl_call& call, Answer& answer, std::span<char> reason) {
  if (const char* bad = plugin::check_pad(call, reason)) return bad;
  answer.requirements.inline_ok = 2;
  answer.requirements.out_strided_ok = 1;
  return nullptr;
}

// Small outputs: all of it is filled first. Large ones: each border on its own, so that nothing is written twice.
void run_pad(Device&, const Call& call, CommandList& commands) {
  constexpr uint64_t kSmall = 4u << 20;
  const Operand &x = call.inputs[0], &value = call.inputs[1], &out = call.outputs[0];
  const auto& attrs = call.attributes<frl_pad_attrs>();
  const uint32_t bytes = plugin::item_size(out.dtype);
  int64_t shape[FRL_MAX_DIMS];
  std::copy_n(out.shape, out.ndim, shape);
  Operand part = out;
  part.shape = shape;
  auto* start = out.as<std::byte>();
  const bool small = out.bytes() <= kSmall;
  if (small) fill(commands, value, out);
  for (uint32_t d = 0; d < out.ndim; ++d) {
    const int64_t step = out.strides[d] * static_cast<int64_t>(bytes);
    const auto border = [&](int64_t first, int64_t extent) {
      if (extent == 0 || small) return;
      shape[d] = extent;
      part.data = start + first * step;
      if (part.size() > 0) fill(commands, value, part);
    };
    border(0, attrs.low[d]);
    border(attrs.low[d] + x.shape[d], attrs.high[d]);
    shape[d] = x.shape[d];
    start += attrs.low[d] * step;
  }
  part.data = start;
  if (part.size() > 0) copy(commands, x, part);
}

}  // namespace
}  // namespace copy

std::span<const Kernel> copy_kernels() {
  static constexpr Kernel kKernels[] = {{"fill", 1, copy::query_fill, copy::run_fill},
                                        {"copy", 1, copy::query_copy, copy::run_copy},
                                        {"arange", 1, copy::query_arange, copy::run_arange},
                                        {"pad", 1, copy::query_pad, copy::run_pad}};
  return kKernels;
}

}  // namespace ferrule::gpu
