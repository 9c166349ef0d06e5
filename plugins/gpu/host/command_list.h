// The work of one stream that was not handed to the device yet, in order. Kernels append to it through launch, copy and
// library; the stream submits it as plain launches or as a graph (stream.h). Arguments are copied when appended. Not
// thread-safe: the stream's lock is held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <tuple>
#include <vector>

#include "ferrule/plugin.h"
#include "vendor/host.h"

namespace ferrule::gpu {

// A range of device memory that a call reads or writes.
struct ByteRange {
  uint64_t begin, end;
};

// One device operation. Commands of one call (a kernel_launch, copy or fill) run in order; calls may overlap where their
// ranges allow.
struct Command {
  enum class Kind : uint8_t { kKernel, kCopy, kLibrary };
  Kind kind;
  bool first_of_call;  // begins a new call
  // kKernel
  vendor::Function function;
  vendor::LaunchShape shape;
  uint32_t first_argument, n_arguments;   // in argument_offsets()
  uint32_t argument_begin, argument_end;  // in argument_bytes()
  // kCopy
  void* to;
  const void* from;
  uint64_t bytes;
  // kLibrary: index into libraries()
  uint32_t library;
};

class CommandList {
 public:
  using Library = std::function<vendor::Status(vendor::Stream)>;

  // What a profiler says of a call. The name lives as long as the list.
  struct CallInfo {
    const char* name = "";
    uint32_t kind = FRL_PROFILE_KERNEL;
    uint64_t bytes = 0;
  };
  // Everything appended until the next begin_call belongs to one call with these ranges.
  void begin_call(std::span<const ByteRange> reads, std::span<const ByteRange> writes, const CallInfo& info);
  void begin_call(std::span<const ByteRange> reads, std::span<const ByteRange> writes) {
    begin_call(reads, writes, CallInfo{});
  }

  // Appends a launch of the kernel K with arguments converted to its parameter types.
  template <auto* K, typename... A>
  void launch(const vendor::LaunchShape& shape, const A&... arguments) {
    append_typed(vendor::function_of<K>(), shape, K, arguments...);
  }
  // The same for a run-time compiled function; arguments[i] points at sizes[i] bytes.
  void launch(vendor::Function function, const vendor::LaunchShape& shape, std::span<const void* const> arguments,
              std::span<const uint32_t> sizes);
  // Device to device.
  void copy(void* to, const void* from, uint64_t bytes);
  // Work that a vendor's library puts on a stream. May be called while the stream is being captured into a graph, once
  // or several times, until the list is submitted; so it allocates nothing on the device and does not synchronise.
  void library(Library work);

  // Everything in another list, after what is here. Throws std::bad_alloc; the list is then as before.
  void append(const CommandList& other);

  // Keeps what functions and library work refer to alive until the list is cleared.
  void keep(std::shared_ptr<const void> object) { kept_.push_back(std::move(object)); }

  // Forgets library work, which only submitting needed. Functions stay, with what they belong to: a new one may get the
  // place of one that is gone, and would be taken for it.
  void drop_libraries() { libraries_.clear(); }

  // How much there is; truncate drops what came after.
  struct Mark {
    size_t commands, argument_bytes, arguments, libraries, calls, ranges, kept;
  };
  Mark mark() const;
  void truncate(const Mark& mark);

  bool empty() const { return commands_.empty(); }
  size_t size() const { return commands_.size(); }
  void clear();

  std::span<const Command> commands() const { return commands_; }
  // Pointers to the arguments of a kernel command; valid until the list changes.
  void arguments_of(const Command& command, std::vector<void*>& out);
  const Library& library_of(const Command& command) const { return libraries_[command.library]; }
  bool has_library() const { return !libraries_.empty(); }
  // Whether two commands of one kind, of this list and another, do the same with the same arguments.
  bool same(const Command& command, const CommandList& other, const Command& theirs) const;
  // Whether two lists are the same calls on the same memory with the same arguments; never with library work.
  bool same(const CommandList& other) const;
  struct CallRanges {
    uint32_t first_command;                               // in commands(); those of the call end where the next begins
    uint32_t first_read, n_reads, first_write, n_writes;  // in ranges()
    CallInfo info;
  };
  std::span<const CallRanges> calls() const { return calls_; }
  std::span<const ByteRange> ranges() const { return ranges_; }

 private:
  template <typename... P, typename... A>
  void append_typed(vendor::Function function, const vendor::LaunchShape& shape, void (*)(P...),
                    const A&... arguments) {
    static_assert(sizeof...(P) == sizeof...(A), "a kernel gets as many arguments as it has parameters");
    const std::tuple<P...> values(static_cast<P>(arguments)...);
    std::apply(
        [&](const P&... value) {
          const void* pointers[] = {static_cast<const void*>(&value)..., nullptr};
          const uint32_t sizes[] = {static_cast<uint32_t>(sizeof(P))..., 0};
          launch(function, shape, std::span<const void* const>(pointers, sizeof...(P)),
                 std::span<const uint32_t>(sizes, sizeof...(P)));
        },
        values);
  }

  std::span<const std::byte> argument_block(const Command& command) const;

  std::vector<Command> commands_;
  std::vector<std::byte> argument_bytes_;
  std::vector<uint32_t> argument_offsets_;
  std::vector<Library> libraries_;
  std::vector<CallRanges> calls_;
  std::vector<ByteRange> ranges_;
  std::vector<std::shared_ptr<const void>> kept_;
  bool call_begins_ = true;
};

}  // namespace ferrule::gpu
