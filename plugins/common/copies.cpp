#include "common/copies.h"

#include <cinttypes>

#include "common/error.h"

namespace ferrule::plugin {

frl_status check_range(const char* slot, uint64_t size, uint64_t offset, uint64_t bytes, frl_error* error) {
  if (offset <= size && bytes <= size - offset) return FRL_OK;
  return fail(error, FRL_INVALID_ARGUMENT,
              "[%s] got offset %" PRIu64 " and %" PRIu64 " bytes; expected a range within the buffer's %" PRIu64
              " bytes",
              slot, offset, bytes, size);
}

frl_status check_pattern(uint64_t offset, uint64_t bytes, uint32_t pattern_bytes, frl_error* error) {
  if (pattern_bytes != 1 && pattern_bytes != 2 && pattern_bytes != 4 && pattern_bytes != 8) {
    return fail(error, FRL_INVALID_ARGUMENT, "[fill] got a pattern of %u bytes; expected 1, 2, 4 or 8", pattern_bytes);
  }
  if (offset % pattern_bytes != 0 || bytes % pattern_bytes != 0) {
    return fail(error, FRL_INVALID_ARGUMENT,
                "[fill] got offset %" PRIu64 " and %" PRIu64 " bytes; expected multiples of the pattern's %u", offset,
                bytes, pattern_bytes);
  }
  return FRL_OK;
}

}  // namespace ferrule::plugin
