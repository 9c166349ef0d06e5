// The kernels of the index family: queries and the list.
#include "common/contract.h"
#include "index/combine.h"
#include "index/index.h"
#include "kernel.h"

namespace ferrule::cpu {
namespace {

using namespace plugin;

using Reason = std::span<char>;

const char* query_gather(const frl_call& call, frl_requirements& out, Reason reason) {
  if (const char* bad = check_gather(call, reason)) return bad;
  return support(out, ((1u << static_cast<const frl_gather_attrs*>(call.attrs)->n_axes) - 1) << 1);
}

const char* query_scatter(const frl_call& call, frl_requirements& out, Reason reason) {
  if (const char* bad = check_scatter(call, reason)) return bad;
  out.reuse_input_for_output = 1;
  return support(out, (1u << call.n_inputs) - 1);
}

const char* query_gather_axis(const frl_call& call, frl_requirements& out, Reason reason) {
  if (const char* bad = check_gather_axis(call, reason)) return bad;
  return support(out, 0);
}

const char* query_scatter_axis(const frl_call& call, frl_requirements& out, Reason reason) {
  if (const char* bad = check_scatter_axis(call, reason)) return bad;
  out.reuse_input_for_output = 1;
  return support(out, 1u);
}

const char* query_masked_scatter(const frl_call& call, frl_requirements& out, Reason reason) {
  if (const char* bad = check_masked_scatter(call, reason)) return bad;
  out.reuse_input_for_output = 1;
  return support(out, 7);
}

const char* query_searchsorted(const frl_call& call, frl_requirements& out, Reason reason) {
  if (const char* bad = check_searchsorted(call, reason)) return bad;
  return support(out, 3);
}

}  // namespace

std::span<const Kernel> index_kernels() {
  static constexpr Kernel kKernels[] = {
      {"gather", 1, query_gather, gather},
      {"scatter", 1, query_scatter, scatter},
      {"gather_axis", 1, query_gather_axis, gather_axis},
      {"scatter_axis", 1, query_scatter_axis, scatter_axis},
      {"masked_scatter", 1, query_masked_scatter, masked_scatter},
      {"searchsorted", 1, query_searchsorted, searchsorted},
  };
  return kKernels;
}

}  // namespace ferrule::cpu
