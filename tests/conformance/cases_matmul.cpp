// matmul and addmm: shapes around every tile edge, layouts of both operands, batches, specials, math modes.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "catalog.h"
#include "data.h"

namespace ferrule::conformance {
namespace {

using enum LayoutKind;

struct Arrangement {
  const char* name;
  Shape batch;
  int64_t m, k, n;
  LayoutKind a = CONTIGUOUS, b = CONTIGUOUS;
  uint32_t broadcast_a = 0, broadcast_b = 0;
};

// A matrix stored with its last two axes swapped, as transpose() leaves it.
Operand swapped(Tensor t) {
  Operand o(std::move(t));
  const size_t rank = o.tensor.shape.size();
  o.layout.strides[rank - 1] = o.tensor.shape[rank - 2];
  o.layout.strides[rank - 2] = 1;
  return o;
}

Operand place(Tensor t, LayoutKind kind, uint32_t broadcast) {
  if (kind == TRANSPOSED) return swapped(std::move(t));
  repeat_axes(t, broadcast);
  return Operand(std::move(t), kind, broadcast);
}

const std::vector<Arrangement>& arrangements() {
  static const std::vector<Arrangement> list = {
      {"contiguous", {}, 1, 1, 1},
      {"contiguous", {}, 5, 7, 3},
      {"contiguous", {}, 17, 33, 29},
      {"contiguous", {}, 64, 64, 64},
      {"contiguous", {}, 65, 31, 70},
      {"vector_matrix", {}, 1, 67, 45},
      {"matrix_vector", {}, 45, 67, 1},
      {"dot", {}, 1, 1021, 1},
      {"outer", {}, 33, 1, 35},
      {"no_terms", {}, 3, 0, 4},
      {"empty", {}, 0, 3, 4},
      {"batched", {3}, 5, 9, 6},
      {"batched", {2, 3}, 4, 8, 5},
      {"batched", {2, 1, 2, 1, 1, 2, 1, 1}, 3, 4, 2},
      {"transposed+contiguous", {}, 19, 23, 17, TRANSPOSED, CONTIGUOUS},
      {"contiguous+transposed", {}, 19, 23, 17, CONTIGUOUS, TRANSPOSED},
      {"transposed+transposed", {2}, 19, 23, 17, TRANSPOSED, TRANSPOSED},
      {"padded+padded", {}, 19, 23, 17, PADDED, PADDED},
      {"sliced+negative", {}, 11, 13, 9, SLICED, NEGATIVE},
      {"negative+sliced", {2}, 11, 13, 9, NEGATIVE, SLICED},
      {"shared_b", {4}, 6, 8, 7, CONTIGUOUS, BROADCAST, 0, 1},
      {"shared_a", {4}, 6, 8, 7, BROADCAST, CONTIGUOUS, 1, 0},
      {"broadcast_rows", {}, 6, 8, 7, BROADCAST, BROADCAST, 1, 2},
  };
  return list;
}

Shape with(Shape batch, int64_t rows, int64_t columns) {
  batch.push_back(rows);
  batch.push_back(columns);
  return batch;
}

std::string id_for(const Op& op, uint32_t dtype, const std::string& layout, const Arrangement& a) {
  std::string id = case_id("matmul", op, dtype, layout, a.batch.empty() ? Shape{a.m} : with(a.batch, a.m, a.k));
  return a.batch.empty() ? fmt::format("{}x{}x{}", id, a.k, a.n) : fmt::format("{}x{}", id, a.n);
}

void check_matmul(Context& context, uint32_t dtype, Operand a, Operand b, const Shape& out, uint32_t math = 0) {
  Launch launch;
  launch.op = &conformance::op("matmul");
  launch.math = math;
  launch.outputs = {Operand(Tensor(dtype, out))};
  Wants wants = want_matmul(nullptr, a.tensor, b.tensor, 1, 0);
  if ((math & FRL_MATH_ALLOW_TF32) && dtype == FRL_DTYPE_F32)
    for (Want& w : wants) w.slack = std::ldexp(w.slack, 13);  // u = 2^-11
  launch.inputs = {std::move(a), std::move(b)};
  check(context, launch, {wants});
}

void add_products(Catalog& catalog, uint32_t dtype) {
  const Op& op = conformance::op("matmul");
  for (const Arrangement& a : arrangements()) {
    const std::string id = id_for(op, dtype, a.name, a);
    catalog.add(id, op.profile, [&a, id, dtype](Context& context) {
      Random random(id);
      Operand x = place(moderate(dtype, with(a.batch, a.m, a.k), random, -2, 2), a.a, a.broadcast_a);
      Operand y = place(moderate(dtype, with(a.batch, a.k, a.n), random, -2, 2), a.b, a.broadcast_b);
      check_matmul(context, dtype, std::move(x), std::move(y), with(a.batch, a.m, a.n));
    });
  }
  // A large K with mixed signs: half precision, TF32 and a lost tail show.
  for (uint32_t math : {0u, FRL_MATH_DETERMINISTIC, FRL_MATH_ALLOW_TF32}) {
    const Arrangement a{"", {}, 5, 4096, 7};
    const std::string id = id_for(op, dtype, fmt::format("large_k_math{}", math), a);
    catalog.add(id, op.profile, [a, id, dtype, math](Context& context) {
      Random random(id);
      check_matmul(context, dtype, Operand(moderate(dtype, {a.m, a.k}, random, -1, 1)),
                   Operand(moderate(dtype, {a.k, a.n}, random, -1, 1)), {a.m, a.n}, math);
    });
  }
  if (is_complex(dtype)) return;
  const std::string id = case_id("matmul", op, dtype, "special", {7, 9, 8});
  catalog.add(id, op.profile, [id, dtype](Context& context) {
    Random random(id);
    Tensor a = moderate(dtype, {7, 9}, random), b = moderate(dtype, {9, 8}, random);
    a.set(0 * 9 + 2, std::numeric_limits<Real>::quiet_NaN());
    a.set(1 * 9 + 3, std::numeric_limits<Real>::infinity());
    for (int64_t j = 0; j < 8; j += 2) b.set(3 * 8 + j, Real{0});  // 0 * inf = NaN takes part
    b.set(5 * 8 + 1, -std::numeric_limits<Real>::infinity());
    for (int64_t l = 0; l < 9; ++l) a.set(2 * 9 + l, Real{0});
    check_matmul(context, dtype, Operand(std::move(a)), Operand(std::move(b)), {7, 8});
  });
}

void add_addmm(Catalog& catalog, uint32_t dtype) {
  const Op& op = conformance::op("addmm");
  struct Form {
    const char* name;
    float alpha, beta;
    LayoutKind c;
    uint32_t broadcast;
    bool nan;
  };
  static const std::vector<Form> forms = {
      {"plain", 1, 1, CONTIGUOUS, 0, false},       {"scaled", 0.5f, -2, CONTIGUOUS, 0, false},
      {"bias", 1, 1, BROADCAST, 1, false},         {"column", 1, 1, BROADCAST, 2, false},
      {"scalar", -1.25f, 3, BROADCAST, 3, false},  {"beta0_nan", 1, 0, CONTIGUOUS, 0, true},
      {"transposed_c", 1, 1, TRANSPOSED, 0, false}};
  static const std::vector<Arrangement> sizes = {{"contiguous", {}, 5, 7, 3},
                                                 {"contiguous", {}, 33, 65, 30},
                                                 {"no_terms", {}, 4, 0, 5},
                                                 {"vector", {}, 1, 67, 45},
                                                 {"batched", {3}, 4, 9, 6},
                                                 {"contiguous+transposed", {}, 9, 17, 21, CONTIGUOUS, TRANSPOSED},
                                                 {"transposed+contiguous", {}, 9, 17, 21, TRANSPOSED, CONTIGUOUS}};
  for (const Form& f : forms)
    for (const Arrangement& s : sizes) {
      const std::string id = id_for(op, dtype, fmt::format("{}_{}", f.name, s.name), s);
      catalog.add(id, op.profile, [&op, &f, &s, id, dtype](Context& context) {
        Random random(id);
        const Shape out = with(s.batch, s.m, s.n);
        Tensor c = moderate(dtype, out, random);
        const uint32_t axes = f.broadcast << s.batch.size();
        repeat_axes(c, axes);
        if (f.nan) c.set(0, std::numeric_limits<Real>::quiet_NaN());
        Operand a = place(moderate(dtype, with(s.batch, s.m, s.k), random, -2, 2), s.a, 0);
        Operand b = place(moderate(dtype, with(s.batch, s.k, s.n), random, -2, 2), s.b, 0);
        Launch launch;
        launch.op = &op;
        launch.set_attrs(frl_addmm_attrs{f.alpha, f.beta});
        launch.outputs = {Operand(Tensor(dtype, out))};
        const Wants wants = want_matmul(&c, a.tensor, b.tensor, static_cast<Real>(f.alpha), static_cast<Real>(f.beta));
        launch.inputs = {f.c == TRANSPOSED ? swapped(c) : Operand(c, f.c, axes), std::move(a), std::move(b)};
        check(context, launch, {wants});
      });
    }
}

}  // namespace

void add_matmul_cases(Catalog& catalog) {
  for (const Dtype& d : all_dtypes())
    if (conformance::op("matmul").takes(d.code)) {
      add_products(catalog, d.code);
      add_addmm(catalog, d.code);
    }
}

}  // namespace ferrule::conformance
