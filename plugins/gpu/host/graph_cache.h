// The executables of one stream, by topology: bounded, the least recently used goes, unless it was used lately (more
// topologies in turn than there is room for would otherwise all be made again each time). A list that fits one replaces
// its arguments where they differ and launches it. A topology gets an executable when it is seen for the second time, and
// further ones while its arguments keep changing: loops whose memory goes round among few addresses then replace nothing.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "host/device.h"
#include "host/executable.h"
#include "host/topology.h"

namespace ferrule::gpu {

class GraphCache : public Trimmable {
  struct Entry;

 public:
  explicit GraphCache(Device& device);
  ~GraphCache() override;
  void trim() override;
  size_t size() const { return entries_.size(); }

  static constexpr size_t kEntries = 128;
  static constexpr uint64_t kLately = 4 * kEntries;  // submissions
  static constexpr uint32_t kVariants = 4;           // executables of one topology
  static constexpr uint32_t kPatience = 4;           // launches with replaced arguments before there is another

  // One submission; trim waits for its end.
  class Use {
   public:
    explicit Use(GraphCache& cache) : cache_(cache), lock_(cache.mutex_) {}
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    // Launches the first n_commands commands, those of the first n_calls calls, as a graph. False where that is not
    // worth while or not possible: then nothing was launched. Throws Failure for a lost device only.
    bool launch(CommandList& list, size_t n_calls, size_t n_commands, vendor::Stream stream);
    // Empties the list, after everything in it was launched.
    void take(CommandList& list);

   private:
    bool prepare(CommandList& list, size_t n_calls, size_t n_commands, vendor::Stream stream);

    GraphCache& cache_;
    std::lock_guard<std::mutex> lock_;
    Entry* entry_ = nullptr;  // its executable may have other arguments than its list says, until take
  };

 private:
  struct Entry {
    Topology topology;
    std::unique_ptr<Executable> executable;
    CommandList list;  // the arguments that the executable has
    uint64_t last_use = 0;
    uint32_t changed = 0;  // launches for which arguments were replaced, since it was last enough for another variant
  };
  struct Match {
    Entry* entry = nullptr;  // the one with the fewest arguments to replace
    size_t differing = 0;    // commands
    uint32_t variants = 0;
  };
  Entry* find_same(const CommandList& list) const;
  Match find(const Topology& topology, const CommandList& list) const;
  static size_t differing(const Entry& entry, const CommandList& list, size_t enough);
  Entry* add(const Topology& topology, bool always);
  void clear();
  bool seen_before(uint64_t hash);
  bool give(Entry& entry, CommandList& list);

  Device& device_;
  std::mutex mutex_;
  TopologyBuilder builder_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::vector<uint64_t> hashes_;     // of the entries' topologies
  std::array<uint64_t, 64> seen_{};  // hashes, the oldest is replaced
  size_t next_seen_ = 0;
  uint64_t submissions_ = 0, launched_ = 0, replaced_ = 0, made_ = 0;  // all but the first for the log
};

}  // namespace ferrule::gpu
