#include "kernels/matmul/own_product.h"

#include <algorithm>

#include "common/dtypes.h"
#include "host/launch.h"
#include "kernels/matmul/plan.h"
#include "kernels/matmul/splits.cuh"
#include "kernels/matmul/tile_kernel.cuh"
#include "kernels/matmul/vector_kernel.h"
#include "kernels/tuning.h"

namespace ferrule::gpu {
namespace {

using namespace product;

// Whether accesses of `bytes` at p + i * strides are aligned.
bool aligned(const void* p, std::initializer_list<int64_t> strides, int64_t item, int64_t bytes) {
  if (reinterpret_cast<uintptr_t>(p) % static_cast<uint64_t>(bytes) != 0) return false;
  return std::all_of(strides.begin(), strides.end(), [&](int64_t s) { return s * item % bytes == 0; });
}
template <int64_t BatchDim::*kStride>
bool batches_aligned(const MatrixProduct& p, int64_t item, int64_t bytes) {
  return std::all_of(p.batch, p.batch + p.n_batch_dims,
                     [&](const BatchDim& d) { return d.*kStride * item % bytes == 0; });
}

Layout64<3> batch_layout(const MatrixProduct& p, bool swapped) {
  Layout64<3> layout{};
  layout.ndim = p.n_batch_dims;
  for (uint32_t i = 0; i < p.n_batch_dims; ++i) {
    const BatchDim& d = p.batch[i];
    layout.extent[i] = d.extent;
    layout.stride[i][0] = swapped ? d.b : d.a;
    layout.stride[i][1] = swapped ? d.a : d.b;
    layout.stride[i][2] = d.c;
  }
  return layout;
}

uint32_t batch_blocks(const MatrixProduct& p) { return static_cast<uint32_t>(std::min<int64_t>(p.batches(), 65535)); }

void launch_vectors(const MatrixProduct& p, const ProductPlan& plan, const ProductPointers& at, void* partial,
                    CommandList& commands) {
  const int64_t item = plugin::item_size(p.dtype);
  const bool of_b = plan.weights_are_b, rows = plan.path == ProductPlan::Path::kRows;
  VectorArguments v{};
  v.weights = of_b ? at.b : at.a, v.vectors = of_b ? at.a : at.b, v.c = at.c, v.out = at.out, v.partial = partial;
  v.lines = of_b ? p.n : p.m, v.k = p.k, v.k_per_split = plan.k_per_split;
  v.weight_line = of_b ? p.b.column : p.a.row, v.weight_k = of_b ? p.b.row : p.a.column;
  v.vector_step = of_b ? p.a.row : p.b.column, v.vector_k = of_b ? p.a.column : p.b.row;
  v.out_line = of_b ? 1 : p.n, v.out_vector = of_b ? p.n : 1;
  v.c_line = of_b ? p.c.column : p.c.row, v.c_vector = of_b ? p.c.row : p.c.column;
  v.n_vectors = static_cast<uint32_t>(of_b ? p.m : p.n);
  v.lanes = plan.lanes;
  v.scalars = {p.alpha, p.beta, p.has_c};
  v.batches = p.batches(), v.batch = batch_layout(p, of_b);
  const bool weight_batches =
      of_b ? batches_aligned<&BatchDim::b>(p, item, 16) : batches_aligned<&BatchDim::a>(p, item, 16);
  const bool vector_batches =
      of_b ? batches_aligned<&BatchDim::a>(p, item, 16) : batches_aligned<&BatchDim::b>(p, item, 16);
  const int64_t unit = rows ? v.weight_k : v.weight_line, other = rows ? v.weight_line : v.weight_k;
  v.weights_wide = unit == 1 && weight_batches && aligned(v.weights, {v.lines == 1 && rows ? 0 : other}, item, 16);
  v.vectors_wide =
      v.vector_k == 1 && vector_batches && aligned(v.vectors, {v.n_vectors == 1 ? 0 : v.vector_step}, item, 16);
  const int64_t per_block = rows ? kVectorThreads / plan.lanes : plan.lanes * 16 / item;
  const vendor::LaunchShape shape{{static_cast<uint32_t>(ceil_div(static_cast<uint64_t>(v.lines), per_block)),
                                   static_cast<uint32_t>(plan.splits), batch_blocks(p)},
                                  {kVectorThreads, 1, 1},
                                  0};
  launch_one(commands, (rows ? vector_rows_kernel : vector_columns_kernel)(p.dtype, v.n_vectors), shape, v);
}

void launch_tiles(const MatrixProduct& p, const ProductPlan& plan, const ProductPointers& at, void* partial,
                  CommandList& commands) {
  const int64_t item = plugin::item_size(p.dtype), bytes = std::min<int64_t>(16, 4 * item);
  const int64_t lines = plan.large_tile ? 128 : 64;
  TileArguments t{};
  t.a = at.a, t.b = at.b, t.c = at.c, t.out = at.out, t.partial = partial;
  t.m = p.m, t.n = p.n, t.k = p.k, t.k_per_split = plan.k_per_split;
  t.a_row = p.a.row, t.a_column = p.a.column, t.b_row = p.b.row, t.b_column = p.b.column;
  t.c_row = p.c.row, t.c_column = p.c.column;
  t.scalars = {p.alpha, p.beta, p.has_c};
  t.a_along_k = std::abs(p.a.column) <= std::abs(p.a.row);
  t.b_along_k = std::abs(p.b.row) < std::abs(p.b.column);
  t.a_wide = (t.a_along_k ? p.a.column : p.a.row) == 1 && batches_aligned<&BatchDim::a>(p, item, bytes) &&
             aligned(at.a, {t.a_along_k ? p.a.row : p.a.column}, item, bytes);
  t.b_wide = (t.b_along_k ? p.b.row : p.b.column) == 1 && batches_aligned<&BatchDim::b>(p, item, bytes) &&
             aligned(at.b, {t.b_along_k ? p.b.column : p.b.row}, item, bytes);
  t.out_wide = p.n % 4 == 0 && aligned(at.out, {}, item, bytes);
  t.tiles_m = static_cast<uint32_t>(ceil_div(static_cast<uint64_t>(p.m), lines));
  t.tiles_n = static_cast<uint32_t>(ceil_div(static_cast<uint64_t>(p.n), lines));
  t.batches = p.batches(), t.batch = batch_layout(p, false);
  const vendor::LaunchShape shape{
      {t.tiles_m * t.tiles_n, static_cast<uint32_t>(plan.splits), batch_blocks(p)}, {kTileThreads, 1, 1}, 0};
  launch_one(commands, (plan.large_tile ? tile_kernel_large : tile_kernel_small)(p.dtype), shape, t);
}

void add_up_splits(const MatrixProduct& p, const ProductPlan& plan, const ProductPointers& at, const void* partial,
                   CommandList& commands) {
  SplitArguments s{};
  s.partial = partial, s.out = at.out, s.c = at.c;
  s.outputs = p.batches() * p.m * p.n, s.splits = plan.splits;
  s.scalars = {p.alpha, p.beta, p.has_c};
  s.c_layout.ndim = p.n_batch_dims + 2;
  s.c_layout.extent[0] = p.n, s.c_layout.stride[0][0] = p.c.column;
  s.c_layout.extent[1] = p.m, s.c_layout.stride[1][0] = p.c.row;
  for (uint32_t i = 0; i < p.n_batch_dims; ++i) {
    s.c_layout.extent[i + 2] = p.batch[i].extent, s.c_layout.stride[i + 2][0] = p.batch[i].c;
  }
  launch_splits(commands, p.dtype, s);
}

}  // namespace

uint64_t own_product_scratch(const Device& device, const MatrixProduct& p) {
  return plan_product(p, device.facts().multiprocessors).scratch_bytes;
}

void run_own_product(const Device& device, const MatrixProduct& p, const ProductPointers& at, void* scratch,
                     uint64_t scratch_bytes, CommandList& commands) {
  const ProductPlan plan = plan_product(p, device.facts().multiprocessors, scratch_bytes);
  void* partial = plan.splits > 1 ? scratch : nullptr;
  if (plan.path == ProductPlan::Path::kTile) {
    launch_tiles(p, plan, at, partial, commands);
  } else {
    launch_vectors(p, plan, at, partial, commands);
  }
  if (partial) add_up_splits(p, plan, at, partial, commands);
}

}  // namespace ferrule::gpu
