#include "host/replay.h"

#include <algorithm>
#include <cstring>

#include "host/batch.h"
#include "host/config.h"
#include "host/failure.h"
#include "host/profiler.h"
#include "host/stream.h"

namespace ferrule::gpu {
namespace {

using Ranges = Recording::Ranges;

bool same(const SlotValue& a, const SlotValue& b) {
  return a.address == b.address && a.value[0] == b.value[0] && a.value[1] == b.value[1];
}

bool same_addresses(const std::vector<SlotValue>& a, const std::vector<SlotValue>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const SlotValue& x, const SlotValue& y) { return x.address == y.address; });
}

}  // namespace

Replay::Replay(Device& device, const Recording& recording) : device_(device), recording_(recording) {
  device.add_trimmable(this);
}

Replay::~Replay() { device_.remove_trimmable(this); }

void Replay::trim() {
  std::lock_guard lock(mutex_);
  sets_.clear();
}

Replay::Set* Replay::find() {
  for (const auto& set : sets_) {
    if (std::equal(set->slots.begin(), set->slots.end(), slots_.begin(), slots_.end(), same)) return set.get();
  }
  return nullptr;
}

// Where only values differ that set is the cheapest to change; else the one that was used longest ago, once there are
// enough.
Replay::Sets::iterator Replay::to_replace() {
  const auto alike =
      std::find_if(sets_.begin(), sets_.end(), [this](const auto& set) { return same_addresses(set->slots, slots_); });
  if (alike != sets_.end() || sets_.size() < kSets) return alike;
  return std::min_element(sets_.begin(), sets_.end(),
                          [](const auto& a, const auto& b) { return a->last_use < b->last_use; });
}

void Replay::encode(size_t first_call, size_t last_call, Ranges ranges, CommandList& list) const {
  list.clear();
  for (size_t i = first_call; i < last_call; ++i) recording_.encode(i, slots_, ranges, device_, list);
}

// Brings one part to the present slots; false when it has to be made anew.
bool Replay::update_part(Set& set, size_t index, vendor::Stream stream) {
  Part& part = set.parts[index];
  const size_t first_call = index * kCallsPerPart;
  for (size_t c = 0; c + 1 < part.first_command.size(); ++c) {
    const auto used = recording_.slots_of(first_call + c);
    if (std::all_of(used.begin(), used.end(), [&](uint32_t s) { return same(set.slots[s], slots_[s]); })) continue;
    encode(first_call + c, first_call + c + 1, Ranges::kOfSlots, scratch_);
    if (scratch_.has_library()) {
      // A library's arguments are its own business: all of the part is captured again.
      encode(first_call, first_call + part.first_command.size() - 1, Ranges::kOfSlots, scratch_);
      const Topology& topology =
          builder_.build(scratch_, scratch_.calls().size(), scratch_.size(), device_.batch_policy().branches);
      return topology == part.topology && part.executable->rebuild(scratch_, topology, stream);
    }
    const size_t begin = part.first_command[c], end = part.first_command[c + 1];
    if (scratch_.size() != end - begin) return false;
    for (size_t i = begin; i < end; ++i) {
      const Command& command = scratch_.commands()[i - begin];
      if (command.kind != part.topology.kind(i) || !part.executable->set(i, scratch_, command)) return false;
    }
  }
  return true;
}

// Brings a set to the present slots; false when it has to be made anew. Throws Failure for a lost device.
bool Replay::updated(Set& set, vendor::Stream stream) try {
  if (set.parts.empty()) {
    encode(0, recording_.n_calls(), Ranges::kOfMemory, set.list);
    return true;
  }
  for (size_t i = 0; i < set.parts.size(); ++i) {
    if (!update_part(set, i, stream)) return false;
  }
  return true;
} catch (const Failure& failure) {
  if (failure.error().code == FRL_DEVICE_LOST) throw;
  return false;
}

// False when the recording is better launched as part of a stream's list; set.list then holds it.
bool Replay::make_parts(Set& set, vendor::Stream stream) {
  BatchPolicy& policy = device_.batch_policy();
  encode(0, recording_.n_calls(), Ranges::kOfMemory, set.list);
  const size_t least = set.list.has_library() ? 2 : policy.recording_from;
  if (set.list.size() < least || !policy.graphs.load(std::memory_order_relaxed)) return false;
  try {
    for (size_t first = 0; first < recording_.n_calls(); first += kCallsPerPart) {
      encode(first, std::min(first + kCallsPerPart, recording_.n_calls()), Ranges::kOfSlots, scratch_);
      Part part;
      part.topology = builder_.build(scratch_, scratch_.calls().size(), scratch_.size(), policy.branches);
      part.executable = std::make_unique<Executable>(scratch_, part.topology, policy.overlap, stream);
      for (const auto& call : scratch_.calls()) part.first_command.push_back(call.first_command);
      part.first_command.push_back(static_cast<uint32_t>(scratch_.size()));
      set.parts.push_back(std::move(part));
    }
  } catch (const Failure& failure) {
    if (failure.error().code == FRL_DEVICE_LOST) throw;
    set.parts.clear();
    log(warned_ ? FRL_LOG_DEBUG : FRL_LOG_WARNING, "a recorded graph is launched call by call, which is slower: %s",
        failure.error().message);
    warned_ = true;
    return false;
  }
  set.list.clear();
  return true;
}

Replay::Set& Replay::make(vendor::Stream stream) {
  if (const auto at = to_replace(); at != sets_.end()) {
    // Until the update is through, the set is not among those that bindings may match.
    std::unique_ptr<Set> old = std::move(*at);
    sets_.erase(at);
    if (updated(*old, stream)) {
      old->slots = slots_;
      sets_.push_back(std::move(old));
      return *sets_.back();
    }
  }
  auto set = std::make_unique<Set>();
  (void)make_parts(*set, stream);
  set->slots = slots_;
  sets_.push_back(std::move(set));
  return *sets_.back();
}

void Replay::launch(const frl_binding* bindings, Stream& stream) {
  std::lock_guard lock(mutex_);
  recording_.resolve(bindings, device_.index(), slots_);
  Set* set = find();
  if (set == nullptr) set = &make(stream.handle());
  set->last_use = ++uses_;
  scratch_.clear();
  if (set->parts.empty()) {
    stream.commands().append(set->list);
    stream.appended();
  } else if (stream.submit()) {  // else dropped: the failure reaches the next event
    const Profiler::Scope scope(device_.profiler(), stream.handle(), "graph", FRL_PROFILE_GRAPH, 0);
    for (Part& part : set->parts) part.executable->launch(stream.handle());
  }
}

}  // namespace ferrule::gpu
