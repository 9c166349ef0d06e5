// gather and gather_axis: data moved by size alone. gather copies slices in the widest unit, up to 16 bytes, that divides
// every run, stride and address; each thread keeps several units in flight.
#include "device/gpu.h"
#include "device/index.h"
#include "host/launch.h"
#include "kernels/index/axes.h"
#include "kernels/index/index.h"
#include "kernels/index/index_list.cuh"
#include "kernels/index/unit.h"
#include "kernels/tuning.h"

namespace ferrule::gpu::index {
namespace {

constexpr uint32_t kThreads = tuning::kIndexThreads;
constexpr uint32_t kUnroll = tuning::kGatherUnroll;

GPU_DEVICE uint64_t minimum(uint64_t a, uint64_t b) { return a < b ? a : b; }

// Number of a unit = tuple * units_per_slice + position in the slice. `split` divides when the numbers are below 2^31.
template <typename U>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads)
    gather_units(const U* x, U* out, IndexList indices, Axes<1> slice, uint64_t units_per_slice, Divider split,
                 uint32_t wide, uint64_t units) {
  begin_kernel();
  const uint64_t first = static_cast<uint64_t>(block_x()) * (kThreads * kUnroll) + thread_x();
  int64_t tuple[kUnroll], at[kUnroll], position[kUnroll];
  GPU_UNROLL
  for (uint32_t k = 0; k < kUnroll; ++k) {
    const uint64_t i = minimum(first + k * kThreads, units - 1);
    tuple[k] = static_cast<int64_t>(i);
    position[k] = 0;
    if (units_per_slice > 1) {
      tuple[k] = static_cast<int64_t>(wide ? i / units_per_slice : split.divide(static_cast<uint32_t>(i)));
      position[k] = static_cast<int64_t>(i) - tuple[k] * static_cast<int64_t>(units_per_slice);
    }
  }
  indices.clamped(tuple, at);
  U unit[kUnroll];
  GPU_UNROLL
  for (uint32_t k = 0; k < kUnroll; ++k)
    unit[k] = load_wide<U>(x + at[k] + slice.offset(static_cast<uint64_t>(position[k])));
  GPU_UNROLL
  for (uint32_t k = 0; k < kUnroll; ++k) {
    const uint64_t i = first + k * kThreads;
    if (i < units) store_streaming(out + i, unit[k]);
  }
}

// axes: of out, with strides of x (0 on the indexed axis) and of the indices.
template <typename U>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) gather_along(const U* x, U* out, const void* indices, uint32_t dtype,
                                                    Axes<2> axes, int64_t extent, int64_t stride, uint64_t size) {
  begin_kernel();
  const uint64_t first = static_cast<uint64_t>(block_x()) * (kThreads * kUnroll) + thread_x();
  int64_t from[kUnroll], at[kUnroll], index[kUnroll];
  GPU_UNROLL
  for (uint32_t k = 0; k < kUnroll; ++k) {
    int64_t offset[2];
    axes.offsets(minimum(first + k * kThreads, size - 1), offset);
    from[k] = offset[0];
    at[k] = offset[1];
  }
  load_indices(indices, dtype, at, index);
  U unit[kUnroll];
  GPU_UNROLL
  for (uint32_t k = 0; k < kUnroll; ++k) {
    const int64_t position = position_of(index[k], extent);
    unit[k] = load_wide<U>(x + from[k] + (position < 0 ? 0 : position >= extent ? extent - 1 : position) * stride);
  }
  GPU_UNROLL
  for (uint32_t k = 0; k < kUnroll; ++k) {
    const uint64_t i = first + k * kThreads;
    if (i < size) store_streaming(out + i, unit[k]);
  }
}

vendor::LaunchShape grid_of(uint64_t items) { return grid_for(ceil_div(items, kUnroll), kThreads); }

}  // namespace

void gather(Device&, const Call& call, CommandList& commands) {
  const Operand& x = call.inputs[0];
  const Operand& out = call.outputs[0];
  const auto& attrs = call.attributes<frl_gather_attrs>();
  const int64_t size = out.size();
  if (size == 0) return;
  const auto item = static_cast<int64_t>(plugin::item_size(x.dtype));

  // Everything in bytes; a run of neighbouring elements becomes one axis.
  AxisList<1> bytes;
  int64_t slice_size = 1;
  for (uint32_t i = 0; i < x.ndim; ++i) {
    slice_size *= attrs.slice_sizes[i];
    bytes.push(attrs.slice_sizes[i], {x.strides[i] * item});
  }
  bytes.push(item, {1});
  UnitSize unit;
  unit.include(x.data);
  unit.include(out.data);
  const bool has_run = bytes.count() > 0 && bytes.stride(0, 0) == 1;
  unit.include(has_run ? bytes.extent(0) : 1);
  for (uint32_t i = has_run ? 1 : 0; i < bytes.count(); ++i) unit.include(bytes.stride(i, 0));
  IndexList indices{};
  indices.count = attrs.n_axes;
  for (uint32_t k = 0; k < attrs.n_axes; ++k) {
    const auto axis = static_cast<uint32_t>(attrs.axes[k]);
    indices.dtype = call.inputs[1 + k].dtype;
    indices.data[k] = call.inputs[1 + k].data;
    indices.extent[k] = x.shape[axis];
    indices.last[k] = x.shape[axis] - attrs.slice_sizes[axis];
    if (indices.last[k] > 0) unit.include(x.strides[axis] * item);
  }
  const int64_t width = unit.bytes();
  for (uint32_t k = 0; k < attrs.n_axes; ++k)
    indices.stride[k] = indices.last[k] > 0 ? x.strides[attrs.axes[k]] * item / width : 0;
  AxisList<1> units;
  for (uint32_t i = bytes.count(); i-- > 0;)
    if (i == 0 && has_run)
      units.push(bytes.extent(i) / width, {1});
    else
      units.push(bytes.extent(i), {bytes.stride(i, 0) / width});
  const auto per_slice = static_cast<uint64_t>(slice_size * item / width);
  const auto total = static_cast<uint64_t>(size * item / width);
  const bool wide = total >= uint64_t{1} << 31;
  const Divider split = wide ? Divider() : Divider(static_cast<uint32_t>(per_slice));
  visit_unit(width, [&]<typename U>(U*) {
    commands.launch<&gather_units<U>>(grid_of(total), x.as<const U>(), out.as<U>(), indices, units.axes(), per_slice,
                                      split, static_cast<uint32_t>(wide), total);
  });
}

void gather_axis(Device&, const Call& call, CommandList& commands) {
  const Operand& x = call.inputs[0];
  const Operand& indices = call.inputs[1];
  const Operand& out = call.outputs[0];
  const auto axis = static_cast<uint32_t>(call.attributes<frl_axis_attrs>().axis);
  const int64_t size = out.size();
  if (size == 0) return;
  AxisList<2> axes;
  for (uint32_t i = 0; i < x.ndim; ++i) axes.push(out.shape[i], {i == axis ? 0 : x.strides[i], indices.strides[i]});
  visit_item(plugin::item_size(x.dtype), [&]<typename U>(U*) {
    commands.launch<&gather_along<U>>(grid_of(static_cast<uint64_t>(size)), x.as<const U>(), out.as<U>(), indices.data,
                                      indices.dtype, axes.axes(), x.shape[axis], x.strides[axis],
                                      static_cast<uint64_t>(size));
  });
}

}  // namespace ferrule::gpu::index
