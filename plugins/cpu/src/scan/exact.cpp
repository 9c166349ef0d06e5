// Scans of integers, bool and complex: one chain of dependent steps, for which wider vectors gain nothing, so they are
// compiled for the baseline only.
#include "hwy/highway.h"
#include "scan/scan-inl.h"

namespace ferrule::cpu {

const ScanFns* exact_scan_fns(uint32_t dtype, ScanOp op) {
  const ScanFns* fns = nullptr;
  visit_any(dtype, [&](auto type) {
    using T = decltype(type);
    if constexpr (!kIsFloating<T>) fns = HWY_NAMESPACE::scan_fns_of<T>(op);
  });
  return fns;
}

}  // namespace ferrule::cpu
