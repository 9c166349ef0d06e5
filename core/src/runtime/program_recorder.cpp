#include "runtime/program_recorder.h"

#include <algorithm>

#include "runtime/arena_plan.h"
#include "runtime/evaluator.h"

namespace ferrule::detail {
namespace {

// A single kernel is launched as fast without a graph.
constexpr size_t kFewestCalls = 2;

}  // namespace

ProgramRecorder::ProgramRecorder(const Program& program, const std::vector<uint32_t>& wanted, StreamEvaluation& here,
                                 const std::vector<array>& inputs)
    : program_(program), wanted_(wanted), here_(here), inputs_(inputs) {
  for (const array& input : inputs) layouts_.push_back(layout_of(here, input));
  last_use_.assign(program.n_values(), 0);
  for (size_t i = 0; i < program.steps().size(); ++i) {
    for (uint32_t v : program.steps()[i].inputs) last_use_[v] = i;
  }
  for (uint32_t v : wanted) last_use_[v] = program.steps().size();
}

std::unique_ptr<Executable> ProgramRecorder::record(std::string& reason) {
  for (;;) {
    Attempt attempt(here_.stream());
    start(attempt);
    run_steps(attempt);
    if (attempt.recording.calls.size() < kFewestCalls) {
      reason = attempt.made->splits_.empty()
                   ? fmt::format("it is {} kernel call(s)", attempt.recording.calls.size())
                   : fmt::format("{}: {}", attempt.made->splits_[0].op, attempt.made->splits_[0].reason);
      return nullptr;
    }
    // After a failure between two graphs the inputs must still be what they were.
    const auto& donated = attempt.recording.donated();
    if (!attempt.breaks.empty() && donate_ && std::find(donated.begin(), donated.end(), true) != donated.end()) {
      donate_ = false;
      continue;
    }
    plan_memory(attempt);
    if (!emit(attempt)) continue;
    finish(attempt);
    return std::move(attempt.made);
  }
}

void ProgramRecorder::start(Attempt& attempt) {
  using Kind = Recording::Kind;
  attempt.values.reserve(program_.n_values());
  for (uint32_t i = 0; i < program_.n_inputs(); ++i) {
    const InputLayout& layout = layouts_[i];
    auto node = make_node(program_.shape(i), program_.dtype(i));
    node->size = element_count(node->shape);
    node->strides = row_major(node->shape);
    if (layout.is_inline) {
      node->is_inline = true;
      std::fill(node->strides.begin(), node->strides.end(), 0);
      node->contiguous = node->size <= 1;
      node->storage = attempt.recording.make(Kind::scalar, i, sizeof node->value);
    } else if (node->size != 0) {
      node->contiguous = layout.contiguous;
      if (!layout.contiguous) node->strides = layout.strides;
      node->byte_offset = layout.misalign;
      node->storage = attempt.recording.make(Kind::input, i, node->bytes());
    }
    node->set_evaluated();
    attempt.values.emplace_back(std::move(node));
    if (!layout.unique || !donate_) attempt.held.push_back(attempt.values.back());
  }
  for (const array& constant : program_.constants()) attempt.values.push_back(here_.localize(constant));
  attempt.values.resize(program_.n_values(), array(std::shared_ptr<Node>()));
}

void ProgramRecorder::run_steps(Attempt& attempt) {
  const auto& steps = program_.steps();
  for (size_t i = 0; i < steps.size(); ++i) {
    std::vector<array> operands;
    for (uint32_t v : steps[i].inputs) operands.push_back(attempt.values[v]);
    for (uint32_t v : steps[i].inputs) {
      if (last_use_[v] == i) attempt.values[v] = array(std::shared_ptr<Node>());
    }
    std::string reason;
    auto known = ordinary_.find(i);
    if (known != ordinary_.end()) {
      reason = known->second;
    } else if (record_step(attempt, i, operands, reason)) {
      continue;
    }
    keep_ordinary(attempt, i, operands, reason);
  }
  for (uint32_t v : wanted_) attempt.made->outputs_.push_back(value_of(attempt, v, attempt.values[v]));
}

bool ProgramRecorder::record_step(Attempt& attempt, size_t index, const std::vector<array>& operands,
                                  std::string& reason) {
  const Program::Step& step = program_.steps()[index];
  std::vector<array> outputs;
  for (size_t k = 0; k < step.outputs.size(); ++k) {
    auto node = make_node(step.shapes[k], step.dtypes[k]);
    node->size = element_count(node->shape);
    outputs.emplace_back(std::move(node));
  }
  auto mark = attempt.recording.mark();
  try {
    run_step(*step.primitive, operands, outputs, &attempt.recording);
  } catch (const CannotRecord& e) {
    attempt.recording.undo(mark);
    ordinary_.emplace(index, reason = e.what());
    return false;
  }
  attempt.step_of_call.resize(attempt.recording.calls.size(), index);
  for (size_t k = 0; k < step.outputs.size(); ++k) {
    if (last_use_[step.outputs[k]] > index) attempt.values[step.outputs[k]] = std::move(outputs[k]);
  }
  return true;
}

void ProgramRecorder::keep_ordinary(Attempt& attempt, size_t index, const std::vector<array>& operands,
                                    const std::string& reason) {
  const Program::Step& step = program_.steps()[index];
  Executable& made = *attempt.made;
  Executable::Ordinary ordinary{step.primitive, {}, step.shapes, step.dtypes, made.n_results_};
  for (size_t k = 0; k < operands.size(); ++k) {
    ordinary.operands.push_back(
        {value_of(attempt, step.inputs[k], operands[k]), operands[k].shape(), operands[k].dtype()});
  }
  for (size_t k = 0; k < step.outputs.size(); ++k) {
    auto node = make_node(step.shapes[k], step.dtypes[k]);
    node->size = element_count(node->shape);
    node->strides = row_major(node->shape);
    uint32_t number = made.n_results_++;
    if (node->size != 0) node->storage = attempt.recording.make(Recording::Kind::result, number, node->bytes());
    node->set_evaluated();
    attempt.results[step.outputs[k]] = number;
    attempt.values[step.outputs[k]] = array(std::move(node));
    attempt.held.push_back(attempt.values[step.outputs[k]]);
  }
  attempt.breaks.push_back({attempt.recording.calls.size(), static_cast<uint32_t>(made.ordinary_.size())});
  made.ordinary_.push_back(std::move(ordinary));
  made.splits_.push_back({step.primitive->name(), reason});
}

ProgramRecorder::Value ProgramRecorder::value_of(Attempt& attempt, uint32_t number, const array& given) {
  using Kind = Value::Kind;
  Value value;
  auto whole = [&](Kind kind, uint32_t index) {
    value.kind = kind;
    value.index = index;
    return value;
  };
  if (number < program_.n_inputs()) return whole(Kind::input, number);
  if (number < program_.n_inputs() + program_.constants().size()) {
    return whole(Kind::constant, number - program_.n_inputs());
  }
  auto result = attempt.results.find(number);
  if (result != attempt.results.end()) return whole(Kind::result, result->second);

  array a = is_recorded(*given.node()) ? given : here_.localize(given);  // host values of a decomposition
  const Node& node = *a.node();
  value.strides = node.strides;
  value.contiguous = node.contiguous;
  value.byte_offset = node.byte_offset;
  if (node.is_inline) {
    if (node.storage) return whole(Kind::range, Recording::range_of(*node.storage));
    value.value[0] = node.value[0];
    value.value[1] = node.value[1];
    return whole(Kind::fixed, 0);
  }
  if (!node.storage) return value;
  if (is_recorded(node)) return whole(Kind::range, Recording::range_of(*node.storage));
  auto& stored = attempt.made->stored_;
  auto found = std::find(stored.begin(), stored.end(), node.storage);
  if (found == stored.end()) found = stored.insert(stored.end(), node.storage);
  return whole(Kind::stored, static_cast<uint32_t>(found - stored.begin()));
}

void ProgramRecorder::plan_memory(Attempt& attempt) {
  Executable& made = *attempt.made;
  const auto& ranges = attempt.recording.ranges();
  attempt.places.resize(ranges.size());
  std::vector<bool> owned(ranges.size(), false);
  for (const Value& output : made.outputs_) {
    if (output.kind != Value::Kind::range || owned[output.index]) continue;
    if (ranges[output.index]->kind != Recording::Kind::temporary) continue;
    owned[output.index] = true;
    attempt.places[output.index].slot = {Slot::Kind::owned, static_cast<uint32_t>(made.owned_bytes_.size())};
    made.owned_bytes_.push_back(ranges[output.index]->bytes);
  }
  DeviceRuntime& device = here_.stream().device();
  ArenaPlan plan(device.allocator().alignment(), device.info().overlap_bytes);
  for (const Recording::Event& event : attempt.recording.events()) {
    if (owned[event.range]) continue;
    Place& place = attempt.places[event.range];
    if (event.begins) {
      place = {{Slot::Kind::arena, 0}, plan.begin(ranges[event.range]->bytes)};
    } else {
      plan.end(place.offset, ranges[event.range]->bytes);
    }
  }
  made.arena_bytes_ = plan.bytes();
  for (size_t i = 0; i < ranges.size(); ++i) {
    const Recording::Range& range = *ranges[i];
    Slot& slot = attempt.places[i].slot;
    switch (range.kind) {
      case Recording::Kind::input:
        slot = {Slot::Kind::input, range.index};
        break;
      case Recording::Kind::scalar:
        slot = {Slot::Kind::scalar, range.index};
        break;
      case Recording::Kind::result:
        slot = {Slot::Kind::result, range.index};
        break;
      case Recording::Kind::constant: {
        auto& stored = made.stored_;
        const auto& storage = attempt.recording.constants()[range.index];
        auto found = std::find(stored.begin(), stored.end(), storage);
        if (found == stored.end()) found = stored.insert(stored.end(), storage);
        slot = {Slot::Kind::stored, static_cast<uint32_t>(found - stored.begin())};
        break;
      }
      case Recording::Kind::temporary:
        break;
    }
  }
}

// From a number of the recording to where it lies in a run.
void ProgramRecorder::settle(Attempt& attempt, Value& value) {
  if (value.kind != Value::Kind::range) return;
  const Place& place = attempt.places[value.index];
  value.index = place.slot.index;
  value.byte_offset += place.offset;
  switch (place.slot.kind) {
    case Slot::Kind::input:
      value.kind = Value::Kind::input_view;
      return;
    case Slot::Kind::scalar:
      value.kind = Value::Kind::scalar;
      return;
    case Slot::Kind::result:
      value.kind = Value::Kind::result_view;
      return;
    case Slot::Kind::stored:
      value.kind = Value::Kind::stored;
      return;
    case Slot::Kind::owned:
      value.kind = Value::Kind::owned;
      return;
    case Slot::Kind::arena:
      value.kind = Value::Kind::arena;
      return;
  }
}

bool ProgramRecorder::emit(Attempt& attempt) {
  Executable& made = *attempt.made;
  size_t next = 0;
  auto segment_until = [&](size_t call) {
    if (call == next) return true;
    made.actions_.push_back({true, static_cast<uint32_t>(made.segments_.size())});
    bool good = emit_segment(attempt, next, call);
    next = call;
    return good;
  };
  for (const Break& each : attempt.breaks) {
    if (!segment_until(each.call)) return false;
    made.actions_.push_back({false, each.index});
  }
  return segment_until(attempt.recording.calls.size());
}

bool ProgramRecorder::emit_segment(Attempt& attempt, size_t first, size_t last) {
  Executable::Segment segment;
  std::map<uint32_t, uint32_t> slots;  // range -> slot of this graph
  uint32_t arena = ~0u;
  auto slot_of = [&](const frl_buffer* buffer) {
    auto range = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(buffer) >> 1);
    const Slot& source = attempt.places[range].slot;
    auto [it, added] = slots.try_emplace(range, static_cast<uint32_t>(segment.slots.size()));
    if (!added) return it->second;
    if (source.kind == Slot::Kind::arena && arena != ~0u) return it->second = arena;
    if (source.kind == Slot::Kind::arena) arena = it->second;
    segment.slots.push_back(source);
    return it->second;
  };
  auto offset_of = [&](const frl_buffer* buffer) {
    return attempt.places[reinterpret_cast<uintptr_t>(buffer) >> 1].offset;
  };
  for (size_t i = first; i < last; ++i) {
    Recording::Call& entry = attempt.recording.calls[i];
    for (frl_tensor& tensor : entry.tensors) {
      if (!tensor.buffer) continue;
      tensor.byte_offset += offset_of(tensor.buffer);
      tensor.buffer = FRL_SLOT(slot_of(tensor.buffer));
    }
    if (entry.call.scratch) {
      entry.call.scratch_offset += offset_of(entry.call.scratch);
      entry.call.scratch = FRL_SLOT(slot_of(entry.call.scratch));
    }
  }

