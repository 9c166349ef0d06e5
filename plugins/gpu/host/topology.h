// The graph of a list of commands without their arguments: what kind each is and which earlier ones it waits for. Equal
// topologies can share an executable, which is given new arguments.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/command_list.h"
#include "host/dependencies.h"

namespace ferrule::gpu {

class Topology {
 public:
  size_t size() const { return first_.size(); }
  Command::Kind kind(size_t command) const { return kinds_[command]; }
  // The commands that a command waits for.
  std::span<const uint32_t> waits(size_t command) const {
    return {waits_.data() + first_[command],
            (command + 1 < first_.size() ? first_[command + 1] : waits_.size()) - first_[command]};
  }

  uint64_t hash() const { return hash_; }
  bool operator==(const Topology& other) const {
    return hash_ == other.hash_ && kinds_ == other.kinds_ && first_ == other.first_ && waits_ == other.waits_;
  }

 private:
  friend class TopologyBuilder;

  std::vector<Command::Kind> kinds_;
  std::vector<uint32_t> first_;  // per command, into waits_
  std::vector<uint32_t> waits_;
  uint64_t hash_ = 0;
};

class TopologyBuilder {
 public:
  // More calls would make the sets of ancestors large; longer lists are cut by who submits them.
  static constexpr size_t kMaxCalls = 2048;

  // Of the first n_calls calls and their n_commands commands. Without branches each command waits for the one before.
  // Valid until the next build.
  const Topology& build(const CommandList& list, size_t n_calls, size_t n_commands, bool branches);

 private:
  Topology topology_;
  Dependencies dependencies_;
  std::vector<uint32_t> last_command_;  // per call; kNone without commands
};

}  // namespace ferrule::gpu
