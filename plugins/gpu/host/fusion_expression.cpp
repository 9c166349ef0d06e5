#include "host/fusion_expression.h"

#include <algorithm>
#include <cstring>

#include "common/dtypes.h"
#include "common/op_table.h"
#include "host/failure.h"

namespace ferrule::gpu {
namespace {

using plugin::dtype_name;

constexpr uint32_t kMaxOperands = 3;

bool is_reduction(uint32_t code) { return code >= FRL_OP_reduce_sum && code <= FRL_OP_reduce_or; }

class Reader {
 public:
  explicit Reader(Expression& expression) : expression_(expression) {}

  // `reduced_dtype` is FRL_NONE in the elementwise part.
  void read(const frl_expr_node* nodes, uint32_t n_nodes, const uint32_t* outputs, uint32_t n_outputs,
            uint32_t reduced_dtype, NodeList& to) {
    if (n_nodes == 0 || nodes == nullptr || n_outputs == 0 || outputs == nullptr) {
      throw Failure(FRL_INVALID_ARGUMENT, "[fusion] got %u nodes and %u outputs; expected at least one of each",
                    n_nodes, n_outputs);
    }
    if (n_nodes > Expression::kMaxNodes || n_outputs > Expression::kMaxOutputs) {
      throw Failure(FRL_UNSUPPORTED, "[fusion] got %u nodes and %u outputs; expected at most %u and %u", n_nodes,
                    n_outputs, Expression::kMaxNodes, Expression::kMaxOutputs);
    }
    for (uint32_t i = 0; i < n_nodes; ++i) check(nodes, i, reduced_dtype);
    for (uint32_t i = 0; i < n_outputs; ++i) {
      if (outputs[i] >= n_nodes) {
        throw Failure(FRL_INVALID_ARGUMENT, "[fusion] output %u is node %u; expected one of %u nodes", i, outputs[i],
                      n_nodes);
      }
    }
    to.nodes.assign(nodes, nodes + n_nodes);
    to.outputs.assign(outputs, outputs + n_outputs);
  }

 private:
  void check(const frl_expr_node* nodes, uint32_t i, uint32_t reduced_dtype) {
    const frl_expr_node& node = nodes[i];
    if (plugin::item_size(node.dtype) == 0) {
      throw Failure(FRL_UNSUPPORTED, "[fusion] node %u has the unknown dtype code %u", i, node.dtype);
    }
    if (node.op == FRL_EXPR_CONSTANT) return;
    if (node.op == FRL_EXPR_INPUT) return check_input(node, i, reduced_dtype == FRL_NONE);
    if (node.op == FRL_EXPR_REDUCED && reduced_dtype != FRL_NONE) {
      if (node.dtype == reduced_dtype) return;
      throw Failure(FRL_INVALID_ARGUMENT, "[fusion] node %u takes the reduction as %s; expected %s", i,
                    dtype_name(node.dtype), dtype_name(reduced_dtype));
    }
    const plugin::OpInfo* op = plugin::find_op(node.op);
    if (op == nullptr || !op->fusable) {
      throw Failure(FRL_UNSUPPORTED, "[fusion] node %u has op code %u, which does not fuse", i, node.op);
    }
    const uint32_t operands[kMaxOperands] = {node.a, node.b, node.c};
    for (uint32_t k = 0; k < op->min_inputs; ++k) {
      if (operands[k] >= i) {
        throw Failure(FRL_INVALID_ARGUMENT, "[fusion] operand %u of node %u (%s) is node %u; expected an earlier one",
                      k, i, op->name, operands[k]);
      }
    }
    if (node.op == FRL_OP_copy) return;
    const uint32_t first = node.op == FRL_OP_select ? 1 : 0;
    const uint32_t dtype = nodes[operands[first]].dtype;
    for (uint32_t k = 0; k < op->min_inputs; ++k) {
      const uint32_t got = nodes[operands[k]].dtype, expected = k < first ? uint32_t{FRL_DTYPE_BOOL} : dtype;
      if (got != expected) {
        throw Failure(FRL_INVALID_ARGUMENT, "[fusion] operand %u of node %u (%s) is %s; expected %s", k, i, op->name,
                      dtype_name(got), dtype_name(expected));
      }
    }
    if (((op->domain >> dtype) & 1u) == 0) {
      throw Failure(FRL_INVALID_ARGUMENT, "[fusion] node %u (%s) does not take %s", i, op->name, dtype_name(dtype));
    }
    if (const uint32_t expected = plugin::result_dtype(node.op, dtype); node.dtype != expected) {
      throw Failure(FRL_INVALID_ARGUMENT, "[fusion] node %u (%s) has result dtype %s; expected %s", i, op->name,
                    dtype_name(node.dtype), dtype_name(expected));
    }
  }

