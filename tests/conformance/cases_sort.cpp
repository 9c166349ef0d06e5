// sort, argsort, partition, argpartition and searchsorted.
#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>

#include "catalog.h"
#include "data.h"
#include "lines.h"

namespace ferrule::conformance {
namespace {

using enum LayoutKind;

struct Arrangement {
  Shape shape;
  int axis;
  LayoutKind layout = CONTIGUOUS;
  uint32_t broadcast_axes = 0;
};

const std::vector<Arrangement>& arrangements() {
  static const std::vector<Arrangement> list = {
      {{1}, 0},
      {{2}, 0},
      {{131}, 0},
      {{7, 19}, 0},
      {{7, 19}, 1},
      {{3, 5, 17}, 1},
      {{4, 0}, 1},
      {{2, 1, 3, 1, 2, 1, 1, 2, 1, 3}, 2},
      {{9, 33}, 1, TRANSPOSED},
      {{9, 33}, 0, TRANSPOSED},
      {{5, 23}, 1, SLICED},
      {{5, 23}, 0, NEGATIVE},
      {{5, 23}, 1, BROADCAST, 1},
      {{2, 5003}, 1},
  };
  return list;
}

// Many ties, some NaN, both infinities and both zeros.
Tensor values_for(uint32_t dtype, const Arrangement& a, Random& random) {
  Tensor x = mixed(dtype, a.shape, random);
  for (int64_t i = 0; i < x.size(); ++i)
    if (random.below(3) == 0) x.set(i, is_bool(dtype) ? Real{1} : static_cast<Real>(random.below(4)));
  repeat_axes(x, a.broadcast_axes);
  return x;
}

// Which permutation satisfies a partition is free; what it promises is not.
std::string partition_problem(const Tensor& x, const Tensor& out, int axis, int64_t kth, bool indices) {
  const Wants sorted = want_sort(x, axis);
  std::string problem;
  for_each_line(x.shape, axis, [&](int64_t first, int64_t step, int64_t n, int64_t line) {
    std::vector<int64_t> seen;
    std::vector<Value> values;
    for (int64_t i = 0; i < n && problem.empty(); ++i) {
      const int64_t at = first + i * step;
      if (!indices) {
        values.push_back(out.at(at));
        continue;
      }
      const auto index = static_cast<int64_t>(out.at(at).re);
      if (index >= n)
        problem = fmt::format("line {}: index {} of an extent of {}", line, index, n);
      else
        values.push_back(x.at(first + index * step));
      seen.push_back(index);
    }
    if (!problem.empty()) return;
    std::sort(seen.begin(), seen.end());
    if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) {
      problem = fmt::format("line {}: an index appears twice", line);
      return;
    }
    const auto before = [&](const Value& p, const Value& q) { return sorts_before(x.dtype, p, q); };
    const Value pivot = values[static_cast<size_t>(kth)];
    for (int64_t i = 0; i < n; ++i) {
      const Value& v = values[static_cast<size_t>(i)];
      if (i < kth ? before(pivot, v) : before(v, pivot))
        problem = fmt::format("line {}: element {} is on the wrong side of element kth = {}", line, i, kth);
    }
    std::stable_sort(values.begin(), values.end(), before);
    for (int64_t i = 0; i < n && problem.empty(); ++i) {
      const Value& expected = sorted[static_cast<size_t>(first + i * step)].value;
      const Value& got = values[static_cast<size_t>(i)];
      if (before(got, expected) || before(expected, got))
        problem = fmt::format("line {}: the values are not those of the input", line);
    }
  });
  return problem;
}

void add_partitions(Catalog& catalog, const Op& op, const Dtype& d, const Arrangement& a) {
  const int64_t n = a.shape[static_cast<size_t>(a.axis)];
  if (n == 0) return;
  for (int64_t kth : {int64_t{0}, n / 3, n - 1}) {
    const std::string id =
        case_id("sort", op, d.code, fmt::format("{}_axis{}_kth{}", layout_name(a.layout), a.axis, kth), a.shape);
    catalog.add(id, op.profile, [&op, &a, id, kth, code = d.code](Context& context) {
      Random random(id);
      const Tensor x = values_for(code, a, random);
      Launch launch;
      launch.op = &op;
      launch.set_attrs(frl_partition_attrs{a.axis, 0, kth});
      launch.inputs = {Operand(x, a.layout, a.broadcast_axes)};
      launch.outputs = {Operand(Tensor(op.result_dtype(code), a.shape))};
      if (!run(context, launch)) return;
      const std::string problem =
          partition_problem(x, launch.outputs[0].tensor, a.axis, kth, op.code == FRL_OP_argpartition);
      if (!problem.empty()) ADD_FAILURE() << problem;
    });
    if (n <= 3) break;
  }
}

void add_searches(Catalog& catalog) {
  const Op& op = conformance::op("searchsorted");
  struct Sizes {
    int64_t a;
    Shape v;
    LayoutKind layout;
  };
  static const std::vector<Sizes> sizes = {{1, {}, CONTIGUOUS},        {0, {5}, CONTIGUOUS},   {67, {131}, CONTIGUOUS},
                                           {67, {7, 9}, TRANSPOSED},   {300, {6, 21}, SLICED}, {33, {4, 9}, NEGATIVE},
                                           {16, {2, 0, 3}, CONTIGUOUS}};
  for (const Dtype& d : all_dtypes()) {
    if (!op.takes(d.code)) continue;
    for (const Sizes& s : sizes)
      for (uint32_t right : {0u, 1u}) {
        const std::string id = case_id(
            "sort", op, d.code, fmt::format("{}_{}_of{}", layout_name(s.layout), right ? "right" : "left", s.a), s.v);
        catalog.add(id, op.profile, [&op, &s, id, right, code = d.code](Context& context) {
          Random random(id);
          Arrangement line{{s.a}, 0};
          const Tensor unsorted = values_for(code, line, random);
          Tensor a(code, {s.a});
          const Wants order = want_sort(unsorted, 0);
          for (int64_t i = 0; i < s.a; ++i) a.set(i, order[static_cast<size_t>(i)].value);
          const Tensor v = values_for(code, {s.v, 0}, random);
          Launch launch;
          launch.op = &op;
          launch.set_attrs(frl_searchsorted_attrs{right, 0});
          launch.inputs = {Operand(a), Operand(v, s.layout)};
          launch.outputs = {Operand(Tensor(FRL_DTYPE_U32, s.v))};
          check(context, launch, {want_searchsorted(a, v, right != 0)});
        });
      }
  }
}

}  // namespace

