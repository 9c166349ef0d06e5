// One conversion as a function of storage types.
#pragma once

#include "functors/cast.h"
#include "kernels/copy/copy.h"
#include "kernels/elementwise/elementwise.cuh"

namespace ferrule::gpu::copy {

template <typename To, typename From>
struct Cast {
  static GPU_DEVICE To apply(From x) { return narrow<To>(gpu::cast<To, From>(widen<From>(x))); }
};

template <typename To, typename From>
elementwise::Entry cast_entry() {
  return elementwise::entry_of<Cast<To, From>, elementwise::Cost::kLight, To, From>();
}

}  // namespace ferrule::gpu::copy
