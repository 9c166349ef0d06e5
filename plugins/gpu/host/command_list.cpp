#include "host/command_list.h"

#include <cstring>

namespace ferrule::gpu {
namespace {

constexpr size_t kArgumentAlignment = 16;

// Whether two commands do the same, but for the bytes of a kernel's arguments.
bool same_but_arguments(const Command& a, const Command& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Command::Kind::kKernel:
      return a.function == b.function && a.n_arguments == b.n_arguments &&
             std::memcmp(&a.shape, &b.shape, sizeof a.shape) == 0;
    case Command::Kind::kCopy:
      return a.to == b.to && a.from == b.from && a.bytes == b.bytes;
    default:
      return false;
  }
}

}  // namespace

void CommandList::begin_call(std::span<const ByteRange> reads, std::span<const ByteRange> writes,
                             const CallInfo& info) {
  const auto at = static_cast<uint32_t>(ranges_.size());
  const auto n_reads = static_cast<uint32_t>(reads.size());
  ranges_.insert(ranges_.end(), reads.begin(), reads.end());
  ranges_.insert(ranges_.end(), writes.begin(), writes.end());
  calls_.push_back(
      {static_cast<uint32_t>(commands_.size()), at, n_reads, at + n_reads, static_cast<uint32_t>(writes.size()), info});
  call_begins_ = true;
}

void CommandList::launch(vendor::Function function, const vendor::LaunchShape& shape,
                         std::span<const void* const> arguments, std::span<const uint32_t> sizes) {
  Command command{};
  command.kind = Command::Kind::kKernel;
  command.first_of_call = call_begins_;
  command.function = function;
  command.shape = shape;
  command.first_argument = static_cast<uint32_t>(argument_offsets_.size());
  command.n_arguments = static_cast<uint32_t>(arguments.size());
  size_t end = argument_bytes_.size();
  command.argument_begin = static_cast<uint32_t>(end);
  for (const uint32_t size : sizes) end += (size + kArgumentAlignment - 1) / kArgumentAlignment * kArgumentAlignment;
  command.argument_end = static_cast<uint32_t>(end);
  argument_bytes_.resize(end);  // zeros between arguments, so that blocks can be compared
  size_t offset = command.argument_begin;
  for (size_t i = 0; i < arguments.size(); ++i) {
    argument_offsets_.push_back(static_cast<uint32_t>(offset));
    std::memcpy(argument_bytes_.data() + offset, arguments[i], sizes[i]);
    offset += (sizes[i] + kArgumentAlignment - 1) / kArgumentAlignment * kArgumentAlignment;
  }
  commands_.push_back(command);
  call_begins_ = false;
}

void CommandList::copy(void* to, const void* from, uint64_t bytes) {
  Command command{};
  command.kind = Command::Kind::kCopy;
  command.first_of_call = call_begins_;
  command.to = to;
  command.from = from;
  command.bytes = bytes;
  commands_.push_back(command);
  call_begins_ = false;
}

void CommandList::library(Library work) {
  Command command{};
  command.kind = Command::Kind::kLibrary;
  command.first_of_call = call_begins_;
  command.library = static_cast<uint32_t>(libraries_.size());
  libraries_.push_back(std::move(work));
  commands_.push_back(command);
  call_begins_ = false;
}

void CommandList::append(const CommandList& other) {
  const Mark at = mark();
  const auto moved = [](uint32_t& index, size_t by) { index += static_cast<uint32_t>(by); };
  try {
    for (Command command : other.commands_) {
      moved(command.first_argument, at.arguments);
      moved(command.argument_begin, at.argument_bytes);
      moved(command.argument_end, at.argument_bytes);
      moved(command.library, at.libraries);
      commands_.push_back(command);
    }
    for (CallRanges call : other.calls_) {
      moved(call.first_command, at.commands);
      moved(call.first_read, at.ranges);
      moved(call.first_write, at.ranges);
      calls_.push_back(call);
    }
    for (uint32_t offset : other.argument_offsets_) {
      moved(offset, at.argument_bytes);
      argument_offsets_.push_back(offset);
    }
    argument_bytes_.insert(argument_bytes_.end(), other.argument_bytes_.begin(), other.argument_bytes_.end());
    ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
    libraries_.insert(libraries_.end(), other.libraries_.begin(), other.libraries_.end());
    kept_.insert(kept_.end(), other.kept_.begin(), other.kept_.end());
  } catch (...) {
    truncate(at);
    throw;
  }
  call_begins_ = true;
}

void CommandList::arguments_of(const Command& command, std::vector<void*>& out) {
  out.clear();
  for (uint32_t i = 0; i < command.n_arguments; ++i) {
    out.push_back(argument_bytes_.data() + argument_offsets_[command.first_argument + i]);
  }
}

std::span<const std::byte> CommandList::argument_block(const Command& command) const {
  return {argument_bytes_.data() + command.argument_begin, command.argument_end - command.argument_begin};
}

bool CommandList::same(const Command& command, const CommandList& other, const Command& theirs) const {
  if (!same_but_arguments(command, theirs)) return false;
  if (command.kind == Command::Kind::kCopy) return true;
  const auto mine = argument_block(command), other_block = other.argument_block(theirs);
  return mine.size() == other_block.size() && std::memcmp(mine.data(), other_block.data(), mine.size()) == 0;
}

bool CommandList::same(const CommandList& other) const {
  const auto equal_bytes = [](const auto& a, const auto& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof a[0]) == 0);
  };
  if (commands_.size() != other.commands_.size() || calls_.size() != other.calls_.size() ||
      !equal_bytes(argument_bytes_, other.argument_bytes_) || !equal_bytes(ranges_, other.ranges_)) {
    return false;
  }
  for (size_t i = 0; i < calls_.size(); ++i) {
    const CallRanges &mine = calls_[i], &theirs = other.calls_[i];
    if (mine.first_command != theirs.first_command || mine.n_reads != theirs.n_reads ||
        mine.n_writes != theirs.n_writes) {
      return false;
    }
  }
  for (size_t i = 0; i < commands_.size(); ++i) {
    if (!same_but_arguments(commands_[i], other.commands_[i])) return false;
  }
  return true;
}

void CommandList::clear() {
  commands_.clear();
  argument_bytes_.clear();
  argument_offsets_.clear();
  libraries_.clear();
  calls_.clear();
  ranges_.clear();
  kept_.clear();
  call_begins_ = true;
}

CommandList::Mark CommandList::mark() const {
  return {commands_.size(),  argument_bytes_.size(), argument_offsets_.size(),
          libraries_.size(), calls_.size(),          ranges_.size(),
          kept_.size()};
}

void CommandList::truncate(const Mark& mark) {
  commands_.resize(mark.commands);
  argument_bytes_.resize(mark.argument_bytes);
  argument_offsets_.resize(mark.arguments);
  libraries_.resize(mark.libraries);
  calls_.resize(mark.calls);
  ranges_.resize(mark.ranges);
  kept_.resize(mark.kept);
  call_begins_ = true;
}

}  // namespace ferrule::gpu
