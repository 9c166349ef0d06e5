// A graph keeps every call as it will run, with the address left open; a launch copies the operands of one call at a
// time and adds each slot's address, so that any number of launches may be in flight.
#include "graph.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <vector>

#include "common/slots.h"
#include "device.h"
#include "launch.h"
#include "runtime.h"
#include "stream.h"

namespace ferrule::cpu {
namespace {

using plugin::kNoSlot;
using plugin::SlotUse;

// Where an operand's address comes from.
struct Place {
  uint32_t slot = kNoSlot;  // kNoSlot: the tensor's data stay as they are
  bool value = false;       // the address of the binding's value
  int64_t offset = 0;
};

struct RecordedCall {
  const Kernel* kernel = nullptr;
  Call call{};
  std::vector<Tensor> tensors;   // inputs, then outputs
  std::vector<Place> places;     // one per tensor
  std::vector<int64_t> numbers;  // shapes, strides, inline values
  std::vector<uint64_t> attrs;
  Place scratch;
};

// What a launch knows of a slot, in the queue's record.
struct SlotValue {
  std::byte* base;
  uint64_t value[2];
};

struct Recording {
  std::vector<SlotUse> slots;
  std::vector<RecordedCall> calls;
  size_t most_operands = 0;
};

}  // namespace

struct Recorder : Tagged<kRecorderTag> {
  std::unique_ptr<frl_graph> graph;
};

}  // namespace ferrule::cpu

struct frl_graph : ferrule::cpu::Tagged<ferrule::cpu::kGraphTag> {
  ferrule::cpu::Recording recording;
};

namespace ferrule::cpu {
namespace {

Recorder* recorder_of(frl_stream* stream) { return reinterpret_cast<Recorder*>(stream); }

// Writes one operand of a recorded call; `what` names it in errors.
frl_status add_operand(Recording& recording, RecordedCall& to, const char* op, const char* what, const frl_tensor& from,
                       frl_error* error) {
  if (from.ndim > FRL_MAX_DIMS) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] an %s has %u dimensions; expected at most %u", op, what, from.ndim,
                FRL_MAX_DIMS);
  }
  Tensor tensor{.data = nullptr, .dtype = from.dtype, .ndim = from.ndim, .shape = nullptr, .strides = nullptr};
  Place place;
  int64_t begin = 0, end = 0;
  const bool is_inline = (from.flags & FRL_TENSOR_INLINE) != 0;
  const bool absent = from.dtype == FRL_NONE;
  if (from.buffer != nullptr) {
    frl_status status = plugin::find_slot(op, what, from.buffer, recording.slots.size(), &place.slot, error);
    if (status != FRL_OK) return status;
    place.value = is_inline;
    place.offset = static_cast<int64_t>(from.byte_offset);
    if (!is_inline && plugin::byte_reach(from, begin, end)) {
      recording.slots[place.slot].add(begin + place.offset, end + place.offset);
    }
  } else if (!is_inline && !absent && plugin::byte_reach(from, begin, end)) {
    return plugin::find_slot(op, what, nullptr, recording.slots.size(), &place.slot, error);
  }
  const size_t at = to.numbers.size();
  to.numbers.insert(to.numbers.end(), from.shape, from.shape + from.ndim);
  to.numbers.insert(to.numbers.end(), from.strides, from.strides + from.ndim);
  if (is_inline) {
    int64_t value[2];
    std::memcpy(value, from.value, sizeof value);
    to.numbers.insert(to.numbers.end(), value, value + 2);
  }
  // Offsets for now: the vector may still move.
  tensor.shape = reinterpret_cast<const int64_t*>(at);
  to.tensors.push_back(tensor);
  to.places.push_back(place);
  return FRL_OK;
}

// Turns the offsets of add_operand into addresses.
void settle(RecordedCall& call, const frl_tensor* inputs, size_t n_inputs) {
  for (size_t i = 0; i < call.tensors.size(); ++i) {
    Tensor& tensor = call.tensors[i];
    int64_t* numbers = call.numbers.data() + reinterpret_cast<uintptr_t>(tensor.shape);
    tensor.shape = numbers;
    tensor.strides = numbers + tensor.ndim;
    if (i < n_inputs && (inputs[i].flags & FRL_TENSOR_INLINE) != 0) {
      tensor.data = reinterpret_cast<std::byte*>(numbers + 2 * tensor.ndim);
    }
  }
}

