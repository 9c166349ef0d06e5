// The launches of fused kernels: the byte images of their arguments (kernels/fusion/operands.h) and their grids.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "common/dtypes.h"
#include "host/command_list.h"
#include "host/device.h"
#include "host/fusion_program.h"
#include "host/launch.h"

namespace ferrule::gpu {
namespace {

constexpr uint32_t kThreads = 256;  // of kernels/fusion/operands.h
constexpr uint32_t kMax = Expression::kMaxInputs + Expression::kMaxOutputs;

OperandView view_of(const Operand& operand) {
  const bool one = operand.value != nullptr || operand.ndim == 0;
  return {operand.shape, one ? nullptr : operand.strides, operand.ndim};
}

// Operands<N, M>: addresses at a nest's offsets, inline elements, masks.
class Arguments {
 public:
  Arguments(const Expression& expression, const Call& call) : expression_(expression), call_(call) {
    inputs_ = std::max<size_t>(call.inputs.size(), 1);
  }

  // `repeated` bit k: input k has stride 0 along the vectors. Offsets of several nests add up.
  std::span<const std::byte> pack(uint32_t repeated, const LoopNest& first, const LoopNest* second) {
    bytes_.assign(size(), std::byte{0});
    uint32_t inlined = 0;
    for (uint32_t k = 0; k < call_.inputs.size(); ++k) {
      const Operand& in = call_.inputs[k];
      if (expression_.input_dtypes[k] == FRL_NONE) continue;
      if (in.value != nullptr) {
        inlined |= 1u << k;
        repeated |= 1u << k;
        put(inputs_ * 8 + size_t{16} * k, in.value, 16);
      } else {
        const void* address = at(k, first, second);
        put(size_t{8} * k, &address, 8);
      }
    }
    for (uint32_t k = 0; k < call_.outputs.size(); ++k) {
      const void* address = at(static_cast<uint32_t>(call_.inputs.size()) + k, first, second);
      put(inputs_ * 24 + size_t{8} * k, &address, 8);
    }
    put(size() - 8, &repeated, 4);
    put(size() - 4, &inlined, 4);
    return bytes_;
  }

  // Where operand k (inputs, then outputs) begins.
  const void* at(uint32_t k, const LoopNest& first, const LoopNest* second) const {
    const bool input = k < call_.inputs.size();
    const Operand& operand = input ? call_.inputs[k] : call_.outputs[k - call_.inputs.size()];
    const int64_t offset = first.offset[k] + (second == nullptr ? 0 : second->offset[k]);
    return operand.as<const std::byte>() + offset * plugin::item_size(operand.dtype);
  }

 private:
  size_t size() const { return inputs_ * 24 + call_.outputs.size() * 8 + 8; }
  void put(size_t at, const void* from, size_t bytes) { std::memcpy(bytes_.data() + at, from, bytes); }

