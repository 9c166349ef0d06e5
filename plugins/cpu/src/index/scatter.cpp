// scatter and scatter_axis: updates outside are dropped, each output element takes its updates in row-major order of
// the indices whatever the number of threads. Work is shared by cutting the output, never the updates: large outputs by
// blocks of rows (scatter_rows.h), else across the slice when slices are long, or by ranges of the leading axis, each
// part reading all indices.
#include <algorithm>
#include <cstring>
#include <vector>

#include "axes.h"
#include "index/combine.h"
#include "index/index.h"
#include "index/offsets.h"
#include "index/scatter_rows.h"
#include "parallel.h"
#include "value.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kTupleTile = 16384;
constexpr int64_t kTaskWork = 32768;
constexpr int64_t kLargeOutput = int64_t{1} << 20;    // bytes from which blocks are tried
constexpr int64_t kMostScheduled = int64_t{1} << 26;  // updates; more would need much memory
constexpr int64_t kSplitSlice = 128;                  // elements from which a run is shared between threads

void copy_contiguous(const Tensor& x, const Tensor& out) {
  if (x.data == out.data) return;  // donated
  const int64_t bytes = out.size() * static_cast<int64_t>(item_size(out.dtype));
  parallel_for(bytes, 1 << 18, [&](int64_t begin, int64_t end) {
    std::memcpy(out.data + begin, x.data + begin, static_cast<size_t>(end - begin));
  });
}

struct Scatter {
  std::byte* out;
  const std::byte* updates;
  int64_t item;
  CombineFn combine;
  AxisList<2> outer;  // of the slice: strides of out, of updates
  Axis<2> run;
  int64_t slice_size;

  // Elements [first, first + n) of every run of one tuple's slice.
  void apply(int64_t offset, int64_t tuple, int64_t first, int64_t n) const {
    std::byte* to = out + (offset + first * run.stride[0]) * item;
    const std::byte* from = updates + (tuple * slice_size + first * run.stride[1]) * item;
    if (outer.count == 0) return combine(to, run.stride[0], from, run.stride[1], n);
    Walker<2> walk(outer);
    for (int64_t r = outer.size(); r > 0; --r, walk.next())
      combine(to + walk.offset(0) * item, run.stride[0], from + walk.offset(1) * item, run.stride[1], n);
  }
};

// The stride of the first axis longer than 1 when no slice crosses its positions; 0 otherwise.
int64_t leading_stride(const Tensor& out, const int64_t* slice) {
  for (uint32_t i = 0; i < out.ndim; ++i)
    if (out.shape[i] > 1) return slice[i] == 1 ? out.strides[i] : 0;
  return 0;
}

void apply_tile(const Scatter& s, const int64_t* offsets, int64_t begin, int64_t count, const Tensor& out,
                int64_t leading) {
  const int64_t threads = thread_count();
  if (threads == 1 || count * s.slice_size < kTaskWork || (s.run.extent < kSplitSlice && leading == 0)) {
    for (int64_t i = 0; i < count; ++i)
      if (offsets[i] != kDropped) s.apply(offsets[i], begin + i, 0, s.run.extent);
    return;
  }
  if (s.run.extent >= kSplitSlice) {
    const int64_t grain = (s.run.extent + threads - 1) / threads;
    parallel_for(s.run.extent, grain, [&](int64_t first, int64_t last) {
      for (int64_t i = 0; i < count; ++i)
        if (offsets[i] != kDropped) s.apply(offsets[i], begin + i, first, last - first);
    });
    return;
  }
  const int64_t rows = out.size() / leading;
  parallel_for(rows, (rows + threads - 1) / threads, [&](int64_t first, int64_t last) {
    const int64_t low = first * leading, high = last * leading;
    for (int64_t i = 0; i < count; ++i)
      if (offsets[i] >= low && offsets[i] < high) s.apply(offsets[i], begin + i, 0, s.run.extent);
  });
}

}  // namespace

void scatter(const Call& call) {
  const Tensor& x = call.inputs[0];
  const Tensor& updates = call.inputs[call.n_inputs - 1];
  const Tensor& out = call.outputs[0];
  const auto& attrs = call.attributes<frl_scatter_attrs>();
  if (out.size() == 0) return;
  if (updates.size() == 0) return copy_contiguous(x, out);
  const int64_t* slice_shape = updates.shape + (updates.ndim - x.ndim);
  Scatter s{out.data, updates.data, item_size(out.dtype), combine_fn(out.dtype, attrs.mode), {}, {1, {1, 1}}, 1};
  for (uint32_t i = 0; i < x.ndim; ++i) s.slice_size *= slice_shape[i];
  int64_t inner = s.slice_size;
  for (uint32_t i = 0; i < x.ndim; ++i) {
    inner /= slice_shape[i];
    s.outer.push({slice_shape[i], {out.strides[i], inner}});
  }
  merge_axes(s.outer);
  if (s.outer.count > 0) s.run = s.outer.pop();

  const int64_t tuples = updates.size() / s.slice_size;
  const int64_t leading = leading_stride(out, slice_shape);
  const auto find_offsets = [&](int64_t begin, std::span<int64_t> offsets) {
    std::fill(offsets.begin(), offsets.end(), 0);
    for (uint32_t k = 0; k < attrs.n_axes; ++k) {
      const auto axis = static_cast<size_t>(attrs.axes[k]);
      add_or_drop(offsets.data(), call.inputs[1 + k], begin, 1, static_cast<int64_t>(offsets.size()),
                  {out.shape[axis], slice_shape[axis], out.strides[axis]});
    }
  };
  const bool one_run = s.outer.count == 0 && (s.run.extent == 1 || (s.run.stride[0] == 1 && s.run.stride[1] == 1));
  if (one_run && leading != 0 && tuples <= kMostScheduled && out.size() * s.item >= kLargeOutput) {
    std::vector<int64_t> offsets(static_cast<size_t>(tuples));
    find_offsets(0, offsets);
    const RowScatter rows{x.data, out.data, s.updates, s.item, out.size() / leading, leading, s.slice_size, s.combine};
    if (scatter_rows(rows, offsets)) return;
  }
  copy_contiguous(x, out);
  std::vector<int64_t> offsets(static_cast<size_t>(std::min(tuples, kTupleTile)));
  for (int64_t begin = 0; begin < tuples; begin += kTupleTile) {
    const int64_t count = std::min(kTupleTile, tuples - begin);
    find_offsets(begin, std::span(offsets).first(static_cast<size_t>(count)));
    apply_tile(s, offsets.data(), begin, count, out, leading);
  }
}