struct GraphRecord {
  Record head;
  const frl_graph* graph;
  SlotValue* slots;  // behind this record, or on the heap
  bool on_heap;
};

void run_calls(Stream& stream, const Recording& recording, const SlotValue* slots) {
  std::vector<Tensor> tensors(recording.most_operands);
  for (const RecordedCall& recorded : recording.calls) {
    std::copy(recorded.tensors.begin(), recorded.tensors.end(), tensors.begin());
    for (size_t i = 0; i < recorded.places.size(); ++i) {
      const Place& place = recorded.places[i];
      if (place.slot == kNoSlot) continue;
      const SlotValue& slot = slots[place.slot];
      // Kernels read inline operands only.
      tensors[i].data =
          place.value ? reinterpret_cast<std::byte*>(const_cast<uint64_t*>(slot.value)) : slot.base + place.offset;
    }
    Call call = recorded.call;
    call.inputs = tensors.data();
    call.outputs = tensors.data() + call.n_inputs;
    if (recorded.scratch.slot != kNoSlot) call.scratch = slots[recorded.scratch.slot].base + recorded.scratch.offset;
    run_one(stream, *recorded.kernel, call);
    if (stream.failed()) return;
  }
}

void run_graph(Stream& stream, Record& record) {
  auto& self = reinterpret_cast<GraphRecord&>(record);
  if (!stream.failed()) {
    frl_error error{};
    error.struct_size = sizeof error;
    try {
      run_calls(stream, self.graph->recording, self.slots);
    } catch (const std::exception& e) {
      fail(&error, FRL_OUT_OF_MEMORY, "[graph_launch] %s", e.what());
      stream.set_failure(error);
    }
  }
  if (self.on_heap) delete[] self.slots;
}

