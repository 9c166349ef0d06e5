// What the queries of several families check: dtype sets, ranks, axes and shapes of a call that may break its contract.
// Every check_* returns nullptr when all is well, else the reason, written into `reason`.
#pragma once

#include <span>

#include "ferrule/plugin.h"

namespace ferrule::plugin {

enum class Domain { kAny, kReal, kInteger, kFloating, kBool };

bool in_domain(uint32_t dtype, Domain domain);
// Writes a printf-style reason and returns it.
__attribute__((format(printf, 2, 3))) const char* reject(std::span<char> reason, const char* format, ...);
// Rank and extents are within the ABI's limits, the dtype is in the domain.
const char* check_tensor(const frl_tensor& t, Domain domain, const char* what, std::span<char> reason);
const char* check_axis(const frl_tensor& t, int64_t axis, std::span<char> reason);
// Same rank and extents, but for extents on `except_axis` (-1: none).
const char* check_same_shape(const frl_tensor& a, const frl_tensor& b, int64_t except_axis, const char* what,
                             std::span<char> reason);
const char* check_dtype(uint32_t got, uint32_t expected, const char* what, std::span<char> reason);
// "what: got 3; expected 4".
const char* check_equal(int64_t got, int64_t expected, const char* what, std::span<char> reason);
// Inline: a call here would cost every launch, though few ask.
inline bool is_empty(const frl_tensor& t) {
  for (uint32_t i = 0; i < t.ndim; ++i)
    if (t.shape[i] == 0) return true;
  return false;
}
int64_t element_count(const frl_tensor& t);
// FRL_SUPPORTED, caching under dtypes alone, the given inputs made contiguous by the core.
const char* support(frl_requirements& out, uint32_t contiguous_inputs);

}  // namespace ferrule::plugin
