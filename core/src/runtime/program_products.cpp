// Program::fuse_products: matrix-vector products together with the elementwise chain behind them. On a device a dependent
// kernel costs about two microseconds, more than a small product itself.
#include <algorithm>
#include <optional>
#include <string_view>

#include "runtime/fused.h"
#include "runtime/fused_product.h"
#include "runtime/node.h"
#include "runtime/program.h"
#include "runtime/runtime.h"

namespace ferrule::detail {
namespace {

frl_expr_node expr_node(uint32_t op, Dtype dtype, uint32_t a = 0, uint32_t b = 0) {
  frl_expr_node node{};
  node.op = op;
  node.dtype = dtype.code();
  node.a = a;
  node.b = b;
  return node;
}

// The nodes of a chain: Fused, or one op. Inputs come first.
std::vector<frl_expr_node> chain_nodes(const Program::Step& step, const std::vector<Dtype>& dtypes) {
  if (auto* fused = dynamic_cast<const Fused*>(step.primitive.get())) return fused->nodes();
  std::vector<frl_expr_node> nodes;
  for (uint32_t i = 0; i < step.inputs.size(); ++i) nodes.push_back(expr_node(FRL_EXPR_INPUT, dtypes[i], i));
  frl_expr_node op = expr_node(static_cast<const KernelPrimitive&>(*step.primitive).code(), step.dtypes[0], 0, 1);
  op.c = 2;
  if (step.inputs.size() < 3) op.c = 0;
  if (step.inputs.size() < 2) op.b = 0;
  nodes.push_back(op);
  return nodes;
}

// The one axis that is longer than 1; nothing when there are several.
std::optional<int> long_axis(const Shape& shape) {
  int axis = 0, count = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    axis = static_cast<int>(i);
    ++count;
  }
  return count == 1 ? std::optional(axis) : std::nullopt;
}

}  // namespace

// Whether a matrix is a transposed view, as far as that is known before a call.
bool Program::lies_transposed(uint32_t value, const std::unordered_map<uint32_t, size_t>& producer) const {
  if (auto found = producer.find(value); found != producer.end()) {
    const Step& maker = steps_[found->second];
    return maker.primitive && std::string_view(maker.primitive->name()) == "Transpose";
  }
  if (value < n_inputs_) return false;
  const Node& node = *constants_[value - n_inputs_].node();
  return node.storage && !node.contiguous && node.strides[0] == 1;
}

