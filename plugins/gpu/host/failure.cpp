#include "host/failure.h"

#include <cstdarg>
#include <cstdio>

namespace ferrule::gpu {

Failure::Failure(frl_status status, const char* format, ...) {
  error_.struct_size = sizeof error_;
  error_.code = status;
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(error_.message, sizeof error_.message, format, arguments);
  va_end(arguments);
}

Failure::Failure(vendor::Status status, const char* what) {
  error_.struct_size = sizeof error_;
  error_.code = vendor::classify(status);
  error_.native_code = static_cast<int64_t>(status);
  std::snprintf(error_.message, sizeof error_.message, "[%s] %s: %s (%lld)", vendor::kName, what,
                vendor::describe(status), static_cast<long long>(status));
}

}  // namespace ferrule::gpu
