// Checks an expression, compiles it to a tile program, and answers queries and runs for it.
#include "fusion.h"

#include <algorithm>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "common/check.h"
#include "elementwise/op_info.h"
#include "elementwise/tile_program.h"
#include "handles.h"

namespace ferrule::cpu {
namespace {

using plugin::check_same_shape;
using plugin::dtype_name;
using plugin::reject;

struct FusedKernel : frl_kernel {
  TileProgram tiles;
  std::vector<uint32_t> input_dtypes;  // FRL_NONE: the expression does not read it
  std::vector<uint32_t> output_dtypes;
  int64_t grain = 32768;
};

// Why an expression cannot be compiled.
struct Refusal {
  frl_status status;
  std::string reason;
};

[[noreturn]] void refuse(frl_status status, std::string reason) { throw Refusal{status, std::move(reason)}; }

std::string node_text(uint32_t index, const char* op) { return "node " + std::to_string(index) + " (" + op + "): "; }

class Compiler {
 public:
  Compiler(const frl_expr& expr, FusedKernel& kernel) : expr_(expr), kernel_(kernel), table_(loop_table()) {}

  void compile() {
    declare_inputs();
    for (uint32_t i = 0; i < expr_.n_nodes; ++i) values_.push_back(node(i, expr_.nodes[i]));
    for (uint32_t k = 0; k < expr_.n_outputs; ++k) {
      const uint32_t index = expr_.outputs[k];
      if (index >= expr_.n_nodes) {
        refuse(FRL_INVALID_ARGUMENT, "output " + std::to_string(k) + " is node " + std::to_string(index) +
                                         "; expected one of " + std::to_string(expr_.n_nodes) + " nodes");
      }
      const uint32_t dtype = expr_.nodes[index].dtype;
      kernel_.output_dtypes.push_back(dtype);
      kernel_.tiles.add_output(kernel_.tiles.add_cast(table_, values_[index], dtype));
    }
    kernel_.tiles.finish();
  }

 private:
  void declare_inputs() {
    kernel_.input_dtypes.assign(expr_.n_inputs, FRL_NONE);
    for (uint32_t i = 0; i < expr_.n_nodes; ++i) {
      const frl_expr_node& node = expr_.nodes[i];
      if (node.dtype == FRL_NONE || node.dtype >= kDtypes) {
        refuse(FRL_UNSUPPORTED, node_text(i, "any") + "got dtype code " + std::to_string(node.dtype));
      }
      if (node.op != FRL_EXPR_INPUT) continue;
      if (node.a >= expr_.n_inputs) {
        refuse(FRL_INVALID_ARGUMENT, node_text(i, "input") + "got input " + std::to_string(node.a) +
                                         "; expected one of " + std::to_string(expr_.n_inputs));
      }
      uint32_t& dtype = kernel_.input_dtypes[node.a];
      if (dtype != FRL_NONE && dtype != node.dtype) {
        refuse(FRL_INVALID_ARGUMENT, node_text(i, "input") + "got dtypes " + dtype_name(dtype) + " and " +
                                         dtype_name(node.dtype) + " for one input");
      }
      dtype = node.dtype;
    }
    // An input that is not read stands in the list all the same, with the smallest item.
    for (const uint32_t dtype : kernel_.input_dtypes) {
      inputs_.push_back(kernel_.tiles.add_input(dtype == FRL_NONE ? uint32_t{FRL_DTYPE_U8} : dtype));
    }
    // Widened once, however many nodes read them.
    for (uint32_t& input : inputs_) {
      input = kernel_.tiles.add_cast(table_, input, compute_dtype(kernel_.tiles.dtype(input)));
    }
  }

