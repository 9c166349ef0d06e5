#include "machine/race_check.h"

#include "machine/running.h"
#include "machine/shared_memory.h"

namespace ferrule::gpu::sim {
namespace {

bool unordered(const RaceCheck::Time& before, const RaceCheck::Time& now) {
  return before.thread != now.thread && before.block_epoch == now.block_epoch &&
         (before.warp != now.warp || before.warp_epoch == now.warp_epoch);
}

}  // namespace

RaceCheck::Entry& RaceCheck::entry(size_t offset) {
  if (offset >= shadow_.size()) shadow_.resize(memory_.used());
  Shadow& shadow = shadow_[offset];
  if (shadow.segment != segment_) {
    shadow.segment = segment_;
    shadow.entry = static_cast<uint32_t>(entries_.size());
    entries_.push_back({static_cast<uint32_t>(offset), memory_.data()[offset], 0, false});
  }
  return entries_[shadow.entry];
}

void RaceCheck::touch(size_t offset, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) ++entry(offset + i).plain;
}

void RaceCheck::touch_atomic(size_t offset, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) {
    Entry& e = entry(offset + i);
    if (e.plain > 0) --e.plain;  // the accessor that gave the address
    e.atomic = true;
  }
}

void RaceCheck::settle(const Entry& e, const Time& now) {
  Shadow& shadow = shadow_[e.offset];
  const bool atomic = e.plain == 0;
  const bool writes = atomic || memory_.data()[e.offset] != e.before;
  const auto conflict = [&](const Access& before, const char* what) {
    if (!before.any || !unordered(before.time, now)) return;
    size_t offset = e.offset;
    const char* name = memory_.name_of(&offset);
    fault("race: thread %u %s byte %zu of shared '%s' and thread %u %s it, with no barrier between", before.time.thread,
          what, offset, name, now.thread,
          atomic   ? "changed"
          : writes ? "wrote"
                   : "read");
  };
  conflict(shadow.write, "wrote");
  if (!atomic) conflict(shadow.atomic, "changed");
  if (writes) {
    conflict(shadow.read, "read");
    conflict(shadow.other_read, "read");
  }
  if (atomic) {
    shadow.atomic = {now, true};
  } else if (writes) {
    shadow.write = {now, true};
  } else {
    if (!shadow.read.any || shadow.read.time.thread != now.thread) shadow.other_read = shadow.read;
    shadow.read = {now, true};
  }
}

void RaceCheck::end_segment(const Time& now) {
  for (const Entry& e : entries_) settle(e, now);
  entries_.clear();
  ++segment_;
}

}  // namespace ferrule::gpu::sim
