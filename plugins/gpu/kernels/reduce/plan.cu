#include "kernels/reduce/plan.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "kernels/tuning.h"

namespace ferrule::gpu {
namespace {

struct Axis {
  int64_t extent, x, out;  // strides in elements
};

struct Axes {
  Axis axis[kMaxDims];
  uint32_t count = 0;

  void push(const Axis& a) { axis[count++] = a; }
  Axis& last() { return axis[count - 1]; }
  uint64_t size() const {
    uint64_t n = 1;
    for (uint32_t i = 0; i < count; ++i) n *= static_cast<uint64_t>(axis[i].extent);
    return n;
  }
  // Joins neighbours that both operands walk as one; the last axis is the innermost.
  void merge() {
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; ++i) {
      if (n > 0 && axis[n - 1].x == axis[i].x * axis[i].extent && axis[n - 1].out == axis[i].out * axis[i].extent) {
        axis[n - 1] = {axis[n - 1].extent * axis[i].extent, axis[i].x, axis[i].out};
      } else {
        axis[n++] = axis[i];
      }
    }
    count = n;
  }
};

template <uint32_t N>
Nest<N> nest_of(const Axes& axes) {
  Nest<N> nest{};
  nest.ndim = axes.count;
  nest.wide = axes.size() >= (uint64_t{1} << 31);
  for (uint32_t d = 0; d < axes.count; ++d) {
    const Axis& a = axes.axis[axes.count - 1 - d];
    if (!nest.wide) nest.divider[d] = Divider(static_cast<uint32_t>(std::max<int64_t>(1, a.extent)));
    nest.extent[d] = static_cast<uint64_t>(a.extent);
    nest.reciprocal[d] = ~uint64_t{0} / std::max<uint64_t>(1, nest.extent[d]);
    nest.stride[d][0] = a.x;
    if constexpr (N > 1) nest.stride[d][1] = a.out;
  }
  return nest;
}

struct Split {
  Axes kept, reduced;
  int64_t x_offset = 0, out_offset = 0;
};

Split split_axes(const ReduceProblem& p) {
  Split s;
  int64_t out_strides[kMaxDims];
  int64_t step = 1;
  for (uint32_t i = p.ndim; i-- > 0;) {
    out_strides[i] = step;
    if (!((p.axes >> i) & 1u)) step *= p.shape[i];
  }
  for (uint32_t i = 0; i < p.ndim; ++i) {
    if (p.shape[i] == 1) continue;
    const bool reduced = (p.axes >> i) & 1u;
    Axis a{p.shape[i], p.strides[i], reduced ? 0 : out_strides[i]};
    if (a.x < 0 && a.extent > 0 && !(reduced && p.ordered)) {  // walk it the other way
      s.x_offset += (a.extent - 1) * a.x;
      s.out_offset += (a.extent - 1) * a.out;
      a.x = -a.x;
      a.out = -a.out;
    }
    (reduced ? s.reduced : s.kept).push(a);
  }
  std::stable_sort(s.reduced.axis, s.reduced.axis + s.reduced.count,
                   [](const Axis& a, const Axis& b) { return a.x > b.x; });
  s.reduced.merge();
  s.kept.merge();
  // The kept axis that is densest in x becomes the innermost.
  uint32_t best = s.kept.count;
  for (uint32_t i = s.kept.count; i-- > 0;)
    if (s.kept.axis[i].x != 0 && (best == s.kept.count || s.kept.axis[i].x < s.kept.axis[best].x)) best = i;
  if (best < s.kept.count) std::rotate(s.kept.axis + best, s.kept.axis + best + 1, s.kept.axis + s.kept.count);
  return s;
}

uint32_t power_up(uint64_t n, uint64_t most) {
  return static_cast<uint32_t>(std::bit_ceil(std::clamp<uint64_t>(n, 1, most)));
}

// Into how many splits blocks of `bytes` each are cut.
uint64_t splits_for(const ReduceProblem& p, uint64_t blocks, uint64_t bytes) {
  const uint64_t target = uint64_t{tuning::kReduceBlocksPerProcessor} * p.multiprocessors;
  const bool few = blocks < uint64_t{tuning::kReduceFewBlocks} * p.multiprocessors;
  const uint64_t least = few ? tuning::kReduceSmallSplitBytes : tuning::kReduceLargeSplitBytes;
  if (blocks >= target || bytes < 2 * least) return 1;
  return std::clamp<uint64_t>(std::min(ceil_div(target, std::max<uint64_t>(1, blocks)), bytes / least), 1, 65535);
}

constexpr uint64_t kMaxBlocks = 0x7fffffff;

void plan_rows(const ReduceProblem& p, ReducePlan& plan) {
  ReduceShape& s = plan.shape;
  const uint64_t lanes = 16 / p.item_size;
  s.scalar = s.run < 2 * lanes;
  const uint64_t items = s.scalar ? s.run : ceil_div(s.run, lanes);
  uint32_t group = power_up(ceil_div(items, tuning::kReduceRowsPerGroup), tuning::kReduceThreads);
  if (!s.scalar) group = std::max(group, power_up(items, 8));
  const uint64_t blocks = ceil_div(s.outputs * group, tuning::kReduceThreads);
  uint64_t splits = splits_for(p, blocks, s.run * s.terms * p.item_size);
  if (splits > 1) {
    group = tuning::kReduceThreads;
  } else {
    const uint32_t most = power_up(items, tuning::kReduceMaxThreads);
    while (group < most && s.outputs * group < uint64_t{p.multiprocessors} * tuning::kReduceMaxThreads) group *= 2;
  }
  s.group = group;

  constexpr uint64_t kRound = 256, kMaxPiece = uint64_t{1} << 30;
  const uint64_t per_run = std::max<uint64_t>(1, ceil_div(splits, std::max<uint64_t>(1, s.terms)));
  s.piece = static_cast<uint32_t>(std::clamp(ceil_div(ceil_div(s.run, per_run), kRound) * kRound, kRound, kMaxPiece));
  s.pieces_per_run = static_cast<uint32_t>(ceil_div(s.run, s.piece));
  const uint64_t pieces = std::max<uint64_t>(1, s.terms * s.pieces_per_run);
  s.pieces_per_split = ceil_div(pieces, splits);
  s.splits = static_cast<uint32_t>(ceil_div(pieces, s.pieces_per_split));

  const uint32_t threads =
      std::max({group, power_up(s.outputs * group, tuning::kReduceThreads), uint32_t{vendor::kWarpWidth}});
  const uint64_t grid = std::clamp<uint64_t>(ceil_div(s.outputs, threads / group), 1, kMaxBlocks);
  plan.launch = {{static_cast<uint32_t>(grid), s.splits, 1}, {threads, 1, 1}, 0};
}

// Cuts the terms, `group` of them side by side in a block.
void cut_terms(ReduceShape& s, uint64_t splits) {
  const uint64_t rounds = std::max<uint64_t>(1, ceil_div(s.terms, s.group));
  s.terms_per_split = ceil_div(rounds, splits) * s.group;
  s.splits = static_cast<uint32_t>(std::max<uint64_t>(1, ceil_div(s.terms, s.terms_per_split)));
}

void plan_columns(const ReduceProblem& p, ReducePlan& plan) {
  ReduceShape& s = plan.shape;
  const uint64_t lanes = 16 / p.item_size, needed = ceil_div(s.columns, lanes);
  uint32_t across = power_up(needed, tuning::kReduceColumnLanes);
  s.group = std::min(tuning::kReduceThreads / across, power_up(ceil_div(s.terms, tuning::kReduceLoads), 256));
  across = power_up(needed, tuning::kReduceThreads / s.group);
  s.group = std::max(s.group, vendor::kWarpWidth / std::min(across, uint32_t{vendor::kWarpWidth}));
  s.tiles = static_cast<uint32_t>(ceil_div(s.columns, across * lanes));
  const uint64_t blocks = s.tiles * (s.outputs / s.columns);
  cut_terms(s, splits_for(p, blocks, s.terms * std::min(s.columns, across * lanes) * p.item_size));
  plan.launch = {{static_cast<uint32_t>(blocks), s.splits, 1}, {across * s.group, 1, 1}, 0};
}

void plan_general(const ReduceProblem& p, ReducePlan& plan) {
  ReduceShape& s = plan.shape;
  const auto step = [](const auto& nest) { return nest.ndim > 0 ? std::abs(nest.stride[0][0]) : int64_t{0}; };
  const int64_t kept = step(s.kept), reduced = step(s.reduced);
  s.terms_inside = reduced != 0 && (kept == 0 || reduced < kept);
  const uint32_t wanted = power_up(ceil_div(s.terms, tuning::kReduceLoads), tuning::kReduceThreads);
  s.group = s.terms_inside || s.outputs < tuning::kReduceColumnLanes
                ? std::min(wanted, tuning::kReduceThreads)
                : std::min(wanted, tuning::kReduceThreads / tuning::kReduceColumnLanes);
  if (ceil_div(s.outputs, tuning::kReduceThreads / s.group) > kMaxBlocks) s.group = 1;
  const uint64_t blocks = ceil_div(s.outputs, tuning::kReduceThreads / s.group);
  constexpr uint64_t kSector = 32;  // bytes fetched for a lone element
  cut_terms(s, splits_for(p, blocks, s.terms * (tuning::kReduceThreads / s.group) * kSector));
  plan.launch = {{static_cast<uint32_t>(blocks), s.splits, 1}, {tuning::kReduceThreads, 1, 1}, 0};
}

}  // namespace

