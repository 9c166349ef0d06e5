#include "expression.h"

#include <cmath>
#include <cstring>

#include <fmt/format.h>

namespace ferrule::conformance {
namespace {

// Ops with one exact result for every input, so that a chain of them has one, too.
std::vector<const Op*> exact_ops(uint32_t dtype) {
  std::vector<const Op*> list;
  for (const Op& op : all_ops())
    if (op.fuse && op.takes(dtype) && op.ulp == 0 && op.code != FRL_OP_copy && op.code != FRL_OP_select)
      list.push_back(&op);
  return list;
}

}  // namespace

uint32_t Expression::input(uint32_t dtype) {
  frl_expr_node n{};
  n.op = FRL_EXPR_INPUT;
  n.dtype = dtype;
  n.a = static_cast<uint32_t>(input_dtypes.size());
  input_dtypes.push_back(dtype);
  nodes.push_back(n);
  return static_cast<uint32_t>(nodes.size() - 1);
}

uint32_t Expression::constant(uint32_t dtype, const Value& value) {
  frl_expr_node n{};
  n.op = FRL_EXPR_CONSTANT;
  n.dtype = dtype;
  store(dtype, value, reinterpret_cast<std::byte*>(n.value));
  nodes.push_back(n);
  return static_cast<uint32_t>(nodes.size() - 1);
}

uint32_t Expression::apply(const Op& op, uint32_t dtype, uint32_t a, uint32_t b, uint32_t c) {
  frl_expr_node n{};
  n.op = op.code;
  n.dtype = dtype;
  n.a = a;
  n.b = op.min_inputs > 1 ? b : 0;
  n.c = op.min_inputs > 2 ? c : 0;
  nodes.push_back(n);
  return static_cast<uint32_t>(nodes.size() - 1);
}

Expression Expression::random(uint32_t dtype, int n, Random& random) {
  Expression e;
  std::vector<uint32_t> values, truths;  // nodes of `dtype`, nodes of bool
  const auto pick = [&](const std::vector<uint32_t>& from) {
    // Recent nodes more often, so that chains grow long.
    const auto size = static_cast<int64_t>(from.size());
    return from[static_cast<size_t>(
        std::max<int64_t>(0, size - 1 - random.below(std::min<int64_t>(size, 1 + random.below(6)))))];
  };
  for (int64_t i = 1 + random.below(3); i-- > 0;) values.push_back(e.input(dtype));
  const std::vector<const Op*> ops = exact_ops(dtype);
  const auto add_value = [&](uint32_t node) {
    (is_bool(e.nodes[node].dtype) && !is_bool(dtype) ? truths : values).push_back(node);
  };
  while (static_cast<int>(e.nodes.size()) < n) {
    const int64_t kind = random.below(12);
    if (kind == 0) {
      const auto special = special_values(dtype);
      add_value(e.constant(dtype, special[static_cast<size_t>(random.below(static_cast<int64_t>(special.size())))]));
    } else if (kind == 1 && !truths.empty()) {
      add_value(e.apply(op("select"), dtype, pick(truths), pick(values), pick(values)));
    } else if (kind == 2) {  // to another dtype and back
      const auto all = all_dtypes();
      const Dtype& other = all[static_cast<size_t>(random.below(static_cast<int64_t>(all.size())))];
      if (is_complex(other.code)) continue;
      const uint32_t there = e.apply(op("copy"), other.code, pick(values));
      add_value(e.apply(op("copy"), dtype, there));
    } else if (kind == 3 && truths.size() > 1) {
      truths.push_back(
          e.apply(op(random.below(2) ? "logical_and" : "logical_or"), FRL_DTYPE_BOOL, pick(truths), pick(truths)));
    } else if (!ops.empty()) {
      const Op& o = *ops[static_cast<size_t>(random.below(static_cast<int64_t>(ops.size())))];
      add_value(e.apply(o, o.result_dtype(dtype), pick(values), pick(values)));
    }
  }
  e.outputs = {values.back()};
  if (random.below(3) == 0) e.outputs.push_back(pick(values));
  if (!truths.empty() && random.below(3) == 0) e.outputs.push_back(truths.back());
  return e;
}

frl_expr Expression::describe(const std::vector<uint8_t>& access) const {
  frl_expr x{};
  x.struct_size = sizeof x;
  x.n_nodes = static_cast<uint32_t>(nodes.size());
  x.n_inputs = static_cast<uint32_t>(input_dtypes.size());
  x.n_outputs = static_cast<uint32_t>(outputs.size());
  x.nodes = nodes.data();
  x.outputs = outputs.data();
  x.input_access = access.data();
  return x;
}

std::vector<Wants> Expression::evaluate(const std::vector<const Tensor*>& inputs) const {
  struct Node {
    Tensor value;
    std::vector<bool> free;  // elements that depend on a zero whose sign is free
    Wants wants;
  };
  std::vector<Node> done;
  const auto n = static_cast<size_t>(count(shape));
  for (const frl_expr_node& node : nodes) {
    Node now{Tensor(node.dtype, shape), std::vector<bool>(n), {}};
    if (node.op == FRL_EXPR_INPUT) {
      now.value = *inputs[node.a];
      for (size_t i = 0; i < n; ++i) now.wants.push_back(Want::moved(now.value.bits(static_cast<int64_t>(i))));
    } else if (node.op == FRL_EXPR_CONSTANT) {
      for (size_t i = 0; i < n; ++i) {
        std::memcpy(now.value.address(static_cast<int64_t>(i)), node.value, now.value.itemsize());
        now.wants.push_back(Want::moved(now.value.bits(static_cast<int64_t>(i))));
      }
    } else {
      const Op& o = *find_op(node.op);
      std::vector<const Tensor*> in;
      const uint32_t operands[3] = {node.a, node.b, node.c};
      for (uint32_t k = 0; k < o.min_inputs; ++k) in.push_back(&done[operands[k]].value);
      now.wants = want_elementwise(o, in, node.dtype);
      for (size_t i = 0; i < n; ++i) {
        const Want& w = now.wants[i];
        const auto at = static_cast<int64_t>(i);
        if (w.bitwise)
          std::memcpy(now.value.address(at), &w.bits, now.value.itemsize());
        else
          now.value.set(at, is_float(node.dtype) ? Value{round_to(node.dtype, w.value.re), 0} : w.value);
        now.free[i] = w.any_zero_sign && is_float(node.dtype) && w.value.re == 0;
        for (uint32_t k = 0; k < o.min_inputs; ++k) now.free[i] = now.free[i] || done[operands[k]].free[i];
        // A NaN's payload is nobody's promise once it was computed.
        if (w.bitwise && has_nan(node.dtype, now.value.at(at))) now.wants[i] = Want::exact(now.value.at(at));
      }
    }
    done.push_back(std::move(now));
  }
  std::vector<Wants> all;
  for (uint32_t o : outputs) {
    Wants wants = done[o].wants;
    for (size_t i = 0; i < n; ++i) wants[i].ignored = done[o].free[i];
    all.push_back(std::move(wants));
  }
  return all;
}

std::string Expression::text() const {
  std::string out;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const frl_expr_node& n = nodes[i];
    const char* type = dtype(n.dtype).short_name;
    if (n.op == FRL_EXPR_INPUT)
      out += fmt::format("  %{} = input {} {}\n", i, n.a, type);
    else if (n.op == FRL_EXPR_CONSTANT)
      out += fmt::format("  %{} = {} {}\n", i,
                         to_text(n.dtype, load(n.dtype, reinterpret_cast<const std::byte*>(n.value))), type);
    else {
      const Op* o = find_op(n.op);
      out += fmt::format("  %{} = {} {} %{}", i, o ? o->name : "?", type, n.a);
      if (o && o->min_inputs > 1) out += fmt::format(" %{}", n.b);
      if (o && o->min_inputs > 2) out += fmt::format(" %{}", n.c);
      out += "\n";
    }
  }
  for (uint32_t o : outputs) out += fmt::format("  out %{}", o);
  return out;
}

}  // namespace ferrule::conformance
