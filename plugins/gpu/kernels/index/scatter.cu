// scatter and scatter_axis: out starts as a copy of x; places of updates are computed once per index tuple; then the
// updates are written or combined as the plan (scatter_plan.h) says.
#include "host/failure.h"
#include "host/launch.h"
#include "kernels/index/axes.h"
#include "kernels/index/index.h"
#include "kernels/index/index_list.cuh"
#include "kernels/index/scatter_plan.h"
#include "kernels/index/unit.h"
#include "kernels/index/updates.h"
#include "kernels/tuning.h"

namespace ferrule::gpu::index {
namespace {

constexpr uint32_t kThreads = tuning::kIndexThreads;
constexpr int64_t kDropped = -1;

GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) find_slices(IndexList indices, uint64_t tuples, int64_t* offset, int64_t* key) {
  begin_kernel();
  const uint64_t i = global_thread();
  if (i >= tuples) return;
  int64_t at, number;
  const bool inside = indices.inside(static_cast<int64_t>(i), at, number);
  offset[i] = inside ? at : kDropped;
  if (key != nullptr) key[i] = inside ? number : kDropped;
}

// axes: of the updates, with strides of out (0 on the indexed axis) and of the indices.
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) find_elements(const void* indices, uint32_t dtype, Axes<2> axes, int64_t extent,
                                                     int64_t stride, uint64_t updates, int64_t* offset) {
  begin_kernel();
  const uint64_t i = global_thread();
  if (i >= updates) return;
  int64_t at[2], index[1];
  axes.offsets(i, at);
  const int64_t from[1] = {at[1]};
  load_indices(indices, dtype, from, index);
  const int64_t position = position_of(index[0], extent);
  offset[i] = position >= 0 && position < extent ? at[0] + position * stride : kDropped;
}

GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) clear_words(uint32_t* words, uint64_t count) {
  begin_kernel();
  constexpr uint32_t kEach = 4;
  const uint64_t first = static_cast<uint64_t>(block_x()) * (kThreads * kEach) + thread_x();
  GPU_UNROLL
  for (uint32_t k = 0; k < kEach; ++k)
    if (first + k * kThreads < count) words[first + k * kThreads] = 0;
}

// The greatest number, from 1, of the tuples that write each key. key == nullptr: entries are elements.
template <typename W>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads)
    mark_winners(const int64_t* offset, const int64_t* key, Axes<1> slice, Split split, uint64_t entries, W* winners) {
  begin_kernel();
  const uint64_t i = global_thread();
  if (i >= entries) return;
  uint64_t tuple = i, position = 0;
  if (key == nullptr) split.divide(i, tuple, position);
  const int64_t at = offset[tuple];
  if (at == kDropped) return;
  const int64_t place = key == nullptr ? at + slice.offset(position) : key[tuple];
  atomic_max(winners + place, static_cast<W>(tuple + 1));
}

// Items are units of updates. winners == nullptr: every update wins. Offsets count elements, `slice` units.
template <typename U, typename W>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads)
    write_winners(U* out, const U* updates, const int64_t* offset, const int64_t* key, const W* winners, Axes<1> slice,
                  Split split, uint64_t items, uint32_t item_log2, uint32_t unit_log2) {
  begin_kernel();
  constexpr uint32_t kUnroll = tuning::kScatterUnroll;
  const uint64_t first = static_cast<uint64_t>(block_x()) * (kThreads * kUnroll) + thread_x();
  U unit[kUnroll];
  int64_t to[kUnroll];
  GPU_UNROLL
  for (uint32_t k = 0; k < kUnroll; ++k) {
    const uint64_t i = first + k * kThreads;
    const uint64_t number = i < items ? i : items - 1;
    uint64_t tuple, position;
    split.divide(number, tuple, position);
    to[k] = i < items ? offset[tuple] : kDropped;
    if (to[k] != kDropped) {
      to[k] = (to[k] << item_log2 >> unit_log2) + slice.offset(position);
      if (winners != nullptr && winners[key == nullptr ? to[k] : key[tuple]] != static_cast<W>(tuple + 1))
        to[k] = kDropped;
    }
    unit[k] = load_streaming<U>(updates + number);
  }
  GPU_UNROLL
  for (uint32_t k = 0; k < kUnroll; ++k)
    if (to[k] != kDropped) store_wide(out + to[k], unit[k]);
}

