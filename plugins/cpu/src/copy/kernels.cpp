// The copy family: what its ops take.
#include <algorithm>
#include <cstdio>

#include "copy/cast.h"
#include "copy/copy.h"

namespace ferrule::cpu {
namespace {

bool same_shape(const frl_tensor& a, const frl_tensor& b) {
  return a.ndim == b.ndim && std::equal(a.shape, a.shape + a.ndim, b.shape);
}

const char* query_fill(const frl_call& call, frl_requirements& out, std::span<char>) {
  if (call.inputs[0].dtype != call.outputs[0].dtype) return "the value and the output differ in dtype";
  if (call.inputs[0].ndim != 0) return "the value is not 0-d";
  out.inline_ok = 1;
  out.out_strided_ok = 1;
  return nullptr;
}

const char* query_copy(const frl_call& call, frl_requirements& out, std::span<char>) {
  if (call.inputs[0].dtype == FRL_NONE) return "the input has no dtype";
  if (!same_shape(call.inputs[0], call.outputs[0])) return "input and output differ in shape";
  out.inline_ok = 1;
  out.out_strided_ok = 1;
  return nullptr;
}

const char* query_arange(const frl_call& call, frl_requirements& out, std::span<char>) {
  const frl_tensor& result = call.outputs[0];
  if (result.ndim != 1) return "the output is not 1-d";
  if (result.dtype == FRL_DTYPE_BOOL || result.dtype == FRL_DTYPE_C64) return "the output is bool or complex";
  out.out_strided_ok = 1;
  return nullptr;
}

const char* query_pad(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  const frl_tensor &x = call.inputs[0], &value = call.inputs[1], &result = call.outputs[0];
  if (x.dtype != result.dtype || value.dtype != result.dtype) return "the operands differ in dtype";
  if (value.ndim != 0) return "the value is not 0-d";
  if (x.ndim != result.ndim) return "input and output differ in rank";
  const auto& attrs = *static_cast<const frl_pad_attrs*>(call.attrs);
  for (uint32_t i = 0; i < x.ndim; ++i) {
    const int64_t low = attrs.low[i], high = attrs.high[i];
    if (low < 0 || high < 0 || low > result.shape[i] || high > result.shape[i] ||
        result.shape[i] - low - high != x.shape[i]) {
      std::snprintf(reason.data(), reason.size(),
                    "axis %u: got %lld + %lld + %lld for an output of %lld; expected their sum, none negative", i,
                    static_cast<long long>(low), static_cast<long long>(x.shape[i]), static_cast<long long>(high),
                    static_cast<long long>(result.shape[i]));
      return reason.data();
    }
  }
  out.depends = FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | FRL_DEPENDS_ATTRS;
  out.inline_ok = 3;
  out.out_strided_ok = 1;
  return nullptr;
}

constexpr Kernel kKernels[] = {
    {"fill", 1, query_fill, run_fill},
    {"copy", 1, query_copy, run_copy},
    {"arange", 1, query_arange, run_arange},
    {"pad", 1, query_pad, run_pad},
};

}  // namespace

std::span<const Kernel> copy_kernels() { return kKernels; }

}  // namespace ferrule::cpu
