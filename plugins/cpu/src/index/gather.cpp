// gather and gather_axis: clamped indices, any strides of x. Slices that lie in one run are copied as memory.
#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "axes.h"
#include "index/index.h"
#include "index/offsets.h"
#include "parallel.h"
#include "value.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kTupleTile = 256;
constexpr int64_t kRunChunk = 65536;  // elements of a run that one task copies
constexpr int64_t kTaskWork = 32768;

template <typename T>
void copy_run(T* out, const T* x, int64_t n, int64_t stride) {
  if (stride == 1)
    std::memcpy(out, x, static_cast<size_t>(n) * sizeof(T));
  else
    for (int64_t i = 0; i < n; ++i) out[i] = x[i * stride];
}

struct Gather {
  const Tensor* x;
  const Tensor* indices;
  const frl_gather_attrs& attrs;
  AxisList<2> outer;  // of the slice: strides of x, of out
  Axis<2> run;        // its innermost axis, contiguous in out
  int64_t slice_size;

  void offsets(int64_t* out, int64_t begin, int64_t count) const {
    std::fill_n(out, count, 0);
    for (uint32_t k = 0; k < attrs.n_axes; ++k) {
      const auto axis = static_cast<size_t>(attrs.axes[k]);
      add_clamped(out, indices[k], begin, 1, count, {x->shape[axis], attrs.slice_sizes[axis], x->strides[axis]});
    }
  }
};

template <typename T>
void gather_tuples(const Gather& g, T* out, int64_t begin, int64_t end) {
  const T* x = g.x->as<const T>();
  int64_t offset[kTupleTile];
  for (; begin < end; begin += kTupleTile) {
    const int64_t count = std::min(kTupleTile, end - begin);
    g.offsets(offset, begin, count);
    T* to = out + begin * g.slice_size;
    if (g.slice_size == 1) {
      for (int64_t i = 0; i < count; ++i) to[i] = x[offset[i]];
      continue;
    }
    const int64_t runs = g.outer.size();
    for (int64_t i = 0; i < count; ++i, to += g.slice_size) {
      if (runs == 1) {
        copy_run(to, x + offset[i], g.run.extent, g.run.stride[0]);
        continue;
      }
      Walker<2> walk(g.outer);
      for (int64_t r = 0; r < runs; ++r, walk.next())
        copy_run(to + walk.offset(1), x + offset[i] + walk.offset(0), g.run.extent, g.run.stride[0]);
    }
  }
}

// Few, large slices: the runs of each slice are spread over the pool.
template <typename T>
void gather_slices(const Gather& g, T* out, int64_t tuples) {
  const int64_t chunks = (g.run.extent + kRunChunk - 1) / kRunChunk;
  const int64_t grain = std::max<int64_t>(1, kTaskWork / std::min(g.run.extent, kRunChunk));
  for (int64_t i = 0; i < tuples; ++i) {
    int64_t offset;
    g.offsets(&offset, i, 1);
    const T* x = g.x->as<const T>() + offset;
    T* to = out + i * g.slice_size;
    parallel_for(g.outer.size() * chunks, grain, [&](int64_t begin, int64_t end) {
      Walker<2> walk(g.outer, begin / chunks);
      for (int64_t task = begin; task < end; ++task) {
        const int64_t first = task % chunks * kRunChunk;
        copy_run(to + walk.offset(1) + first, x + walk.offset(0) + first * g.run.stride[0],
                 std::min(kRunChunk, g.run.extent - first), g.run.stride[0]);
        if (task % chunks == chunks - 1) walk.next();
      }
    });
  }
}

}  // namespace

void gather(const Call& call) {
  const Tensor& x = call.inputs[0];
  const Tensor& out = call.outputs[0];
  const auto& attrs = call.attributes<frl_gather_attrs>();
  if (out.size() == 0) return;
  if (x.size() == 0) throw std::runtime_error("[gather] got an empty array to gather from; expected elements");
  AxisList<2> slice;
  Gather g{&x, call.inputs + 1, attrs, {}, {1, {1, 1}}, 1};
  for (uint32_t i = x.ndim; i-- > 0;) g.slice_size *= attrs.slice_sizes[i];
  int64_t inner = g.slice_size;
  for (uint32_t i = 0; i < x.ndim; ++i) {
    inner /= attrs.slice_sizes[i];
    slice.push({attrs.slice_sizes[i], {x.strides[i], inner}});
  }
  merge_axes(slice);
  if (slice.count > 0) g.run = slice.pop();
  g.outer = slice;
  const int64_t tuples = out.size() / g.slice_size;
  visit_item(item_size(x.dtype), [&](auto type) {
    using T = decltype(type);
    T* to = out.as<T>();
    if (tuples < 64 && g.slice_size > kTaskWork) return gather_slices(g, to, tuples);
    parallel_for(tuples, std::max<int64_t>(1, kTaskWork / g.slice_size),
                 [&](int64_t begin, int64_t end) { gather_tuples(g, to, begin, end); });
  });
}

void gather_axis(const Call& call) {
  const Tensor& x = call.inputs[0];
  const Tensor& indices = call.inputs[1];
  const Tensor& out = call.outputs[0];
  const auto axis = static_cast<uint32_t>(call.attributes<frl_axis_attrs>().axis);
  if (out.size() == 0) return;
  if (x.shape[axis] == 0) throw std::runtime_error("[gather_axis] got an empty axis to gather from; expected elements");
  AxisList<3> nest;  // strides of x (none along the axis), of indices, of out
  for (uint32_t i = 0; i < x.ndim; ++i)
    nest.push({out.shape[i], {i == axis ? 0 : x.strides[i], indices.strides[i], out.strides[i]}});
  merge_axes(nest);
  const Axis<3> run = nest.count > 0 ? nest.pop() : Axis<3>{1, {0, 0, 1}};
  const IndexedAxis indexed{x.shape[axis], 1, x.strides[axis]};
  const int64_t tiles = (run.extent + kTupleTile - 1) / kTupleTile;
  const int64_t grain = std::max<int64_t>(1, kTaskWork / std::min(run.extent, kTupleTile));
  visit_item(item_size(x.dtype), [&](auto type) {
    using T = decltype(type);
    parallel_for(nest.size() * tiles, grain, [&](int64_t begin, int64_t end) {
      int64_t offset[kTupleTile];
      Walker<3> walk(nest, begin / tiles);
      for (int64_t task = begin; task < end; ++task) {
        const int64_t first = task % tiles * kTupleTile;
        const int64_t count = std::min(kTupleTile, run.extent - first);
        for (int64_t i = 0; i < count; ++i) offset[i] = walk.offset(0) + (first + i) * run.stride[0];
        add_clamped(offset, indices, walk.offset(1) + first * run.stride[1], run.stride[1], count, indexed);
        T* to = out.as<T>() + walk.offset(2) + first * run.stride[2];
        const T* from = x.as<const T>();
        for (int64_t i = 0; i < count; ++i) to[i * run.stride[2]] = from[offset[i]];
        if (task % tiles == tiles - 1) walk.next();
      }
    });
  });
}

}  // namespace ferrule::cpu