  void check_input(const frl_expr_node& node, uint32_t i, bool in_main) {
    if (node.a >= expression_.n_inputs && in_main) {
      throw Failure(FRL_INVALID_ARGUMENT, "[fusion] node %u reads input %u; expected one of %u", i, node.a,
                    expression_.n_inputs);
    }
    if (node.a >= Expression::kMaxInputs) {
      throw Failure(FRL_UNSUPPORTED, "[fusion] node %u reads input %u; expected at most %u inputs", i, node.a,
                    Expression::kMaxInputs);
    }
    if (node.a >= expression_.n_inputs) expression_.n_inputs = node.a + 1;
    expression_.input_dtypes.resize(expression_.n_inputs, FRL_NONE);
    expression_.read_by_main.resize(expression_.n_inputs, false);
    uint32_t& dtype = expression_.input_dtypes[node.a];
    if (dtype != FRL_NONE && dtype != node.dtype) {
      throw Failure(FRL_INVALID_ARGUMENT, "[fusion] input %u is read as %s and as %s", node.a, dtype_name(dtype),
                    dtype_name(node.dtype));
    }
    dtype = node.dtype;
    if (in_main) expression_.read_by_main[node.a] = true;
  }

  Expression& expression_;
};

const frl_expr_epilogue* find_epilogue(const frl_expr& expr) {
  const frl_expr_epilogue* found = nullptr;
  for (const frl_chain* node = expr.next; node != nullptr; node = node->next) {
    if (node->name != nullptr && std::strcmp(node->name, FRL_EXPR_EPILOGUE) == 0) {
      if (node->struct_size < sizeof(frl_expr_epilogue)) {
        throw Failure(FRL_INVALID_ARGUMENT, "[fusion] the epilogue has %u bytes; expected at least %zu",
                      node->struct_size, sizeof(frl_expr_epilogue));
      }
      found = reinterpret_cast<const frl_expr_epilogue*>(node);
    } else if ((node->flags & FRL_CHAIN_MUST_UNDERSTAND) != 0) {
      throw Failure(FRL_UNSUPPORTED, "[fusion] got the unknown must-understand node \"%s\"",
                    node->name == nullptr ? "" : node->name);
    }
  }
  return found;
}

}  // namespace

Expression read_expression(const frl_expr& expr) {
  const frl_expr_epilogue* epilogue = find_epilogue(expr);
  Expression expression;
  if (expr.n_inputs > Expression::kMaxInputs) {
    throw Failure(FRL_UNSUPPORTED, "[fusion] got %u inputs; expected at most %u", expr.n_inputs,
                  Expression::kMaxInputs);
  }
  expression.n_inputs = expr.n_inputs;
  expression.input_dtypes.assign(expr.n_inputs, FRL_NONE);
  expression.read_by_main.assign(expr.n_inputs, false);
  Reader reader(expression);
  reader.read(expr.nodes, expr.n_nodes, expr.outputs, expr.n_outputs, FRL_NONE, expression.main);
  if (expr.reduction == 0) {
    if (epilogue == nullptr) return expression;
    throw Failure(FRL_INVALID_ARGUMENT, "[fusion] got an epilogue without a reduction");
  }
  const plugin::OpInfo* op = plugin::find_op(expr.reduction);
  if (op == nullptr || !is_reduction(expr.reduction)) {
    throw Failure(FRL_UNSUPPORTED, "[fusion] got the reduction code %u; expected a reduce_* op", expr.reduction);
  }
  if (expr.n_outputs != 1) {
    throw Failure(FRL_UNSUPPORTED, "[fusion] got a reduction of %u outputs; expected one", expr.n_outputs);
  }
  const uint32_t dtype = expression.output_dtype(0);
  if (((op->domain >> dtype) & 1u) == 0) {
    throw Failure(FRL_INVALID_ARGUMENT, "[fusion] %s does not take %s", op->name, dtype_name(dtype));
  }
  expression.reduction = expr.reduction;
  expression.reduction_axes = expr.reduction_axes;
  expression.reduced_dtype = plugin::result_dtype(expr.reduction, dtype);
  if (epilogue != nullptr) {
    reader.read(epilogue->nodes, epilogue->n_nodes, epilogue->outputs, epilogue->n_outputs, expression.reduced_dtype,
                expression.epilogue);
  } else {
    frl_expr_node reduced{};
    reduced.op = FRL_EXPR_REDUCED;
    reduced.dtype = expression.reduced_dtype;
    expression.epilogue = {{reduced}, {0}};
  }
  return expression;
}

}  // namespace ferrule::gpu
