#include "runtime/program.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "runtime/failure.h"
#include "runtime/fused.h"
#include "runtime/kernel_table.h"
#include "runtime/node.h"

namespace ferrule::detail {
namespace {

// A fused kernel takes so many inputs and ops; longer chains become several.
constexpr size_t kMaxFusedInputs = 12;
constexpr size_t kMaxFusedSteps = 48;

struct Traced {
  std::vector<array> order;      // nodes that depend on the arguments, inputs before users
  std::vector<array> constants;  // other arrays they use
};

// Walks the graph behind `outputs` without recursion.
Traced walk(const std::vector<array>& outputs, const std::unordered_map<const Node*, uint32_t>& arguments) {
  struct Frame {
    array value;
    size_t next_input = 0;
    bool depends = false;
  };
  std::unordered_map<const Node*, bool> depends;  // of visited nodes
  std::vector<Frame> stack;
  std::vector<array> order, leaves;
  auto visit = [&](const array& a) {
    const Node* node = a.node().get();
    if (depends.count(node)) return;
    depends.emplace(node, arguments.count(node) != 0);
    if (arguments.count(node)) return;
    stack.push_back({a});
  };
  for (const array& output : outputs) {
    visit(output);
    while (!stack.empty()) {
      Frame& frame = stack.back();
      const auto& inputs = frame.value.inputs();
      if (frame.next_input < inputs.size()) {
        array next = inputs[frame.next_input++];
        visit(next);
        continue;
      }
      bool any = false;
      for (const array& input : inputs) any |= depends[input.node().get()];
      depends[frame.value.node().get()] = any;
      if (any) order.push_back(frame.value);
      stack.pop_back();
    }
  }
  Traced traced;
  std::unordered_map<const Node*, bool> seen;
  auto add_constant = [&](const array& a) {
    if (!depends[a.node().get()] && seen.emplace(a.node().get(), true).second) traced.constants.push_back(a);
  };
  for (const array& node : order) {
    for (const array& input : node.inputs()) add_constant(input);
  }
  for (const array& output : outputs) add_constant(output);
  traced.order = std::move(order);
  return traced;
}

}  // namespace

Program trace(const ArrayFn& fun, const std::vector<array>& inputs) {
  Program program;
  std::unordered_map<const Node*, uint32_t> values;
  std::vector<array> outputs, arguments;
  auto add_value = [&](const array& a) {
    values.emplace(a.node().get(), program.n_values_++);
    program.value_shapes_.push_back(a.shape());
    program.value_dtypes_.push_back(a.dtype());
  };
  {
    Tracing tracing;
    for (const array& input : inputs) {
      arguments.push_back(make_placeholder(input.shape(), input.dtype()));
      add_value(arguments.back());
    }
    outputs = fun(arguments);
  }
  program.n_inputs_ = program.n_values_;
  Traced traced = walk(outputs, values);
  async_eval(traced.constants);
  for (const array& constant : traced.constants) add_value(constant);
  program.constants_ = std::move(traced.constants);

  for (const array& node : traced.order) {
    if (values.count(node.node().get())) continue;  // an output of a step already made
    if (!node.has_primitive()) {
      fail(ErrorCode::invalid_state, "[compile] the function asked for the value of an argument; expected pure ops");
    }
    Program::Step step;
    step.primitive = node.primitive_ptr();
    for (const array& input : node.inputs()) step.inputs.push_back(values.at(input.node().get()));
    for (const array& output : node.outputs()) {
      step.outputs.push_back(program.n_values_);
      step.shapes.push_back(output.shape());
      step.dtypes.push_back(output.dtype());
      add_value(output);
    }
    program.steps_.push_back(std::move(step));
  }
  for (const array& output : outputs) program.outputs_.push_back(values.at(output.node().get()));
  return program;
}

std::vector<array> Program::replay(const std::vector<array>& inputs, const std::vector<uint32_t>& wanted) const {
  std::vector<array> values;
  values.reserve(n_values_);
  values.insert(values.end(), inputs.begin(), inputs.end());
  values.insert(values.end(), constants_.begin(), constants_.end());
  values.resize(n_values_, array(std::shared_ptr<Node>()));
  for (const Step& step : steps_) {
    std::vector<array> operands;
    operands.reserve(step.inputs.size());
    for (uint32_t input : step.inputs) operands.push_back(values[input]);
    if (step.outputs.size() == 1) {
      values[step.outputs[0]] = array(step.shapes[0], step.dtypes[0], step.primitive, std::move(operands));
      continue;
    }
    std::vector<array> made = array::make_arrays(step.shapes, step.dtypes, step.primitive, operands);
    for (size_t i = 0; i < made.size(); ++i) values[step.outputs[i]] = made[i];
  }
  std::vector<array> outputs;
  for (uint32_t output : wanted) outputs.push_back(values[output]);
  return outputs;
}

std::vector<uint32_t> Program::use_counts() const {
  std::vector<uint32_t> uses(n_values_, 0);
  for (const Step& step : steps_) {
    for (uint32_t input : step.inputs) ++uses[input];
  }
  for (uint32_t output : outputs_) ++uses[output];
  return uses;
}

void Program::drop_unused() {
  std::vector<uint32_t> uses = use_counts();
  for (size_t i = steps_.size(); i-- > 0;) {
    Step& step = steps_[i];
    if (std::any_of(step.outputs.begin(), step.outputs.end(), [&](uint32_t v) { return uses[v] != 0; })) continue;
    for (uint32_t input : step.inputs) --uses[input];
    step.primitive.reset();
  }
  std::erase_if(steps_, [](const Step& step) { return !step.primitive; });
}

void Program::simplify() {
  std::vector<uint32_t> same(n_values_);
  for (uint32_t v = 0; v < n_values_; ++v) same[v] = v;
  for (uint32_t c = 0; c < constants_.size(); ++c) {
    const Node& node = *constants_[c].node();
    for (uint32_t d = 0; d < c && node.is_inline; ++d) {
      const Node& other = *constants_[d].node();
      if (other.is_inline && other.dtype == node.dtype && other.shape == node.shape &&
          other.value[0] == node.value[0]) {
        same[n_inputs_ + c] = same[n_inputs_ + d];
        break;
      }
    }
  }
  // Steps with the same inputs are candidates; the first of equal ones stays.
  std::multimap<std::vector<uint32_t>, const Step*> known;
  for (Step& step : steps_) {
    for (uint32_t& input : step.inputs) input = same[input];
    auto [first, last] = known.equal_range(step.inputs);
    auto equal = std::find_if(first, last, [&](const auto& entry) {
      const Step& other = *entry.second;
      return other.shapes == step.shapes && other.dtypes == step.dtypes &&
             other.primitive->is_equivalent(*step.primitive);
    });
    if (equal == last) {
      known.emplace(step.inputs, &step);
      continue;
    }
    for (size_t i = 0; i < step.outputs.size(); ++i) same[step.outputs[i]] = equal->second->outputs[i];
  }
  for (uint32_t& output : outputs_) output = same[output];
  drop_unused();
}

bool Program::fusable(const Step& step) const {
  auto* kernel = dynamic_cast<const KernelPrimitive*>(step.primitive.get());
  return kernel && op_info(kernel->code())->fuse && step.inputs.size() <= 3;
}

// From each elementwise step that ends a chain, backwards: a step joins when all its uses are inside and it has the
// chain's shape and stream.
void Program::fuse() {
  std::vector<uint32_t> uses = use_counts();
  std::unordered_map<uint32_t, size_t> producer;  // value -> step
  for (size_t i = 0; i < steps_.size(); ++i) {
    for (uint32_t output : steps_[i].outputs) producer[output] = i;
  }
  std::vector<bool> taken(steps_.size(), false);
  // Scalars that the function made become part of the kernel.
  const auto known = [&](uint32_t v) {
    return v >= n_inputs_ && v - n_inputs_ < constants_.size() && constants_[v - n_inputs_].node()->is_inline;
  };
  for (size_t root = steps_.size(); root-- > 0;) {
    if (taken[root] || !fusable(steps_[root])) continue;
    const Step& last = steps_[root];
    std::vector<size_t> members{root};
    auto inputs_of = [&](const std::vector<size_t>& group) {
      std::vector<uint32_t> inputs;
      for (size_t member : group) {
        for (uint32_t v : steps_[member].inputs) {
          auto p = producer.find(v);
          bool inside = p != producer.end() && std::find(group.begin(), group.end(), p->second) != group.end();
          if (!inside && !known(v) && std::find(inputs.begin(), inputs.end(), v) == inputs.end()) inputs.push_back(v);
        }
      }
      return inputs;
    };
    for (bool grew = true; grew && members.size() < kMaxFusedSteps;) {
      grew = false;
      for (uint32_t v : inputs_of(members)) {
        auto p = producer.find(v);
        if (p == producer.end() || taken[p->second]) continue;
        const Step& step = steps_[p->second];
        if (!fusable(step) || step.shapes[0] != last.shapes[0] ||
            step.primitive->stream() != last.primitive->stream()) {
          continue;
        }
        uint32_t inside = 0;
        for (size_t member : members) {
          inside += static_cast<uint32_t>(std::count(steps_[member].inputs.begin(), steps_[member].inputs.end(), v));
        }
        if (inside != uses[v]) continue;
        std::vector<size_t> grown = members;
        grown.push_back(p->second);
        if (inputs_of(grown).size() > kMaxFusedInputs) continue;
        members = std::move(grown);
        grew = true;
        break;
      }
    }
    if (members.size() < 2) continue;
    std::vector<uint32_t> inputs = inputs_of(members), constants;
    if (inputs.empty()) continue;
    std::sort(members.begin(), members.end());
    using Kind = FusedStep::Operand::Kind;
    const auto number = [](std::vector<uint32_t>& values, uint32_t v) {
      const auto found = std::find(values.begin(), values.end(), v);
      const auto at = static_cast<uint32_t>(found - values.begin());
      if (found == values.end()) values.push_back(v);
      return at;
    };
    std::unordered_map<uint32_t, uint32_t> position;  // value -> step inside
    std::vector<FusedStep> inner;
    for (size_t member : members) {
      const Step& step = steps_[member];
      FusedStep fused{step.primitive, step.dtypes[0], {}};
      for (uint32_t v : step.inputs) {
        if (auto found = position.find(v); found != position.end()) {
          fused.operands.push_back({Kind::kStep, found->second});
        } else if (known(v)) {
          fused.operands.push_back({Kind::kConstant, number(constants, v)});
        } else {
          fused.operands.push_back({Kind::kInput, number(inputs, v)});
        }
      }
      position[step.outputs[0]] = static_cast<uint32_t>(inner.size());
      inner.push_back(std::move(fused));
      taken[member] = true;
    }
    std::vector<array> typed, values;
    for (uint32_t v : inputs) typed.push_back(make_placeholder(value_shapes_[v], value_dtypes_[v]));
    for (uint32_t v : constants) values.push_back(constants_[v - n_inputs_]);
    Step& target = steps_[root];
    target.primitive = std::make_shared<Fused>(target.primitive->stream(), std::move(inner), typed, std::move(values));
    target.inputs = std::move(inputs);
    for (size_t member : members) {
      if (member != root) steps_[member].primitive.reset();
    }
  }
  std::erase_if(steps_, [](const Step& step) { return !step.primitive; });
}

}  // namespace ferrule::detail
