// Drives a folder over any layout. Two shapes of work: rows (the densest axis is reduced: each output folds runs of
// memory) and columns (the densest axis is kept: up to kColumnTile outputs side by side take in row after row). Where
// there are few outputs the reduction is cut into segments, whose partial results are merged in order; all bounds
// depend on the problem alone.
#include "reduce/reduce.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "parallel.h"
#include "value.h"

namespace ferrule::cpu {
namespace {

struct alignas(kMaxAccumulator) Slot {
  std::byte bytes[kMaxAccumulator];
};

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

struct Job {
  const Folder& folder;
  StoreFn store;
  const std::byte* x;
  std::byte* out;
  int64_t x_size, out_size;  // bytes per element
  int64_t acc;               // bytes per accumulator

  const std::byte* at(int64_t offset) const { return x + offset * x_size; }
  std::byte* out_at(int64_t offset) const { return out + offset * out_size; }
};

// ---- rows

// Outputs whose reduction is one short run: an inner kept axis at a time, without a call per output.
void short_rows(const Job& job, ReducePlan& plan, const Axis<1>& run) {
  const Axis<2> inner = plan.kept.count > 0 ? plan.kept.pop() : Axis<2>{1, {0, 0}};
  constexpr int64_t kBatch = 256;
  const int64_t batches = ceil_div(inner.extent, kBatch);
  const int64_t grain = std::max<int64_t>(1, kSmallWork / (std::min(inner.extent, kBatch) * run.extent));
  parallel_for(plan.kept.size() * batches, grain, [&](int64_t begin, int64_t end) {
    Slot acc[kBatch];
    auto* a = acc[0].bytes;
    Walker<2> walk(plan.kept, begin / batches);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t first = task % batches * kBatch;
      const int64_t count = std::min(kBatch, inner.extent - first);
      job.folder.short_rows(a, job.at(walk.offset(0) + first * inner.stride[0]), count, inner.stride[0], run.extent,
                            run.stride[0]);
      job.store(job.out_at(walk.offset(1) + first * inner.stride[1]), inner.stride[1], a, count);
      if (task % batches == batches - 1) walk.next();
    }
  });
}

void reduce_rows(const Job& job, ReducePlan& plan) {
  const Axis<1> run = plan.reduced.count > 0 ? plan.reduced.pop() : Axis<1>{1, {0}};
  const int64_t runs = plan.reduced.size();
  if (runs == 1 && run.extent < kShortRow) return short_rows(job, plan, run);
  const int64_t outputs = plan.kept.size();
  const int64_t chunks = ceil_div(run.extent, kFoldBlock);  // a unit of work is one chunk of one run
  const int64_t units = runs * chunks;
  const auto fold_units = [&](std::byte* acc, int64_t base, int64_t begin, int64_t end) {
    job.folder.init(acc, 1);
    Walker<1> walk(plan.reduced, begin / chunks);
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t first = unit % chunks * kFoldBlock;
      job.folder.row(acc, job.at(base + walk.offset(0) + first * run.stride[0]),
                     std::min(kFoldBlock, run.extent - first), run.stride[0]);
      if (unit % chunks == chunks - 1) walk.next();
    }
  };

  const int64_t work = runs * run.extent;  // per output
  const int64_t wanted = std::min({units, kMaxSegments / outputs + 1, ceil_div(work, kFoldBlock)});
  if (outputs >= kMaxSegments || wanted <= 1) {
    parallel_for(outputs, std::max<int64_t>(1, kSmallWork / work), [&](int64_t begin, int64_t end) {
      Slot acc;
      Walker<2> walk(plan.kept, begin);
      for (int64_t i = begin; i < end; ++i, walk.next()) {
        fold_units(acc.bytes, walk.offset(0), 0, units);
        job.store(job.out_at(walk.offset(1)), 1, acc.bytes, 1);
      }
    });
    return;
  }
  const int64_t per_segment = ceil_div(units, wanted);
  const int64_t segments = ceil_div(units, per_segment);
  std::vector<Slot> partial(static_cast<size_t>(outputs * segments));
  parallel_for(outputs * segments, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const Walker<2> walk(plan.kept, task / segments);
      const int64_t first = task % segments * per_segment;
      fold_units(partial[static_cast<size_t>(task)].bytes, walk.offset(0), first, std::min(units, first + per_segment));
    }
  });
  Walker<2> walk(plan.kept);
  for (int64_t i = 0; i < outputs; ++i, walk.next()) {
    std::byte* acc = partial[static_cast<size_t>(i * segments)].bytes;
    for (int64_t s = 1; s < segments; ++s)
      job.folder.merge(acc, partial[static_cast<size_t>(i * segments + s)].bytes, 1);
    job.store(job.out_at(walk.offset(1)), 1, acc, 1);
  }
}

// ---- columns

struct ColumnWork {
  Axis<2> columns;  // the dense kept axis
  Axis<1> rows;     // the innermost reduced axis
  int64_t tile, tiles;
  int64_t block, blocks;  // rows per unit, units per run of rows
  int64_t fuse;           // consecutive rows of memory handled as one wide row
};