  const Expression& expression_;
  const Call& call_;
  size_t inputs_;
  std::vector<std::byte> bytes_;
};

// Layout32<max(n_inputs, 1) + n_outputs>.
std::vector<std::byte> layout_bytes(const LoopNest& nest, uint32_t lanes, uint32_t n_inputs) {
  LoopNest padded = nest;
  if (n_inputs == 0) {
    for (uint32_t d = 0; d < padded.ndim; ++d) {
      std::copy_backward(padded.stride[d], padded.stride[d] + padded.operands, padded.stride[d] + padded.operands + 1);
      padded.stride[d][0] = 0;
    }
    ++padded.operands;
  }
  std::vector<std::byte> bytes(LoopNest::packed_bytes(padded.operands));
  padded.pack(bytes.data(), lanes);
  return bytes;
}

// Reduction of kernels/fusion/reduce.h.
struct Reduction {
  uint32_t results, length, splits, first_split, all_splits, lanes, width;
  void* partials;
};

// Whether the inputs of the elementwise part go by vectors along the innermost dimension of `along`.
bool by_vectors(const Expression& expression, const Arguments& arguments, const LoopNest& along, const LoopNest& across,
                uint32_t lanes) {
  if (along.ndim == 0 || along.extent[0] % lanes != 0) return false;
  for (uint32_t k = 0; k < expression.n_inputs; ++k) {
    if (!expression.read_by_main[k] || along.stride[0][k] == 0) continue;
    const uint64_t bytes = uint64_t{lanes} * plugin::item_size(expression.input_dtypes[k]);
    if (along.stride[0][k] != 1 || reinterpret_cast<uintptr_t>(arguments.at(k, along, &across)) % bytes != 0)
      return false;
    for (uint32_t d = 1; d < along.ndim; ++d) {
      if (along.stride[d][k] % lanes != 0) return false;
    }
    for (uint32_t d = 0; d < across.ndim; ++d) {
      if (across.stride[d][k] % lanes != 0) return false;
    }
  }
  return true;
}

uint32_t repeated_along(const LoopNest& nest, size_t n_inputs) {
  uint32_t mask = 0;
  for (uint32_t k = 0; k < n_inputs; ++k) mask |= nest.inner_stride(k) == 0 ? 1u << k : 0u;
  return mask;
}

}  // namespace

void FusedProgram::run_map(const Call& call, CommandList& commands) const {
  const Operand& out = call.outputs[0];
  const auto n_inputs = static_cast<uint32_t>(call.inputs.size());
  const auto n = n_inputs + static_cast<uint32_t>(call.outputs.size());
  LoopNest nest(out.ndim, out.shape);
  uint32_t item_sizes[kMax];
  for (uint32_t k = 0; k < n; ++k) {
    const bool input = k < n_inputs;
    const Operand& operand = input ? call.inputs[k] : call.outputs[k - n_inputs];
    const bool unread = input && expression_.input_dtypes[k] == FRL_NONE;
    nest.add(unread ? nullptr : view_of(operand).strides);
    item_sizes[k] = plugin::item_size(operand.dtype);
  }
  nest.simplify(n_inputs);
  Arguments arguments(expression_, call);
  nest.for_each_piece([&](const LoopNest& piece) {
    const void* addresses[kMax];
    bool wide = true;
    for (uint32_t k = 0; k < n; ++k) addresses[k] = arguments.at(k, piece, nullptr);
    for (uint32_t k = n_inputs; k < n; ++k) wide = wide && piece.inner_stride(k) == 1;
    wide = wide && piece.vectorises(lanes_, {addresses, n}, {item_sizes, n});
    const uint32_t lanes = wide ? lanes_ : 1;
    const auto size = static_cast<uint64_t>(piece.size());
    const auto count = static_cast<uint32_t>(ceil_div(size, lanes));
    const auto last = static_cast<uint32_t>(size - uint64_t{count - 1} * lanes);
    const auto operands = arguments.pack(repeated_along(piece, n_inputs), piece, nullptr);
    const auto operand_bytes = static_cast<uint32_t>(operands.size());
    const vendor::LaunchShape shape = grid_for(count, kThreads);
    if (wide && piece.ndim <= 1) {
      const void* pointers[] = {operands.data(), &count, &last};
      const uint32_t sizes[] = {operand_bytes, 4, 4};
      commands.launch(module(FusedForm::kFlat).main, shape, pointers, sizes);
      return;
    }
    const std::vector<std::byte> layout = layout_bytes(piece, lanes, n_inputs);
    const void* pointers[] = {operands.data(), layout.data(), &count, &last, &lanes};
    const uint32_t sizes[] = {operand_bytes, static_cast<uint32_t>(layout.size()), 4, 4, 4};
    commands.launch(module(FusedForm::kMap).main, shape, pointers, sizes);
  });
}

void FusedProgram::run_reduction(Device& device, const Call& call, CommandList& commands) const {
  const auto n_inputs = static_cast<uint32_t>(call.inputs.size());
  OperandView inputs[Expression::kMaxInputs], outputs[Expression::kMaxOutputs];
  for (uint32_t k = 0; k < n_inputs; ++k) inputs[k] = view_of(call.inputs[k]);
  for (uint32_t k = 0; k < call.outputs.size(); ++k) outputs[k] = view_of(call.outputs[k]);
  const ReducePlan plan = plan_reduction(expression_, {inputs, n_inputs}, {outputs, call.outputs.size()}, lanes_,
                                         device.facts().multiprocessors);
  Arguments arguments(expression_, call);
  const FusedModule& kernels = module(plan.rows ? FusedForm::kRows : FusedForm::kColumns);
  auto* partials = static_cast<std::byte*>(call.scratch);
  const auto launch = [&](vendor::Function function, uint64_t blocks, std::span<const std::byte> operands,
                          const std::vector<std::byte>& kept, const std::vector<std::byte>& reduced,
                          const Reduction& r) {
    const void* pointers[] = {operands.data(), kept.data(), reduced.data(), &r};
    const uint32_t sizes[] = {static_cast<uint32_t>(operands.size()), static_cast<uint32_t>(kept.size()),
                              static_cast<uint32_t>(reduced.size()), sizeof r};
    commands.launch(function, {{static_cast<uint32_t>(blocks), 1, 1}, {kThreads, 1, 1}, 0}, pointers, sizes);
  };
  plan.kept.for_each_piece([&](const LoopNest& kept) {
    Reduction r{};
    r.splits = plan.splits;
    r.all_splits = plan.all_splits();
    r.partials = partials;
    plan.reduced.for_each_piece([&](const LoopNest& reduced) {
      const LoopNest &along = plan.rows ? reduced : kept, &across = plan.rows ? kept : reduced;
      const bool wide = by_vectors(expression_, arguments, along, across, lanes_);
      const uint32_t lanes = wide ? lanes_ : 1;
      r.results = static_cast<uint32_t>(kept.size() / (plan.rows ? 1 : lanes));
      r.length = static_cast<uint32_t>(reduced.size() / (plan.rows ? lanes : 1));
      r.width = plan.width;
      r.lanes = lanes;
      const auto operands = arguments.pack(repeated_along(along, n_inputs), kept, &reduced);
      const std::vector<std::byte> kept_bytes = layout_bytes(kept, plan.rows ? 1 : lanes, n_inputs);
      const std::vector<std::byte> reduced_bytes = layout_bytes(reduced, plan.rows ? lanes : 1, n_inputs);
      const uint64_t lines = uint64_t{r.results} * r.splits;
      const uint64_t blocks = !plan.rows               ? ceil_div(r.results, r.width) * r.splits
                              : plan.width == kThreads ? lines
                                                       : ceil_div(lines, kThreads / vendor::kWarpWidth);
      launch(kernels.main, blocks, operands, kept_bytes, reduced_bytes, r);
      r.first_split += r.splits;
    });
    const auto results = static_cast<uint64_t>(kept.size());
    if (r.all_splits > 1) {
      r.results = static_cast<uint32_t>(results);
      const auto operands = arguments.pack(0, kept, nullptr);
      const std::vector<std::byte> kept_bytes = layout_bytes(kept, 1, n_inputs);
      launch(kernels.finish, ceil_div(results, kThreads / vendor::kWarpWidth), operands, kept_bytes, kept_bytes, r);
      partials += results * r.all_splits * total_bytes(expression_);
    }
  });
}

}  // namespace ferrule::gpu
