// An instantiated graph of one topology, with the commands whose arguments it has. Externally synchronised; may be
// updated, launched again and destroyed while it runs.
#pragma once

#include <span>
#include <vector>

#include "host/command_list.h"
#include "host/topology.h"

namespace ferrule::gpu {

class Executable {
 public:
  // From the first topology.size() commands. With `overlap` kernels start while kernels that they wait for still run.
  // Library work is captured on `stream`, which has no part in it otherwise. Throws Failure.
  Executable(CommandList& commands, const Topology& topology, bool overlap, vendor::Stream stream);
  ~Executable();
  Executable(const Executable&) = delete;
  Executable& operator=(const Executable&) = delete;

  // Gives command number `index` the function, shape, arguments or addresses of `command` of `commands`, of the same
  // kind. False when the vendor refuses: the executable is then useless. Not for library work.
  bool set(size_t index, CommandList& commands, const Command& command);
  // Replaces all arguments by building anew, for lists with library work. False as above.
  bool rebuild(CommandList& commands, const Topology& topology, vendor::Stream stream);
  void launch(vendor::Stream stream);  // throws Failure

 private:
  vendor::Graph graph_{};
  vendor::GraphExec exec_{};
  std::vector<vendor::GraphNode> nodes_;  // per command; library work has none
  std::vector<void*> arguments_;
  const bool overlap_;
};

}  // namespace ferrule::gpu