  DeviceRuntime& device = here_.stream().device();
  const frl_graph_api& api = *device.graphs();
  PluginError plugin_error;
  frl_stream* recorder = nullptr;
  auto n_slots = static_cast<uint32_t>(segment.slots.size());
  frl_status status = api.graph_begin(device.handle(), n_slots, &recorder, &plugin_error);
  size_t refused = last;
  for (size_t i = first; i < last && status == FRL_OK; ++i) {
    Recording::Call& entry = attempt.recording.calls[i];
    entry.call.inputs = entry.tensors.data();
    entry.call.outputs = entry.tensors.data() + entry.call.n_inputs;
    entry.call.attrs = entry.attributes.empty() ? nullptr : entry.attributes.data();
    status = device.api().kernel_launch(recorder, entry.kernel, entry.plan, &entry.call, &plugin_error);
    if (status != FRL_OK) refused = i;
  }
  frl_graph* handle = nullptr;
  if (recorder) {
    PluginError end_error;
    frl_status end_status = api.graph_end(recorder, &handle, &end_error);
    if (status == FRL_OK && end_status != FRL_OK) {
      status = end_status;
      plugin_error = end_error;
    }
  }
  std::shared_ptr<Graph> graph;
  try {
    if (handle) graph = std::make_shared<Graph>(device, handle);
  } catch (...) {
    api.graph_destroy(handle);
    throw;
  }
  if (status == FRL_DEVICE_LOST || status == FRL_OUT_OF_MEMORY) check(status, plugin_error, "record");
  if (status != FRL_OK) {  // one call, or the segment as a whole
    for (size_t i = first; i < last; ++i) {
      if (refused != last && i != refused) continue;
      ordinary_.emplace(attempt.step_of_call[i], fmt::format("the backend's recorder: {}", plugin_error.message));
    }
    return false;
  }
  segment.graph = std::move(graph);
  segment.bindings.resize(n_slots);
  for (uint32_t i = 0; i < n_slots; ++i) {
    if (segment.slots[i].kind != Slot::Kind::stored) continue;
    const Storage& storage = *attempt.made->stored_[segment.slots[i].index];
    segment.bindings[i].buffer = storage.buffer();
    segment.bindings[i].byte_offset = storage.offset();
  }
  attempt.made->segments_.push_back(std::move(segment));
  return true;
}

void ProgramRecorder::finish(Attempt& attempt) {
  Executable& made = *attempt.made;
  for (Value& output : made.outputs_) settle(attempt, output);
  for (Executable::Ordinary& step : made.ordinary_) {
    for (Executable::Operand& operand : step.operands) settle(attempt, operand.value);
  }
  made.donated_ = attempt.recording.donated();
  made.donated_.resize(inputs_.size());
  made.layouts_ = layouts_;
  made.calls_ = attempt.recording.calls.size();
  for (uint32_t c = 0; c < program_.constants().size(); ++c) made.constants_.push_back(program_.constants()[c]);
}

std::unique_ptr<Executable> record_program(const Program& program, const std::vector<uint32_t>& wanted,
                                           StreamEvaluation& here, const std::vector<array>& inputs,
                                           std::string& reason) {
  return ProgramRecorder(program, wanted, here, inputs).record(reason);
}

}  // namespace ferrule::detail
