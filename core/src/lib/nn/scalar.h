// Constants beside an array: in its dtype when that is floating, so that float16 stays float16; else float32.
#pragma once

#include "ferrule/array.h"

namespace ferrule::detail {

inline array scalar_like(double value, const array& x) {
  return array(value, issubdtype(x.dtype(), inexact) ? x.dtype() : Dtype(float32));
}

}  // namespace ferrule::detail
