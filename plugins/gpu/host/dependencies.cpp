#include "host/dependencies.h"

#include <algorithm>
#include <functional>

namespace ferrule::gpu {

void Dependencies::reset(uint32_t max_calls) {
  n_calls_ = 0;
  words_ = (max_calls + 63) / 64;
  stretches_.clear();
  readers_.clear();
  ancestors_.clear();
  noted_.clear();
}

// The first stretch that ends beyond the address.
size_t Dependencies::first_reaching(uint64_t address) const {
  return static_cast<size_t>(
      std::partition_point(stretches_.begin(), stretches_.end(), [&](const Stretch& s) { return s.end <= address; }) -
      stretches_.begin());
}

uint32_t Dependencies::add_reader(uint32_t next) {
  readers_.push_back({n_calls_, next});
  return static_cast<uint32_t>(readers_.size() - 1);
}

void Dependencies::wait_for(uint32_t call) {
  if (call >= n_calls_ || noted_[call] == n_calls_ + 1) return;  // none, itself, or known
  noted_[call] = n_calls_ + 1;
  found_.push_back(call);
}

void Dependencies::wait_for_users(const Stretch& stretch) {
  wait_for(stretch.writer);
  for (uint32_t r = stretch.readers; r != kNone; r = readers_[r].next) wait_for(readers_[r].call);
}

// A stretch that is read in part counts as read whole: what that orders too much is a later write beside the part.
void Dependencies::read(const ByteRange& range) {
  uint64_t at = range.begin;
  for (size_t i = first_reaching(at); at < range.end; ++i) {
    if (i == stretches_.size() || stretches_[i].begin > at) {
      const uint64_t end = i == stretches_.size() ? range.end : std::min(range.end, stretches_[i].begin);
      stretches_.insert(stretches_.begin() + static_cast<ptrdiff_t>(i), {at, end, kNone, add_reader(kNone)});
      at = end;
      continue;
    }
    Stretch& stretch = stretches_[i];
    wait_for(stretch.writer);
    if (stretch.readers == kNone || readers_[stretch.readers].call != n_calls_) {
      stretch.readers = add_reader(stretch.readers);
    }
    at = stretch.end;
  }
}

void Dependencies::write(const ByteRange& range) {
  const size_t first = first_reaching(range.begin);
  size_t last = first;
  while (last < stretches_.size() && stretches_[last].begin < range.end) wait_for_users(stretches_[last++]);
  // The parts of the first and last stretch beside the range keep their users.
  Stretch replacement[3];
  size_t n = 0;
  if (last > first && stretches_[first].begin < range.begin) {
    replacement[n] = stretches_[first];
    replacement[n++].end = range.begin;
  }
  replacement[n++] = {range.begin, range.end, n_calls_, kNone};
  if (last > first && stretches_[last - 1].end > range.end) {
    replacement[n] = stretches_[last - 1];
    replacement[n++].begin = range.end;
  }
  const size_t in_place = std::min(n, last - first);
  std::copy_n(replacement, in_place, stretches_.begin() + static_cast<ptrdiff_t>(first));
  const auto rest = stretches_.begin() + static_cast<ptrdiff_t>(first + in_place);
  if (n > in_place) {
    stretches_.insert(rest, replacement + in_place, replacement + n);
  } else {
    stretches_.erase(rest, stretches_.begin() + static_cast<ptrdiff_t>(last));
  }
}

std::span<const uint32_t> Dependencies::add(std::span<const ByteRange> reads, std::span<const ByteRange> writes) {
  found_.clear();
  for (const ByteRange& range : reads) read(range);
  for (const ByteRange& range : writes) write(range);
  ancestors_.resize(ancestors_.size() + words_);
  noted_.push_back(0);
  uint64_t* mine = ancestors(n_calls_);
  std::sort(found_.begin(), found_.end(), std::greater<>());
  size_t kept = 0;
  for (uint32_t call : found_) {
    if ((mine[call / 64] >> (call % 64) & 1) != 0) continue;  // another wait implies this one
    const uint64_t* theirs = ancestors(call);
    for (uint32_t w = 0; w <= call / 64; ++w) mine[w] |= theirs[w];
    mine[call / 64] |= uint64_t{1} << (call % 64);
    found_[kept++] = call;
  }
  ++n_calls_;
  return {found_.data(), kept};
}

}  // namespace ferrule::gpu
