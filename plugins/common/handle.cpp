#include "common/handle.h"

#include "common/error.h"

namespace ferrule::plugin {

frl_status refuse_handle(frl_error* error, const char* slot, const char* noun, const void* handle) {
  if (handle == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[%s] got a NULL %s", slot, noun);
  return fail(error, FRL_INVALID_ARGUMENT, "[%s] got a handle that is not a %s of this plugin", slot, noun);
}

}  // namespace ferrule::plugin