template <typename K>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads)
    number_entries(const int64_t* offset, const int64_t* key, Axes<1> slice, Split split, uint64_t entries,
                   uint64_t dropped, K* keys, uint32_t* order) {
  begin_kernel();
  const uint64_t i = global_thread();
  if (i >= entries) return;
  uint64_t tuple = i, position = 0;
  if (key == nullptr) split.divide(i, tuple, position);
  const int64_t at = offset[tuple];
  const int64_t place = key == nullptr ? at + slice.offset(position) : key[tuple];
  keys[i] = static_cast<K>(at == kDropped ? dropped : static_cast<uint64_t>(place));
  order[i] = static_cast<uint32_t>(i);
}

// The last entry of each key writes. by_element: U is an element and `split` unused.
template <typename U>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) write_last(U* out, const U* updates, SortedEntries sorted, Axes<1> slice,
                                                  Split split, uint64_t items, uint32_t item_log2, uint32_t unit_log2) {
  begin_kernel();
  const uint64_t i = global_thread();
  if (i >= items) return;
  uint64_t entry = i, position = 0;
  if (!sorted.by_element) split.divide(i, entry, position);
  const uint64_t key = sorted.key(entry);
  if (key == sorted.dropped || (entry + 1 < sorted.count && sorted.key(entry + 1) == key)) return;
  const uint64_t number = sorted.order[entry];
  if (sorted.by_element)
    out[key] = updates[number];
  else
    store_wide(out + (sorted.offset[number] << item_log2 >> unit_log2) + slice.offset(position),
               load_streaming<U>(updates + number * split.count + position));
}

uint32_t log2_of(int64_t power) {
  uint32_t n = 0;
  while (int64_t{1} << n < power) ++n;
  return n;
}

void copy_x(const Call& call, CommandList& commands) {
  const Operand& x = call.inputs[0];
  const Operand& out = call.outputs[0];
  if (x.data != out.data) commands.copy(out.data, x.data, out.bytes());
}

// What both scatters do once the places are known.
struct Scatter {
  const ScatterPlan& plan;
  const ScatterPlan::Arrays& arrays;
  uint64_t sort_bytes;
  Updates updates;

  void sort(CommandList& commands) {
    const auto entries = static_cast<uint64_t>(plan.entries);
    const Split split(static_cast<uint64_t>(plan.slice), entries);
    const auto dropped = static_cast<uint64_t>(plan.keys);
    if (plan.wide_keys)
      commands.launch<&number_entries<uint64_t>>(grid_for(entries, kThreads), arrays.offset, arrays.key,
                                                 updates.slice.axes(), split, entries, dropped,
                                                 static_cast<uint64_t*>(arrays.keys_in), arrays.order_in);
    else
      commands.launch<&number_entries<uint32_t>>(grid_for(entries, kThreads), arrays.offset, arrays.key,
                                                 updates.slice.axes(), split, entries, dropped,
                                                 static_cast<uint32_t*>(arrays.keys_in), arrays.order_in);
    commands.library(
        [key = plan.sort_key(), bits = plan.key_bits, bytes = sort_bytes, a = arrays, entries](vendor::Stream stream) {
          return vendor::sort_pairs(key, a.temporary, bytes, a.keys_in, a.keys_out, a.order_in, a.order, entries, bits,
                                    stream);
        });
    updates.sorted = {arrays.keys_out, arrays.order, arrays.offset, entries, dropped, plan.wide_keys, plan.by_element};
  }

  template <typename W>
  void assign_winners(CommandList& commands) {
    const auto entries = static_cast<uint64_t>(plan.entries);
    const auto words = static_cast<uint64_t>(plan.keys) * (sizeof(W) / 4);
    auto* winners = static_cast<W*>(arrays.winners);
    commands.launch<&clear_words>(grid_for(ceil_div(words, 4), kThreads), static_cast<uint32_t*>(arrays.winners),
                                  words);
    commands.launch<&mark_winners<W>>(grid_for(entries, kThreads), arrays.offset, arrays.key, updates.slice.axes(),
                                      Split(static_cast<uint64_t>(plan.slice), entries), entries, winners);
    write<W>(winners, commands);
  }

  // The widest unit in which updates are written.
  int64_t unit_bytes() const {
    const auto item = static_cast<int64_t>(plugin::item_size(updates.dtype));
    if (plan.by_element && plan.way != ScatterPlan::Way::kDirect) return item;
    const int64_t unit = updates.pack * item;
    return unit < 16 ? unit : 16;
  }
  Axes<1> unit_axes(int64_t unit) const {
    const auto item = static_cast<int64_t>(plugin::item_size(updates.dtype));
    AxisList<1> out;
    for (uint32_t i = updates.slice.count(); i-- > 0;) {
      const int64_t stride = updates.slice.stride(i, 0);
      if (i == 0 && unit > item)
        out.push(updates.slice.extent(0) * item / unit, {1});
      else
        out.push(updates.slice.extent(i), {stride * item / unit});
    }
    return out.axes();
  }

