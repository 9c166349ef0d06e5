// How a stream's list of commands reaches the device: as a graph where that is faster, as plain launches elsewhere.
// Library work always goes plainly; what comes before it in the list may still be a graph. Externally synchronised as
// the stream is, but for the cache, which may be trimmed from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/command_list.h"
#include "host/graph_cache.h"

namespace ferrule::gpu {

class Device;

// On an H100 an eager training step took 20.3 to 21.0 us with any batch_commands of 12 to 128 and graph_commands of 1 to 10,
// 23.2 with batches of 4, 63 with plain launches. Config "<plugin>.batch" (plain, graph, auto), "batch_commands",
// "graph_commands", "recording_commands", "graph_branches" and "graph_overlap" change them.
struct BatchPolicy {
  size_t limit = 64;          // commands after which a list is submitted without being asked, so that the device starts
  size_t graph_from = 2;      // fewer commands are launched plainly
  size_t recording_from = 9;  // recordings of fewer commands join the stream's list
  bool branches = true;       // independent calls may run at once
  bool overlap = true;        // a kernel is put on the device while those before it in its graph still run
  bool eager = false;         // a graph at the first sight of a topology, not the second
  std::atomic<bool> graphs{true};  // false once the vendor failed at graphs

  explicit BatchPolicy(const vendor::DeviceFacts& facts);  // with the host's configuration
};

class Batch {
 public:
  explicit Batch(Device& device);

  // Hands the whole list to the device and clears it. Throws Failure.
  void submit(CommandList& list, vendor::Stream stream);

 private:
  Device& device_;
  GraphCache cache_;
  std::vector<void*> arguments_;
};

// Launches the commands [first, last) one by one; with `overlap` kernels come to the device while those before still run. Throws
// Failure.
void launch_plainly(CommandList& list, size_t first, size_t last, bool overlap, vendor::Stream stream,
                    std::vector<void*>& arguments);

}  // namespace ferrule::gpu
