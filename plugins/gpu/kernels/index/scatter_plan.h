// How a scatter is carried out: decided by the query from shapes alone, and again by run. An entry is what is ordered
// among others with the same key: a whole update slice, or one element of it where slices can overlap in part.
#pragma once

#include <cstdint>

#include "ferrule/plugin.h"
#include "kernels/index/axes.h"
#include "vendor/algorithms.h"

namespace ferrule::gpu::index {

struct ScatterPlan {
  enum class Way : uint8_t {
    kAtomic,   // every update at its place, in any order
    kWinners,  // assign: a table of the last entry of each key
    kSorted,   // entries sorted by key, one thread per key and slice element
    kDirect,   // assign of a single slice
  };
  Way way = Way::kDirect;
  bool by_element = false;  // entries are elements, keys their offsets in out
  int64_t tuples = 0;       // update slices
  int64_t slice = 1;        // elements of one
  int64_t keys = 0;         // there are; `keys` itself is the key of dropped updates
  int64_t entries = 0;
  bool wide_keys = false;     // kSorted: 64-bit keys
  uint32_t key_bits = 0;      // kSorted
  bool wide_entries = false;  // kWinners: 64-bit tuple numbers

  // scatter along `axes`, of slices of the given extents. exact: floating results may not depend on the order.
  static ScatterPlan of_slices(uint32_t mode, bool exact, const int64_t* x_shape, const int64_t* slice_shape,
                               uint32_t rank, const int32_t* axes, uint32_t n_axes, int64_t tuples);
  // scatter_axis: every update is an entry.
  static ScatterPlan of_elements(uint32_t mode, bool exact, int64_t x_size, int64_t updates);

  // The arrays in scratch; pointers are null where the plan has no such array.
  struct Arrays {
    int64_t* offset = nullptr;  // per tuple: in out, or -1
    int64_t* key = nullptr;     // per tuple, where entries are slices and are compared
    void* winners = nullptr;    // per key
    void *keys_in = nullptr, *keys_out = nullptr;
    uint32_t *order_in = nullptr, *order = nullptr;
    void* temporary = nullptr;
  };
  Arrays arrays(Scratch& scratch, uint64_t sort_bytes) const;
  vendor::SortKey sort_key() const { return wide_keys ? vendor::SortKey::kU64 : vendor::SortKey::kU32; }

 private:
  void decide(uint32_t mode, bool exact);
};

// Whether results of this dtype and mode depend on the order of updates, so that FRL_MATH_DETERMINISTIC matters.
bool order_matters(uint32_t dtype, uint32_t mode);

}  // namespace ferrule::gpu::index
