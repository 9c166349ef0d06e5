// softmax, logsumexp, the norms and their gradients: lengths around every vector width, layouts, offsets, specials.
#include <gtest/gtest.h>

#include <limits>

#include <fmt/format.h>

#include "catalog.h"
#include "data.h"

namespace ferrule::conformance {
namespace {

using enum LayoutKind;
constexpr float kEps = 1e-5f;

struct Arrangement {
  Shape shape;
  int axis;
  LayoutKind layout = CONTIGUOUS;
  uint32_t broadcast_axes = 0;
};

void add_softmax(Catalog& catalog, const Op& op) {
  static const std::vector<Arrangement> arrangements = {{{1}, 0},
                                                        {{131}, 0},
                                                        {{7, 19}, 1},
                                                        {{7, 19}, 0},
                                                        {{3, 5, 17}, 1},
                                                        {{4, 0}, 1},
                                                        {{9, 33}, 1, TRANSPOSED},
                                                        {{9, 33}, 0, TRANSPOSED},
                                                        {{5, 23}, 1, SLICED},
                                                        {{5, 23}, 0, NEGATIVE},
                                                        {{5, 23}, 1, BROADCAST, 1},
                                                        {{3, 4099}, 1},
                                                        {{1, 16388}, 1},
                                                        {{2, 1, 3, 1, 2, 1, 1, 2, 1, 5}, 9}};
  const bool softmax = op.code == FRL_OP_softmax;
  for (const Dtype& d : all_dtypes()) {
    if (!op.takes(d.code)) continue;
    for (const Arrangement& a : arrangements)
      for (const char* values : {"small", "large", "special"})
        for (uint32_t precise : {1u, 0u}) {
          if (!precise && !(softmax && is_half(d.code))) continue;
          const std::string id =
              case_id("rows", op, d.code,
                      fmt::format("{}_axis{}_{}{}", layout_name(a.layout), a.axis, values, precise ? "" : "_imprecise"),
                      a.shape);
          catalog.add(id, op.profile,
                      [&op, &a, id, values = std::string(values), precise, softmax, code = d.code](Context& context) {
                        Random random(id);
                        const Real size = values == "large" ? 80 : 4;
                        Tensor x = moderate(code, a.shape, random, -size, size);
                        if (values == "special")
                          for (int64_t i = 0; i < x.size(); ++i) {
                            const int64_t pick = random.below(400);
                            if (pick == 0) x.set(i, std::numeric_limits<Real>::quiet_NaN());
                            if (pick == 1) x.set(i, std::numeric_limits<Real>::infinity());
                            if (pick > 340 || i < x.size() / 7) x.set(i, -std::numeric_limits<Real>::infinity());
                          }
                        repeat_axes(x, a.broadcast_axes);
                        Launch launch;
                        launch.op = &op;
                        Shape out = a.shape;
                        if (softmax) {
                          launch.set_attrs(frl_softmax_attrs{a.axis, precise});
                        } else {
                          launch.set_attrs(frl_axis_attrs{a.axis, 0});
                          out[static_cast<size_t>(a.axis)] = 1;
                        }
                        const Wants wants = softmax ? want_softmax(x, a.axis, precise != 0) : want_logsumexp(x, a.axis);
                        launch.inputs = {Operand(std::move(x), a.layout, a.broadcast_axes)};
                        launch.outputs = {Operand(Tensor(code, out))};
                        check(context, launch, {wants});
                      });
        }
  }
}

struct NormForm {
  Shape x;
  LayoutKind layout = CONTIGUOUS;
  Real offset = 0;  // of the values: shows a variance that is not of centred values
};

const std::vector<NormForm>& norm_forms() {
  static const std::vector<NormForm> list = {{{1}},
                                             {{8}},
                                             {{131}},
                                             {{7, 19}},
                                             {{3, 4, 17}},
                                             {{0, 5}},
                                             {{2, 4099}},
                                             {{70, 520}},
                                             {{2, 8200}},
                                             {{1, 33001}},
                                             {{300, 12}},
                                             {{9, 33}, TRANSPOSED},
                                             {{5, 23}, SLICED},
                                             {{5, 23}, NEGATIVE},
                                             {{6, 64}, CONTIGUOUS, 30}};
  return list;
}

// Parameters: bit 0 the weight is present, bit 1 the bias.
void check_norm(Context& context, const Op& op, const NormForm& f, uint32_t dtype, unsigned parameters,
                Random& random) {
  const bool layer = op.code == FRL_OP_layer_norm || op.code == FRL_OP_layer_norm_vjp;
  const bool gradient = op.code == FRL_OP_rms_norm_vjp || op.code == FRL_OP_layer_norm_vjp;
  const Shape row = {f.x.back()};
  Tensor x = moderate(dtype, f.x, random, f.offset - 2, f.offset + 2);
  const Tensor weight = moderate(dtype, row, random, -2, 2), bias = moderate(dtype, row, random, -2, 2);
  const Tensor g = moderate(dtype, f.x, random, -2, 2);
  const Tensor* w = parameters & 1u ? &weight : nullptr;
  const Tensor* b = parameters & 2u ? &bias : nullptr;

  Launch launch;
  launch.op = &op;
  launch.set_attrs(frl_norm_attrs{kEps, 0});
  launch.inputs = {Operand(x, f.layout)};
  const auto parameter = [](const Tensor* t) { return t ? Operand(*t) : Operand(); };
  if (gradient || w || b) launch.inputs.push_back(parameter(w));
  if (layer && (gradient || b)) launch.inputs.push_back(parameter(b));
  std::vector<Wants> wants;
  launch.outputs = {Operand(Tensor(dtype, f.x))};
  if (gradient) {
    launch.inputs.emplace_back(g, f.layout);
    launch.outputs.emplace_back(Tensor(dtype, row));
    if (layer) launch.outputs.emplace_back(Tensor(dtype, row));
    wants = layer ? want_layer_norm_vjp(x, w, g, kEps) : want_rms_norm_vjp(x, w, g, kEps);
  } else {
    wants = {layer ? want_layer_norm(x, w, b, kEps) : want_rms_norm(x, w, kEps)};
  }
  check(context, launch, wants);
}

void add_norms(Catalog& catalog, const Op& op) {
  const bool layer = op.code == FRL_OP_layer_norm || op.code == FRL_OP_layer_norm_vjp;
  static constexpr const char* kParameters[] = {"plain", "weight", "bias", "weight_bias"};
  for (const Dtype& d : all_dtypes()) {
    if (!op.takes(d.code)) continue;
    for (const NormForm& f : norm_forms())
      for (unsigned parameters = 0; parameters < (layer ? 4u : 2u); ++parameters) {
        const std::string id = case_id(
            "rows", op, d.code,
            fmt::format("{}_{}{}", layout_name(f.layout), kParameters[parameters], f.offset > 0 ? "_offset" : ""), f.x);
        catalog.add(id, op.profile, [&op, &f, id, parameters, code = d.code](Context& context) {
          Random random(id);
          check_norm(context, op, f, code, parameters, random);
        });
      }
  }
}

}  // namespace

void add_row_cases(Catalog& catalog) {
  add_softmax(catalog, conformance::op("softmax"));
  add_softmax(catalog, conformance::op("logsumexp"));
  for (const char* name : {"rms_norm", "rms_norm_vjp", "layer_norm", "layer_norm_vjp"})
    add_norms(catalog, conformance::op(name));
}

}  // namespace ferrule::conformance
