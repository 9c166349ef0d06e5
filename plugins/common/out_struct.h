// Structs of the ABI that a caller passes to be filled: it may know fewer or more members than this build.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "common/error.h"
#include "ferrule/plugin.h"

namespace ferrule::plugin {

// Copies the caller's struct, as far as it reaches, into `known`. Refuses one that is too short to hold its chain, and
// nodes that must be understood: no slot with such a struct knows any.
template <typename T>
frl_status read_out_struct(const char* slot, const T& given, T& known, frl_error* error) {
  known = {};
  if (given.struct_size < offsetof(T, next)) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] got struct_size %u; expected at least %zu", slot, given.struct_size,
                offsetof(T, next));
  }
  std::memcpy(&known, &given, std::min(sizeof(T), size_t{given.struct_size}));
  for (const frl_chain* node = known.next; node != nullptr; node = node->next) {
    if ((node->flags & FRL_CHAIN_MUST_UNDERSTAND) != 0) {
      return fail(error, FRL_UNSUPPORTED, "[%s] got the unknown must-understand node \"%s\"", slot, node->name);
    }
  }
  return FRL_OK;
}

// Copies back what the caller's struct, of known.struct_size bytes, has room for.
template <typename T>
void write_out_struct(const T& known, T* given) {
  std::memcpy(given, &known, std::min(sizeof(T), size_t{known.struct_size}));
}

}  // namespace ferrule::plugin
