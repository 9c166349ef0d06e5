// Scans of one dtype by one operation; tables compiled once per SIMD target. A carry holds everything before the next
// element and has the type of the matching folder's accumulator, so that tile totals come from reduce/.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferrule::cpu {

enum class ScanOp : uint32_t { kSum, kProd, kMax, kMin };

inline constexpr int64_t kScanStrip = 1024;  // most columns scanned side by side

struct ScanMode {
  bool reverse, exclusive;
};

struct ScanFns {
  // n contiguous elements; the carry comes in and goes out. reverse starts at the last element.
  void (*row)(std::byte* out, const std::byte* x, int64_t n, std::byte* carry, ScanMode mode);
  // width <= kScanStrip columns of n elements, `stride` elements apart, from the identity.
  void (*columns)(std::byte* out, const std::byte* x, int64_t n, int64_t stride, int64_t width, ScanMode mode);
};

// nullptr when the dtype is not offered.
const ScanFns* scan_fns(uint32_t dtype, ScanOp op);
const ScanFns* exact_scan_fns(uint32_t dtype, ScanOp op);  // all but floating dtypes

// logcumsumexp over n elements, `stride` elements apart; f16, bf16, f32, f64.
void logcumsumexp(uint32_t dtype, std::byte* out, const std::byte* x, int64_t n, int64_t stride, ScanMode mode);

}  // namespace ferrule::cpu
