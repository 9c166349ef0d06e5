#include "kernels/matmul/plan.h"

#include <algorithm>
#include <cstdlib>

#include "common/dtypes.h"
#include "host/launch.h"
#include "kernels/tuning.h"

namespace ferrule::gpu {
namespace {

using Path = ProductPlan::Path;

int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Gives each of `splits` blocks an even share of k, a multiple of kSplitAlignment.
void split(ProductPlan& plan, const MatrixProduct& p, int64_t splits, uint64_t scratch_limit) {
  const uint64_t sum_bytes = std::max<uint32_t>(plugin::item_size(p.dtype), 4);
  const uint64_t per_split = static_cast<uint64_t>(p.batches() * p.m * p.n) * sum_bytes;
  const uint64_t limit =
      std::min<uint64_t>(scratch_limit, tuning::kSplitScratchBytes) / std::max<uint64_t>(per_split, 1);
  splits = std::clamp<int64_t>(splits, 1, static_cast<int64_t>(std::clamp<uint64_t>(limit, 1, tuning::kMaxSplits)));
  plan.k_per_split = up(up(std::max<int64_t>(p.k, 1), splits), tuning::kSplitAlignment) * tuning::kSplitAlignment;
  plan.splits = up(std::max<int64_t>(p.k, 1), plan.k_per_split);
  plan.scratch_bytes = plan.splits > 1 ? static_cast<uint64_t>(plan.splits) * per_split : 0;
}

void plan_vectors(ProductPlan& plan, const MatrixProduct& p, int64_t multiprocessors, uint64_t scratch_limit) {
  const int64_t item = plugin::item_size(p.dtype), lines = plan.weights_are_b ? p.n : p.m;
  const int64_t line_stride = plan.weights_are_b ? p.b.column : p.a.row;
  const int64_t k_stride = plan.weights_are_b ? p.b.row : p.a.column;
  const bool across = k_stride != 1 && std::abs(line_stride) < std::abs(k_stride);
  plan.path = across ? Path::kColumns : Path::kRows;
  int64_t blocks, splits = 1;
  if (across) {
    const int64_t own = 16 / item;
    const auto blocks_with = [&](int64_t lanes) { return up(lines, lanes * own) * p.batches(); };
    plan.lanes = blocks_with(tuning::kColumnLanesWide) >= 4 * multiprocessors ? tuning::kColumnLanesWide
                 : p.k < tuning::kColumnSplitDepth                            ? tuning::kColumnLanesTiny
                                                                              : tuning::kColumnLanes;
    blocks = blocks_with(plan.lanes);
    if (blocks < 4 * multiprocessors && p.k >= tuning::kColumnSplitDepth) {
      splits = std::min(up(8 * multiprocessors, blocks), p.k / tuning::kColumnDepthPerSplit);
    }
  } else {
    const int64_t line_bytes = p.k * item;
    plan.lanes = line_bytes <= tuning::kRowBytesForFewLanes ? 4 : vendor::kWarpWidth;
    if (lines * p.batches() <= 8 * multiprocessors && line_bytes >= tuning::kRowBytesForBlock) {
      plan.lanes = tuning::kVectorThreads;
    }
    blocks = up(lines, tuning::kVectorThreads / plan.lanes) * p.batches();
    if (blocks < 2 * multiprocessors && line_bytes >= 2 * tuning::kRowBytesPerSplit) {
      splits = std::min(up(4 * multiprocessors, blocks), line_bytes / tuning::kRowBytesPerSplit);
    }
  }
  split(plan, p, splits, scratch_limit);
}

void plan_tiles(ProductPlan& plan, const MatrixProduct& p, int64_t multiprocessors, uint64_t scratch_limit) {
  const auto tiles = [&](int64_t lines) { return up(p.m, lines) * up(p.n, lines) * p.batches(); };
  plan.path = Path::kTile;
  plan.large_tile = plugin::item_size(p.dtype) <= 4 && tiles(128) >= multiprocessors;
  const int64_t blocks = tiles(plan.large_tile ? 128 : 64);
  int64_t splits = 1;
  if (blocks < multiprocessors && p.k >= 2 * tuning::kTileDepthPerSplit) {
    splits = std::min(up(2 * multiprocessors, blocks), p.k / tuning::kTileDepthPerSplit);
  }
  split(plan, p, splits, scratch_limit);
}

}  // namespace

ProductPlan plan_product(const MatrixProduct& p, uint32_t multiprocessors, uint64_t scratch_limit) {
  ProductPlan plan{};
  plan.weights_are_b = p.m < p.n;
  if (std::min(p.m, p.n) <= tuning::kMaxVectors) {
    plan_vectors(plan, p, multiprocessors, scratch_limit);
  } else {
    plan_tiles(plan, p, multiprocessors, scratch_limit);
  }
  return plan;
}

}  // namespace ferrule::gpu