frl_status graph_begin(frl_device* device, uint32_t n_slots, frl_stream** out_recorder, frl_error* error) {
  if (!valid(device)) return bad_handle(error, "graph_begin", "device", device);
  if (out_recorder == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[graph_begin] out_recorder is NULL");
  if (frl_status status = check_process("graph_begin", error); status != FRL_OK) return status;
  try {
    auto recorder = std::make_unique<Recorder>();
    recorder->graph = std::make_unique<frl_graph>();
    recorder->graph->recording.slots.resize(n_slots);
    *out_recorder = reinterpret_cast<frl_stream*>(recorder.release());
  } catch (const std::exception& e) {
    return fail(error, FRL_OUT_OF_MEMORY, "[graph_begin] %u slots: %s", n_slots, e.what());
  }
  return FRL_OK;
}

frl_status graph_end(frl_stream* stream, frl_graph** out_graph, frl_error* error) {
  if (!is_recorder(stream)) {
    if (stream == nullptr) return bad_handle(error, "graph_end", "recorder", nullptr);
    return fail(error, FRL_INVALID_ARGUMENT, "[graph_end] got a handle that is no recorder of this plugin");
  }
  std::unique_ptr<Recorder> recorder(recorder_of(stream));
  recorder->tag = 0;
  if (out_graph == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[graph_end] out_graph is NULL");
  *out_graph = recorder->graph.release();
  return FRL_OK;
}

frl_status check_binding(uint32_t i, const SlotUse& use, const frl_binding& binding, frl_error* error) {
  if (!use.memory) return FRL_OK;
  if (!valid(binding.buffer)) return plugin::refuse_binding(i, binding.buffer, error);
  if (use.fits(binding.byte_offset, binding.buffer->bytes)) return FRL_OK;
  return plugin::refuse_binding(i, use, binding.byte_offset, binding.buffer->bytes, error);
}

frl_status graph_launch(frl_stream* stream, frl_graph* graph, const frl_binding* bindings, uint32_t n_bindings,
                        frl_error* error) {
  if (!valid(stream)) return bad_handle(error, "graph_launch", "stream", stream);
  if (!valid(graph)) return bad_handle(error, "graph_launch", "graph", graph);
  if (frl_status status = check_process("graph_launch", error); status != FRL_OK) return status;
  const std::vector<SlotUse>& slots = graph->recording.slots;
  if (n_bindings != slots.size() || (bindings == nullptr && n_bindings != 0)) {
    return fail(error, FRL_INVALID_ARGUMENT, "[graph_launch] got %u bindings%s; expected %zu", n_bindings,
                bindings == nullptr && n_bindings != 0 ? " at NULL" : "", slots.size());
  }
  for (uint32_t i = 0; i < n_bindings; ++i) {
    if (frl_status status = check_binding(i, slots[i], bindings[i], error); status != FRL_OK) return status;
  }
  const uint64_t bytes = sizeof(GraphRecord) + n_bindings * sizeof(SlotValue);
  try {
    std::unique_ptr<SlotValue[]> heap;
    if (bytes > Ring::kMaxRecord) heap = std::make_unique<SlotValue[]>(n_bindings);
    auto* record = stream->reserve<GraphRecord>(static_cast<uint32_t>(heap ? sizeof(GraphRecord) : bytes), run_graph);
    record->head.work = 0;  // frees the slots even when the stream has failed
    record->graph = graph;
    record->on_heap = heap != nullptr;
    record->slots = heap ? heap.release() : reinterpret_cast<SlotValue*>(record + 1);
    for (uint32_t i = 0; i < n_bindings; ++i) {
      const frl_binding& binding = bindings[i];
      record->slots[i] = {slots[i].memory ? binding.buffer->data + binding.byte_offset : nullptr,
                          {binding.value[0], binding.value[1]}};
    }
    stream->submit();
  } catch (const std::exception& e) {
    return fail(error, FRL_OUT_OF_MEMORY, "[graph_launch] %s", e.what());
  }
  return FRL_OK;
}

void graph_destroy(frl_graph* graph) {
  if (!valid(graph) || process_is_exiting()) return;
  graph->tag = 0;
  delete graph;
}

constexpr frl_graph_api kGraphApi = {
    .struct_size = sizeof(frl_graph_api),
    .reserved = 0,
    .graph_begin = graph_begin,
    .graph_end = graph_end,
    .graph_launch = graph_launch,
    .graph_destroy = graph_destroy,
};

}  // namespace

const frl_graph_api* graph_extension() { return &kGraphApi; }

bool is_recorder(const void* handle) { return valid(static_cast<const Recorder*>(handle)); }

frl_status record_launch(frl_stream* stream, frl_kernel* kernel, const frl_plan* plan, const frl_call* call,
                         frl_error* error) {
  Recording& recording = recorder_of(stream)->graph->recording;
  const char* op = kernel->kernel.name;
  const std::vector<SlotUse> before = recording.slots;  // a refused launch leaves no trace
  frl_status status = FRL_OK;
  try {
    RecordedCall to;
    for (uint32_t i = 0; i < call->n_inputs && status == FRL_OK; ++i) {
      status = add_operand(recording, to, op, "input", call->inputs[i], error);
    }
    for (uint32_t i = 0; i < call->n_outputs && status == FRL_OK; ++i) {
      status = add_operand(recording, to, op, "output", call->outputs[i], error);
    }
    if (status == FRL_OK && call->scratch_bytes != 0) {
      to.scratch.offset = static_cast<int64_t>(call->scratch_offset);
      status = plugin::find_slot(op, "scratch", call->scratch, recording.slots.size(), &to.scratch.slot, error);
      if (status == FRL_OK) {
        recording.slots[to.scratch.slot].add(to.scratch.offset,
                                             to.scratch.offset + static_cast<int64_t>(call->scratch_bytes));
      }
    }
    if (status == FRL_OK) {
      settle(to, call->inputs, call->n_inputs);
      to.attrs.resize((kernel->op.attrs_size + 7) / 8);
      if (kernel->op.attrs_size != 0) std::memcpy(to.attrs.data(), call->attrs, kernel->op.attrs_size);
      to.kernel = &kernel->kernel;
      to.call = {.inputs = nullptr,
                 .outputs = nullptr,
                 .n_inputs = call->n_inputs,
                 .n_outputs = call->n_outputs,
                 .math = call->math,
                 .attrs = kernel->op.attrs_size != 0 ? to.attrs.data() : nullptr,
                 .scratch = nullptr,
                 .scratch_bytes = call->scratch_bytes,
                 .plan = kernel->program != nullptr ? static_cast<const frl_plan*>(kernel->program) : plan};
      recording.most_operands = std::max(recording.most_operands, to.tensors.size());
      recording.calls.push_back(std::move(to));  // what it points to is on the heap and stays
      return FRL_OK;
    }
  } catch (const std::exception& e) {
    status = fail(error, FRL_OUT_OF_MEMORY, "[%s] while recording: %s", op, e.what());
  }
  recording.slots = before;
  return status;
}

}  // namespace ferrule::cpu
