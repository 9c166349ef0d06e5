// frl_error is owned by the caller and read as min(struct_size, own size): only what fits is written.
#include "common/error.h"

#include <algorithm>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstring>

namespace ferrule::plugin {
namespace {

// Bytes of the message that the caller's struct can take; 0 when it is too small for the codes.
size_t message_room(const frl_error* error) {
  constexpr size_t kHead = offsetof(frl_error, message);
  if (error->struct_size <= kHead) return 0;
  return std::min(sizeof(error->message), error->struct_size - kHead);
}

}  // namespace

frl_status fail(frl_error* error, frl_status code, const char* format, ...) {
  if (error == nullptr) return code;
  size_t room = message_room(error);
  if (room == 0) return code;
  error->code = code;
  error->native_code = 0;
  va_list args;
  va_start(args, format);
  std::vsnprintf(error->message, room, format, args);
  va_end(args);
  return code;
}

frl_status copy_error(frl_error* to, const frl_error& from) {
  if (to == nullptr) return from.code;
  size_t room = message_room(to);
  if (room == 0) return from.code;
  to->code = from.code;
  to->native_code = from.native_code;
  std::snprintf(to->message, room, "%s", from.message);
  return from.code;
}

}  // namespace ferrule::plugin
