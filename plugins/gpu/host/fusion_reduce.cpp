// How the results of a fused reduction are shared among threads and blocks.
#include <algorithm>

#include "host/fusion_program.h"
#include "host/launch.h"

namespace ferrule::gpu {
namespace {

constexpr uint32_t kThreads = 256;
constexpr uint64_t kWarpLength = 4096;   // longer rows get a block
constexpr uint64_t kSplitLength = 8192;  // elements that a block at least takes of a row
constexpr uint64_t kSmall = 1u << 20;    // elements up to which latency counts, not bandwidth
constexpr uint32_t kCoalesced = 8;       // neighbouring vectors that fill whole lines of memory

uint32_t round_up(uint64_t x, uint64_t limit) {
  return static_cast<uint32_t>(std::clamp<uint64_t>(x, 1, std::max<uint64_t>(limit, 1)));
}

}  // namespace

ReducePlan plan_reduction(const Expression& expression, std::span<const OperandView> inputs,
                          std::span<const OperandView> outputs, uint32_t lanes, uint32_t multiprocessors) {
  const OperandView& out = outputs[0];
  const uint32_t axes = expression.reduction_axes;
  const OperandView* whole = &out;
  for (size_t k = 0; k < inputs.size(); ++k) {
    if (expression.read_by_main[k] && inputs[k].ndim == out.ndim) whole = &inputs[k];
  }
  // The axes of each kind, in the tensors' order.
  uint32_t list[2][FRL_MAX_DIMS], counts[2] = {0, 0};
  int64_t extents[2][FRL_MAX_DIMS] = {};
  for (uint32_t d = 0; d < out.ndim; ++d) {
    const uint32_t kind = (axes >> d) & 1u;
    extents[kind][counts[kind]] = whole->shape[d];
    list[kind][counts[kind]++] = d;
  }
  ReducePlan plan{LoopNest(counts[0], extents[0]), LoopNest(counts[1], extents[1])};
  LoopNest* const nests[2] = {&plan.kept, &plan.reduced};
  const auto add = [&](const OperandView& view, bool kept_only, bool unread) {
    for (uint32_t kind = 0; kind < 2; ++kind) {
      int64_t strides[FRL_MAX_DIMS];
      for (uint32_t i = 0; i < counts[kind]; ++i)
        strides[i] = view.strides == nullptr ? 0 : view.strides[list[kind][i]];
      nests[kind]->add(unread || (kind == 1 && kept_only) ? nullptr : strides);
    }
  };
  // The input with the most elements leads the reduced loops.
  uint32_t leader = 0;
  int64_t most = 0;
  for (uint32_t k = 0; k < inputs.size(); ++k) {
    const bool unread = expression.input_dtypes[k] == FRL_NONE;
    add(inputs[k], !expression.read_by_main[k], unread);
    int64_t elements = 1;
    for (uint32_t d = 0; d < out.ndim && expression.read_by_main[k] && inputs[k].strides != nullptr; ++d) {
      if (inputs[k].strides[d] != 0) elements *= whole->shape[d];
    }
    if (elements > most) {
      most = elements;
      leader = k;
    }
  }
  for (const OperandView& view : outputs) add(view, true, false);
  plan.kept.simplify(static_cast<uint32_t>(inputs.size()));
  plan.reduced.simplify(leader);

  const auto magnitude = [](int64_t x) { return x < 0 ? -x : x; };
  const auto results = static_cast<uint64_t>(plan.kept.size()), length = static_cast<uint64_t>(plan.reduced.size());
  const int64_t down = magnitude(plan.reduced.inner_stride(leader)), across = magnitude(plan.kept.inner_stride(leader));
  plan.results = results;
  plan.rows = plan.kept.ndim == 0 || across == 0 || (down != 0 && down <= across);
  uint32_t pieces = 0;
  plan.reduced.for_each_piece([&](const LoopNest&) { ++pieces; });
  plan.pieces = pieces;
  const uint64_t blocks_wanted = uint64_t{4} * std::max(multiprocessors, 1u);
  if (plan.rows) {
    const bool by_warp = length <= kWarpLength && pieces == 1;
    plan.width = by_warp ? vendor::kWarpWidth : kThreads;
    if (!by_warp && results < blocks_wanted / 2) {
      plan.splits = round_up(ceil_div(blocks_wanted, results), ceil_div(length / pieces, kSplitLength));
    }
    return plan;
  }
  const uint64_t vectors = plan.kept.extent[0] % lanes == 0 ? results / lanes : results;
  const auto blocks = [&] { return ceil_div(vectors, plan.width); };
  plan.width = vendor::kWarpWidth;
  while (plan.width > kCoalesced && blocks() < blocks_wanted) plan.width /= 2;
  if (results * length <= kSmall) {
    while (plan.width > 1 && blocks() < multiprocessors) plan.width /= 2;
  } else if (blocks() < blocks_wanted / 2) {
    const uint64_t per_thread = 8;
    plan.splits = round_up(ceil_div(blocks_wanted, blocks()), length / pieces / (kThreads / plan.width * per_thread));
  }
  return plan;
}

}  // namespace ferrule::gpu
