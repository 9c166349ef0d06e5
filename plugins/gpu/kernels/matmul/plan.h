// How the own kernels compute a product: which kernel, and how k is shared out. A pure function of the problem and the
// device, so that the query and the run agree.
#pragma once

#include "kernels/matmul/problem.h"

namespace ferrule::gpu {

struct ProductPlan {
  enum class Path : uint8_t { kRows, kColumns, kTile };
  Path path;
  bool large_tile;     // kTile: 128 lines rather than 64
  bool weights_are_b;  // kRows, kColumns: the matrix that is read once; the other holds the vectors
  uint32_t lanes;      // kRows, kColumns
  int64_t splits, k_per_split;
  uint64_t scratch_bytes;
};

// scratch_bytes: what may be used at most.
ProductPlan plan_product(const MatrixProduct& product, uint32_t multiprocessors, uint64_t scratch_bytes = UINT64_MAX);

}  // namespace ferrule::gpu
