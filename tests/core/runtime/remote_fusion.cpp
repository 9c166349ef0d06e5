#include "remote_fusion.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "error.h"
#include "handles.h"
#include "remote_plugin.h"

namespace ferrule::test {
namespace {

using cpu::Call;
using cpu::Tensor;

const frl_fusion_api* inner = nullptr;

// multiply, reduce_sum over one of two axes, epilogue; all float32.
struct SumKernel : frl_kernel {
  std::vector<frl_expr_node> nodes, epilogue;
  uint32_t axis = 0;
};

std::mutex mutex;
auto& made = *new std::vector<std::unique_ptr<SumKernel>>;  // the core releases kernels after our destructors

bool known(uint32_t op) {
  switch (op) {
    case FRL_EXPR_INPUT:
    case FRL_EXPR_CONSTANT:
    case FRL_EXPR_REDUCED:
    case FRL_OP_add:
    case FRL_OP_subtract:
    case FRL_OP_multiply:
    case FRL_OP_divide:
    case FRL_OP_negative:
    case FRL_OP_exp:
    case FRL_OP_sigmoid:
      return true;
    default:
      return false;
  }
}

double apply(uint32_t op, double a, double b) {
  switch (op) {
    case FRL_OP_add:
      return a + b;
    case FRL_OP_subtract:
      return a - b;
    case FRL_OP_multiply:
      return a * b;
    case FRL_OP_divide:
      return a / b;
    case FRL_OP_negative:
      return -a;
    case FRL_OP_exp:
      return std::exp(a);
    default:
      return 1 / (1 + std::exp(-a));
  }
}

double element(const Tensor& tensor, int64_t row, int64_t column) {
  return static_cast<double>(tensor.as<float>()[row * tensor.strides[0] + column * tensor.strides[1]]);
}

double evaluate(const std::vector<frl_expr_node>& nodes, const Call& call, int64_t row, int64_t column, double sum) {
  std::vector<double> values;
  for (const frl_expr_node& node : nodes) {
    float constant = 0;
    switch (node.op) {
      case FRL_EXPR_INPUT:
        values.push_back(element(call.inputs[node.a], row, column));
        break;
      case FRL_EXPR_REDUCED:
        values.push_back(sum);
        break;
      case FRL_EXPR_CONSTANT:
        std::memcpy(&constant, node.value, sizeof constant);
        values.push_back(static_cast<double>(constant));
        break;
      default:
        values.push_back(apply(node.op, values[node.a], values[node.b]));
    }
  }
  return values.back();
}

void run(const Call& call) {
  const auto& kernel = *reinterpret_cast<const SumKernel*>(call.plan);
  const Tensor& out = call.outputs[0];
  const Tensor& first = call.inputs[0];
  const int64_t length = first.shape[kernel.axis];
  for (int64_t i = 0; i < out.shape[1 - kernel.axis]; ++i) {
    double sum = 0;
    for (int64_t k = 0; k < length; ++k) {
      sum += evaluate(kernel.nodes, call, kernel.axis == 1 ? i : k, kernel.axis == 1 ? k : i, 0);
    }
    const int64_t row = kernel.axis == 1 ? i : 0, column = kernel.axis == 1 ? 0 : i;
    out.as<float>()[row * out.strides[0] + column * out.strides[1]] =
        static_cast<float>(evaluate(kernel.epilogue, call, row, column, sum));
  }
}

const char* query(const void*, const frl_call& call, frl_requirements& out, std::span<char>) {
  out.support = FRL_SUPPORTED;
  out.inline_ok = 0xffff;
  return call.outputs[0].ndim == 2 ? nullptr : "not two axes";
}

frl_status FRL_CALL compile(frl_device* device, const frl_expr* expr, frl_kernel** out, frl_error* error) {
  if (expr->reduction == 0) return inner->compile(device, expr, out, error);
  const auto* node = expr->next;
  if (expr->reduction != FRL_OP_reduce_sum || !node || std::string_view(node->name) != FRL_EXPR_EPILOGUE) {
    return cpu::fail(error, FRL_UNSUPPORTED, "[fusion] no such reduction here");
  }
  const auto& epilogue = *reinterpret_cast<const frl_expr_epilogue*>(node);
  auto kernel = std::make_unique<SumKernel>();
  kernel->nodes.assign(expr->nodes, expr->nodes + expr->n_nodes);
  kernel->epilogue.assign(epilogue.nodes, epilogue.nodes + epilogue.n_nodes);
  for (const auto* nodes : {&kernel->nodes, &kernel->epilogue}) {
    for (const frl_expr_node& each : *nodes) {
      if (!known(each.op) || each.dtype != FRL_DTYPE_F32)
        return cpu::fail(error, FRL_UNSUPPORTED, "[fusion] no such op");
    }
  }
  kernel->axis = expr->reduction_axes == 1 ? 0 : 1;
  kernel->op.name = "fused_sum";
  kernel->op.min_inputs = kernel->op.max_inputs = static_cast<uint16_t>(expr->n_inputs);
  kernel->op.n_outputs = 1;
  kernel->kernel = {kernel->op.name, 1, nullptr, run};
  kernel->program = kernel.get();
  kernel->program_query = query;
  std::lock_guard lock(mutex);
  *out = kernel.get();
  made.push_back(std::move(kernel));
  return FRL_OK;
}

void FRL_CALL release(frl_device* device, frl_kernel* kernel) {
  {
    std::lock_guard lock(mutex);
    if (std::erase_if(made, [&](const auto& each) { return each.get() == kernel; }) != 0) return;
  }
  inner->release(device, kernel);
}

}  // namespace

const frl_fusion_api* remote_fusion(const frl_fusion_api* table) {
  static frl_fusion_api fusion;
  inner = table;
  fusion = *table;
  fusion.compile = compile;
  fusion.release = release;
  return &fusion;
}

}  // namespace ferrule::test
