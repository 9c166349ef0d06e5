// The same call gives the same bits: repeated, with FRL_MATH_DETERMINISTIC, after kernel_prepare, and with a plan used
// many times. Sizes are large enough that several threads or blocks take part.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "catalog.h"
#include "data.h"
#include "samples.h"
#include "session.h"

namespace ferrule::conformance {
namespace {

bool large_call(const char* name, uint32_t dtype, Launch& l, Random& random) {
  l.op = &op(name);
  l.math = FRL_MATH_DETERMINISTIC;
  const auto in = [&](const Shape& shape) { l.inputs.emplace_back(moderate(dtype, shape, random, -1, 1)); };
  const auto out = [&](const Shape& shape) { l.outputs.emplace_back(Tensor(dtype, shape)); };
  switch (l.op->code) {
    case FRL_OP_reduce_sum:
    case FRL_OP_reduce_prod:
      l.set_attrs(frl_reduce_attrs{3, 0});
      in({301, 409});
      out({1, 1});
      return true;
    case FRL_OP_matmul:
      in({97, 403});
      in({403, 89});
      out({97, 89});
      return true;
    case FRL_OP_cumsum:
      l.set_attrs(frl_scan_attrs{0, 0, 0});
      in({90001});
      out({90001});
      return true;
    case FRL_OP_softmax:
      l.set_attrs(frl_softmax_attrs{1, 1});
      in({33, 3001});
      out({33, 3001});
      return true;
    case FRL_OP_layer_norm_vjp:
      l.set_attrs(frl_norm_attrs{1e-5f, 0});
      in({701, 64});
      in({64});
      in({64});
      in({701, 64});
      out({701, 64});
      out({64});
      out({64});
      return true;
    case FRL_OP_conv_weight_grad: {
      frl_conv_attrs a{};
      a.n_spatial = 2;
      a.groups = 1;
      for (int i = 0; i < 2; ++i) a.stride[i] = a.kernel_dilation[i] = a.input_dilation[i] = 1;
      l.set_attrs(a);
      in({4, 18, 18, 8});
      in({4, 16, 16, 12});
      out({12, 3, 3, 8});
      return true;
    }
    case FRL_OP_scatter: {
      frl_scatter_attrs a{};
      a.mode = FRL_SCATTER_SUM;
      a.n_axes = 1;
      l.set_attrs(a);
      in({7, 5});
      Tensor index(FRL_DTYPE_I32, {3000});
      for (int64_t i = 0; i < 3000; ++i) index.set(i, static_cast<Real>(random.below(7)));
      l.inputs.emplace_back(index);
      in({3000, 1, 5});
      out({7, 5});
      return true;
    }
    default:
      return false;
  }
}

void same_bits(Context& c, const char* name, uint32_t dtype) {
  Random random(name);
  Launch launch;
  ASSERT_TRUE(large_call(name, dtype, launch, random));
  if (!run(c, launch)) return;
  std::vector<std::vector<std::byte>> first;
  for (const Operand& o : launch.outputs) first.push_back(o.tensor.data);
  for (int i = 0; i < 20; ++i) {
    if (!run(c, launch)) return;
    for (size_t k = 0; k < first.size(); ++k)
      ASSERT_EQ(launch.outputs[k].tensor.data, first[k]) << "run " << i + 2 << " gave other bits in output " << k;
  }
}

// kernel_prepare changes nothing but time.
void prepared(Context& c, const Op& o, uint32_t dtype) {
  Launch launch;
  ASSERT_TRUE(sample_call(o, dtype, launch));
  if (!run(c, launch)) return;
  const Launch before = launch;
  frl_requirements need{};
  Error error;
  ASSERT_EQ(Runner::query(c.backend, launch, &need, error), FRL_OK) << error.text();
  frl_kernel* kernel = c.backend.kernel(o).kernel;
  frl_call call{};
  std::vector<frl_tensor> in(launch.inputs.size()), out(launch.outputs.size());
  const auto describe_all = [](const std::vector<Operand>& from, std::vector<frl_tensor>& to) {
    for (size_t i = 0; i < from.size(); ++i) {
      to[i].dtype = from[i].tensor.dtype;
      to[i].ndim = static_cast<uint16_t>(from[i].tensor.shape.size());
      for (size_t a = 0; a < from[i].tensor.shape.size(); ++a) {
        to[i].shape[a] = from[i].tensor.shape[a];
        to[i].strides[a] = from[i].layout.strides[a];
      }
    }
  };
  describe_all(launch.inputs, in);
  describe_all(launch.outputs, out);
  call.inputs = in.data();
  call.outputs = out.data();
  call.n_inputs = static_cast<uint16_t>(in.size());
  call.n_outputs = static_cast<uint16_t>(out.size());
  call.attrs = launch.attrs.empty() ? nullptr : launch.attrs.data();
  call.attrs_size = static_cast<uint32_t>(launch.attrs.size());
  FRL_EXPECT_OK(error, c.backend.api().kernel_prepare(kernel, need.plan, &call, error));
  if (need.plan) c.backend.api().plan_release(kernel, need.plan);
  if (!run(c, launch)) return;
  for (size_t k = 0; k < launch.outputs.size(); ++k)
    EXPECT_EQ(launch.outputs[k].tensor.data, before.outputs[k].tensor.data) << "output " << k;
}

}  // namespace

void add_repeat_cases(Catalog& catalog) {
  for (const char* name :
       {"reduce_sum", "reduce_prod", "matmul", "cumsum", "softmax", "layer_norm_vjp", "conv_weight_grad", "scatter"})
    for (uint32_t dtype : {FRL_DTYPE_F32, FRL_DTYPE_F16, FRL_DTYPE_F64})
      catalog.add(fmt::format("repeat/{}/{}/same_bits", name, conformance::dtype(dtype).short_name), op(name).profile,
                  [name, dtype](Context& c) { same_bits(c, name, dtype); });
  for (const Op& o : all_ops()) {
    Launch launch;
    const uint32_t dtype = o.takes(FRL_DTYPE_F32)   ? FRL_DTYPE_F32
                           : o.takes(FRL_DTYPE_I32) ? FRL_DTYPE_I32
                           : o.takes(FRL_DTYPE_C64) ? FRL_DTYPE_C64
                                                    : FRL_DTYPE_BOOL;
    if (!sample_call(o, dtype, launch)) continue;
    catalog.add(fmt::format("repeat/{}/{}/prepared", o.name, conformance::dtype(dtype).short_name), o.profile,
                [&o, dtype](Context& c) { prepared(c, o, dtype); });
  }
}

}  // namespace ferrule::conformance
