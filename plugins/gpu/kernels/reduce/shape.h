// How a reduction is laid out for the kernels: made by plan.cu, passed to them by value.
#pragma once

#include "kernels/reduce/nest.h"
#include "kernels/tuning.h"

namespace ferrule::gpu {

// Wide accesses in flight per thread; bytes are unpacked sixteen at a time, so fewer do.
template <typename T>
inline constexpr uint32_t loads_of = sizeof(T) == 1 ? tuning::kReduceLoads / 2 : tuning::kReduceLoads;

struct ReduceShape {
  Nest<2> kept;     // strides of x and of out
  Nest<1> reduced;  // of x; for rows without the contiguous run, which is the innermost reduced axis
  uint64_t outputs;
  uint64_t terms;  // rows: runs per output; else elements per output
  uint32_t splits;
  uint32_t group;         // rows: threads per output; else threads along the terms; a power of two
  uint32_t terms_inside;  // general: neighbouring threads have neighbouring terms rather than outputs

  // rows: each run of `run` elements is cut into pieces; a split takes pieces_per_split of the runs' pieces in order.
  uint64_t run;
  uint32_t piece, pieces_per_run;
  uint64_t pieces_per_split;
  uint32_t scalar;  // too short for wide accesses

  // columns, general: a split takes terms_per_split of the terms.
  uint64_t terms_per_split;
  // columns: the innermost kept axis, which is contiguous in x.
  uint64_t columns;
  uint32_t tiles;  // of the columns
  uint32_t wide;   // strides allow wide accesses
};

}  // namespace ferrule::gpu
