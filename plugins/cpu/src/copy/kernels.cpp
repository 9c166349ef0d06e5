// The copy family: what its ops take.
#include <algorithm>

#include "common/contract.h"
#include "copy/cast.h"
#include "copy/copy.h"

namespace ferrule::cpu {
namespace {

bool same_shape(const frl_tensor& a, const frl_tensor& b) {
  return a.ndim == b.ndim && std::equal(a.shape, a.shape + a.ndim, b.shape);
}

const char* query_fill(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  if (const char* bad = plugin::check_fill(call, reason)) return bad;
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

const char* query_arange(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  if (const char* bad = plugin::check_arange(call, reason)) return bad;
  out.out_strided_ok = 1;
  return nullptr;
}

const char* query_pad(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  if (const char* bad = plugin::check_pad(call, reason)) return bad;
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
