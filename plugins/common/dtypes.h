// Facts about dtypes, from dtypes.def.
#pragma once

#include "ferrule/plugin.h"

namespace ferrule::plugin {

// Bytes of one element; 0 for an unknown dtype.
constexpr uint32_t item_size(uint32_t dtype) {
  switch (dtype) {
#define FRL_DTYPE(code, NAME, name, bytes, kind) \
  case code:                                     \
    return bytes;
#include "ferrule/dtypes.def"
#undef FRL_DTYPE
    default:
      return 0;
  }
}

constexpr const char* dtype_name(uint32_t dtype) {
  switch (dtype) {
#define FRL_DTYPE(code, NAME, name, bytes, kind) \
  case code:                                     \
    return #name;
#include "ferrule/dtypes.def"
#undef FRL_DTYPE
    default:
      return "unknown dtype";
  }
}

}  // namespace ferrule::plugin
