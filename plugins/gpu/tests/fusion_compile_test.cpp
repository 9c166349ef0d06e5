// Every fusable op with every dtype, casts, reductions and epilogues become source that the run-time compiler takes for
// sm_90. Needs no device; skipped where the compiler is missing.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/dtypes.h"
#include "common/op_table.h"
#include "host/failure.h"
#include "host/fusion_compiler.h"
#include "host/fusion_expression.h"
#include "host/fusion_source.h"

namespace ferrule::gpu {
namespace {

frl_expr_node node(uint32_t op, uint32_t dtype, uint32_t a = 0, uint32_t b = 0, uint32_t c = 0) {
  frl_expr_node n{};
  n.op = op;
  n.dtype = dtype;
  n.a = a;
  n.b = b;
  n.c = c;
  return n;
}

frl_expr describe(const std::vector<frl_expr_node>& nodes, const std::vector<uint32_t>& outputs, uint32_t n_inputs) {
  frl_expr expr{};
  expr.struct_size = sizeof expr;
  expr.n_nodes = static_cast<uint32_t>(nodes.size());
  expr.n_inputs = n_inputs;
  expr.n_outputs = static_cast<uint32_t>(outputs.size());
  expr.nodes = nodes.data();
  expr.outputs = outputs.data();
  return expr;
}

class FusionCompile : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    if (!runtime_compiler().available(&why)) GTEST_SKIP() << why;
  }

  static void compiles(const frl_expr& expr, FusedForm form = FusedForm::kFlat) {
    const FusedSource source = fused_source(read_expression(expr), form);
    std::string binary, log;
    ASSERT_TRUE(runtime_compiler().compile(source.text, "sm_90", &binary, &log)) << log << "\n" << source.text;
    EXPECT_EQ(binary.substr(1, 3), "ELF");
    EXPECT_NE(binary.find("fused_main"), std::string::npos);
    EXPECT_EQ(binary.find("fused_finish") != std::string::npos, reduces(form));
  }
};

// All ops of one dtype leave one expression, so that one compilation covers them.
class FusionCompileDtype : public FusionCompile, public testing::WithParamInterface<uint32_t> {};

TEST_P(FusionCompileDtype, TakesEveryOp) {
  const uint32_t dtype = GetParam();
  std::vector<std::vector<frl_expr_node>> parts(1);
  std::vector<std::vector<uint32_t>> outputs(1);
  const auto begin = [&] {
    parts.back() = {node(FRL_EXPR_INPUT, dtype, 0), node(FRL_EXPR_INPUT, dtype, 1),
                    node(FRL_EXPR_INPUT, FRL_DTYPE_BOOL, 2)};
  };
  begin();
  uint32_t ops = 0;
  for (uint32_t code = 0; code < FRL_OP_reduce_sum; ++code) {
    const plugin::OpInfo* op = plugin::find_op(code);
    if (op == nullptr || !op->fusable || ((op->domain >> dtype) & 1u) == 0 || code == FRL_OP_copy) continue;
    if (outputs.back().size() == Expression::kMaxOutputs) {
      parts.emplace_back();
      outputs.emplace_back();
      begin();
    }
    const bool select = code == FRL_OP_select;
    outputs.back().push_back(static_cast<uint32_t>(parts.back().size()));
    parts.back().push_back(select ? node(code, dtype, 2, 0, 1) : node(code, plugin::result_dtype(code, dtype), 0, 1));
    ++ops;
  }
  ASSERT_GT(ops, 10u);
  for (size_t i = 0; i < parts.size(); ++i)
    compiles(describe(parts[i], outputs[i], 3), i % 2 == 0 ? FusedForm::kFlat : FusedForm::kMap);
}

TEST_P(FusionCompileDtype, CastsToEveryDtype) {
  std::vector<frl_expr_node> nodes = {node(FRL_EXPR_INPUT, GetParam(), 0)};
  std::vector<uint32_t> outputs;
  for (uint32_t to = 1; to < FRL_DTYPE_END_; ++to) {
    outputs.push_back(static_cast<uint32_t>(nodes.size()));
    nodes.push_back(node(FRL_OP_copy, to, 0));
    nodes.push_back(node(FRL_EXPR_CONSTANT, to));
    nodes.back().value[0] = 0x7f80000000000001u;
    if (outputs.size() < Expression::kMaxOutputs && to + 1 < FRL_DTYPE_END_) continue;
    compiles(describe(nodes, outputs, 1), FusedForm::kMap);
    nodes.resize(1);
    outputs.clear();
  }
}