// Folds units [begin, end) of one column tile into acc[0 .. width).
void fold_columns(const Job& job, const ReducePlan& plan, const ColumnWork& w, std::byte* acc, int64_t base,
                  int64_t width, int64_t begin, int64_t end) {
  job.folder.init(acc, width);
  Walker<1> walk(plan.reduced, begin / w.blocks);
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t first = unit % w.blocks * w.block;
    const int64_t count = std::min(w.block, w.rows.extent - first);
    const int64_t offset = base + walk.offset(0) + first * w.rows.stride[0];
    int64_t done = 0;
    if (w.fuse > 1 && count >= w.fuse) {
      const int64_t wide = w.fuse * width;
      Slot slots[kColumnTile];
      std::byte* lanes = slots[0].bytes;
      job.folder.init(lanes, wide);
      done = count / w.fuse * w.fuse;
      job.folder.columns(lanes, job.at(offset), count / w.fuse, wide, wide, 1);
      for (int64_t i = 0; i < w.fuse; ++i) job.folder.merge(acc, lanes + i * width * job.acc, width);
    }
    if (done < count)
      job.folder.columns(acc, job.at(offset + done * w.rows.stride[0]), count - done, w.rows.stride[0], width,
                         w.columns.stride[0]);
    if (unit % w.blocks == w.blocks - 1) walk.next();
  }
}

void reduce_columns(const Job& job, ReducePlan& plan) {
  ColumnWork w{};
  w.columns = plan.kept.pop();
  w.rows = plan.reduced.pop();
  w.tile = std::min(w.columns.extent, kColumnTile);
  w.tiles = ceil_div(w.columns.extent, w.tile);
  w.block = std::max<int64_t>(8, kFoldBlock / w.tile);
  w.blocks = ceil_div(w.rows.extent, w.block);
  const bool dense = w.columns.stride[0] == 1 && w.rows.stride[0] == w.columns.extent && w.tiles == 1;
  w.fuse = dense && w.tile <= 128 ? 512 / w.tile : 1;

  const int64_t tasks = plan.kept.size() * w.tiles;
  const int64_t units = plan.reduced.size() * w.blocks;
  const int64_t wanted = tasks >= kMaxSegments ? 1 : std::min(units, kMaxSegments / tasks + 1);
  const int64_t per_segment = ceil_div(units, wanted);
  const int64_t segments = ceil_div(units, per_segment);
  const int64_t work = w.tile * w.rows.extent * plan.reduced.size() / segments;  // per task and segment
  const auto width_of = [&](int64_t tile) { return std::min(w.tile, w.columns.extent - tile * w.tile); };
  const auto store = [&](int64_t task, const std::byte* acc) {
    const Walker<2> walk(plan.kept, task / w.tiles);
    const int64_t tile = task % w.tiles;
    job.store(job.out_at(walk.offset(1) + tile * w.tile * w.columns.stride[1]), w.columns.stride[1], acc,
              width_of(tile));
  };

  std::vector<Slot> partial(
      segments > 1 ? static_cast<size_t>(ceil_div(tasks * segments * w.tile * job.acc, sizeof(Slot))) : 0);
  const auto partial_at = [&](int64_t task, int64_t segment) {
    return partial[0].bytes + (task * segments + segment) * w.tile * job.acc;
  };
  parallel_for(tasks * segments, std::max<int64_t>(1, kSmallWork / work), [&](int64_t begin, int64_t end) {
    Slot local[kColumnTile];
    for (int64_t i = begin; i < end; ++i) {
      const int64_t task = i / segments, segment = i % segments;
      const Walker<2> walk(plan.kept, task / w.tiles);
      const int64_t tile = task % w.tiles;
      const int64_t first = segment * per_segment;
      std::byte* acc = segments > 1 ? partial_at(task, segment) : local[0].bytes;
      fold_columns(job, plan, w, acc, walk.offset(0) + tile * w.tile * w.columns.stride[0], width_of(tile), first,
                   std::min(units, first + per_segment));
      if (segments == 1) store(task, acc);
    }
  });
  if (segments == 1) return;
  parallel_for(tasks, std::max<int64_t>(1, kSmallWork / (segments * w.tile)), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      for (int64_t s = 1; s < segments; ++s)
        job.folder.merge(partial_at(task, 0), partial_at(task, s), width_of(task % w.tiles));
      store(task, partial_at(task, 0));
    }
  });
}

// Nothing to fold: every output is the identity.
void store_identity(const Job& job, const ReducePlan& plan) {
  Slot acc;
  job.folder.init(acc.bytes, 1);
  Walker<2> walk(plan.kept);
  for (int64_t i = plan.kept.size(); i > 0; --i, walk.next()) job.store(job.out_at(walk.offset(1)), 1, acc.bytes, 1);
}

}  // namespace

void reduce(const Reduction& reduction, const Tensor& x, const Tensor& out, uint32_t axes) {
  if (out.size() == 0) return;
  const Job job{*reduction.folder,
                reduction.store,
                x.data,
                out.data,
                static_cast<int64_t>(item_size(x.dtype)),
                static_cast<int64_t>(item_size(out.dtype)),
                static_cast<int64_t>(reduction.folder->accumulator_bytes)};
  ReducePlan plan = plan_reduce(x, out, axes);
  if (plan.reduced.size() == 0) return store_identity(job, plan);
  const int kept = plan.kept.count, reduced = plan.reduced.count;
  const bool columns = kept > 0 && reduced > 0 && plan.kept[kept - 1].stride[0] != 0 &&
                       std::abs(plan.kept[kept - 1].stride[0]) < std::abs(plan.reduced[reduced - 1].stride[0]);
  columns ? reduce_columns(job, plan) : reduce_rows(job, plan);
}

}  // namespace ferrule::cpu