  template <typename W>
  void write(const W* winners, CommandList& commands) {
    const auto item = static_cast<int64_t>(plugin::item_size(updates.dtype));
    const int64_t bytes = unit_bytes();
    const auto per_slice = static_cast<uint64_t>(plan.slice * item / bytes);
    const uint64_t items = static_cast<uint64_t>(plan.tuples) * per_slice;
    visit_unit(bytes, [&]<typename U>(U*) {
      commands.launch<&write_winners<U, W>>(grid_for(ceil_div(items, tuning::kScatterUnroll), kThreads),
                                            static_cast<U*>(updates.out), static_cast<const U*>(updates.updates),
                                            arrays.offset, arrays.key, winners, unit_axes(bytes),
                                            Split(per_slice, items), items, log2_of(item), log2_of(bytes));
    });
  }

  void assign(CommandList& commands) {
    if (plan.way == ScatterPlan::Way::kDirect) return write<uint32_t>(nullptr, commands);
    if (plan.way == ScatterPlan::Way::kWinners)
      return plan.wide_entries ? assign_winners<uint64_t>(commands) : assign_winners<uint32_t>(commands);
    sort(commands);
    const auto item = static_cast<int64_t>(plugin::item_size(updates.dtype));
    const int64_t bytes = unit_bytes();
    const auto per_slice = plan.by_element ? 1 : static_cast<uint64_t>(plan.slice * item / bytes);
    const uint64_t items = updates.sorted.count * per_slice;
    visit_unit(bytes, [&]<typename U>(U*) {
      commands.launch<&write_last<U>>(grid_for(items, kThreads), static_cast<U*>(updates.out),
                                      static_cast<const U*>(updates.updates), updates.sorted, unit_axes(bytes),
                                      Split(per_slice, items), items, log2_of(item), log2_of(bytes));
    });
  }

  void run(uint32_t mode, CommandList& commands) {
    if (mode == FRL_SCATTER_ASSIGN) return assign(commands);
    if (plan.way == ScatterPlan::Way::kSorted) sort(commands);
    const bool is_bool = updates.dtype == FRL_DTYPE_BOOL;
    if (mode == FRL_SCATTER_SUM || (is_bool && mode == FRL_SCATTER_MAX)) return combine_sum(updates, commands);
    if (mode == FRL_SCATTER_PROD || is_bool) return combine_prod(updates, commands);
    const uint32_t item = plugin::item_size(updates.dtype);
    if (updates.dtype < FRL_DTYPE_F16) {
      const bool is_signed = updates.dtype >= FRL_DTYPE_I8;
      const uint64_t all = ~uint64_t{0} >> (64 - 8 * item);
      updates.flip = (is_signed ? (all >> 1) + 1 : 0) ^ (mode == FRL_SCATTER_MIN ? all : 0);
    } else {
      updates.flip = mode == FRL_SCATTER_MIN;
    }
    combine_extreme(updates, commands);
  }
};

uint64_t sort_bytes_of(const ScatterPlan& plan) {
  size_t bytes = 0;
  if (plan.way == ScatterPlan::Way::kSorted)
    check(vendor::sort_pairs_bytes(&bytes, plan.sort_key(), static_cast<uint64_t>(plan.entries), plan.key_bits),
          "sort_pairs_bytes");
  return bytes;
}

ScatterPlan plan_slices(const Call& call, const int64_t* slice) {
  const auto& attrs = call.attributes<frl_scatter_attrs>();
  const Operand& x = call.inputs[0];
  int64_t tuples = 1;
  if (attrs.n_axes > 0) tuples = call.inputs[1].size();
  const bool exact = (call.math & FRL_MATH_DETERMINISTIC) != 0 && order_matters(x.dtype, attrs.mode);
  return ScatterPlan::of_slices(attrs.mode, exact, x.shape, slice, x.ndim, attrs.axes, attrs.n_axes, tuples);
}

}  // namespace

uint64_t scatter_scratch(const ScatterPlan& plan) {
  Scratch counted;
  plan.arrays(counted, sort_bytes_of(plan));
  return counted.bytes();
}