ReducePlan plan_reduce(const ReduceProblem& p) {
  ReducePlan plan{};
  Split axes = split_axes(p);
  ReduceShape& s = plan.shape;
  plan.x_offset = axes.x_offset;
  plan.out_offset = axes.out_offset;
  s.kept = nest_of<2>(axes.kept);
  s.outputs = axes.kept.size();
  s.terms = axes.reduced.size();
  s.splits = s.pieces_per_run = s.tiles = 1;
  if (s.outputs == 0) return plan;

  const uint64_t lanes = 16 / p.item_size;
  const bool run = s.terms > 0 && axes.reduced.count > 0 && axes.reduced.last().x == 1 &&
                   (axes.reduced.count == 1 || axes.reduced.last().extent >= tuning::kReduceShortRun);
  const uint64_t columns =
      axes.kept.count > 0 && axes.kept.last().x == 1 ? static_cast<uint64_t>(axes.kept.last().extent) : 0;
  const uint64_t outer = columns > 0 ? s.outputs / columns : 0;
  const uint64_t tile = std::min<uint64_t>(columns, tuning::kReduceColumnLanes * lanes);
  if (run) {
    plan.strategy = ReduceStrategy::kRows;
    s.run = static_cast<uint64_t>(axes.reduced.last().extent);
    --axes.reduced.count;
    s.terms = axes.reduced.size();
    s.reduced = nest_of<1>(axes.reduced);
    plan_rows(p, plan);
  } else {
    s.reduced = nest_of<1>(axes.reduced);
    if (s.terms > 0 && columns * 2 >= lanes && (outer == 1 || tile * s.terms >= tuning::kReduceColumnWork) &&
        outer * ceil_div(columns, lanes) < kMaxBlocks) {
      plan.strategy = ReduceStrategy::kColumns;
      s.columns = columns;
      s.wide = 1;
      for (uint32_t i = 0; i + 1 < axes.kept.count; ++i)
        s.wide &= axes.kept.axis[i].x % static_cast<int64_t>(lanes) == 0;
      for (uint32_t i = 0; i < axes.reduced.count; ++i)
        s.wide &= axes.reduced.axis[i].x % static_cast<int64_t>(lanes) == 0;
      s.wide &= columns % lanes == 0;
      plan_columns(p, plan);
    } else {
      plan.strategy = ReduceStrategy::kGeneral;
      plan_general(p, plan);
    }
  }
  if (s.splits > 1) {
    const uint32_t across = power_up(s.outputs, tuning::kReduceColumnLanes);
    plan.last_group = power_up(s.splits, tuning::kReduceThreads / across);
    plan.last_launch = grid_for(s.outputs, tuning::kReduceThreads / plan.last_group);
    plan.last_launch.block[0] = tuning::kReduceThreads;
  }
  return plan;
}

}  // namespace ferrule::gpu
