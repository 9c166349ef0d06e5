#include "common/check.h"

#include <cinttypes>
#include <cstdarg>
#include <cstdio>

#include "common/dtypes.h"

namespace ferrule::plugin {

bool in_domain(uint32_t dtype, Domain domain) {
  const bool known = item_size(dtype) != 0;
  switch (domain) {
    case Domain::kAny:
      return known;
    case Domain::kReal:
      return known && dtype != FRL_DTYPE_C64;
    case Domain::kInteger:
      return dtype >= FRL_DTYPE_U8 && dtype <= FRL_DTYPE_I64;
    case Domain::kFloating:
      return dtype >= FRL_DTYPE_F16 && dtype <= FRL_DTYPE_F64;
    case Domain::kBool:
      return dtype == FRL_DTYPE_BOOL;
  }
  return false;
}

const char* reject(std::span<char> reason, const char* format, ...) {
  if (reason.empty()) return "the call breaks the op's contract";
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(reason.data(), reason.size(), format, arguments);
  va_end(arguments);
  return reason.data();
}

const char* check_tensor(const frl_tensor& t, Domain domain, const char* what, std::span<char> reason) {
  if (!in_domain(t.dtype, domain))
    return reject(reason, "%s: got dtype %s, which the op does not take", what, dtype_name(t.dtype));
  if (t.ndim > FRL_MAX_DIMS) return reject(reason, "%s: got rank %u; expected at most %d", what, t.ndim, FRL_MAX_DIMS);
  for (uint32_t i = 0; i < t.ndim; ++i)
    if (t.shape[i] < 0)
      return reject(reason, "%s: got extent %" PRId64 " on axis %u; expected 0 or more", what, t.shape[i], i);
  return nullptr;
}

const char* check_axis(const frl_tensor& t, int64_t axis, std::span<char> reason) {
  if (axis >= 0 && axis < t.ndim) return nullptr;
  return reject(reason, "got axis %" PRId64 "; expected 0 to %d", axis, t.ndim - 1);
}

const char* check_same_shape(const frl_tensor& a, const frl_tensor& b, int64_t except_axis, const char* what,
                             std::span<char> reason) {
  if (a.ndim != b.ndim) return reject(reason, "%s: got rank %u; expected %u", what, b.ndim, a.ndim);
  for (uint32_t i = 0; i < a.ndim; ++i)
    if (a.shape[i] != b.shape[i] && static_cast<int64_t>(i) != except_axis)
      return reject(reason, "%s: got extent %" PRId64 " on axis %u; expected %" PRId64, what, b.shape[i], i,
                    a.shape[i]);
  return nullptr;
}

const char* check_dtype(uint32_t got, uint32_t expected, const char* what, std::span<char> reason) {
  if (got == expected) return nullptr;
  return reject(reason, "%s: got dtype %s; expected %s", what, dtype_name(got), dtype_name(expected));
}

const char* check_equal(int64_t got, int64_t expected, const char* what, std::span<char> reason) {
  if (got == expected) return nullptr;
  return reject(reason, "%s: got %" PRId64 "; expected %" PRId64, what, got, expected);
}

int64_t element_count(const frl_tensor& t) {
  if (is_empty(t)) return 0;
  int64_t n = 1;
  for (uint32_t i = 0; i < t.ndim; ++i)
    if (__builtin_mul_overflow(n, t.shape[i], &n)) return INT64_MAX;
  return n;
}

const char* support(frl_requirements& out, uint32_t contiguous_inputs) {
  out.support = FRL_SUPPORTED;
  out.contiguous_inputs = contiguous_inputs;
  return nullptr;
}

}  // namespace ferrule::plugin
