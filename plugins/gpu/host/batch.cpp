#include "host/batch.h"

#include <algorithm>
#include <cstring>

#include "host/config.h"
#include "host/device.h"
#include "host/failure.h"

namespace ferrule::gpu {

BatchPolicy::BatchPolicy(const vendor::DeviceFacts& facts) {
  const auto number = [](const char* key, size_t fallback) {
    const auto most = static_cast<int64_t>(TopologyBuilder::kMaxCalls);
    const int64_t value = config_int(key, static_cast<int64_t>(fallback));
    if (value >= 1 && value <= most) return static_cast<size_t>(value);
    log(FRL_LOG_WARNING, "config %s.%s = %lld ignored; expected 1 to %lld", vendor::kName, key,
        static_cast<long long>(value), static_cast<long long>(most));
    return fallback;
  };
  limit = number("batch_commands", limit);
  graph_from = number("graph_commands", graph_from);
  recording_from = number("recording_commands", recording_from);
  branches = config_flag("graph_branches", true);
  overlap = facts.overlaps_kernels && config_flag("graph_overlap", true);
  const char* mode = config("batch");
  if (mode == nullptr || *mode == '\0' || std::strcmp(mode, "auto") == 0) return;
  if (std::strcmp(mode, "plain") == 0) {
    graphs = false;
  } else if (std::strcmp(mode, "graph") == 0) {
    graph_from = 1;
    eager = true;
  } else {
    log(FRL_LOG_WARNING, "config %s.batch = \"%s\" ignored; expected plain, graph or auto", vendor::kName, mode);
  }
}

Batch::Batch(Device& device) : device_(device), cache_(device) {}

void Batch::submit(CommandList& list, vendor::Stream stream) {
  size_t n_calls = list.calls().size(), n_commands = list.size();
  if (list.has_library()) {
    for (n_calls = 0; n_calls < list.calls().size(); ++n_calls) {
      const size_t first = list.calls()[n_calls].first_command;
      const size_t last = n_calls + 1 < list.calls().size() ? list.calls()[n_calls + 1].first_command : list.size();
      const auto commands = list.commands().subspan(first, last - first);
      n_commands = first;
      if (std::any_of(commands.begin(), commands.end(),
                      [](const Command& c) { return c.kind == Command::Kind::kLibrary; })) {
        break;
      }
    }
  }
  GraphCache::Use use(cache_);
  const BatchPolicy& policy = device_.batch_policy();
  const bool as_graph = n_commands >= policy.graph_from && policy.graphs.load(std::memory_order_relaxed) &&
                        use.launch(list, n_calls, n_commands, stream);
  launch_plainly(list, as_graph ? n_commands : 0, list.size(), policy.overlap, stream, arguments_);
  use.take(list);
}

void launch_plainly(CommandList& list, size_t first, size_t last, bool overlap, vendor::Stream stream,
                    std::vector<void*>& arguments) {
  for (size_t i = first; i < last; ++i) {
    const Command& command = list.commands()[i];
    switch (command.kind) {
      case Command::Kind::kKernel:
        list.arguments_of(command, arguments);
        check(vendor::launch(command.function, command.shape, arguments.data(), stream, overlap), "launching a kernel");
        break;
      case Command::Kind::kCopy:
        check(vendor::copy_async(command.to, command.from, command.bytes, stream), "copying on the device");
        break;
      case Command::Kind::kLibrary:
        check(list.library_of(command)(stream), "running a library's kernel");
        break;
    }
  }
}

}  // namespace ferrule::gpu
