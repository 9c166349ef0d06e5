// Scans of floating dtypes, once per SIMD target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "scan/floats.cpp"
#include "hwy/foreach_target.h"  // before highway.h

#include "hwy/highway.h"
#include "scan/scan-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

const ScanFns* float_scan(uint32_t dtype, ScanOp op) {
  const ScanFns* fns = nullptr;
  visit_floating(dtype, [&](auto type) { fns = scan_fns_of<decltype(type)>(op); });
  return fns;
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {

HWY_EXPORT(float_scan);

const ScanFns* scan_fns(uint32_t dtype, ScanOp op) {
  const ScanFns* fns = HWY_DYNAMIC_DISPATCH(float_scan)(dtype, op);
  return fns != nullptr ? fns : exact_scan_fns(dtype, op);
}

}  // namespace ferrule::cpu
#endif
