// The one exception of the library. Thrown by every public function on bad input or failed work; messages read
// "[op] what; got ...; expected ...". Nothing in the library aborts or prints (but for the log handler, log.h).
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#pragma GCC visibility push(default)
namespace ferrule {

enum class ErrorCode : int32_t {
  invalid_argument = 1,  // the caller's bug
  unsupported = 2,       // legal, but no backend in use offers it
  out_of_memory = 3,
  device_lost = 4,
  timeout = 5,
  cancelled = 6,
  invalid_state = 7,
  internal = 8,
  io = 9,  // a file could not be read or written, or is malformed
};

class error : public std::runtime_error {
 public:
  error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace ferrule
#pragma GCC visibility pop
