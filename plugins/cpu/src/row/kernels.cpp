// The kernels of the row family: queries, and the cutting of rows into tasks.
#include <algorithm>
#include <vector>

#include "axes.h"
#include "common/contract.h"
#include "kernel.h"
#include "parallel.h"
#include "row/row.h"
#include "value.h"

namespace ferrule::cpu {
namespace {

using namespace plugin;

using Reason = std::span<char>;

constexpr int64_t kTaskWork = 16384;  // elements

// ---- softmax, logsumexp

using RowsFn = void (*)(std::byte* out, const std::byte* x, int64_t rows, int64_t n);
using ColumnsFn = void (*)(std::byte* out, const std::byte* x, int64_t n, int64_t stride, int64_t width);

// out has out_n elements where x has n: n for softmax, 1 for logsumexp.
void run_fibres(const Call& call, const Fibres& f, int64_t out_n, RowsFn rows, ColumnsFn columns) {
  const std::byte* x = call.inputs[0].data;
  std::byte* out = call.outputs[0].data;
  const int64_t item = item_size(call.inputs[0].dtype);
  if (f.inner == 1) {
    parallel_for(f.outer, std::max<int64_t>(1, kTaskWork / std::max<int64_t>(1, f.n)), [&](int64_t begin, int64_t end) {
      rows(out + begin * out_n * item, x + begin * f.n * item, end - begin, f.n);
    });
    return;
  }
  const int64_t strip = std::min(f.inner, kStrip);
  const int64_t strips = (f.inner + strip - 1) / strip;
  const int64_t grain = std::max<int64_t>(1, kTaskWork / (strip * std::max<int64_t>(1, f.n)));
  parallel_for(f.outer * strips, grain, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t o = task / strips, first = task % strips * strip;
      columns(out + (o * out_n * f.inner + first) * item, x + (o * f.n * f.inner + first) * item, f.n, f.inner,
              std::min(strip, f.inner - first));
    }
  });
}

const char* query_softmax(const frl_call& call, frl_requirements& out, Reason reason) {
  if (const char* bad = check_softmax(call, reason)) return bad;
  return support(out, 1);
}

void run_softmax(const Call& call) {
  const Fibres f(call.inputs[0].shape, call.inputs[0].ndim, call.attributes<frl_softmax_attrs>().axis);
  const SoftmaxFns& fns = *softmax_fns(call.inputs[0].dtype);
  run_fibres(call, f, f.n, fns.softmax_rows, fns.softmax_columns);
}

const char* query_logsumexp(const frl_call& call, frl_requirements& out, Reason reason) {
  if (const char* bad = check_logsumexp(call, reason)) return bad;
  return support(out, 1);
}

void run_logsumexp(const Call& call) {
  const Fibres f(call.inputs[0].shape, call.inputs[0].ndim, call.attributes<frl_axis_attrs>().axis);
  const SoftmaxFns& fns = *softmax_fns(call.inputs[0].dtype);
  run_fibres(call, f, 1, fns.logsumexp_rows, fns.logsumexp_columns);
}

// ---- norms

template <uint32_t kParameters, bool kGradient>
const char* query_norm(const frl_call& call, frl_requirements& out, Reason reason) {
  if (const char* bad = check_norm(call, kParameters, kGradient, reason)) return bad;
  return support(out, (1u << call.n_inputs) - 1);
}

const std::byte* optional_input(const Call& call, uint32_t i) {
  return i < call.n_inputs && call.inputs[i].dtype != FRL_NONE ? call.inputs[i].data : nullptr;
}

template <bool kLayer>
void run_norm(const Call& call) {
  const Tensor& x = call.inputs[0];
  const int64_t n = x.shape[x.ndim - 1];
  const NormFns& fns = *norm_fns(x.dtype);
  const NormOperands in{x.data,
                        optional_input(call, 1),
                        kLayer ? optional_input(call, 2) : nullptr,
                        nullptr,
                        n,
                        call.attributes<frl_norm_attrs>().eps};
  parallel_for(x.size() / n, std::max<int64_t>(1, kTaskWork / n), [&](int64_t begin, int64_t end) {
    (kLayer ? fns.layer_norm : fns.rms_norm)(call.outputs[0].data, in, begin, end);
  });
}

void store_parameter(const Tensor& out, const double* values) {
  visit_floating(out.dtype, [&](auto type) {
    using T = decltype(type);
    for (int64_t i = 0; i < out.size(); ++i) out.as<T>()[i] = narrow<T>(static_cast<Compute<T>>(values[i]));
  });
}

// Rows are cut into at most kParts parts, whose parameter gradients are added in order.
template <bool kLayer>
void run_norm_grad(const Call& call) {
  constexpr int64_t kParts = 32;
  const Tensor& x = call.inputs[0];
  const int64_t n = x.shape[x.ndim - 1];
  if (n == 0) return;
  const int64_t rows = x.size() / n;
  const NormGradFns& fns = *norm_grad_fns(x.dtype);
  const NormOperands in{x.data,  optional_input(call, 1),
                        nullptr, call.inputs[kLayer ? 3 : 2].data,
                        n,       call.attributes<frl_norm_attrs>().eps};
  const int64_t grain = std::max({int64_t{1}, kTaskWork / n, (rows + kParts - 1) / kParts});
  const int64_t parts = std::max<int64_t>(1, (rows + grain - 1) / grain);
  std::vector<double> weight_sums(static_cast<size_t>(parts * n)), bias_sums(kLayer ? weight_sums.size() : 0);
  parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t first = begin; first < end; first += grain) {
      const int64_t part = first / grain, last = std::min(end, first + grain);
      double* gweight = weight_sums.data() + part * n;
      if (kLayer)
        fns.layer_norm(call.outputs[0].data, gweight, bias_sums.data() + part * n, in, first, last);
      else
        fns.rms_norm(call.outputs[0].data, gweight, in, first, last);
    }
  });
  for (auto* sums : {&weight_sums, &bias_sums}) {
    if (sums->empty()) continue;
    for (int64_t part = 1; part < parts; ++part)
      for (int64_t i = 0; i < n; ++i) (*sums)[static_cast<size_t>(i)] += (*sums)[static_cast<size_t>(part * n + i)];
    store_parameter(call.outputs[sums == &weight_sums ? 1 : 2], sums->data());
  }
}

}  // namespace

std::span<const Kernel> row_kernels() {
  static constexpr Kernel kKernels[] = {
      {"softmax", 1, query_softmax, run_softmax},
      {"logsumexp", 1, query_logsumexp, run_logsumexp},
      {"rms_norm", 1, query_norm<1, false>, run_norm<false>},
      {"rms_norm_vjp", 1, query_norm<1, true>, run_norm_grad<false>},
      {"layer_norm", 1, query_norm<2, false>, run_norm<true>},
      {"layer_norm_vjp", 1, query_norm<2, true>, run_norm_grad<true>},
  };
  return kKernels;
}

}  // namespace ferrule::cpu