  uint32_t node(uint32_t index, const frl_expr_node& node) {
    if (node.op == FRL_EXPR_INPUT) return inputs_[node.a];
    if (node.op == FRL_EXPR_CONSTANT) return kernel_.tiles.add_constant(node.dtype, node.value);
    const OpInfo* op = node.op < kOpCodes && kFusableOps[node.op].name != nullptr ? &kFusableOps[node.op] : nullptr;
    if (op == nullptr) refuse(FRL_UNSUPPORTED, node_text(index, "unknown") + "got op code " + std::to_string(node.op));
    const uint32_t operands[kMaxOperands] = {node.a, node.b, node.c};
    uint32_t inputs[kMaxOperands];
    for (uint32_t k = 0; k < op->min_inputs; ++k) {
      if (operands[k] >= index) {
        refuse(FRL_INVALID_ARGUMENT, node_text(index, op->name) + "operand " + std::to_string(k) + " is node " +
                                         std::to_string(operands[k]) + "; expected an earlier one");
      }
      inputs[k] = values_[operands[k]];
    }
    if (node.op == FRL_OP_copy) return cast(inputs[0], node.dtype);
    const uint32_t first = node.op == FRL_OP_select ? 1 : 0;
    const uint32_t dtype = expr_.nodes[operands[first]].dtype;
    for (uint32_t k = 0; k < op->min_inputs; ++k) {
      const uint32_t got = expr_.nodes[operands[k]].dtype;
      const uint32_t expected = k < first ? uint32_t{FRL_DTYPE_BOOL} : dtype;
      if (got != expected) {
        refuse(FRL_INVALID_ARGUMENT, node_text(index, op->name) + "operand " + std::to_string(k) + " is " +
                                         dtype_name(got) + "; expected " + dtype_name(expected));
      }
    }
    if (((op->domain >> dtype) & 1u) == 0) {
      refuse(FRL_INVALID_ARGUMENT, node_text(index, op->name) + "does not take " + dtype_name(dtype));
    }
    if (node.dtype != result_dtype(node.op, dtype)) {
      refuse(FRL_INVALID_ARGUMENT, node_text(index, op->name) + "got result dtype " + dtype_name(node.dtype) +
                                       "; expected " + dtype_name(result_dtype(node.op, dtype)));
    }
    uint32_t value = 0;
    if (!kernel_.tiles.add_op(table_, node.op, dtype, std::span(inputs, op->min_inputs), &value)) {
      refuse(FRL_UNSUPPORTED, node_text(index, op->name) + "no loop for " + dtype_name(dtype));
    }
    kernel_.grain = std::min(kernel_.grain, elements_per_task(node.op, dtype));
    return value;
  }

  // To a narrow dtype and at once back to f32, in which its values are held.
  uint32_t cast(uint32_t value, uint32_t dtype) {
    value = kernel_.tiles.add_cast(table_, value, compute_dtype(dtype));
    if (!is_narrow_float(dtype)) return value;
    const Loop round = dtype == FRL_DTYPE_F16 ? table_.round_to_f16 : table_.round_to_bf16;
    return kernel_.tiles.add_step(round, FRL_DTYPE_F32, std::span(&value, 1));
  }

