// The expressions whose kernels fusion_sim_test runs on the simulated device; fusion_generate writes them at build time.
#pragma once

#include <string>
#include <vector>

#include "host/fusion_expression.h"
#include "host/fusion_source.h"

namespace ferrule::gpu::testing {

struct FusionCase {
  std::string name;
  Expression expression;
  FusedForm form;
};

// Every case in every form that it may run in.
inline std::vector<FusionCase> fusion_cases() {
  const auto node = [](uint32_t op, uint32_t dtype, uint32_t a = 0, uint32_t b = 0, uint32_t c = 0) {
    frl_expr_node n{};
    n.op = op;
    n.dtype = dtype;
    n.a = a;
    n.b = b;
    n.c = c;
    return n;
  };
  const auto f32_constant = [&](uint32_t bits) {
    frl_expr_node n = node(FRL_EXPR_CONSTANT, FRL_DTYPE_F32);
    n.value[0] = bits;
    return n;
  };
  std::vector<FusionCase> cases;
  const auto add = [&](const char* name, const std::vector<frl_expr_node>& nodes, const std::vector<uint32_t>& outputs,
                       uint32_t n_inputs, uint32_t reduction, uint32_t axes,
                       const std::vector<frl_expr_node>& after = {}, const std::vector<uint32_t>& results = {}) {
    frl_expr expr{};
    expr.struct_size = sizeof expr;
    expr.n_nodes = static_cast<uint32_t>(nodes.size());
    expr.n_inputs = n_inputs;
    expr.n_outputs = static_cast<uint32_t>(outputs.size());
    expr.nodes = nodes.data();
    expr.outputs = outputs.data();
    expr.reduction = reduction;
    expr.reduction_axes = axes;
    frl_expr_epilogue epilogue{};
    epilogue.chain = {sizeof epilogue, FRL_CHAIN_MUST_UNDERSTAND, FRL_EXPR_EPILOGUE, nullptr};
    epilogue.n_nodes = static_cast<uint32_t>(after.size());
    epilogue.n_outputs = static_cast<uint32_t>(results.size());
    epilogue.nodes = after.data();
    epilogue.outputs = results.data();
    if (!after.empty()) expr.next = &epilogue.chain;
    const Expression expression = read_expression(expr);
    if (reduction == 0) {
      cases.push_back({name, expression, FusedForm::kFlat});
      cases.push_back({name, expression, FusedForm::kMap});
    } else {
      cases.push_back({name, expression, FusedForm::kRows});
      cases.push_back({name, expression, FusedForm::kColumns});
    }
  };

  constexpr uint32_t f32 = FRL_DTYPE_F32, f16 = FRL_DTYPE_F16, i8 = FRL_DTYPE_I8;
  // x > y ? x * 1.5 + 0.5 : y, and its half precision form
  const std::vector<frl_expr_node> map = {node(FRL_EXPR_INPUT, f32, 0),
                                          node(FRL_EXPR_INPUT, f32, 1),
                                          f32_constant(0x3fc00000u),
                                          f32_constant(0x3f000000u),
                                          node(FRL_OP_multiply, f32, 0, 2),
                                          node(FRL_OP_add, f32, 4, 3),
                                          node(FRL_OP_greater, FRL_DTYPE_BOOL, 0, 1),
                                          node(FRL_OP_select, f32, 6, 5, 1),
                                          node(FRL_OP_copy, f16, 7)};
  add("map", map, {7, 8}, 2, 0, 0);
  // sum(x * y) with z + 1 - w * total behind it
  const std::vector<frl_expr_node> product = {node(FRL_EXPR_INPUT, f32, 0), node(FRL_EXPR_INPUT, f32, 1),
                                              node(FRL_OP_multiply, f32, 0, 1)};
  const std::vector<frl_expr_node> after = {node(FRL_EXPR_REDUCED, f32), node(FRL_EXPR_INPUT, f32, 2),
                                            node(FRL_EXPR_INPUT, f32, 3), node(FRL_OP_multiply, f32, 0, 2),
                                            node(FRL_OP_subtract, f32, 1, 3)};
  for (uint32_t axes = 1; axes <= 3; ++axes) {
    add(("product_" + std::to_string(axes)).c_str(), product, {2}, 4, FRL_OP_reduce_sum, axes, after, {4, 0});
  }
  add("max_f16", {node(FRL_EXPR_INPUT, f16, 0)}, {0}, 1, FRL_OP_reduce_max, 2);
  add("prod_i8", {node(FRL_EXPR_INPUT, i8, 0)}, {0}, 1, FRL_OP_reduce_prod, 1);
  return cases;
}

}  // namespace ferrule::gpu::testing
