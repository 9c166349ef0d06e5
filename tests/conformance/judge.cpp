#include "judge.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace ferrule::conformance {
namespace {

// Judges one real number: a float element or a part of a complex one.
std::string judge_float(uint32_t code, Real got, Real ref, const Want& want, bool flushes, Real* error_ulps) {
  if (std::isnan(ref)) return std::isnan(got) ? "" : "expected NaN";
  if (std::isnan(got)) return "got NaN";
  if (std::isinf(ref)) return got == ref ? "" : "expected an infinity of the reference's sign";

  const Real unit = ulp(code, want.scale > 0 ? want.scale : ref);
  const bool exact = want.ulps == 0 && want.slack == 0;
  const Real rounded = round_to(code, ref);
  if (flushes && got == 0 && std::fabs(ref) < min_normal(code)) return "";
  if (std::isfinite(got) && error_ulps) *error_ulps = std::max(*error_ulps, std::fabs(got - ref) / unit);

  if (got == 0 && !want.any_zero_sign && (rounded == 0 || exact) && std::signbit(got) != std::signbit(ref))
    return "wrong sign of zero";
  if (exact) return got == rounded ? "" : "not the correctly rounded value";
  if (ref == 0 && want.slack == 0 && want.scale == 0 && got != 0) return "expected exactly zero";
  const Real allowed = want.ulps * unit + want.slack;
  if (std::isinf(got)) {
    const Real threshold = max_finite(code) + ulp(code, max_finite(code)) / 2;
    const bool reachable = std::fabs(ref) + allowed >= threshold && std::signbit(got) == std::signbit(ref);
    return reachable ? "" : "got an infinity; the reference is finite";
  }
  const Real distance = std::fabs(got - ref);
  if (distance <= allowed) return "";
  return fmt::format("off by {:.3g} ulp ({:.3g}); allowed {:.3g} ulp ({:.3g})", static_cast<double>(distance / unit),
                     static_cast<double>(distance), static_cast<double>(allowed / unit), static_cast<double>(allowed));
}

}  // namespace

std::string judge_element(uint32_t code, const std::byte* got_bytes, const Want& want, bool flushes, Real* error_ulps) {
  if (want.ignored) return "";
  if (want.bitwise) {
    const uint64_t bits = load_bits(code, got_bytes);
    if (is_bool(code) && (bits != 0) == (want.bits != 0)) return "";  // a truth value, in whichever byte
    return bits == want.bits ? "" : fmt::format("got bits {:#x}; expected {:#x}", bits, want.bits);
  }
  const Value got = load(code, got_bytes);
  std::string problem;
  if (is_bool(code)) {
    const auto byte = static_cast<unsigned>(*got_bytes);
    if (byte > 1)
      problem = fmt::format("a bool result must be 0 or 1, the byte is {}", byte);
    else if (got.re != want.value.re)
      problem = "wrong";
  } else if (is_integer(code)) {
    if (got.re != want.value.re) problem = "wrong";
  } else if (want.not_finite) {
    if (std::isfinite(got.re) && std::isfinite(got.im)) problem = "expected an inf or NaN part";
  } else {
    problem = judge_float(part(code), got.re, want.value.re, want, flushes, error_ulps);
    if (problem.empty() && is_complex(code)) {
      problem = judge_float(part(code), got.im, want.value.im, want, flushes, error_ulps);
      if (!problem.empty()) problem = "imaginary part: " + problem;
    }
  }
  if (problem.empty()) return "";
  return fmt::format("got {}; expected {}: {}", to_text(code, got), to_text(code, want.value), problem);
}

Verdict judge(const Tensor& got, const std::vector<Want>& want, bool flushes) {
  Verdict verdict;
  if (static_cast<int64_t>(want.size()) != got.size()) {
    verdict.wrong = 1;
    verdict.first = fmt::format("the suite expected {} elements, the output has {}", want.size(), got.size());
    return verdict;
  }
  for (int64_t i = 0; i < got.size(); ++i) {
    const std::string problem =
        judge_element(got.dtype, got.address(i), want[static_cast<size_t>(i)], flushes, &verdict.max_ulps);
    if (problem.empty()) continue;
    if (verdict.wrong++ == 0) verdict.first = fmt::format("element {} of {}: {}", i, to_text(got.shape), problem);
  }
  return verdict;
}

}  // namespace ferrule::conformance