void add_sort_cases(Catalog& catalog) {
  for (const Op& op : all_ops()) {
    if (op.code < FRL_OP_sort || op.code > FRL_OP_argpartition) continue;
    for (const Dtype& d : all_dtypes()) {
      if (!op.takes(d.code)) continue;
      for (const Arrangement& a : arrangements()) {
        if (op.code == FRL_OP_partition || op.code == FRL_OP_argpartition) {
          add_partitions(catalog, op, d, a);
          continue;
        }
        const std::string id =
            case_id("sort", op, d.code, fmt::format("{}_axis{}", layout_name(a.layout), a.axis), a.shape);
        catalog.add(id, op.profile, [&op, &a, id, code = d.code](Context& context) {
          Random random(id);
          const Tensor x = values_for(code, a, random);
          Launch launch;
          launch.op = &op;
          launch.set_attrs(frl_axis_attrs{a.axis, 0});
          launch.inputs = {Operand(x, a.layout, a.broadcast_axes)};
          launch.outputs = {Operand(Tensor(op.result_dtype(code), a.shape))};
          check(context, launch, {op.code == FRL_OP_sort ? want_sort(x, a.axis) : want_argsort(x, a.axis)});
        });
      }
    }
  }
  add_searches(catalog);
}

}  // namespace ferrule::conformance
