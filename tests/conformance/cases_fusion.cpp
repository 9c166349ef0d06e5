// frl.fusion/1: each fusable op alone, random expressions of correctly rounded ops with every node rounded to its
// dtype, one function of the ULP table at the root, layouts and inline scalars, several outputs, and malformed
// expressions.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "catalog.h"
#include "data.h"
#include "expression.h"
#include "session.h"

namespace ferrule::conformance {
namespace {

const frl_fusion_api* fusion_of(Context& c) {
  return static_cast<const frl_fusion_api*>(c.backend.api().device_extension(c.backend.device(), FRL_EXT_FUSION, 1));
}

// Compiles, runs and judges. `inputs` hold the operands in the expression's order.
void check_expression(Context& c, const Expression& e, std::vector<Operand> inputs) {
  const frl_fusion_api* fusion = fusion_of(c);
  if (!fusion) GTEST_SKIP() << "not offered: frl.fusion";
  if (fusion->max_nodes && e.nodes.size() > fusion->max_nodes)
    GTEST_SKIP() << "not offered: expressions of more than " << fusion->max_nodes << " nodes";
  std::vector<uint8_t> access;
  for (const Operand& o : inputs)
    access.push_back(o.layout.inlined                                ? FRL_ACCESS_SCALAR
                     : o.layout.strides == row_major(o.tensor.shape) ? FRL_ACCESS_CONTIGUOUS
                                                                     : FRL_ACCESS_ANY);
  const frl_expr expr = e.describe(access);
  Error error;
  Launch launch;
  const frl_status status = fusion->compile(c.backend.device(), &expr, &launch.kernel, error);
  if (status == FRL_UNSUPPORTED) {
    EXPECT_FALSE(error.text().empty());
    GTEST_SKIP() << "not offered: " << error.text();
  }
  ASSERT_EQ(status, FRL_OK) << describe(status, error) << "\n" << e.text();
  std::vector<const Tensor*> tensors;
  for (const Operand& o : inputs) tensors.push_back(&o.tensor);
  const std::vector<Wants> wants = e.evaluate(tensors);
  for (uint32_t o : e.outputs) launch.outputs.emplace_back(Tensor(e.nodes[o].dtype, e.shape));
  launch.inputs = std::move(inputs);
  const Outcome outcome = c.runner.run(launch);
  if (outcome.status == Outcome::DONE) {
    for (size_t i = 0; i < wants.size(); ++i)
      check_output(c, launch.outputs[i].tensor, wants[i], fmt::format("output {} of\n{}", i, e.text()));
  } else {
    ADD_FAILURE() << "a compiled expression did not run: " << outcome.message << "\n" << e.text();
  }
  fusion->release(c.backend.device(), launch.kernel);
}

// One op, with its operands as inputs.
void check_single(Context& c, const Op& op, uint32_t dtype, uint32_t out_dtype, Random& random) {
  Expression e;
  e.shape = {3, 45};
  const bool select = op.code == FRL_OP_select;
  std::vector<Operand> inputs;
  uint32_t operands[3] = {};
  for (uint32_t i = 0; i < op.min_inputs; ++i) {
    const uint32_t code = select && i == 0 ? static_cast<uint32_t>(FRL_DTYPE_BOOL) : dtype;
    operands[i] = e.input(code);
    const bool ordinary = is_complex(dtype) && op.tolerance == Tolerance::ULP;
    inputs.emplace_back(ordinary ? moderate(code, e.shape, random, -3, 3) : mixed(code, e.shape, random));
  }
  e.outputs = {e.apply(op, out_dtype, operands[0], operands[1], operands[2])};
  check_expression(c, e, std::move(inputs));
}

std::vector<Operand> operands_for(const Expression& e, Random& random) {
  std::vector<Operand> inputs;
  for (uint32_t code : e.input_dtypes) {
    Tensor t = mixed(code, e.shape, random);
    const auto axes = static_cast<uint32_t>(e.shape.size());
    switch (random.below(6)) {
      case 0:
        inputs.emplace_back(std::move(t), LayoutKind::TRANSPOSED);
        break;
      case 1:
        inputs.emplace_back(std::move(t), LayoutKind::SLICED);
        break;
      case 2: {
        const uint32_t mask = 1u << random.below(axes);
        repeat_axes(t, mask);
        inputs.emplace_back(std::move(t), LayoutKind::BROADCAST, mask);
        break;
      }
      case 3:
        repeat_axes(t, (1u << axes) - 1);
        inputs.emplace_back(std::move(t), LayoutKind::INLINE);
        break;
      default:
        inputs.emplace_back(std::move(t));
        break;
    }
  }
  return inputs;
}

void refused(Context& c, const char* what, const frl_expr& expr) {
  const frl_fusion_api* fusion = fusion_of(c);
  frl_kernel* kernel = nullptr;
  Error error;
  const frl_status status = fusion->compile(c.backend.device(), &expr, &kernel, error);
  EXPECT_TRUE(status == FRL_INVALID_ARGUMENT || status == FRL_UNSUPPORTED) << what << ": " << describe(status, error);
  EXPECT_FALSE(error.text().empty()) << what << ": refused without a message";
  EXPECT_EQ(kernel, nullptr) << what;
  if (status == FRL_OK && kernel) fusion->release(c.backend.device(), kernel);
}

void malformed(Context& c) {
  if (!fusion_of(c)) GTEST_SKIP() << "not offered: frl.fusion";
  Expression good;
  good.shape = {4};
  const uint32_t a = good.input(FRL_DTYPE_F32), b = good.input(FRL_DTYPE_F32);
  good.outputs = {good.apply(op("add"), FRL_DTYPE_F32, a, b)};
  const std::vector<uint8_t> access(2, FRL_ACCESS_ANY);
  const auto broken = [&](const char* what, auto change) {
    Expression e = good;
    frl_expr expr = e.describe(access);
    change(e, expr);
    refused(c, what, expr);
  };
  broken("no nodes", [](Expression&, frl_expr& x) { x.n_nodes = 0; });
  broken("no outputs", [](Expression&, frl_expr& x) { x.n_outputs = 0; });
  broken("an operand that comes later", [](Expression& e, frl_expr&) { e.nodes[2].b = 2; });
  broken("an operand that does not exist", [](Expression& e, frl_expr&) { e.nodes[2].a = 77; });
  broken("an unknown op", [](Expression& e, frl_expr&) { e.nodes[2].op = 9999; });
  broken("an op that does not fuse", [](Expression& e, frl_expr&) { e.nodes[2].op = FRL_OP_matmul; });
  broken("an unknown dtype", [](Expression& e, frl_expr&) { e.nodes[2].dtype = 99; });
  broken("an input that does not exist", [](Expression& e, frl_expr&) { e.nodes[0].a = 5; });
  broken("an output that does not exist", [](Expression& e, frl_expr&) { e.outputs[0] = 3; });
  broken("an unknown reduction", [](Expression&, frl_expr& x) { x.reduction = 4711; });
  frl_chain node{sizeof node, FRL_CHAIN_MUST_UNDERSTAND, "conformance.unknown", nullptr};
  broken("a must-understand node", [&](Expression&, frl_expr& x) { x.next = &node; });
  node.flags = 0;
  Random random("good");
  check_expression(c, good,
                   {Operand(moderate(FRL_DTYPE_F32, {4}, random)), Operand(moderate(FRL_DTYPE_F32, {4}, random))});
}

}  // namespace

void add_fusion_cases(Catalog& catalog) {
  for (const Op& op : all_ops()) {
    if (!op.fuse) continue;
    for (const Dtype& d : all_dtypes()) {
      if (!op.takes(d.code)) continue;
      const bool casts = op.code == FRL_OP_copy;
      for (const Dtype& to : all_dtypes()) {
        const uint32_t out = casts ? to.code : op.result_dtype(d.code);
        if (!casts && to.code != out) continue;
        const std::string id = fmt::format("fusion/{}/{}{}/alone/3x45", op.name, d.short_name,
                                           casts ? fmt::format(">{}", to.short_name) : "");
        catalog.add(id, Profile::BASE, [&op, id, code = d.code, out](Context& c) {
          Random random(id);
          check_single(c, op, code, out, random);
        });
      }
    }
  }
  for (const Dtype& d : all_dtypes()) {
    if (is_complex(d.code)) continue;
    for (int k = 0; k < 40; ++k) {
      const std::string id = fmt::format("fusion/expression/{}/random/{}", d.short_name, k);
      catalog.add(id, Profile::BASE, [id, k, code = d.code](Context& c) {
        Random random(id);
        Expression e = Expression::random(code, 2 + static_cast<int>(random.below(k < 30 ? 20 : 60)), random);
        static const Shape shapes[] = {{131}, {7, 19}, {3, 5, 17}, {1}, {2, 1, 33}, {1000}};
        e.shape = shapes[k % 6];
        check_expression(c, e, operands_for(e, random));
      });
    }
    if (is_float(d.code))
      for (const char* function : {"exp", "log", "tanh", "sigmoid", "erf", "sin", "rsqrt", "log1p"}) {
        const std::string id = fmt::format("fusion/{}/{}/root/7x19", function, d.short_name);
        catalog.add(id, Profile::BASE, [id, function, code = d.code](Context& c) {
          Random random(id);
          Expression e = Expression::random(code, 6, random);
          e.shape = {7, 19};
          const uint32_t x = e.outputs[0];
          e.outputs = {e.apply(op(function), e.nodes[x].dtype, x)};
          if (!is_float(e.nodes[x].dtype)) e.outputs = {x};
          check_expression(c, e, operands_for(e, random));
        });
      }
  }
  catalog.add("fusion/compile/malformed", Profile::BASE, malformed);
}

}  // namespace ferrule::conformance
