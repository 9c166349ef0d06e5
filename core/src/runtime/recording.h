// Kernel calls written down instead of launched, with memory that does not exist yet: each range of bytes has a number,
// stands as FRL_SLOT(number) in the calls, and gets its place later. What a program's steps do in this mode changes
// nothing outside. Used with the evaluator's lock held.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "runtime/failure.h"
#include "runtime/kernel_table.h"
#include "runtime/node.h"
#include "runtime/storage.h"

namespace ferrule::detail {

class StreamState;

// What a step does cannot be recorded; it runs in the ordinary way, between two graphs.
class CannotRecord : public error {
 public:
  explicit CannotRecord(const std::string& reason) : error(ErrorCode::unsupported, reason) {}
};

// Slots look like buffers with the lowest bit set.
inline bool is_slot(const frl_buffer* buffer) { return (reinterpret_cast<uintptr_t>(buffer) & 1) != 0; }
inline bool is_recorded(const Node& node) { return node.storage && is_slot(node.storage->buffer()); }

class Recording final : private BlockOwner {
 public:
  enum class Kind : uint8_t {
    input,      // memory of an input of the program
    scalar,     // the value of an inline input
    result,     // memory of what an ordinary step made
    constant,   // memory that exists already
    temporary,  // memory that a recorded call fills first
  };
  struct Range {
    Kind kind;
    uint32_t index;  // of the input, result or constant
    uint64_t bytes;
    Chunk chunk;
    Block block;
  };
  struct Call {
    frl_kernel* kernel;
    const frl_plan* plan;
    const char* what;
    frl_call call;  // its pointers are set by whoever launches it
    std::vector<frl_tensor> tensors;
    std::vector<std::byte> attributes;
  };
  // The life of temporaries, in order.
  struct Event {
    uint32_t range;
    bool begins;
  };

  explicit Recording(StreamState& stream) : stream_(stream) {}
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  StreamState& stream() const { return stream_; }
  std::shared_ptr<Storage> make(Kind kind, uint32_t index, uint64_t bytes);
  std::shared_ptr<Storage> make_temporary(uint64_t bytes) { return make(Kind::temporary, 0, bytes); }
  // Takes a call whose plan and needs are settled. Operands in existing memory become constants.
  void add(const Kernel& kernel, const frl_plan* plan, const char* what, const frl_call& call,
           const std::vector<array>& inputs, const std::vector<array>& outputs);
  // An output took over this storage.
  void note_donation(const Storage& storage);

  const std::vector<std::unique_ptr<Range>>& ranges() const { return ranges_; }
  const std::vector<std::shared_ptr<Storage>>& constants() const { return constants_; }
  const std::vector<Event>& events() const { return events_; }
  // Per input: its memory was given to another value.
  const std::vector<bool>& donated() const { return donated_; }
  static uint32_t range_of(const Storage& storage);

  // Everything after a mark may be undone.
  struct Mark {
    size_t calls = 0;
    std::vector<bool> donated;
  };
  Mark mark() const { return {calls.size(), donated_}; }
  void undo(const Mark& mark);

  std::vector<Call> calls;

 private:
  void free(Block* block, std::vector<StreamUse> uses) override;
  uint32_t constant(const std::shared_ptr<Storage>& storage);

  StreamState& stream_;
  std::vector<std::unique_ptr<Range>> ranges_;  // blocks are pointed to
  std::vector<std::shared_ptr<Storage>> constants_;
  std::vector<uint32_t> constant_ranges_;
  std::vector<Event> events_;
  size_t n_temporaries_ = 0;
  std::vector<bool> donated_;
};

}  // namespace ferrule::detail
