// The calls of a frl.graph recording, each ready to run but for the slots: addresses and values that every launch
// brings. Built by one thread; constant afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/slots.h"
#include "host/command_list.h"
#include "host/handles.h"

namespace ferrule::gpu {

// What a launch knows of a slot.
struct SlotValue {
  std::byte* address;
  uint64_t value[2];
};

class Recording {
 public:
  static constexpr uint32_t kMostSlots = 1u << 18;  // their ranges lie side by side in 64 bits

  explicit Recording(uint32_t n_slots) : slots_(n_slots) {}

  // Copies a call; a refused one leaves no trace. Throws Failure, std::bad_alloc.
  void add(const frl_kernel& kernel, const frl_plan* plan, const frl_call& call);

  size_t n_slots() const { return slots_.size(); }
  size_t n_calls() const { return calls_.size(); }
  // The slots that a call uses, each once.
  std::span<const uint32_t> slots_of(size_t call) const { return calls_[call].used; }

  // Writes n_slots() values. Throws Failure for a binding that does not hold what the calls reach.
  void resolve(const frl_binding* bindings, uint32_t device, std::vector<SlotValue>& out) const;
  // Appends one call. Throws what the kernel throws. Its ranges, for the order of calls, count from places of the slots' own
  // and so are equal in every launch, or are the addresses that this launch reaches.
  enum class Ranges { kOfSlots, kOfMemory };
  void encode(size_t call, std::span<const SlotValue> slots, Ranges ranges, Device& device,
              CommandList& commands) const;

 private:
  using SlotUse = plugin::SlotUse;
  // Where an operand's address or value comes from; kNoSlot: from nowhere, it stays.
  static constexpr uint32_t kNoSlot = plugin::kNoSlot;
  struct Place {
    uint32_t slot = kNoSlot;
    bool value = false;
    int64_t offset = 0;
  };
  struct RecordedCall {
    const Kernel* kernel = nullptr;
    std::shared_ptr<const Program> program;
    std::shared_ptr<const void> state;
    const char* name = nullptr;
    uint64_t bytes = 0;
    uint32_t n_inputs = 0, math = 0;
    std::vector<Operand> operands;  // inputs, then outputs
    std::vector<Place> places;      // one per operand
    std::vector<int64_t> numbers;   // shapes and strides
    std::vector<uint64_t> values;   // of inline operands
    std::vector<uint64_t> attrs;
    bool has_attrs = false;
    Place scratch;
    uint64_t scratch_bytes = 0;
    std::vector<ByteRange> reads, writes;  // slot i begins at address (i + 1) << kSlotBits
    std::vector<uint32_t> used;
  };
  static constexpr uint32_t kSlotBits = 45;  // room for any offset to either side

  static void place(std::span<ByteRange> ranges, std::span<const SlotValue> slots);
  uint32_t slot_of(const char* op, const char* what, const frl_buffer* buffer) const;
  void add_operand(RecordedCall& to, const char* what, const frl_tensor& from);
  void use(RecordedCall& call, uint32_t slot, int64_t begin, int64_t end, bool write);

  std::vector<SlotUse> slots_;
  std::vector<RecordedCall> calls_;
};

}  // namespace ferrule::gpu
