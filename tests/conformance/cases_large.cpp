// Sizes at which work is cut into tiles for several threads or blocks, and where index arithmetic has to be wide: one
// case per kind of op, in the layouts that take different paths.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "catalog.h"
#include "data.h"
#include "session.h"

namespace ferrule::conformance {
namespace {

using enum LayoutKind;

void add(Catalog& catalog, const Op& op, uint32_t dtype, const std::string& layout, const Shape& shape,
         std::function<void(Context&, Random&)> body) {
  const std::string id = case_id("large", op, dtype, layout, shape);
  catalog.add(id, op.profile, [id, body = std::move(body)](Context& c) {
    Random random(id);
    body(c, random);
  });
}

void elementwise(Context& c, const Op& op, std::vector<Operand> inputs, uint32_t out_dtype) {
  Launch launch;
  launch.op = &op;
  launch.outputs = {Operand(Tensor(out_dtype, inputs.back().tensor.shape))};
  std::vector<const Tensor*> tensors;
  for (const Operand& o : inputs) tensors.push_back(&o.tensor);
  const Wants wants = want_elementwise(op, tensors, out_dtype);
  launch.inputs = std::move(inputs);
  check(c, launch, {wants});
}

void add_elementwise(Catalog& catalog) {
  for (const char* name : {"copy", "exp", "add", "select"})
    for (uint32_t dtype : {FRL_DTYPE_F32, FRL_DTYPE_I16}) {
      const Op& op = conformance::op(name);
      if (!op.takes(dtype)) continue;
      for (LayoutKind layout : {CONTIGUOUS, TRANSPOSED, NEGATIVE, BROADCAST})
        for (const Shape& shape : {Shape{150007}, Shape{263, 269}, Shape{7, 97, 103}}) {
          if (shape.size() == 1 && (layout == TRANSPOSED || layout == BROADCAST)) continue;
          add(catalog, op, dtype, layout_name(layout), shape, [&op, dtype, layout, shape](Context& c, Random& random) {
            std::vector<Operand> inputs;
            for (uint32_t i = 0; i < op.min_inputs; ++i) {
              const bool condition = op.code == FRL_OP_select && i == 0;
              Tensor t = moderate(condition ? static_cast<uint32_t>(FRL_DTYPE_BOOL) : dtype, shape, random, -50, 50);
              const uint32_t mask = layout == BROADCAST ? 1u << (i % shape.size()) : 0;
              repeat_axes(t, mask);
              inputs.emplace_back(std::move(t), i == 0 || layout == BROADCAST ? layout : CONTIGUOUS, mask);
            }
            elementwise(c, op, std::move(inputs), op.result_dtype(dtype));
          });
        }
    }
}

void add_reductions(Catalog& catalog) {
  struct Form {
    Shape shape;
    uint32_t axes;
  };
  static const std::vector<Form> forms = {{{150007}, 1},   {{401, 307}, 1}, {{401, 307}, 2},  {{401, 307}, 3},
                                          {{3, 50021}, 2}, {{50021, 3}, 1}, {{31, 67, 61}, 5}};
  for (const char* name : {"reduce_sum", "reduce_max", "argmin"})
    for (uint32_t dtype : {FRL_DTYPE_F32, FRL_DTYPE_BF16, FRL_DTYPE_I32})
      for (const Form& f : forms)
        for (LayoutKind layout : {CONTIGUOUS, TRANSPOSED}) {
          const Op& op = conformance::op(name);
          const bool search = op.code == FRL_OP_argmin;
          const int axis = static_cast<int>(std::log2(f.axes));
          if (search && f.axes != 1u << axis) continue;
          add(catalog, op, dtype, fmt::format("{}_axes{}", layout_name(layout), f.axes), f.shape,
              [&op, &f, dtype, layout, search, axis](Context& c, Random& random) {
                const Tensor x = moderate(dtype, f.shape, random, -30000, 30000);
                Launch launch;
                launch.op = &op;
                Shape out = f.shape;
                for (size_t i = 0; i < out.size(); ++i)
                  if ((f.axes >> i) & 1u) out[i] = 1;
                if (search)
                  launch.set_attrs(frl_axis_attrs{axis, 0});
                else
                  launch.set_attrs(frl_reduce_attrs{f.axes, 0});
                const uint32_t result = op.result_dtype(dtype);
                launch.inputs = {Operand(x, layout)};
                launch.outputs = {Operand(Tensor(result, out))};
                check(c, launch, {search ? want_arg_reduce(op, x, axis) : want_reduce(op, x, f.axes, result)});
              });
        }
}

void add_lines(Catalog& catalog) {
  for (const char* name : {"cumsum", "cummax", "sort", "argsort", "softmax", "logsumexp"})
    for (uint32_t dtype : {FRL_DTYPE_F32, FRL_DTYPE_I32})
      for (const Shape& shape : {Shape{1, 100003}, Shape{703, 101}})
        for (int axis : {0, 1}) {
          const Op& op = conformance::op(name);
          if (!op.takes(dtype)) continue;
          add(catalog, op, dtype, fmt::format("contiguous_axis{}", axis), shape,
              [&op, dtype, shape, axis](Context& c, Random& random) {
                Tensor x = moderate(dtype, shape, random, -50, 50);
                Launch launch;
                launch.op = &op;
                Shape out = shape;
                Wants wants;
                if (op.code == FRL_OP_cumsum || op.code == FRL_OP_cummax) {
                  launch.set_attrs(frl_scan_attrs{axis, 0, 0});
                  wants = want_scan(op, x, frl_scan_attrs{axis, 0, 0});
                } else if (op.code == FRL_OP_softmax) {
                  launch.set_attrs(frl_softmax_attrs{axis, 1});
                  wants = want_softmax(x, axis, true);
                } else {
                  launch.set_attrs(frl_axis_attrs{axis, 0});
                  if (op.code == FRL_OP_logsumexp) {
                    out[static_cast<size_t>(axis)] = 1;
                    wants = want_logsumexp(x, axis);
                  } else {
                    wants = op.code == FRL_OP_sort ? want_sort(x, axis) : want_argsort(x, axis);
                  }
                }
                launch.inputs = {Operand(std::move(x))};
                launch.outputs = {Operand(Tensor(op.result_dtype(dtype), out))};
                check(c, launch, {wants});
              });
        }
}

void add_products(Catalog& catalog) {
  struct Form {
    int64_t m, k, n;
  };
  static const std::vector<Form> forms = {
      {129, 151, 133}, {1, 4099, 517}, {1031, 259, 1}, {20, 8191, 17}, {513, 7, 515}};
  for (uint32_t dtype : {FRL_DTYPE_F32, FRL_DTYPE_F16, FRL_DTYPE_BF16, FRL_DTYPE_F64})
    for (const Form& f : forms)
      for (bool swapped : {false, true}) {
        const Op& op = conformance::op("matmul");
        add(catalog, op, dtype, swapped ? "transposed_b" : "contiguous", {f.m, f.k, f.n},
            [&op, &f, dtype, swapped](Context& c, Random& random) {
              Operand a(moderate(dtype, {f.m, f.k}, random, -1, 1)), b(moderate(dtype, {f.k, f.n}, random, -1, 1));
              if (swapped) b.layout.strides = {1, f.k};
              Launch launch;
              launch.op = &op;
              launch.outputs = {Operand(Tensor(dtype, {f.m, f.n}))};
              const Wants wants = want_matmul(nullptr, a.tensor, b.tensor, 1, 0);
              launch.inputs = {std::move(a), std::move(b)};
              check(c, launch, {wants});
            });
      }
  struct Sum {
    const char* name;
    float alpha, beta;
    uint32_t broadcast;  // axes of c
    bool batched;
  };
  static const std::vector<Sum> sums = {{"plain", 1, 1, 0, false},  {"scaled", 0.5f, -2, 0, false},
                                        {"bias", 1, 1, 1, false},   {"scaled_bias", -1.5f, 2, 1, false},
                                        {"column", 1, 1, 2, false}, {"beta0", 1, 0, 0, false},
                                        {"batched", 1, 1, 0, true}, {"batched_bias", 1, 1, 2, true}};
  for (uint32_t dtype : {FRL_DTYPE_F32, FRL_DTYPE_F16, FRL_DTYPE_BF16, FRL_DTYPE_F64, FRL_DTYPE_C64})
    for (const Sum& f : sums)
      for (bool swapped : {false, true}) {
        const Op& op = conformance::op("addmm");
        const std::string layout = fmt::format("{}_{}", swapped ? "transposed_b" : "contiguous", f.name);
        add(catalog, op, dtype, layout, f.batched ? Shape{3, 72, 96, 104} : Shape{72, 96, 104},
            [&op, &f, dtype, swapped](Context& c, Random& random) {
              const auto shape = [&](int64_t rows, int64_t columns) {
                return f.batched ? Shape{3, rows, columns} : Shape{rows, columns};
              };
              Tensor addend = moderate(dtype, shape(72, 104), random, -1, 1);
              repeat_axes(addend, f.broadcast);
              Operand a(moderate(dtype, shape(72, 96), random, -1, 1)),
                  b(moderate(dtype, shape(96, 104), random, -1, 1));
              if (swapped) {
                b.layout.strides[f.batched ? 1 : 0] = 1;
                b.layout.strides[f.batched ? 2 : 1] = 96;
              }
              Launch launch;
              launch.op = &op;
              launch.set_attrs(frl_addmm_attrs{f.alpha, f.beta});
              launch.outputs = {Operand(Tensor(dtype, shape(72, 104)))};
              const Wants wants =
                  want_matmul(&addend, a.tensor, b.tensor, static_cast<Real>(f.alpha), static_cast<Real>(f.beta));
              launch.inputs = {Operand(addend, f.broadcast != 0 ? BROADCAST : CONTIGUOUS, f.broadcast), std::move(a),
                               std::move(b)};
              check(c, launch, {wants});
            });
      }
  for (const char* name : {"conv", "conv_input_grad", "conv_weight_grad"})
    for (uint32_t dtype : {FRL_DTYPE_F32, FRL_DTYPE_BF16}) {
      const Op& op = conformance::op(name);
      add(catalog, op, dtype, "padded_3x3", {2, 19, 17, 18}, [&op, dtype](Context& c, Random& random) {
        const Shape x = {2, 19, 17, 18}, w = {35, 3, 3, 18}, y = {2, 19, 17, 35};
        frl_conv_attrs a{};
        a.n_spatial = 2;
        a.groups = 1;
        for (int i = 0; i < 2; ++i)
          a.stride[i] = a.kernel_dilation[i] = a.input_dilation[i] = a.pad_lo[i] = a.pad_hi[i] = 1;
        const bool forward = op.code == FRL_OP_conv, input = op.code == FRL_OP_conv_input_grad;
        Launch launch;
        launch.op = &op;
        launch.set_attrs(a);
        launch.inputs = {Operand(moderate(dtype, input ? y : x, random, -1, 1)),
                         Operand(moderate(dtype, forward || input ? w : y, random, -1, 1))};
        const Shape& out = forward ? y : input ? x : w;
        launch.outputs = {Operand(Tensor(dtype, out))};
        check(c, launch, {want_conv(op, launch.inputs[0].tensor, launch.inputs[1].tensor, a, out)});
      });
    }
}

// More than 2^31 bytes and elements through fill and copy, spot-checked; where memory allows.
void beyond_31_bits(Context& c) {
  constexpr int64_t kCount = (int64_t{1} << 31) + 7;
  uint64_t available = 0, total = 0;
  Error error;
  FRL_EXPECT_OK(error, c.backend.api().memory_info(c.backend.device(), &available, &total, error));
  const auto needed = 3 * static_cast<uint64_t>(kCount);
  if (available < needed || c.backend.info().largest_buffer < static_cast<uint64_t>(kCount))
    GTEST_SKIP() << "needs 6 GiB of free device memory";
  const Buffer x(c.backend, static_cast<uint64_t>(kCount)), y(c.backend, static_cast<uint64_t>(kCount));
  const Stream stream(c.backend);
  stream.fill(x, 0, static_cast<uint64_t>(kCount), 0x11, 1);
  const uint64_t marks[] = {0, (1ull << 31) - 1, 1ull << 31, static_cast<uint64_t>(kCount) - 1};
  for (uint64_t at : marks) stream.fill(x, at, 1, 0x80 + at % 7, 1);
  frl_tensor in{}, out{};
  in.buffer = x;
  out.buffer = y;
  for (frl_tensor* t : {&in, &out}) {
    t->dtype = FRL_DTYPE_U8;
    t->ndim = 1;
    t->shape[0] = kCount;
    t->strides[0] = 1;
  }
  frl_call call{};
  call.inputs = &in;
  call.outputs = &out;
  call.n_inputs = call.n_outputs = 1;
  frl_kernel* kernel = c.backend.kernel(op("negative")).kernel;
  ASSERT_NE(kernel, nullptr) << c.backend.kernel(op("negative")).reason;
  frl_requirements need{};
  need.struct_size = sizeof need;
  FRL_EXPECT_OK(error, c.backend.api().kernel_query(kernel, &call, &need, error));
  FRL_EXPECT_OK(error, c.backend.api().kernel_launch(stream, kernel, need.plan, &call, error));
  for (uint64_t at : {uint64_t{1}, marks[1] - 1, marks[2] + 1, marks[3] - 1})
    EXPECT_EQ(stream.read(y, at, 1)[0], std::byte{0xef}) << "element " << at;
  for (uint64_t at : marks)
    EXPECT_EQ(stream.read(y, at, 1)[0], static_cast<std::byte>(0x100 - (0x80 + at % 7))) << "element " << at;
  if (need.plan) c.backend.api().plan_release(kernel, need.plan);
}

}  // namespace

void add_large_cases(Catalog& catalog) {
  add_elementwise(catalog);
  add_reductions(catalog);
  add_lines(catalog);
  add_products(catalog);
  catalog.add("huge/negative/u8/contiguous/2147483655", Profile::BASE, beyond_31_bits);
}

}  // namespace ferrule::conformance
