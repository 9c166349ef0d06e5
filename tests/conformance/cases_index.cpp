// gather, scatter, their forms along an axis, masked_scatter and pad: every dtype, indices of every integer dtype, in
// and out of range, negative and repeated.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "catalog.h"
#include "data.h"

namespace ferrule::conformance {
namespace {

using enum LayoutKind;

constexpr uint32_t kIndexDtypes[] = {FRL_DTYPE_I32, FRL_DTYPE_U32, FRL_DTYPE_I64, FRL_DTYPE_U8,
                                     FRL_DTYPE_I8,  FRL_DTYPE_U16, FRL_DTYPE_I16, FRL_DTYPE_U64};

// Indices around [0, extent): negative ones where the dtype has them, some out of range, the dtype's ends.
Tensor indices_for(uint32_t dtype, const Shape& shape, int64_t extent, bool wild, Random& random) {
  Tensor t(dtype, shape);
  for (int64_t i = 0; i < t.size(); ++i) {
    int64_t index = extent > 0 ? random.below(extent) : 0;
    if (is_signed_int(dtype) && random.below(3) == 0) index -= extent;
    if (wild && random.below(6) == 0) index += random.below(2) ? extent : -2 * extent;
    const Real limited = std::max(int_min(dtype), std::min(int_max(dtype), static_cast<Real>(index)));
    t.set(i, wild && random.below(16) == 0 ? (random.below(2) ? int_max(dtype) : int_min(dtype)) : limited);
  }
  return t;
}

struct Lookup {
  const char* name;
  Shape x;
  std::vector<int> axes;
  Shape slice, index;
  LayoutKind layout = CONTIGUOUS;
  bool wild = true;
};

const std::vector<Lookup>& lookups() {
  static const std::vector<Lookup> list = {
      {"rows", {9, 7}, {0}, {1, 7}, {5}},
      {"rows_in_range", {9, 7}, {0}, {1, 7}, {23}, CONTIGUOUS, false},
      {"columns", {6, 11}, {1}, {6, 1}, {4, 3}},
      {"elements", {6, 11}, {0, 1}, {1, 1}, {131}},
      {"slices", {8, 9, 5}, {0, 1}, {3, 2, 5}, {4}},
      {"middle", {4, 9, 5}, {1}, {2, 3, 1}, {3}},
      {"swapped_axes", {5, 6, 7}, {2, 0}, {1, 6, 2}, {4}},
      {"scalar_index", {9, 7}, {0}, {1, 7}, {}},
      {"no_index", {5, 4}, {}, {3, 4}, {}},
      {"no_lookups", {9, 7}, {0}, {1, 7}, {0}},
      {"wide_rows", {9, 64}, {0}, {1, 64}, {29}},
      {"few_of_many", {5000, 8}, {0}, {1, 8}, {40}},
      {"few_blocks_of_many", {500, 9}, {0, 1}, {3, 2}, {5}},
      {"rank1", {67}, {0}, {1}, {40}},
      {"rank8", {2, 3, 1, 2, 1, 2, 2, 1}, {1, 5}, {2, 1, 1, 2, 1, 1, 2, 1}, {3}},
      {"transposed_rows", {9, 7}, {0}, {1, 7}, {5}, TRANSPOSED},
      {"sliced_rows", {9, 7}, {0}, {1, 7}, {4, 2}, SLICED},
      {"negative_elements", {6, 11}, {0, 1}, {1, 1}, {17}, NEGATIVE},
  };
  return list;
}

Shape joined(const Shape& a, const Shape& b) {
  Shape all = a;
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

std::vector<Tensor> tuples_for(const Lookup& l, uint32_t index_dtype, Random& random) {
  std::vector<Tensor> indices;
  for (int axis : l.axes)
    indices.push_back(indices_for(index_dtype, l.index, l.x[static_cast<size_t>(axis)], l.wild, random));
  return indices;
}

void check_gather(Context& context, const Lookup& l, uint32_t dtype, uint32_t index_dtype, Random& random) {
  frl_gather_attrs attrs{};
  attrs.n_axes = static_cast<uint32_t>(l.axes.size());
  for (size_t i = 0; i < l.axes.size(); ++i) attrs.axes[i] = l.axes[i];
  for (size_t i = 0; i < l.slice.size(); ++i) attrs.slice_sizes[i] = l.slice[i];
  Tensor x(dtype, l.x);
  fill_bits(x, random);
  const std::vector<Tensor> indices = tuples_for(l, index_dtype, random);
  Launch launch;
  launch.op = &conformance::op("gather");
  launch.set_attrs(attrs);
  launch.inputs = {Operand(x, l.layout)};
  for (const Tensor& t : indices) launch.inputs.emplace_back(t, l.index.size() == 2 ? l.layout : CONTIGUOUS);
  launch.outputs = {Operand(Tensor(dtype, joined(l.index, l.slice)))};
  check(context, launch, {want_gather(x, indices, attrs)});
}

void check_scatter(Context& context, const Lookup& l, uint32_t dtype, uint32_t index_dtype, uint32_t mode,
                   Random& random) {
  frl_scatter_attrs attrs{};
  attrs.mode = mode;
  attrs.n_axes = static_cast<uint32_t>(l.axes.size());
  for (size_t i = 0; i < l.axes.size(); ++i) attrs.axes[i] = l.axes[i];
  Tensor x(dtype, l.x), updates(dtype, joined(l.index, l.slice));
  if (mode == FRL_SCATTER_ASSIGN)
    fill_bits(x, random), fill_bits(updates, random);
  else if (mode == FRL_SCATTER_PROD)
    fill_moderate(x, random, 0.5L, 2), fill_moderate(updates, random, 0.75L, 1.25L);
  else
    fill_moderate(x, random), fill_moderate(updates, random);
  const std::vector<Tensor> indices = tuples_for(l, index_dtype, random);
  Launch launch;
  launch.op = &conformance::op("scatter");
  launch.set_attrs(attrs);
  launch.inputs = {Operand(x, l.layout)};
  for (const Tensor& t : indices) launch.inputs.emplace_back(t);
  launch.inputs.emplace_back(updates, l.layout);
  launch.outputs = {Operand(Tensor(dtype, l.x))};
  check(context, launch, {want_scatter(x, indices, updates, attrs)});
}

void add_lookups(Catalog& catalog) {
  static constexpr const char* kModes[] = {"assign", "sum", "prod", "max", "min"};
  for (const Dtype& d : all_dtypes())
    for (const Lookup& l : lookups()) {
      const bool ordinary = &l == &lookups()[0] || &l == &lookups()[3];  // with every index dtype
      for (uint32_t index : kIndexDtypes) {
        if (index != FRL_DTYPE_I32 && !(ordinary && (d.code == FRL_DTYPE_F32 || d.code == FRL_DTYPE_U8))) continue;
        const std::string layout = fmt::format("{}_{}", l.name, dtype(index).short_name);
        const Op& gather = conformance::op("gather");
        const std::string id = case_id("index", gather, d.code, layout, l.x);
        catalog.add(id, gather.profile, [&l, id, index, code = d.code](Context& context) {
          Random random(id);
          check_gather(context, l, code, index, random);
        });
        const Op& scatter = conformance::op("scatter");
        for (uint32_t mode = FRL_SCATTER_ASSIGN; mode <= FRL_SCATTER_MIN; ++mode) {
          if (index != FRL_DTYPE_I32 && mode > FRL_SCATTER_SUM) continue;
          const std::string sid = case_id("index", scatter, d.code, fmt::format("{}_{}", kModes[mode], layout), l.x);
          catalog.add(sid, scatter.profile, [&l, sid, index, mode, code = d.code](Context& context) {
            Random random(sid);
            check_scatter(context, l, code, index, mode, random);
          });
        }
      }
    }
}

struct AxisForm {
  Shape x;
  int axis;
  int64_t picks;
  LayoutKind layout = CONTIGUOUS;
  uint32_t broadcast_indices = 0;
};

void add_axis_forms(Catalog& catalog) {
  static const std::vector<AxisForm> forms = {{{131}, 0, 40},
                                              {{7, 19}, 1, 5},
                                              {{7, 19}, 0, 30},
                                              {{3, 5, 7}, 1, 4},
                                              {{3, 5, 7}, 1, 0},
                                              {{9, 33}, 1, 8, TRANSPOSED},
                                              {{9, 33}, 0, 8, NEGATIVE},
                                              {{5, 23}, 1, 9, SLICED},
                                              {{5, 23}, 1, 9, CONTIGUOUS, 1},
                                              {{2, 1, 3, 1, 2, 1, 1, 2, 1, 3}, 4, 3}};
  for (const Dtype& d : all_dtypes())
    for (const AxisForm& f : forms)
      for (uint32_t index : kIndexDtypes) {
        if (index != FRL_DTYPE_I32 && !(&f == &forms[1] && d.code == FRL_DTYPE_F32)) continue;
        Shape picked = f.x;
        picked[static_cast<size_t>(f.axis)] = f.picks;
        const auto make_indices = [=, &f](Random& random) {
          Tensor t = indices_for(index, picked, f.x[static_cast<size_t>(f.axis)], true, random);
          repeat_axes(t, f.broadcast_indices);
          return Operand(t, f.broadcast_indices ? BROADCAST : CONTIGUOUS, f.broadcast_indices);
        };
        const std::string layout =
            fmt::format("{}{}_axis{}_{}x{}", layout_name(f.layout), f.broadcast_indices ? "_shared" : "", f.axis,
                        dtype(index).short_name, f.picks);
        const Op& gather = conformance::op("gather_axis");
        const std::string id = case_id("index", gather, d.code, layout, f.x);
        catalog.add(id, gather.profile, [&gather, &f, id, picked, make_indices, code = d.code](Context& context) {
          Random random(id);
          Tensor x(code, f.x);
          fill_bits(x, random);
          Launch launch;
          launch.op = &gather;
          launch.set_attrs(frl_axis_attrs{f.axis, 0});
          launch.inputs = {Operand(x, f.layout), make_indices(random)};
          launch.outputs = {Operand(Tensor(code, picked))};
          check(context, launch, {want_gather_axis(x, launch.inputs[1].tensor, f.axis)});
        });
        const Op& scatter = conformance::op("scatter_axis");
        for (uint32_t mode : {FRL_SCATTER_ASSIGN, FRL_SCATTER_SUM}) {
          const std::string sid =
              case_id("index", scatter, d.code, fmt::format("{}_{}", mode ? "sum" : "assign", layout), f.x);
          catalog.add(sid, scatter.profile,
                      [&scatter, &f, sid, mode, picked, make_indices, code = d.code](Context& context) {
                        Random random(sid);
                        Tensor x(code, f.x), updates(code, picked);
                        if (mode == FRL_SCATTER_ASSIGN)
                          fill_bits(x, random), fill_bits(updates, random);
                        else
                          fill_moderate(x, random), fill_moderate(updates, random);
                        Launch launch;
                        launch.op = &scatter;
                        launch.set_attrs(frl_scatter_axis_attrs{f.axis, mode});
                        launch.inputs = {Operand(x, f.layout), make_indices(random), Operand(updates, f.layout)};
                        launch.outputs = {Operand(Tensor(code, f.x))};
                        check(context, launch, {want_scatter_axis(x, launch.inputs[1].tensor, updates, f.axis, mode)});
                      });
        }
      }
}

void add_masked_scatters(Catalog& catalog) {
  struct Form {
    Shape x;
    int64_t source;
    LayoutKind x_layout, mask_layout;
  };
  static const std::vector<Form> forms = {{{}, 1, CONTIGUOUS, CONTIGUOUS},         {{131}, 131, CONTIGUOUS, CONTIGUOUS},
                                          {{7, 19}, 20, CONTIGUOUS, CONTIGUOUS},   {{7, 19}, 0, CONTIGUOUS, CONTIGUOUS},
                                          {{9, 33}, 300, TRANSPOSED, SLICED},      {{5, 23}, 300, NEGATIVE, TRANSPOSED},
                                          {{70001}, 70001, CONTIGUOUS, CONTIGUOUS}};
  const Op& op = conformance::op("masked_scatter");
  for (const Dtype& d : all_dtypes())
    for (const Form& f : forms) {
      const std::string id =
          case_id("index", op, d.code,
                  fmt::format("{}+{}_of{}", layout_name(f.x_layout), layout_name(f.mask_layout), f.source), f.x);
      catalog.add(id, op.profile, [&op, &f, id, code = d.code](Context& context) {
        Random random(id);
        Tensor x(code, f.x), mask(FRL_DTYPE_BOOL, f.x), source(code, {f.source});
        fill_bits(x, random);
        fill_bits(mask, random, true);
        fill_bits(source, random);
        Launch launch;
        launch.op = &op;
        launch.inputs = {Operand(x, f.x_layout), Operand(mask, f.mask_layout), Operand(source)};
        launch.outputs = {Operand(Tensor(code, f.x))};
        check(context, launch, {want_masked_scatter(x, mask, source)});
      });
    }
}

void add_pads(Catalog& catalog) {
  struct Form {
    Shape x, low, high;
    LayoutKind layout = CONTIGUOUS;
    bool inlined = false;
  };
  static const std::vector<Form> forms = {
      {{}, {}, {}},
      {{5}, {2}, {3}, CONTIGUOUS, true},
      {{131}, {0}, {0}},
      {{4, 5}, {1, 0}, {0, 2}},
      {{0, 5}, {2, 1}, {1, 0}, CONTIGUOUS, true},
      {{3, 4, 5}, {1, 2, 0}, {2, 0, 3}, TRANSPOSED},
      {{7, 9}, {3, 1}, {0, 4}, NEGATIVE},
      {{7, 9}, {3, 1}, {0, 4}, SLICED, true},
      {{2, 1, 3, 1, 2, 1, 1, 2, 1, 2}, {1, 0, 1, 0, 0, 1, 0, 0, 1, 0}, {0, 0, 0, 1, 0, 0, 0, 0, 0, 1}}};
  const Op& op = conformance::op("pad");
  for (const Dtype& d : all_dtypes())
    for (const Form& f : forms) {
      const std::string id =
          case_id("index", op, d.code,
                  fmt::format("{}{}_{}", layout_name(f.layout), f.inlined ? "_inline" : "", to_text(f.low)), f.x);
      catalog.add(id, op.profile, [&op, &f, id, code = d.code](Context& context) {
        Random random(id);
        Tensor x(code, f.x), value(code, {});
        fill_bits(x, random);
        fill_bits(value, random);
        frl_pad_attrs attrs{};
        Shape out = f.x;
        for (size_t i = 0; i < out.size(); ++i) {
          attrs.low[i] = f.low[i];
          attrs.high[i] = f.high[i];
          out[i] += f.low[i] + f.high[i];
        }
        Launch launch;
        launch.op = &op;
        launch.set_attrs(attrs);
        launch.inputs = {Operand(x, f.layout), Operand(value, f.inlined ? INLINE : CONTIGUOUS)};
        launch.outputs = {Operand(Tensor(code, out))};
        check(context, launch, {want_pad(x, value, attrs, out)});
      });
    }
}

}  // namespace

void add_index_cases(Catalog& catalog) {
  add_lookups(catalog);
  add_axis_forms(catalog);
  add_masked_scatters(catalog);
  add_pads(catalog);
}

}  // namespace ferrule::conformance