namespace {

// Strides of out (none along the axis), of indices, of updates.
struct AxisScatter {
  const Tensor& indices;
  const Tensor& updates;
  const Tensor& out;
  IndexedAxis indexed;
  int64_t length;                   // of the axis in indices
  int64_t index_step, update_step;  // along the axis
  CombineFn combine;
  int64_t item;

  // The fibre that starts at the given offsets; only positions in [low, high) of the axis.
  void fibre(int64_t out_at, int64_t index_at, int64_t update_at, int64_t low, int64_t high) const {
    constexpr int64_t kTile = 256;
    int64_t offset[kTile];
    for (int64_t begin = 0; begin < length; begin += kTile) {
      const int64_t count = std::min(kTile, length - begin);
      std::fill_n(offset, count, 0);
      add_or_drop(offset, indices, index_at + begin * index_step, index_step, count, indexed);
      for (int64_t i = 0; i < count; ++i)
        if (offset[i] >= low * indexed.stride && offset[i] < high * indexed.stride)
          combine(out.data + (out_at + offset[i]) * item, 1,
                  updates.data + (update_at + (begin + i) * update_step) * item, 1, 1);
    }
  }

  // `width` neighbouring fibres together, step by step along the axis.
  void fibres(int64_t out_at, int64_t index_at, int64_t update_at, int64_t width, const Axis<3>& across) const {
    constexpr int64_t kTile = 256;
    int64_t offset[kTile];
    for (int64_t first = 0; first < width; first += kTile) {
      const int64_t count = std::min(kTile, width - first);
      for (int64_t step = 0; step < length; ++step) {
        std::fill_n(offset, count, 0);
        add_or_drop(offset, indices, index_at + first * across.stride[1] + step * index_step, across.stride[1], count,
                    indexed);
        for (int64_t i = 0; i < count; ++i)
          if (offset[i] != kDropped)
            combine(out.data + (out_at + (first + i) * across.stride[0] + offset[i]) * item, 1,
                    updates.data + (update_at + (first + i) * across.stride[2] + step * update_step) * item, 1, 1);
      }
    }
  }
};

}  // namespace

void scatter_axis(const Call& call) {
  const Tensor& x = call.inputs[0];
  const Tensor& indices = call.inputs[1];
  const Tensor& updates = call.inputs[2];
  const Tensor& out = call.outputs[0];
  const auto& attrs = call.attributes<frl_scatter_axis_attrs>();
  const auto axis = static_cast<uint32_t>(attrs.axis);
  if (out.size() == 0) return;
  copy_contiguous(x, out);
  if (indices.size() == 0) return;
  const AxisScatter s{indices,
                      updates,
                      out,
                      {out.shape[axis], 1, out.strides[axis]},
                      indices.shape[axis],
                      indices.strides[axis],
                      updates.strides[axis],
                      combine_fn(out.dtype, attrs.mode),
                      item_size(out.dtype)};
  AxisList<3> fibres;
  for (uint32_t i = 0; i < x.ndim; ++i)
    if (i != axis) fibres.push({out.shape[i], {out.strides[i], indices.strides[i], updates.strides[i]}});
  merge_axes(fibres);
  const int64_t extent = out.shape[axis];
  if (fibres.count == 0) {
    const int64_t parts = s.length < kTaskWork ? 1 : thread_count();
    parallel_for(extent, (extent + parts - 1) / parts, [&](int64_t low, int64_t high) { s.fibre(0, 0, 0, low, high); });
    return;
  }
  const Axis<3> across = fibres.pop();
  // Neighbouring fibres share cache lines when the axis is not the last one.
  const int64_t width = across.stride[0] < out.strides[axis] ? 256 : 1;
  const int64_t tiles = (across.extent + width - 1) / width;
  const int64_t grain = std::max<int64_t>(1, kTaskWork / 4 / (std::min(width, across.extent) * s.length));
  parallel_for(fibres.size() * tiles, grain, [&](int64_t begin, int64_t end) {
    Walker<3> walk(fibres, begin / tiles);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t first = task % tiles * width;
      const int64_t out_at = walk.offset(0) + first * across.stride[0];
      const int64_t index_at = walk.offset(1) + first * across.stride[1];
      const int64_t update_at = walk.offset(2) + first * across.stride[2];
      if (width == 1)
        s.fibre(out_at, index_at, update_at, 0, extent);
      else
        s.fibres(out_at, index_at, update_at, std::min(width, across.extent - first), across);
      if (task % tiles == tiles - 1) walk.next();
    }
  });
}

}  // namespace ferrule::cpu