bool Program::fuse_product(size_t chain_index, size_t at, const std::vector<uint32_t>& uses,
                           const std::unordered_map<uint32_t, size_t>& producer) {
  Step& chain = steps_[chain_index];
  // From the operand back through reshapes to the product; nothing else may see what lies between.
  uint32_t value = chain.inputs[at];
  std::vector<size_t> views;
  auto made_by = [&](uint32_t v) { return producer.count(v) != 0 && uses[v] == 1 ? &steps_[producer.at(v)] : nullptr; };
  const Step* step = made_by(value);
  while (step && step->primitive && std::string_view(step->primitive->name()) == "Reshape") {
    views.insert(views.begin(), producer.at(value));
    value = step->inputs[0];
    step = made_by(value);
  }
  if (!step || !step->primitive) return false;
  auto* matmul = dynamic_cast<const KernelPrimitive*>(step->primitive.get());
  if (!matmul || matmul->code() != FRL_OP_matmul || !(matmul->stream() == chain.primitive->stream())) return false;
  const Shape& left = value_shapes_[step->inputs[0]];
  const Shape& right = value_shapes_[step->inputs[1]];
  if (left.size() != 2 || right.size() != 2 || left[1] == 0) return false;
  const bool column = right[1] == 1;  // matrix times column, else row times matrix
  if (!column && left[0] != 1) return false;
  const Shape& shape = chain.shapes[0];
  std::optional<int> axis = long_axis(shape);
  if (!axis || shape[static_cast<size_t>(*axis)] != (column ? left[0] : right[1])) return false;
  if (value_shapes_[chain.inputs[at]] != shape) return false;

  // The kernel's axes follow the matrix as it lies in memory.
  const size_t matrix = column ? 0 : 1;
  const bool flipped = lies_transposed(step->inputs[matrix], producer);
  const size_t sum_axis = column != flipped ? 1 : 0;

  Dtype in = value_dtypes_[step->inputs[0]], out = step->dtypes[0];
  if (in != float16 && in != bfloat16 && in != float32 && in != float64) return false;
  Dtype wide = in == float64 ? float64 : float32;
  Expression expression;
  expression.nodes = {expr_node(FRL_EXPR_INPUT, in, 0), expr_node(FRL_EXPR_INPUT, in, 1)};
  if (in != wide) {
    expression.nodes.push_back(expr_node(FRL_OP_copy, wide, 0));
    expression.nodes.push_back(expr_node(FRL_OP_copy, wide, 1));
  }
  auto last = static_cast<uint32_t>(expression.nodes.size() - 1);
  expression.nodes.push_back(expr_node(FRL_OP_multiply, wide, last - 1, last));
  expression.reduction = FRL_OP_reduce_sum;
  expression.reduction_axes = 1u << sum_axis;

  std::vector<frl_expr_node>& epilogue = expression.epilogue;
  epilogue.push_back(expr_node(FRL_EXPR_REDUCED, wide));
  if (out != wide) epilogue.push_back(expr_node(FRL_OP_copy, out, 0));
  const auto reduced = static_cast<uint32_t>(epilogue.size() - 1);
  std::vector<Dtype> dtypes;
  for (uint32_t v : chain.inputs) dtypes.push_back(value_dtypes_[v]);
  std::vector<uint32_t> position;  // of the chain's nodes
  for (frl_expr_node node : chain_nodes(chain, dtypes)) {
    if (node.op == FRL_EXPR_INPUT) {
      if (node.a == at) {
        position.push_back(reduced);
        continue;
      }
      node.a = node.a < at ? node.a + 2 : node.a + 1;
    } else if (node.op != FRL_EXPR_CONSTANT) {
      node.a = position[node.a];
      node.b = position[node.b];
      node.c = position[node.c];
    }
    position.push_back(static_cast<uint32_t>(epilogue.size()));
    epilogue.push_back(node);
  }
  expression.n_inputs = static_cast<uint32_t>(chain.inputs.size() + 1);
  if (!Runtime::get().stream(chain.primitive->stream()).device().fused_kernel(expression)) return false;

  using View = FusedProduct::View;
  auto along = [](size_t axis, int from, bool reduced) {
    View view{{-1, -1}, reduced};
    view.axes[axis] = from;
    return view;
  };
  std::vector<View> kernel_views(2, View{{flipped ? 1 : 0, flipped ? 0 : 1}, false});
  kernel_views[1 - matrix] = along(sum_axis, column ? 0 : 1, false);
  std::vector<uint32_t> inputs{step->inputs[0], step->inputs[1]};
  for (size_t i = 0; i < chain.inputs.size(); ++i) {
    if (i == at) continue;
    inputs.push_back(chain.inputs[i]);
    int from = value_shapes_[chain.inputs[i]] == shape ? *axis : -1;
    kernel_views.push_back(along(1 - sum_axis, from, true));
  }
  auto part = [](const Step& from) { return ProductPart{from.primitive, from.shapes[0], from.dtypes[0]}; };
  FusedProduct::Parts parts{part(*step), {}, part(chain), at};
  for (size_t view : views) parts.views.push_back(part(steps_[view]));
  const Shape& lying = value_shapes_[step->inputs[matrix]];
  Shape extents = flipped ? Shape{lying[1], lying[0]} : lying;
  Step& product = steps_[producer.at(value)];
  chain.primitive = std::make_shared<FusedProduct>(chain.primitive->stream(), std::move(expression), extents,
                                                   std::move(kernel_views), std::move(parts));
  chain.inputs = std::move(inputs);
  product.primitive.reset();
  for (size_t view : views) steps_[view].primitive.reset();
  return true;
}

void Program::fuse_products() {
  const std::vector<uint32_t> uses = use_counts();
  std::unordered_map<uint32_t, size_t> producer;
  for (size_t i = 0; i < steps_.size(); ++i) {
    for (uint32_t output : steps_[i].outputs) producer[output] = i;
  }
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (!steps_[i].primitive) continue;
    if (!fusable(steps_[i]) && !dynamic_cast<const Fused*>(steps_[i].primitive.get())) continue;
    for (size_t at = 0; at < steps_[i].inputs.size(); ++at) {
      if (std::count(steps_[i].inputs.begin(), steps_[i].inputs.end(), steps_[i].inputs[at]) != 1) continue;
      if (fuse_product(i, at, uses, producer)) break;
    }
  }
  std::erase_if(steps_, [](const Step& step) { return !step.primitive; });
}

}  // namespace ferrule::detail
