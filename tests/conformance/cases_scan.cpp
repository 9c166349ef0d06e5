// Scans: every dtype, axis, direction and layout, inclusive and exclusive.
#include <gtest/gtest.h>

#include <limits>

#include <fmt/format.h>

#include "catalog.h"
#include "data.h"

namespace ferrule::conformance {
namespace {

using enum LayoutKind;

struct Arrangement {
  Shape shape;
  int axis;
  LayoutKind layout = CONTIGUOUS;
  uint32_t broadcast_axes = 0;
};

Tensor values_for(const Op& op, uint32_t dtype, const Shape& shape, Random& random) {
  Tensor x(dtype, shape);
  const bool product = op.code == FRL_OP_cumprod, sum = op.code == FRL_OP_cumsum;
  if (!is_inexact(dtype)) {
    fill_mixed(x, random);
    if (product)
      for (int64_t i = 0; i < x.size(); ++i)
        if (random.below(16)) x.set(i, static_cast<Real>(1 + 2 * random.below(20)));
    if (is_bool(dtype))
      for (int64_t i = 0; i < x.size(); ++i)
        x.set(i, static_cast<Real>(op.code == FRL_OP_cummin ? random.below(9) != 0 : random.below(9) == 0));
  } else if (product) {
    for (int64_t i = 0; i < x.size(); ++i) {
      const Real size = random.uniform(0.95L, 1.05L), sign = random.below(2) ? 1 : -1;
      x.set(i, is_complex(dtype) ? Value{round_to(FRL_DTYPE_F32, size * 0.6L), round_to(FRL_DTYPE_F32, sign * 0.8L)}
                                 : Value{round_to(dtype, size * sign), 0});
    }
  } else if (sum || op.code == FRL_OP_logcumsumexp) {
    fill_moderate(x, random, -4, 4);
  } else {
    fill_moderate(x, random, -100, 100);
    for (int64_t i = 0; i < x.size(); ++i)
      if (random.below(200) == 0)
        x.set(i, std::numeric_limits<Real>::quiet_NaN());
      else if (random.below(50) == 0)
        x.set(i, -std::numeric_limits<Real>::infinity());
  }
  return x;
}

}  // namespace

void add_scan_cases(Catalog& catalog) {
  static const std::vector<Arrangement> arrangements = {
      {{1}, 0},
      {{131}, 0},
      {{7, 19}, 0},
      {{7, 19}, 1},
      {{3, 5, 17}, 1},
      {{4, 0}, 1},
      {{2, 1, 3, 1, 2, 1, 1, 2, 1, 3}, 4},
      {{9, 33}, 1, TRANSPOSED},
      {{9, 33}, 0, TRANSPOSED},
      {{5, 23}, 1, SLICED},
      {{5, 23}, 0, NEGATIVE},
      {{5, 23}, 1, BROADCAST, 1},
      {{5, 23}, 1, BROADCAST, 2},
      {{2, 3001}, 1},
      {{1501, 2}, 0},
  };
  for (const Op& op : all_ops()) {
    if (op.code < FRL_OP_cumsum || op.code > FRL_OP_logcumsumexp) continue;
    for (const Dtype& d : all_dtypes()) {
      if (!op.takes(d.code)) continue;
      for (const Arrangement& a : arrangements)
        for (uint16_t mode = 0; mode < 4; ++mode) {
          if (mode && a.layout != CONTIGUOUS && a.axis == 0) continue;
          const uint16_t reverse = mode & 1, exclusive = mode >> 1;
          const std::string layout = fmt::format("{}_axis{}{}{}", layout_name(a.layout), a.axis,
                                                 reverse ? "_reverse" : "", exclusive ? "_exclusive" : "");
          const std::string id = case_id("scan", op, d.code, layout, a.shape);
          catalog.add(id, op.profile, [&op, &a, id, reverse, exclusive, code = d.code](Context& context) {
            Random random(id);
            Tensor x = values_for(op, code, a.shape, random);
            repeat_axes(x, a.broadcast_axes);
            const frl_scan_attrs attrs{a.axis, reverse, exclusive};
            Launch launch;
            launch.op = &op;
            launch.set_attrs(attrs);
            launch.outputs = {Operand(Tensor(code, a.shape))};
            const Wants wants = want_scan(op, x, attrs);
            launch.inputs = {Operand(std::move(x), a.layout, a.broadcast_axes)};
            check(context, launch, {wants});
          });
        }
    }
  }
}

}  // namespace ferrule::conformance
