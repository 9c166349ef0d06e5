#include "runtime/executable.h"

#include <new>

#include "runtime/evaluator.h"
#include "runtime/runtime.h"

namespace ferrule::detail {
namespace {

// Below this, taking over an input's memory saves nothing that is worth a recording of its own.
constexpr uint64_t kWorthDonating = 1 << 20;

}  // namespace

Graph::~Graph() {
  if (process_is_exiting()) return;
  api_.graph_destroy(handle_);
  --device_.graph_count();
}

InputLayout layout_of(const StreamEvaluation& here, const array& input) {
  const Node& node = *input.node();
  InputLayout layout;
  layout.is_inline = node.is_inline;
  if (node.is_inline || node.size == 0) return layout;
  layout.contiguous = node.contiguous;
  layout.misalign = node.byte_offset % here.stream().device().allocator().alignment();
  if (!node.contiguous) layout.strides = node.strides;
  layout.unique = node.bytes() >= kWorthDonating && here.donatable(input);
  return layout;
}

Executable::~Executable() {
  if (process_is_exiting()) return;
  for (Segment& segment : segments_) {
    try {
      stream_.retain(segment.graph);
    } catch (const std::bad_alloc&) {
      stream_.finish();
    }
  }
}

bool Executable::fits(const StreamEvaluation& here, const std::vector<array>& inputs, bool exact) const {
  const uint64_t alignment = stream_.device().allocator().alignment();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Node& node = *inputs[i].node();
    if (node.size == 0) continue;
    const InputLayout& layout = layouts_[i];
    if (node.is_inline != layout.is_inline) return false;
    if (node.is_inline) continue;
    if (node.byte_offset % alignment != layout.misalign || node.contiguous != layout.contiguous) return false;
    if (!node.contiguous && node.strides != layout.strides) return false;
    if (node.bytes() < kWorthDonating) continue;
    bool unique = here.donatable(inputs[i]);
    if (exact ? unique != layout.unique : donated_[i] && !unique) return false;
  }
  return true;
}

void Executable::place(Node& to, const Value& value, const std::vector<array>& inputs, const Frame& frame) const {
  using Kind = Value::Kind;
  to.strides = value.strides;
  to.contiguous = value.contiguous;
  to.byte_offset = value.byte_offset;
  switch (value.kind) {
    case Kind::input:
      return share_data(to, *inputs[value.index].node());
    case Kind::result:
      return share_data(to, *frame.results[value.index].node());
    case Kind::constant:
      return share_data(to, *constants_[value.index].node());
    case Kind::owned:
      to.storage = frame.owned[value.index];
      return;
    case Kind::arena:
      to.storage = frame.arena;
      return;
    case Kind::stored:
      to.storage = stored_[value.index];
      return;
    case Kind::input_view: {
      const Node& input = *inputs[value.index].node();
      to.storage = input.storage;
      to.byte_offset += input.byte_offset - layouts_[value.index].misalign;
      return;
    }
    case Kind::result_view: {
      const Node& result = *frame.results[value.index].node();
      to.storage = result.storage;
      to.byte_offset += result.byte_offset;
      return;
    }
    case Kind::scalar: {
      const Node& input = *inputs[value.index].node();
      to.is_inline = true;
      to.value[0] = input.value[0];
      to.value[1] = input.value[1];
      return;
    }
    case Kind::fixed:
      to.is_inline = true;
      to.value[0] = value.value[0];
      to.value[1] = value.value[1];
      return;
    case Kind::empty:
    case Kind::range:
      return;
  }
}

