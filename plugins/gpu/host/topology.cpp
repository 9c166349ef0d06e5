#include "host/topology.h"

#include <algorithm>

namespace ferrule::gpu {
namespace {

constexpr uint32_t kNone = ~0u;

uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
  return hash ^ (hash >> 32);
}

}  // namespace

const Topology& TopologyBuilder::build(const CommandList& list, size_t n_calls, size_t n_commands, bool branches) {
  Topology& t = topology_;
  t.kinds_.clear();
  t.first_.clear();
  t.waits_.clear();
  last_command_.clear();
  if (branches) dependencies_.reset(static_cast<uint32_t>(n_calls));
  const std::span<const Command> commands = list.commands().first(n_commands);
  uint64_t hash = mix(0, n_commands);
  for (size_t c = 0; c < n_calls; ++c) {
    const CommandList::CallRanges& call = list.calls()[c];
    const size_t begin = call.first_command;
    const size_t end = c + 1 < list.calls().size() ? list.calls()[c + 1].first_command : list.size();
    if (begin == end) {  // nothing to do: nobody waits for it
      if (branches) (void)dependencies_.add({}, {});
      last_command_.push_back(kNone);
      continue;
    }
    std::span<const uint32_t> waits;
    if (branches) {
      waits = dependencies_.add(list.ranges().subspan(call.first_read, call.n_reads),
                                list.ranges().subspan(call.first_write, call.n_writes));
    }
    for (size_t i = begin; i < end; ++i) {
      t.kinds_.push_back(commands[i].kind);
      t.first_.push_back(static_cast<uint32_t>(t.waits_.size()));
      hash = mix(hash, static_cast<uint64_t>(commands[i].kind) + 0x100);
      if (branches && i == begin) {
        for (uint32_t w : waits) t.waits_.push_back(last_command_[w]);
      } else if (i != 0) {
        t.waits_.push_back(static_cast<uint32_t>(i - 1));
      }
      for (size_t k = t.first_.back(); k < t.waits_.size(); ++k) hash = mix(hash, i - t.waits_[k]);
    }
    last_command_.push_back(static_cast<uint32_t>(end - 1));
  }
  t.hash_ = hash;
  return t;
}

}  // namespace ferrule::gpu
