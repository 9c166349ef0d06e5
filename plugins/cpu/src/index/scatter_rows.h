// Scatter by blocks of the output: a block is copied, takes its updates in their order while it is in cache, and is
// written once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "index/combine.h"

namespace ferrule::cpu {

struct RowScatter {
  const std::byte* x;
  std::byte* out;  // may be x
  const std::byte* updates;
  int64_t item;
  int64_t rows, row;  // of out; elements per row
  int64_t slice;      // elements of one update, neighbours within one row
  CombineFn combine;
};

// offsets: per update, its first element in out, or kDropped. False, and nothing done, where blocks do not pay: rows are
// long or few, or most updates meet in few blocks.
bool scatter_rows(const RowScatter& s, std::span<const int64_t> offsets);

}  // namespace ferrule::cpu