TEST_P(FusionCompileDtype, ReducesByEveryReduction) {
  const uint32_t dtype = GetParam();
  for (uint32_t code = FRL_OP_reduce_sum; code <= FRL_OP_reduce_or; ++code) {
    if (((plugin::find_op(code)->domain >> dtype) & 1u) == 0) continue;
    frl_expr expr = {};
    const std::vector<frl_expr_node> nodes = {node(FRL_EXPR_INPUT, dtype, 0)};
    const std::vector<uint32_t> outputs = {0};
    expr = describe(nodes, outputs, 1);
    expr.reduction = code;
    expr.reduction_axes = 2;
    compiles(expr, code % 2 == 0 ? FusedForm::kRows : FusedForm::kColumns);
  }
}

std::string name_of(const testing::TestParamInfo<uint32_t>& info) { return plugin::dtype_name(info.param); }
INSTANTIATE_TEST_SUITE_P(Dtypes, FusionCompileDtype, testing::Range<uint32_t>(1, FRL_DTYPE_END_), name_of);

// sigmoid(x . w + b) - y, as the step of a logistic regression has it.
TEST_F(FusionCompile, TakesAnEpilogue) {
  const uint32_t f32 = FRL_DTYPE_F32;
  const std::vector<frl_expr_node> nodes = {node(FRL_EXPR_INPUT, f32, 0), node(FRL_EXPR_INPUT, f32, 1),
                                            node(FRL_OP_multiply, f32, 0, 1)};
  const std::vector<frl_expr_node> after = {node(FRL_EXPR_REDUCED, f32),  node(FRL_EXPR_INPUT, f32, 2),
                                            node(FRL_OP_add, f32, 0, 1),  node(FRL_OP_sigmoid, f32, 2),
                                            node(FRL_EXPR_INPUT, f32, 3), node(FRL_OP_subtract, f32, 3, 4)};
  const std::vector<uint32_t> outputs = {2}, results = {5, 3};
  frl_expr expr = describe(nodes, outputs, 4);
  expr.reduction = FRL_OP_reduce_sum;
  expr.reduction_axes = 2;
  frl_expr_epilogue epilogue{};
  epilogue.chain = {sizeof epilogue, FRL_CHAIN_MUST_UNDERSTAND, FRL_EXPR_EPILOGUE, nullptr};
  epilogue.n_nodes = static_cast<uint32_t>(after.size());
  epilogue.n_outputs = 2;
  epilogue.nodes = after.data();
  epilogue.outputs = results.data();
  expr.next = &epilogue.chain;
  compiles(expr, FusedForm::kRows);
  compiles(expr, FusedForm::kColumns);
}

TEST_F(FusionCompile, ReportsTheCompilersMessages) {
  std::string binary, log;
  EXPECT_FALSE(runtime_compiler().compile("int broken(", "sm_90", &binary, &log));
  EXPECT_NE(log.find("error"), std::string::npos) << log;
}

TEST(FusionExpression, RefusesAnOperandThatComesLater) {
  const std::vector<frl_expr_node> nodes = {node(FRL_EXPR_INPUT, FRL_DTYPE_F32, 0),
                                            node(FRL_OP_add, FRL_DTYPE_F32, 0, 1)};
  const std::vector<uint32_t> outputs = {1};
  try {
    read_expression(describe(nodes, outputs, 1));
    ADD_FAILURE() << "taken";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().code, FRL_INVALID_ARGUMENT);
    EXPECT_NE(std::string(failure.what()).find("expected an earlier one"), std::string::npos) << failure.what();
  }
}

TEST(FusionExpression, RefusesAResultDtypeThatTheOpDoesNotGive) {
  const std::vector<frl_expr_node> nodes = {node(FRL_EXPR_INPUT, FRL_DTYPE_F32, 0),
                                            node(FRL_OP_less, FRL_DTYPE_F32, 0, 0)};
  const std::vector<uint32_t> outputs = {1};
  EXPECT_THROW(read_expression(describe(nodes, outputs, 1)), Failure);
}

}  // namespace
}  // namespace ferrule::gpu