void Executable::launch(StreamEvaluation& here, Segment& segment, const std::vector<array>& inputs,
                        const Frame& frame) {
  auto bind = [](frl_binding& binding, const Storage& storage, uint64_t offset) {
    binding.buffer = storage.buffer();
    binding.byte_offset = storage.offset() + offset;
  };
  for (size_t i = 0; i < segment.slots.size(); ++i) {
    const Slot slot = segment.slots[i];
    frl_binding& binding = segment.bindings[i];
    switch (slot.kind) {
      case Slot::Kind::input: {
        const Node& node = *inputs[slot.index].node();
        bind(binding, *node.storage, node.byte_offset - layouts_[slot.index].misalign);
        break;
      }
      case Slot::Kind::scalar: {
        const Node& node = *inputs[slot.index].node();
        binding.value[0] = node.value[0];
        binding.value[1] = node.value[1];
        break;
      }
      case Slot::Kind::result: {
        const Node& node = *frame.results[slot.index].node();
        bind(binding, *node.storage, node.byte_offset);
        break;
      }
      case Slot::Kind::stored:
        break;
      case Slot::Kind::owned:
        bind(binding, *frame.owned[slot.index], 0);
        break;
      case Slot::Kind::arena:
        bind(binding, *frame.arena, 0);
        break;
    }
  }
  StreamState& stream = here.stream();
  uint64_t sequence = stream.submit(
      "graph_launch",
      [&](frl_stream* handle, frl_error* plugin_error) {
        return segment.graph->launch(handle, segment.bindings, plugin_error);
      },
      [&] {
        return [graph = segment.graph, bindings = segment.bindings](frl_stream* handle, frl_error* plugin_error) {
          return graph->launch(handle, bindings, plugin_error);
        };
      });
  for (const Slot& slot : segment.slots) {
    switch (slot.kind) {
      case Slot::Kind::input: {
        Storage& storage = *inputs[slot.index].node()->storage;
        storage.add_use(stream, sequence);
        if (donated_[slot.index]) storage.set_written_at(sequence);
        break;
      }
      case Slot::Kind::result:
        frame.results[slot.index].node()->storage->add_use(stream, sequence);
        break;
      case Slot::Kind::stored:
        stored_[slot.index]->add_use(stream, sequence);
        break;
      case Slot::Kind::owned:
        frame.owned[slot.index]->set_written_at(sequence);
        break;
      case Slot::Kind::arena:
        frame.arena->set_written_at(sequence);
        break;
      case Slot::Kind::scalar:
        break;
    }
  }
}

void Executable::run_ordinary(StreamEvaluation& here, const Ordinary& step, const std::vector<array>& inputs,
                              Frame& frame) {
  std::vector<array> operands, outputs;
  for (const auto& [value, shape, dtype] : step.operands) {
    switch (value.kind) {
      case Value::Kind::input:
        operands.push_back(inputs[value.index]);
        continue;
      case Value::Kind::result:
        operands.push_back(frame.results[value.index]);
        continue;
      case Value::Kind::constant:
        operands.push_back(constants_[value.index]);
        continue;
      default:
        break;
    }
    auto node = make_node(shape, dtype);
    node->size = element_count(shape);
    place(*node, value, inputs, frame);
    node->set_evaluated();
    operands.emplace_back(std::move(node));
  }
  for (size_t i = 0; i < step.shapes.size(); ++i) {
    auto node = make_node(step.shapes[i], step.dtypes[i]);
    node->size = element_count(node->shape);
    outputs.emplace_back(std::move(node));
  }
  run_step(*step.primitive, operands, outputs, nullptr);
  StreamState& elsewhere = Runtime::get().stream(step.primitive->stream());
  if (&elsewhere != &here.stream()) elsewhere.mark();
  for (size_t i = 0; i < outputs.size(); ++i) {
    frame.results[step.first_result + i] = here.dense(here.localize(outputs[i]));
  }
}

void Executable::run(StreamEvaluation& here, const std::vector<array>& inputs, std::vector<array>& outputs) {
  Frame frame;
  frame.owned.reserve(owned_bytes_.size());
  auto allocate = [&](uint64_t bytes) {
    auto storage = here.allocate_storage(bytes);
    storage->reuse_at_once();
    return storage;
  };
  for (uint64_t bytes : owned_bytes_) frame.owned.push_back(allocate(bytes));
  if (arena_bytes_ != 0) frame.arena = allocate(arena_bytes_);
  frame.results.assign(n_results_, array(std::shared_ptr<Node>()));
  for (const Action& action : actions_) {
    if (action.is_segment)
      launch(here, segments_[action.index], inputs, frame);
    else
      run_ordinary(here, ordinary_[action.index], inputs, frame);
  }
  for (size_t i = 0; i < outputs.size(); ++i) place(*outputs[i].node(), outputs_[i], inputs, frame);
}

}  // namespace ferrule::detail
