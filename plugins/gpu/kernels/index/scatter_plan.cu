#include "kernels/index/scatter_plan.h"

#include <bit>

#include "kernels/tuning.h"

namespace ferrule::gpu::index {

bool order_matters(uint32_t dtype, uint32_t mode) { return dtype >= FRL_DTYPE_F16 && mode != FRL_SCATTER_ASSIGN; }

ScatterPlan ScatterPlan::of_slices(uint32_t mode, bool exact, const int64_t* x_shape, const int64_t* slice_shape,
                                   uint32_t rank, const int32_t* axes, uint32_t n_axes, int64_t tuples) {
  ScatterPlan plan;
  plan.tuples = tuples;
  int64_t size = 1, places = 1;
  for (uint32_t i = 0; i < rank; ++i) {
    plan.slice *= slice_shape[i];
    size *= x_shape[i];
  }
  // Slices of extent 1 on every indexed axis coincide or are disjoint.
  for (uint32_t k = 0; k < n_axes; ++k) {
    plan.by_element = plan.by_element || slice_shape[axes[k]] != 1;
    places *= x_shape[axes[k]];
  }
  plan.keys = plan.by_element ? size : places;
  plan.entries = plan.by_element ? tuples * plan.slice : tuples;
  plan.decide(mode, exact);
  return plan;
}

ScatterPlan ScatterPlan::of_elements(uint32_t mode, bool exact, int64_t x_size, int64_t updates) {
  ScatterPlan plan;
  plan.tuples = plan.entries = updates;
  plan.keys = x_size;
  plan.by_element = true;
  plan.decide(mode, exact);
  return plan;
}

void ScatterPlan::decide(uint32_t mode, bool exact) {
  constexpr int64_t kSortable = int64_t{UINT32_MAX};
  const bool assign = mode == FRL_SCATTER_ASSIGN;
  if (assign && tuples <= 1)
    way = Way::kDirect;
  else if (!assign)
    way = exact && tuples > 1 && entries < kSortable ? Way::kSorted : Way::kAtomic;
  else
    way = keys / tuning::kWinnersPerEntry <= entries || entries >= kSortable ? Way::kWinners : Way::kSorted;
  wide_entries = tuples >= kSortable;
  wide_keys = keys >= kSortable;
  key_bits = static_cast<uint32_t>(std::bit_width(static_cast<uint64_t>(keys)));
}

ScatterPlan::Arrays ScatterPlan::arrays(Scratch& scratch, uint64_t sort_bytes) const {
  Arrays a;
  a.offset = scratch.take<int64_t>(static_cast<uint64_t>(tuples));
  if (!by_element && (way == Way::kWinners || way == Way::kSorted))
    a.key = scratch.take<int64_t>(static_cast<uint64_t>(tuples));
  if (way == Way::kWinners) {
    a.winners = scratch.take_bytes(static_cast<uint64_t>(keys) * (wide_entries ? 8 : 4));
  } else if (way == Way::kSorted) {
    const auto n = static_cast<uint64_t>(entries);
    a.keys_in = scratch.take_bytes(n * (wide_keys ? 8 : 4));
    a.keys_out = scratch.take_bytes(n * (wide_keys ? 8 : 4));
    a.order_in = scratch.take<uint32_t>(n);
    a.order = scratch.take<uint32_t>(n);
    a.temporary = scratch.take_bytes(sort_bytes);
  }
  return a;
}

}  // namespace ferrule::gpu::index
