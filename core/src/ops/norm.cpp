// fast::rms_norm and fast::layer_norm: kernels over the last axis, with gradients that are kernels too. Absent
// parameters take part in gradients as ones and zeros.
#include <fmt/format.h>

#include "ferrule/fast.h"
#include "ferrule/transforms.h"
#include "ops/support.h"

namespace ferrule {

using namespace detail;

namespace {

using Arrays = std::vector<array>;
using NormAttrs = frl_norm_attrs;

Dtype work_dtype(Dtype t) { return t == float16 || t == bfloat16 ? float32 : t; }

// x in the dtype of the statistics, the deviation's inverse and, for layer_norm, x without its mean.
struct Statistics {
  Statistics(const array& input, bool centre, float eps, const Stream& s)
      : x(cast(input, work_dtype(input.dtype()), s)), scale(x) {
    if (centre) x = subtract(x, mean(x, -1, true, s), s);
    array power = mean(square(x, s), -1, true, s);
    scale = rsqrt(add(power, scalar(static_cast<double>(eps), x.dtype()), s), s);
  }
  array x, scale;
};

array norm_by_ops(const Arrays& in, bool centre, float eps, const Stream& s) {
  Statistics stats(in[0], centre, eps, s);
  array y = multiply(stats.x, stats.scale, s);
  if (in.size() > 1) y = multiply(y, in[1], s);
  if (in.size() > 2) y = add(y, in[2], s);
  return cast(y, in[0].dtype(), s);
}

// (gx, gweight[, gbias]) of (x, weight[, bias], g).
Arrays norm_vjp_by_ops(const Arrays& in, bool centre, float eps, const Stream& s) {
  Dtype dtype = in[0].dtype();
  Statistics stats(in[0], centre, eps, s);
  array g = cast(in.back(), stats.x.dtype(), s);
  array weighted = multiply(g, in[1], s);
  array normal = multiply(stats.x, stats.scale, s);
  array along = multiply(normal, mean(multiply(weighted, normal, s), -1, true, s), s);
  array rest = subtract(weighted, along, s);
  if (centre) rest = subtract(rest, mean(weighted, -1, true, s), s);
  auto rows = [&](const array& a) {
    uint32_t lead = all_axes(a.ndim()) & ~(1u << (a.ndim() - 1));
    return cast(sum(a, mask_axes(lead), false, s), dtype, s);
  };
  Arrays out{cast(multiply(rest, stats.scale, s), dtype, s), rows(multiply(g, normal, s))};
  if (centre) out.push_back(rows(g));
  return out;
}

// (x, weight, g) -> (gx, gweight), or (x, weight, bias, g) -> (gx, gweight, gbias).
class NormVjp final : public AttributedPrimitive<NormAttrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums, const Arrays&) override {
    auto fun = [this](const Arrays& in) { return decompose(in); };
    Arrays all = ferrule::vjp(fun, primals, cotangents).second;
    Arrays grads;
    for (int i : argnums) grads.push_back(all[static_cast<size_t>(i)]);
    return grads;
  }
  Arrays decompose(const Arrays& in) const override {
    return norm_vjp_by_ops(in, code() == FRL_OP_layer_norm_vjp, attrs().eps, stream());
  }
};

// (x, weight?, bias?)
class Norm final : public AttributedPrimitive<NormAttrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums, const Arrays&) override {
    const array& x = primals[0];
    bool centre = code() == FRL_OP_layer_norm;
    Shape row{x.shape(-1)};
    Arrays in = primals;
    if (in.size() < 2) in.push_back(ones(row, x.dtype(), stream()));
    if (centre && in.size() < 3) in.push_back(zeros(row, x.dtype(), stream()));
    in.push_back(cotangents[0]);
    uint32_t vjp_code = centre ? FRL_OP_layer_norm_vjp : FRL_OP_rms_norm_vjp;
    std::vector<Shape> shapes{x.shape(), row};
    if (centre) shapes.push_back(row);
    auto primitive = std::make_shared<NormVjp>(stream(), vjp_code, attrs());
    Arrays all = array::make_arrays(shapes, std::vector<Dtype>(shapes.size(), x.dtype()), primitive, in);
    Arrays grads;
    for (int i : argnums) grads.push_back(all[static_cast<size_t>(i)]);
    return grads;
  }
  Arrays decompose(const Arrays& in) const override {
    return {norm_by_ops(in, code() == FRL_OP_layer_norm, attrs().eps, stream())};
  }
};

array make_norm(const char* op, uint32_t code, const array& x, const std::optional<array>& weight,
                const std::optional<array>& bias, float eps, const StreamOrDevice& where) {
  if (x.ndim() == 0) fail(op, "a scalar has no axis", describe(x), "at least 1 dimension");
  Dtype dtype = x.dtype();
  for (const auto* parameter : {&weight, &bias}) {
    if (!*parameter) continue;
    if ((*parameter)->ndim() != 1 || (*parameter)->shape(0) != x.shape(-1)) {
      fail(op, "a parameter does not fit the last axis", describe(**parameter) + " for " + describe(x),
           fmt::format("shape ({})", x.shape(-1)));
    }
    dtype = promote(dtype, (*parameter)->dtype());
  }
  if (!is_floating(dtype)) fail(op, "not a floating dtype", describe(x), "operands that promote to a floating dtype");
  Stream s = to_stream(where);
  Arrays in{cast(x, dtype, s)};
  if (weight)
    in.push_back(cast(*weight, dtype, s));
  else if (bias)
    in.push_back(ones({x.shape(-1)}, dtype, s));
  if (bias) in.push_back(cast(*bias, dtype, s));
  return make<Norm>(x.shape(), dtype, std::move(in), s, code, NormAttrs{eps, 0});
}

}  // namespace

namespace fast {

array rms_norm(const array& x, const std::optional<array>& weight, float eps, StreamOrDevice s) {
  return make_norm("rms_norm", FRL_OP_rms_norm, x, weight, std::nullopt, eps, s);
}

array layer_norm(const array& x, const std::optional<array>& weight, const std::optional<array>& bias, float eps,
                 StreamOrDevice s) {
  return make_norm("layer_norm", FRL_OP_layer_norm, x, weight, bias, eps, s);
}

}  // namespace fast
}  // namespace ferrule
