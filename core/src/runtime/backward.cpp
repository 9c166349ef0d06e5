#include "runtime/backward.h"

#include <unordered_map>

#include "ferrule/ops.h"
#include "ferrule/primitive.h"
#include "runtime/failure.h"
#include "runtime/node.h"
#include "runtime/node_numbers.h"

namespace ferrule::detail {
namespace {

array none() { return array(std::shared_ptr<Node>()); }

class Backward {
 public:
  explicit Backward(const std::vector<array>& sources);
  // Notes which nodes lie between `output` and the sources, inputs before users; without recursion.
  void trace(const array& output);
  // Adds to the cotangent of a node that was traced; ignored where it does not depend on a source.
  void accumulate(const array& at, const array& value, const Stream& stream);
  // After the outputs were traced and have their cotangents.
  void run();
  // The cotangent of the source at this position; without a node where it has none.
  const array& of_source(size_t position) const { return met_[position].cotangent; }

 private:
  // What is known of the node of this number.
  struct Met {
    array cotangent = none();  // the sum so far
    bool depends = false;      // on a source
  };
  struct Frame {
    const array* value;
    uint32_t number;
    size_t next_input;
  };

  void visit(const array& a);
  uint32_t number_of(const array& a) const {
    return a.node()->tracer ? numbers_.find(a.node().get()) : NodeNumbers::kNone;
  }
  bool depends(const array& a) const {
    const uint32_t number = number_of(a);
    return number != NodeNumbers::kNone && met_[number].depends;
  }
  bool take_cotangents(const array& node);
  void step(const array& node);

  NodeNumbers numbers_;  // the sources have the first ones
  std::vector<Met> met_;
  std::vector<Frame> stack_;
  std::vector<array> order_;  // what depends on a source
  // Of the primitive at hand; kept from one to the next.
  std::vector<array> outputs_, cotangents_;
  std::vector<int> argnums_;
};

Backward::Backward(const std::vector<array>& sources) {
  constexpr size_t kUsual = 32;
  met_.reserve(kUsual);
  stack_.reserve(kUsual);
  order_.reserve(kUsual);
  for (const array& source : sources) {
    numbers_.add(source.node().get());
    met_.emplace_back().depends = true;
  }
}

void Backward::visit(const array& a) {
  if (!a.node()->tracer) return;
  const auto [number, is_new] = numbers_.add(a.node().get());
  if (!is_new) return;  // the sources, too
  met_.emplace_back();
  stack_.push_back({&a, number, 0});
}

void Backward::trace(const array& output) {
  visit(output);
  while (!stack_.empty()) {
    Frame& frame = stack_.back();
    const std::vector<array>& inputs = frame.value->inputs();
    if (frame.next_input < inputs.size()) {
      visit(inputs[frame.next_input++]);
      continue;
    }
    bool any = false;
    for (const array& input : inputs) any |= depends(input);
    met_[frame.number].depends = any;
    if (any) order_.push_back(*frame.value);
    stack_.pop_back();
  }
}

void Backward::accumulate(const array& at, const array& value, const Stream& stream) {
  if (!depends(at)) return;
  array& sum = met_[number_of(at)].cotangent;
  sum = sum.node() ? add(sum, value, stream) : value;
}

// Fills outputs_ and cotangents_ with those of the node's primitive; false where no output has a cotangent.
bool Backward::take_cotangents(const array& node) {
  outputs_.clear();
  cotangents_.clear();
  if (node.node()->siblings)
    outputs_ = node.outputs();
  else
    outputs_.push_back(node);
  bool any = false;
  for (const array& output : outputs_) {
    const uint32_t number = number_of(output);
    cotangents_.push_back(number == NodeNumbers::kNone ? none() : std::exchange(met_[number].cotangent, none()));
    any |= cotangents_.back().node() != nullptr;
  }
  if (!any) return false;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (!cotangents_[i].node()) cotangents_[i] = zeros_like(outputs_[i], node.primitive().stream());
  }
  return true;
}

void Backward::step(const array& node) {
  if (!take_cotangents(node)) return;
  Primitive& primitive = node.primitive();
  const std::vector<array>& inputs = node.inputs();
  argnums_.clear();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (depends(inputs[i])) argnums_.push_back(static_cast<int>(i));
  }
  const std::vector<array> gradients = primitive.vjp(inputs, cotangents_, argnums_, outputs_);
  if (gradients.size() != argnums_.size()) {
    fail(ErrorCode::internal, "[vjp] {} gave {} cotangents; expected {}", primitive.name(), gradients.size(),
         argnums_.size());
  }
  for (size_t i = 0; i < argnums_.size(); ++i) {
    const array& input = inputs[static_cast<size_t>(argnums_[i])];
    if (gradients[i].shape() != input.shape()) {
      fail(ErrorCode::internal, "[vjp] {} gave a cotangent of shape {}; expected {}", primitive.name(),
           shape_text(gradients[i].shape()), shape_text(input.shape()));
    }
    accumulate(input, gradients[i], primitive.stream());
  }
}

void Backward::run() {
  // Outputs of one primitive are handled together, at the first in order: every user of any of them comes later.
  std::unordered_map<const Siblings*, const Node*> first;
  for (const array& node : order_) {
    if (const Siblings* siblings = node.node()->siblings.get()) first.try_emplace(siblings, node.node().get());
  }
  while (!order_.empty()) {
    const array node = std::move(order_.back());
    order_.pop_back();
    const Siblings* siblings = node.node()->siblings.get();
    const bool due = !siblings || first.at(siblings) == node.node().get();
    if (due && node.has_primitive()) step(node);
  }
}

}  // namespace

std::vector<array> backward(const std::vector<array>& outputs, const std::vector<array>& output_cotangents,
                            const std::vector<array>& sources) {
  Backward pass(sources);
  for (const array& output : outputs) pass.trace(output);
  for (size_t i = 0; i < outputs.size(); ++i) pass.accumulate(outputs[i], output_cotangents[i], to_stream({}));
  pass.run();
  std::vector<array> result;
  result.reserve(sources.size());
  for (size_t i = 0; i < sources.size(); ++i) {
    const array& cotangent = pass.of_source(i);
    result.push_back(cotangent.node() ? cotangent : zeros_like(sources[i]));
  }
  return result;
}

}  // namespace ferrule::detail
