// Launches a recording with bindings: as executables kept per set of bindings, so that a step whose buffers alternate
// between a few addresses costs one comparison and one launch. A recording of few commands joins the stream's list instead, as if
// its calls had been made one by one: the graph of the list then holds several launches, and starting a graph takes as long
// as one such kernel. New bindings replace those that were used longest ago,
// and only the calls that see a change are encoded again. Any thread; one at a time.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "host/device.h"
#include "host/executable.h"
#include "host/recording.h"

namespace ferrule::gpu {

class Stream;

class Replay : public Trimmable {
 public:
  Replay(Device& device, const Recording& recording);
  ~Replay() override;
  void trim() override;

  // Puts the recording's work on the stream. Throws Failure; what the bindings lack is found before anything is queued.
  void launch(const frl_binding* bindings, Stream& stream);

 private:
  static constexpr size_t kSets = 8;
  // A long recording is cut into several executables.
  static constexpr size_t kCallsPerPart = 1024;
  static_assert(kCallsPerPart <= TopologyBuilder::kMaxCalls);

  struct Part {
    std::unique_ptr<Executable> executable;
    Topology topology;
    std::vector<uint32_t> first_command;  // per call, and the end
  };
  // What one set of bindings made of the recording: executables, or a list that joins that of the stream.
  struct Set {
    std::vector<SlotValue> slots;
    std::vector<Part> parts;
    CommandList list;
    uint64_t last_use = 0;
  };
  using Sets = std::vector<std::unique_ptr<Set>>;

  Set* find();
  Set& make(vendor::Stream stream);
  bool make_parts(Set& set, vendor::Stream stream);
  void encode(size_t first_call, size_t last_call, Recording::Ranges ranges, CommandList& list) const;
  bool updated(Set& set, vendor::Stream stream);
  bool update_part(Set& set, size_t part, vendor::Stream stream);
  Sets::iterator to_replace();

  Device& device_;
  const Recording& recording_;
  std::mutex mutex_;
  Sets sets_;
  std::vector<SlotValue> slots_;  // of the present launch
  CommandList scratch_;
  TopologyBuilder builder_;
  uint64_t uses_ = 0;
  bool warned_ = false;
};

}  // namespace ferrule::gpu