  const frl_expr& expr_;
  FusedKernel& kernel_;
  const LoopTable& table_;
  std::vector<uint32_t> inputs_;  // per input, in the dtype it is computed in
  std::vector<uint32_t> values_;  // per node
};

const char* query_fused(const void* program, const frl_call& call, frl_requirements& out, std::span<char> reason) {
  const auto& kernel = *static_cast<const FusedKernel*>(program);
  const frl_tensor& output = call.outputs[0];
  for (uint32_t i = 0; i < call.n_inputs; ++i) {
    if (kernel.input_dtypes[i] != FRL_NONE && call.inputs[i].dtype != kernel.input_dtypes[i]) {
      return reject(reason, "got input %u of dtype %s; the expression has %s", i, dtype_name(call.inputs[i].dtype),
                    dtype_name(kernel.input_dtypes[i]));
    }
    if (const char* why = check_same_shape(call.inputs[i], output, -1, "input", reason); why != nullptr) return why;
  }
  for (uint32_t i = 0; i < call.n_outputs; ++i) {
    if (call.outputs[i].dtype != kernel.output_dtypes[i]) {
      return reject(reason, "got output %u of dtype %s; the expression has %s", i, dtype_name(call.outputs[i].dtype),
                    dtype_name(kernel.output_dtypes[i]));
    }
    if (const char* why = check_same_shape(call.outputs[i], output, -1, "output", reason); why != nullptr) return why;
  }
  out.support = FRL_SUPPORTED;
  out.inline_ok = static_cast<uint32_t>((uint64_t{1} << call.n_inputs) - 1);
  for (uint32_t i = 0; i < call.n_inputs && call.n_outputs == 1; ++i) {
    if (call.inputs[i].dtype == output.dtype) out.reuse_input_for_output |= 1u << i;
  }
  return nullptr;
}

void run_fused(const Call& call) {
  const auto& kernel = *reinterpret_cast<const FusedKernel*>(call.plan);
  kernel.tiles.run(std::span(call.inputs, call.n_inputs), std::span(call.outputs, call.n_outputs), kernel.grain);
}

void check_expression(const frl_expr& expr) {
  for (const frl_chain* node = expr.next; node != nullptr; node = node->next) {
    if ((node->flags & FRL_CHAIN_MUST_UNDERSTAND) != 0) {
      refuse(FRL_UNSUPPORTED, std::string("got the unknown must-understand node \"") + node->name + "\"");
    }
  }
  if (expr.reduction != 0) refuse(FRL_UNSUPPORTED, "got a reduction; expected a purely elementwise expression");
  if (expr.n_nodes == 0 || expr.nodes == nullptr || expr.n_outputs == 0 || expr.outputs == nullptr) {
    refuse(FRL_INVALID_ARGUMENT, "got " + std::to_string(expr.n_nodes) + " nodes and " +
                                     std::to_string(expr.n_outputs) + " outputs; expected at least one of each");
  }
  if (expr.n_inputs > kMaxInputs || expr.n_outputs > kMaxInputs) {
    refuse(FRL_UNSUPPORTED, "got " + std::to_string(expr.n_inputs) + " inputs and " + std::to_string(expr.n_outputs) +
                                " outputs; expected at most " + std::to_string(kMaxInputs));
  }
}

frl_status compile(frl_device*, const frl_expr* expr, frl_kernel** out_kernel, frl_error* error) {
  if (expr == nullptr || out_kernel == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[fusion] %s is NULL", expr == nullptr ? "expr" : "out_kernel");
  }
  if (expr->struct_size < offsetof(frl_expr, reduction)) {
    return fail(error, FRL_INVALID_ARGUMENT, "[fusion] got struct_size %u; expected at least %zu", expr->struct_size,
                offsetof(frl_expr, reduction));
  }
  frl_expr known{};
  std::copy_n(reinterpret_cast<const char*>(expr), std::min(size_t{expr->struct_size}, sizeof known),
              reinterpret_cast<char*>(&known));
  try {
    check_expression(known);
    auto kernel = std::make_unique<FusedKernel>();
    Compiler(known, *kernel).compile();
    kernel->op.name = "fused";
    kernel->op.min_inputs = kernel->op.max_inputs = static_cast<uint16_t>(known.n_inputs);
    kernel->op.n_outputs = static_cast<uint16_t>(known.n_outputs);
    kernel->kernel = {.name = kernel->op.name, .version = 1, .query = nullptr, .run = run_fused};
    kernel->program = kernel.get();
    kernel->program_query = query_fused;
    *out_kernel = kernel.release();
    return FRL_OK;
  } catch (const Refusal& refusal) {
    return fail(error, refusal.status, "[fusion] %s", refusal.reason.c_str());
  } catch (const std::bad_alloc&) {
    return fail(error, FRL_OUT_OF_MEMORY, "[fusion] no memory for an expression of %u nodes", known.n_nodes);
  }
}

void release(frl_device*, frl_kernel* kernel) { delete static_cast<FusedKernel*>(kernel); }

}  // namespace

const frl_fusion_api* fusion_extension() {
  static constexpr frl_fusion_api kApi = {
      .struct_size = sizeof(frl_fusion_api), .max_nodes = 0, .compile = compile, .release = release};
  return &kApi;
}

}  // namespace ferrule::cpu