void scatter(Device&, const Call& call, CommandList& commands) {
  const auto& attrs = call.attributes<frl_scatter_attrs>();
  const Operand& x = call.inputs[0];
  const Operand& out = call.outputs[0];
  const Operand& updates = call.inputs[call.inputs.size() - 1];
  if (out.size() == 0) return;
  copy_x(call, commands);
  if (updates.size() == 0) return;
  const int64_t* slice = updates.shape + (updates.ndim - x.ndim);
  const ScatterPlan plan = plan_slices(call, slice);
  const uint64_t sort_bytes = sort_bytes_of(plan);
  Scratch scratch(call.scratch);
  const ScatterPlan::Arrays arrays = plan.arrays(scratch, sort_bytes);

  // x's shape, row-contiguous: strides of out.
  int64_t stride[kMaxDims], step = 1;
  for (uint32_t i = x.ndim; i-- > 0; step *= x.shape[i]) stride[i] = step;
  Updates work{x.dtype, out.data, updates.data, plan.tuples, arrays.offset, {}, 1, 0, {}};
  for (uint32_t i = 0; i < x.ndim; ++i) work.slice.push(slice[i], {stride[i]});
  const auto item = static_cast<int64_t>(plugin::item_size(x.dtype));
  UnitSize unit;
  unit.include(out.data);
  unit.include(updates.data);
  const bool has_run = work.slice.count() > 0 && work.slice.stride(0, 0) == 1;
  unit.include(has_run ? work.slice.extent(0) * item : item);
  for (uint32_t i = has_run ? 1 : 0; i < work.slice.count(); ++i) unit.include(work.slice.stride(i, 0) * item);

  IndexList indices{};
  indices.count = attrs.n_axes;
  int64_t key_step = 1;
  for (uint32_t k = attrs.n_axes; k-- > 0;) {
    const auto axis = static_cast<uint32_t>(attrs.axes[k]);
    indices.dtype = call.inputs[1 + k].dtype;
    indices.data[k] = call.inputs[1 + k].data;
    indices.extent[k] = x.shape[axis];
    indices.last[k] = x.shape[axis] - slice[axis];
    indices.stride[k] = stride[axis];
    indices.key_stride[k] = key_step;
    key_step *= x.shape[axis];
    if (indices.last[k] > 0) unit.include(stride[axis] * item);
  }
  work.pack = unit.bytes() / item;
  const auto tuples = static_cast<uint64_t>(plan.tuples);
  commands.launch<&find_slices>(grid_for(tuples, kThreads), indices, tuples, arrays.offset, arrays.key);
  Scatter{plan, arrays, sort_bytes, work}.run(attrs.mode, commands);
}

void scatter_axis(Device&, const Call& call, CommandList& commands) {
  const auto& attrs = call.attributes<frl_scatter_axis_attrs>();
  const Operand& x = call.inputs[0];
  const Operand& indices = call.inputs[1];
  const Operand& updates = call.inputs[2];
  const Operand& out = call.outputs[0];
  if (out.size() == 0) return;
  copy_x(call, commands);
  const int64_t count = updates.size();
  if (count == 0) return;
  const bool exact = (call.math & FRL_MATH_DETERMINISTIC) != 0 && order_matters(x.dtype, attrs.mode);
  const ScatterPlan plan = ScatterPlan::of_elements(attrs.mode, exact, out.size(), count);
  const uint64_t sort_bytes = sort_bytes_of(plan);
  Scratch scratch(call.scratch);
  const ScatterPlan::Arrays arrays = plan.arrays(scratch, sort_bytes);
  const auto axis = static_cast<uint32_t>(attrs.axis);
  int64_t stride[kMaxDims], step = 1;
  for (uint32_t i = x.ndim; i-- > 0; step *= x.shape[i]) stride[i] = step;
  AxisList<2> axes;
  for (uint32_t i = 0; i < x.ndim; ++i) axes.push(updates.shape[i], {i == axis ? 0 : stride[i], indices.strides[i]});
  const auto n = static_cast<uint64_t>(count);
  commands.launch<&find_elements>(grid_for(n, kThreads), indices.data, indices.dtype, axes.axes(), x.shape[axis],
                                  stride[axis], n, arrays.offset);
  const Updates work{x.dtype, out.data, updates.data, plan.tuples, arrays.offset, {}, 1, 0, {}};
  Scatter{plan, arrays, sort_bytes, work}.run(attrs.mode, commands);
}

}  // namespace ferrule::gpu::index
