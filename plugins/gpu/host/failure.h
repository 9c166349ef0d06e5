// How a failed call travels inside the plugin: one exception with the status and text of an frl_error, caught at the ABI.
#pragma once

#include <exception>

#include "ferrule/plugin.h"
#include "vendor/host.h"

namespace ferrule::gpu {

class Failure : public std::exception {
 public:
  // printf-style; the text follows "[op] got ...; expected ...".
  Failure(frl_status status, const char* format, ...) __attribute__((format(printf, 3, 4)));
  explicit Failure(const frl_error& error) : error_(error) {}
  // `what` names the vendor call that returned `status`.
  Failure(vendor::Status status, const char* what);

  const frl_error& error() const { return error_; }
  const char* what() const noexcept override { return error_.message; }

 private:
  frl_error error_{};
};

inline void check(vendor::Status status, const char* what) {
  if (status != vendor::kOk) [[unlikely]] {
    vendor::clear_error();
    throw Failure(status, what);
  }
}

}  // namespace ferrule::gpu
