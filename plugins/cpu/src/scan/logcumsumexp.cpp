// logcumsumexp keeps the running maximum and the sum of exp(x - maximum) in double, so that nothing overflows.
#include <cmath>

#include "scan/scan.h"
#include "value.h"

namespace ferrule::cpu {
namespace {

class LogSum {
 public:
  void add(double x) {
    if (x <= max_) {
      if (std::isfinite(max_)) sum_ += std::exp(x - max_);  // an infinite maximum stays what it is
    } else if (x > max_) {
      sum_ = std::isfinite(x) ? sum_ * std::exp(max_ - x) + 1 : 0;
      max_ = x;
    } else {
      max_ = std::numeric_limits<double>::quiet_NaN();
    }
  }
  double value() const { return std::isfinite(max_) ? max_ + std::log(sum_) : max_; }

 private:
  double max_ = -std::numeric_limits<double>::infinity();
  double sum_ = 0;
};

}  // namespace

void logcumsumexp(uint32_t dtype, std::byte* out_bytes, const std::byte* x_bytes, int64_t n, int64_t stride,
                  ScanMode mode) {
  visit_floating(dtype, [&](auto type) {
    using T = decltype(type);
    T* out = reinterpret_cast<T*>(out_bytes);
    const T* x = reinterpret_cast<const T*>(x_bytes);
    LogSum sum;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t at = (mode.reverse ? n - 1 - i : i) * stride;
      const auto next = static_cast<double>(widen(x[at]));
      if (!mode.exclusive) sum.add(next);
      out[at] = narrow<T>(static_cast<Compute<T>>(sum.value()));
      if (mode.exclusive) sum.add(next);
    }
  });
}

}  // namespace ferrule::cpu
