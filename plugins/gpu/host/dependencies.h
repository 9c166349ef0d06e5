// Which calls must wait for which earlier ones, by the bytes that they read and write. Calls are added in the order in
// which they were made; what is returned keeps every read after the write it reads from (and every write after the
// reads and writes before it) and leaves out what other waits imply.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/command_list.h"

namespace ferrule::gpu {

class Dependencies {
 public:
  // Forgets all calls; at most max_calls follow.
  void reset(uint32_t max_calls);
  // The next call; returns the calls that it waits for directly, latest first. Valid until the next add.
  std::span<const uint32_t> add(std::span<const ByteRange> reads, std::span<const ByteRange> writes);

 private:
  static constexpr uint32_t kNone = ~0u;
  // A stretch of memory with its last writer and those that have read it since.
  struct Stretch {
    uint64_t begin, end;
    uint32_t writer;   // a call, or kNone
    uint32_t readers;  // index into readers_, or kNone
  };
  struct Reader {
    uint32_t call, next;
  };

  void read(const ByteRange& range);
  void write(const ByteRange& range);
  size_t first_reaching(uint64_t address) const;
  uint32_t add_reader(uint32_t next);
  void wait_for(uint32_t call);
  void wait_for_users(const Stretch& stretch);
  uint64_t* ancestors(uint32_t call) { return ancestors_.data() + size_t{call} * words_; }

  uint32_t n_calls_ = 0;
  uint32_t words_ = 0;               // of one call's set of ancestors
  std::vector<Stretch> stretches_;   // disjoint, in order of address
  std::vector<Reader> readers_;      // lists that stretches share
  std::vector<uint64_t> ancestors_;  // per call, one bit per earlier call that it waits for, directly or not
  std::vector<uint32_t> noted_;      // per call: the last call that noted it, plus 1
  std::vector<uint32_t> found_;
};

}  // namespace ferrule::gpu
