// Drives argument searches over any layout, as reduce.cpp drives folders.
#include "reduce/arg_reduce.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "parallel.h"
#include "reduce/arg.h"
#include "reduce/reduce.h"
#include "value.h"

namespace ferrule::cpu {
namespace {

// One long row: the candidates of fixed segments, compared in order.
int64_t search_long_row(const ArgFinder& finder, const std::byte* x, int64_t item, const Axis<1>& run) {
  const int64_t segments = (run.extent + kFoldBlock - 1) / kFoldBlock;
  std::vector<int64_t> candidate(static_cast<size_t>(segments));
  const int64_t step = run.stride[0] * item;
  parallel_for(segments, 1, [&](int64_t begin, int64_t end) {
    for (int64_t s = begin; s < end; ++s) {
      const int64_t first = s * kFoldBlock;
      candidate[static_cast<size_t>(s)] =
          first + finder.row(x + first * step, std::min(kFoldBlock, run.extent - first), run.stride[0]);
    }
  });
  int64_t best = candidate[0];
  for (const int64_t next : candidate)
    if (!finder.stays(x + best * step, x + next * step)) best = next;
  return best;
}

void search_columns(const ArgFinder& finder, const std::byte* x, int64_t item, uint32_t* out, ReducePlan& plan,
                    const Axis<1>& run) {
  const Axis<2> columns = plan.kept.pop();
  const int64_t tile = std::min(columns.extent, kColumnTile);
  const int64_t tiles = (columns.extent + tile - 1) / tile;
  const int64_t grain = std::max<int64_t>(1, kSmallWork / (tile * run.extent));
  parallel_for(plan.kept.size() * tiles, grain, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const Walker<2> walk(plan.kept, task / tiles);
      const int64_t first = task % tiles * tile;
      finder.columns(out + walk.offset(1) + first * columns.stride[1], columns.stride[1],
                     x + (walk.offset(0) + first * columns.stride[0]) * item, run.extent, run.stride[0],
                     std::min(tile, columns.extent - first), columns.stride[0]);
    }
  });
}

}  // namespace

void arg_reduce(const Tensor& x, const Tensor& out, uint32_t axis, bool max) {
  if (out.size() == 0) return;
  const ArgFinder& finder = *arg_finder(x.dtype, max);
  const int64_t item = item_size(x.dtype);
  ReducePlan plan = plan_reduce(x, out, 1u << axis);
  const Axis<1> run = plan.reduced.count > 0 ? plan.reduced[0] : Axis<1>{1, {1}};
  const int kept = plan.kept.count;
  if (kept > 0 && plan.kept[kept - 1].stride[0] != 0 &&
      std::abs(plan.kept[kept - 1].stride[0]) < std::abs(run.stride[0]))
    return search_columns(finder, x.data, item, out.as<uint32_t>(), plan, run);

  const int64_t outputs = plan.kept.size();
  if (outputs < kMaxSegments && run.extent > kFoldBlock) {
    Walker<2> walk(plan.kept);
    for (int64_t i = 0; i < outputs; ++i, walk.next())
      out.as<uint32_t>()[walk.offset(1)] =
          static_cast<uint32_t>(search_long_row(finder, x.data + walk.offset(0) * item, item, run));
    return;
  }
  parallel_for(outputs, std::max<int64_t>(1, kSmallWork / run.extent), [&](int64_t begin, int64_t end) {
    Walker<2> walk(plan.kept, begin);
    for (int64_t i = begin; i < end; ++i, walk.next())
      out.as<uint32_t>()[walk.offset(1)] =
          static_cast<uint32_t>(finder.row(x.data + walk.offset(0) * item, run.extent, run.stride[0]));
  });
}

}  // namespace ferrule::cpu
