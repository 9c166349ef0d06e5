#include "host/graph_cache.h"

#include <algorithm>
#include <cinttypes>
#include <utility>

#include "host/batch.h"
#include "host/config.h"
#include "host/failure.h"
#include "host/runtime.h"

namespace ferrule::gpu {

GraphCache::GraphCache(Device& device) : device_(device) { device.add_trimmable(this); }
GraphCache::~GraphCache() {
  device_.remove_trimmable(this);
  if (launched_ == 0 || driver_is_gone()) return;
  log(FRL_LOG_DEBUG,
      "a stream's graphs: %" PRIu64 " of %" PRIu64 " submissions, %" PRIu64 " made, %" PRIu64 " nodes changed",
      launched_, submissions_, made_, replaced_);
}

void GraphCache::trim() {
  std::lock_guard lock(mutex_);
  clear();
}

void GraphCache::clear() {
  entries_.clear();
  hashes_.clear();
}

// How many of the entry's commands have other arguments; counts up to `enough`.
size_t GraphCache::differing(const Entry& entry, const CommandList& list, size_t enough) {
  size_t count = 0;
  for (size_t i = 0; i < entry.topology.size() && count < enough; ++i) {
    count += list.same(list.commands()[i], entry.list, entry.list.commands()[i]) ? 0 : 1;
  }
  return count;
}

// The entry whose executable was last given just this list: loops come back to few of them, and need no topology.
GraphCache::Entry* GraphCache::find_same(const CommandList& list) const {
  for (const auto& entry : entries_) {
    if (entry->executable && list.same(entry->list)) return entry.get();
  }
  return nullptr;
}

GraphCache::Match GraphCache::find(const Topology& topology, const CommandList& list) const {
  Match best;
  for (size_t i = 0; i < hashes_.size(); ++i) {
    if (hashes_[i] != topology.hash() || !(entries_[i]->topology == topology)) continue;
    ++best.variants;
    if (best.entry != nullptr && best.differing == 0) continue;
    const size_t enough = best.entry == nullptr ? topology.size() + 1 : best.differing;
    const size_t count = entries_[i]->executable ? differing(*entries_[i], list, enough) : topology.size();
    if (best.entry == nullptr || count < best.differing) {
      best.entry = entries_[i].get();
      best.differing = count;
    }
  }
  return best;
}

// nullptr where there is no room and every entry was used lately, unless `always`.
GraphCache::Entry* GraphCache::add(const Topology& topology, bool always) {
  if (entries_.size() >= kEntries) {
    const auto oldest = std::min_element(entries_.begin(), entries_.end(),
                                         [](const auto& a, const auto& b) { return a->last_use < b->last_use; });
    if (!always && submissions_ - (*oldest)->last_use < kLately) return nullptr;
    hashes_.erase(hashes_.begin() + (oldest - entries_.begin()));
    entries_.erase(oldest);
  }
  auto entry = std::make_unique<Entry>();
  entry->topology = topology;
  hashes_.reserve(hashes_.size() + 1);
  entries_.push_back(std::move(entry));
  hashes_.push_back(topology.hash());
  return entries_.back().get();
}

bool GraphCache::seen_before(uint64_t hash) {
  if (std::find(seen_.begin(), seen_.end(), hash) != seen_.end()) return true;
  seen_[next_seen_++ % seen_.size()] = hash;
  return false;
}

// Brings the executable's arguments up to date; false when it has to be made anew.
bool GraphCache::give(Entry& entry, CommandList& list) {
  if (!entry.executable) return false;
  for (size_t i = 0; i < entry.topology.size(); ++i) {
    const Command& command = list.commands()[i];
    if (list.same(command, entry.list, entry.list.commands()[i])) continue;
    ++replaced_;
    if (!entry.executable->set(i, list, command)) return false;
  }
  return true;
}

// A submission that failed half-way: nobody knows which arguments the executable has.
GraphCache::Use::~Use() {
  if (entry_ != nullptr) entry_->executable.reset();
}

// Makes entry_ one whose executable has the list's commands; false where there is none.
bool GraphCache::Use::prepare(CommandList& list, size_t n_calls, size_t n_commands, vendor::Stream stream) {
  const BatchPolicy& policy = cache_.device_.batch_policy();
  const Topology& topology = cache_.builder_.build(list, n_calls, n_commands, policy.branches);
  const Match match = cache_.find(topology, list);
  Entry* entry = match.entry;
  if (entry == nullptr) {
    if (!policy.eager && !cache_.seen_before(topology.hash())) return false;
    entry = cache_.add(topology, policy.eager);
    if (entry == nullptr) return false;
  } else if (match.differing > 0 && ++entry->changed >= kPatience) {
    entry->changed = 0;
    if (match.variants < kVariants) {
      if (Entry* another = cache_.add(topology, false)) entry = another;
    }
  }
  entry_ = entry;
  const bool fits = entry == match.entry && match.differing == 0;
  if (!fits && !cache_.give(*entry, list)) {
    entry->executable.reset();
    entry->executable = std::make_unique<Executable>(list, topology, policy.overlap, stream);
    ++cache_.made_;
  }
  return true;
}

bool GraphCache::Use::launch(CommandList& list, size_t n_calls, size_t n_commands, vendor::Stream stream) {
  BatchPolicy& policy = cache_.device_.batch_policy();
  ++cache_.submissions_;
  try {
    if (n_commands == list.size()) entry_ = cache_.find_same(list);
    if (entry_ == nullptr && !prepare(list, n_calls, n_commands, stream)) return false;
    entry_->last_use = cache_.submissions_;
    entry_->executable->launch(stream);
    ++cache_.launched_;
    return true;
  } catch (const Failure& failure) {
    if (failure.error().code == FRL_DEVICE_LOST) throw;
    if (Entry* entry = std::exchange(entry_, nullptr)) entry->executable.reset();
    if (failure.error().code == FRL_OUT_OF_MEMORY) {
      cache_.clear();
    } else if (policy.graphs.exchange(false)) {
      log(FRL_LOG_WARNING, "graphs are not used any more, launches are slower: %s", failure.error().message);
    }
    return false;
  }
}

void GraphCache::Use::take(CommandList& list) {
  if (Entry* entry = std::exchange(entry_, nullptr)) {
    std::swap(entry->list, list);
    entry->list.drop_libraries();
  }
  list.clear();
}

}  // namespace ferrule::gpu
