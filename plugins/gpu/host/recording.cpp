#include "host/recording.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "host/failure.h"
#include "host/resolve.h"

namespace ferrule::gpu {
namespace {

// Throws what `write` puts into an error; away from the code that usually finds nothing wrong.
template <typename Write>
[[noreturn]] void refuse(const Write& write) {
  frl_error error{};
  error.struct_size = sizeof error;
  write(&error);
  throw Failure(error);
}

}  // namespace

uint32_t Recording::slot_of(const char* op, const char* what, const frl_buffer* buffer) const {
  uint32_t slot = kNoSlot;
  if (plugin::find_slot(op, what, buffer, slots_.size(), &slot, nullptr) != FRL_OK) {
    refuse([&](frl_error* error) { plugin::find_slot(op, what, buffer, slots_.size(), &slot, error); });
  }
  return slot;
}

void Recording::use(RecordedCall& call, uint32_t slot, int64_t begin, int64_t end, bool write) {
  const uint64_t base = (uint64_t{slot} + 1) << kSlotBits;
  (write ? call.writes : call.reads)
      .push_back({base + static_cast<uint64_t>(begin), base + static_cast<uint64_t>(end)});
  slots_[slot].add(begin, end);
}

void Recording::add_operand(RecordedCall& to, const char* what, const frl_tensor& from) {
  if (from.ndim > FRL_MAX_DIMS) {
    throw Failure(FRL_INVALID_ARGUMENT, "[%s] an %s has %u dimensions; expected at most %u", to.name, what, from.ndim,
                  FRL_MAX_DIMS);
  }
  const bool input = what[0] == 'i';
  const bool is_inline = input && (from.flags & FRL_TENSOR_INLINE) != 0;
  Place place;
  int64_t begin = 0, end = 0;
  if (is_inline) {
    if (from.buffer != nullptr) {
      place.slot = slot_of(to.name, what, from.buffer);
      place.value = true;
    }
  } else if (from.dtype != FRL_NONE && plugin::byte_reach(from, begin, end)) {
    place.slot = slot_of(to.name, what, from.buffer);
    place.offset = static_cast<int64_t>(from.byte_offset);
    use(to, place.slot, place.offset + begin, place.offset + end, !input);
  }
  to.numbers.insert(to.numbers.end(), from.shape, from.shape + from.ndim);
  to.numbers.insert(to.numbers.end(), from.strides, from.strides + from.ndim);
  to.values.push_back(is_inline ? from.value[0] : 0);
  to.values.push_back(is_inline ? from.value[1] : 0);
  to.operands.push_back({nullptr, from.dtype, from.ndim, nullptr, nullptr, is_inline ? from.value : nullptr});
  to.places.push_back(place);
  if (place.slot != kNoSlot && std::find(to.used.begin(), to.used.end(), place.slot) == to.used.end()) {
    to.used.push_back(place.slot);
  }
}

void Recording::add(const frl_kernel& kernel, const frl_plan* plan, const frl_call& call) {
  check_form(kernel, call);
  const std::vector<SlotUse> before = slots_;
  try {
    RecordedCall to;
    const Chosen chosen = choose(kernel, plan, call);
    to.kernel = chosen.kernel;
    to.state = chosen.state;
    to.program = kernel.program;
    to.name = kernel.name;
    to.n_inputs = call.n_inputs;
    to.math = call.math;
    for (uint32_t i = 0; i < call.n_inputs; ++i) add_operand(to, "input", call.inputs[i]);
    for (uint32_t i = 0; i < call.n_outputs; ++i) add_operand(to, "output", call.outputs[i]);
    if (call.scratch_bytes != 0) {
      const uint32_t slot = slot_of(to.name, "scratch", call.scratch);
      const auto offset = static_cast<int64_t>(call.scratch_offset);
      use(to, slot, offset, offset + static_cast<int64_t>(call.scratch_bytes), true);
      to.scratch = {slot, false, offset};
      to.scratch_bytes = call.scratch_bytes;
      if (std::find(to.used.begin(), to.used.end(), slot) == to.used.end()) to.used.push_back(slot);
    }
    to.has_attrs = kernel.attrs_size != 0;
    to.attrs.resize((kernel.attrs_size + 7) / 8);
    if (to.has_attrs) std::memcpy(to.attrs.data(), call.attrs, kernel.attrs_size);
    // What the operands point to has its final place now.
    const int64_t* numbers = to.numbers.data();
    for (size_t i = 0; i < to.operands.size(); ++i) {
      Operand& operand = to.operands[i];
      operand.shape = numbers;
      operand.strides = numbers + operand.ndim;
      numbers += 2 * operand.ndim;
      if (operand.value != nullptr) operand.value = to.values.data() + 2 * i;
      if (to.places[i].slot != kNoSlot && !to.places[i].value) to.bytes += operand_bytes(operand);
    }
    calls_.push_back(std::move(to));
  } catch (...) {
    slots_ = before;
    throw;
  }
}

void Recording::resolve(const frl_binding* bindings, uint32_t device, std::vector<SlotValue>& out) const {
  out.resize(slots_.size());
  for (size_t i = 0; i < slots_.size(); ++i) {
    const SlotUse& slot = slots_[i];
    const frl_binding& binding = bindings[i];
    out[i] = {nullptr, {binding.value[0], binding.value[1]}};
    if (!slot.memory) continue;
    if (!valid(binding.buffer)) [[unlikely]] {
      refuse([&](frl_error* error) { plugin::refuse_binding(i, binding.buffer, error); });
    }
    const uint64_t bytes = binding.buffer->bytes;
    if (!slot.fits(binding.byte_offset, bytes)) [[unlikely]] {
      refuse([&](frl_error* error) { plugin::refuse_binding(i, slot, binding.byte_offset, bytes, error); });
    }
    if (binding.buffer->device != device && !binding.buffer->pinned) {
      throw Failure(FRL_INVALID_ARGUMENT, "[graph_launch] slot %zu: got a buffer of device %u; expected device %u", i,
                    binding.buffer->device, device);
    }
    // A slot has memory or values: what it does not use does not count when bindings are compared.
    out[i] = {binding.buffer->data + binding.byte_offset, {0, 0}};
  }
}

void Recording::place(std::span<ByteRange> ranges, std::span<const SlotValue> slots) {
  constexpr uint64_t kHalf = uint64_t{1} << (kSlotBits - 1);  // offsets go to either side
  for (ByteRange& range : ranges) {
    const uint64_t slot = ((range.begin + kHalf) >> kSlotBits) - 1;
    const uint64_t by = reinterpret_cast<uintptr_t>(slots[slot].address) - ((slot + 1) << kSlotBits);
    range = {range.begin + by, range.end + by};
  }
}

void Recording::encode(size_t index, std::span<const SlotValue> slots, Ranges ranges, Device& device,
                       CommandList& commands) const {
  const RecordedCall& recorded = calls_[index];
  std::array<Operand, kMaxOperands> operands;
  std::copy(recorded.operands.begin(), recorded.operands.end(), operands.begin());
  for (size_t i = 0; i < recorded.places.size(); ++i) {
    const Place& place = recorded.places[i];
    if (place.slot == kNoSlot) continue;
    if (place.value) {
      operands[i].value = slots[place.slot].value;
    } else {
      operands[i].data = slots[place.slot].address + place.offset;
    }
  }
  Call call{};
  const std::span<const Operand> all(operands.data(), recorded.operands.size());
  call.inputs = all.first(recorded.n_inputs);
  call.outputs = all.subspan(recorded.n_inputs);
  call.math = recorded.math;
  call.attrs = recorded.has_attrs ? recorded.attrs.data() : nullptr;
  if (recorded.scratch.slot != kNoSlot) call.scratch = slots[recorded.scratch.slot].address + recorded.scratch.offset;
  call.scratch_bytes = recorded.scratch_bytes;
  call.state = recorded.state.get();
  const CommandList::CallInfo info{recorded.name, FRL_PROFILE_KERNEL, recorded.bytes};
  if (ranges == Ranges::kOfSlots) {
    commands.begin_call(recorded.reads, recorded.writes, info);
  } else {
    std::vector<ByteRange> reads = recorded.reads, writes = recorded.writes;
    place(reads, slots);
    place(writes, slots);
    commands.begin_call(reads, writes, info);
  }
  if (recorded.state != nullptr) commands.keep(recorded.state);
  if (recorded.program != nullptr) commands.keep(recorded.program);
  if (recorded.program != nullptr) {
    recorded.program->run(device, call, commands);
  } else {
    recorded.kernel->run(device, call, commands);
  }
}

}  // namespace ferrule::gpu
