// fill, copy (every pair of dtypes) and arange.
#include <gtest/gtest.h>

#include "catalog.h"
#include "data.h"

namespace ferrule::conformance {
namespace {

using enum LayoutKind;

void check_copy(Context& context, Operand x, uint32_t to, LayoutKind out, int reuse = -1) {
  const Op& op = conformance::op("copy");
  Launch launch;
  launch.op = &op;
  launch.reuse = reuse;
  launch.outputs = {Operand(Tensor(to, x.tensor.shape), out)};
  const Wants wants = want_elementwise(op, {&x.tensor}, to);
  launch.inputs = {std::move(x)};
  check(context, launch, {wants});
}

void add_casts(Catalog& catalog) {
  struct Arrangement {
    const char* name;
    Shape shape;
    LayoutKind in, out;
    uint32_t broadcast_axes;
  };
  static const std::vector<Arrangement> arrangements = {
      {"contiguous", {}, CONTIGUOUS, CONTIGUOUS, 0},
      {"contiguous", {1543}, CONTIGUOUS, CONTIGUOUS, 0},
      {"transposed", {37, 21}, TRANSPOSED, CONTIGUOUS, 0},
      {"sliced", {6, 41}, SLICED, CONTIGUOUS, 0},
      {"negative", {5, 37}, NEGATIVE, CONTIGUOUS, 0},
      {"broadcast", {5, 37}, BROADCAST, CONTIGUOUS, 1},
      {"inline", {}, INLINE, CONTIGUOUS, 0},
      {"to_sliced", {6, 41}, CONTIGUOUS, SLICED, 0},
      {"to_transposed", {21, 37}, CONTIGUOUS, TRANSPOSED, 0},
      {"to_negative", {21, 37}, TRANSPOSED, NEGATIVE, 0},
  };
  static const std::vector<Arrangement> same_dtype = {
      {"contiguous", {4, 0, 3}, CONTIGUOUS, CONTIGUOUS, 0},
      {"contiguous", {70001}, CONTIGUOUS, CONTIGUOUS, 0},
      {"transposed", {7, 1, 19, 5}, TRANSPOSED, CONTIGUOUS, 0},
      {"transposed", {129, 257}, TRANSPOSED, CONTIGUOUS, 0},
      {"transposed", {2, 1, 3, 1, 2, 1, 1, 2, 1, 3}, TRANSPOSED, CONTIGUOUS, 0},
      {"broadcast", {3, 4, 5}, BROADCAST, CONTIGUOUS, 5},
      {"broadcast", {64, 9}, BROADCAST, CONTIGUOUS, 3},
      {"padded", {9, 31}, PADDED, CONTIGUOUS, 0},
      {"to_padded", {9, 31}, CONTIGUOUS, PADDED, 0},
  };
  const Op& op = conformance::op("copy");
  for (const Dtype& from : all_dtypes())
    for (const Dtype& to : all_dtypes()) {
      auto add = [&](const Arrangement& a) {
        const std::string pair = std::string(from.short_name) + ">" + to.short_name;
        const std::string id = "copy/copy/" + pair + "/" + a.name + "/" + to_text(a.shape);
        catalog.add(id, op.profile, [&a, id, from = from.code, to = to.code](Context& context) {
          Random random(id);
          Tensor x = mixed(from, a.shape, random, -300, 300);
          if (is_bool(from)) fill_bits(x, random, true);
          repeat_axes(x, a.broadcast_axes);
          check_copy(context, Operand(std::move(x), a.in, a.broadcast_axes), to, a.out);
        });
      };
      for (const Arrangement& a : arrangements) add(a);
      if (from.code == to.code)
        for (const Arrangement& a : same_dtype) add(a);
      if (from.bytes <= 2 && !is_bool(from.code)) {
        const int64_t n = int64_t{1} << (8 * from.bytes);
        const std::string id =
            std::string("copy/copy/") + from.short_name + ">" + to.short_name + "/every_value/" + std::to_string(n);
        catalog.add(id, op.profile, [n, from = from.code, to = to.code](Context& context) {
          Tensor x(from, {n});
          for (int64_t i = 0; i < n; ++i)
            for (size_t b = 0; b < x.itemsize(); ++b) x.address(i)[b] = static_cast<std::byte>(i >> (8 * b));
          for (int64_t i = 0; i < n; ++i)
            if (is_inexact(from) && has_nan(from, x.at(i))) x.set(i, x.at(i));
          check_copy(context, Operand(std::move(x)), to, CONTIGUOUS);
        });
      }
    }
}

void add_fills(Catalog& catalog) {
  const Op& op = conformance::op("fill");
  struct Arrangement {
    const char* name;
    Shape shape;
    LayoutKind value, out;
  };
  static const std::vector<Arrangement> arrangements = {
      {"contiguous", {}, CONTIGUOUS, CONTIGUOUS},      {"contiguous", {131}, CONTIGUOUS, CONTIGUOUS},
      {"inline", {3, 43}, INLINE, CONTIGUOUS},         {"inline", {20011}, INLINE, CONTIGUOUS},
      {"inline", {2, 0}, INLINE, CONTIGUOUS},          {"to_sliced", {5, 19}, INLINE, SLICED},
      {"to_transposed", {5, 3, 4}, INLINE, TRANSPOSED}};
  for (const Dtype& d : all_dtypes())
    for (const Arrangement& a : arrangements) {
      const std::string id = case_id("copy", op, d.code, a.name, a.shape);
      catalog.add(id, op.profile, [&op, &a, id, code = d.code](Context& context) {
        Random random(id);
        Tensor value(code, {});
        fill_bits(value, random);
        Launch launch;
        launch.op = &op;
        launch.inputs = {Operand(value, a.value)};
        launch.outputs = {Operand(Tensor(code, a.shape), a.out)};
        check(context, launch, {Wants(static_cast<size_t>(count(a.shape)), Want::moved(value.bits(0)))});
      });
    }
}

void add_aranges(Catalog& catalog) {
  const Op& op = conformance::op("arange");
  static const std::vector<frl_arange_attrs> progressions = {
      {0, 1, 0, 1}, {-5, 3, -5, 0.1}, {100, -7, 1e6, -0.37}, {INT64_MAX - 2, 1, 0.3, 1e-3}};
  for (const Dtype& d : all_dtypes()) {
    if (!op.takes(d.code)) continue;
    for (size_t k = 0; k < progressions.size(); ++k)
      for (int64_t n : {0, 1, 131, 3001}) {
        const std::string id = case_id("copy", op, d.code, "progression" + std::to_string(k), {n});
        catalog.add(id, op.profile, [&op, n, code = d.code, attrs = progressions[k]](Context& context) {
          Launch launch;
          launch.op = &op;
          launch.set_attrs(attrs);
          launch.outputs = {Operand(Tensor(code, {n}))};
          std::vector<Wants> fused;
          const Wants wants = want_arange(code, n, attrs, fused);
          if (!run(context, launch)) return;
          // The product may be fused into the sum.
          if (judge(launch.outputs[0].tensor, fused[0]).wrong) check_output(context, launch.outputs[0].tensor, wants);
        });
      }
  }
}

}  // namespace

void add_copy_cases(Catalog& catalog) {
  add_casts(catalog);
  add_fills(catalog);
  add_aranges(catalog);
}

}  // namespace ferrule::conformance
