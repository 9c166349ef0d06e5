// host/fusion_compiler.h by a C++ compiler of this machine (FERRULE_SIM_COMPILER), so that fused kernels are judged where
// no GPU is. Compiling takes about a second; the results are kept by the disk cache of host/fusion.cpp.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "host/fusion_compiler.h"
#include "machine/config.h"
#include "machine/module.h"
#include "machine/running.h"

namespace ferrule::gpu {
namespace sim {
namespace {

// A folder that goes with its three files.
class Workspace {
 public:
  Workspace() { made_ = mkdtemp(folder_) != nullptr; }
  ~Workspace() {
    if (!made_) return;
    for (const std::string& path : {source(), library(), messages()}) (void)unlink(path.c_str());
    (void)rmdir(folder_);
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  bool made() const { return made_; }
  std::string source() const { return std::string(folder_) + "/kernels.cpp"; }
  std::string library() const { return std::string(folder_) + "/kernels.so"; }
  std::string messages() const { return std::string(folder_) + "/messages"; }

 private:
  char folder_[32] = "/tmp/ferrule_sim_XXXXXX";
  bool made_;
};

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The source and an export of each kernel in it.
std::string completed(const std::string& source) {
  std::string text = source + "\n#include \"machine/module_entry.h\"\nusing namespace ferrule::gpu::fused;\n";
  // As host/fusion_source.cpp writes it: "GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) name(", or without bounds.
  static constexpr std::string_view kKernel = "GPU_KERNEL ", kBounds = "GPU_LAUNCH_BOUNDS(";
  for (size_t at = source.find(kKernel); at != std::string::npos; at = source.find(kKernel, at)) {
    at += kKernel.size();
    if (source.compare(at, kBounds.size(), kBounds) == 0) at = source.find(") ", at) + 2;
    text += "FERRULE_SIM_EXPORT(" + source.substr(at, source.find('(', at) - at) + ")\n";
  }
  return text;
}

bool run(std::vector<std::string> words, const std::string& messages) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0) return false;
  pid_t child = 0;
  int status = -1;
  const bool started =
      posix_spawn_file_actions_addopen(&actions, 2, messages.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600) == 0 &&
      posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ) == 0;
  (void)posix_spawn_file_actions_destroy(&actions);
  while (started && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return started && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class HostCompiler : public RuntimeCompiler {
 public:
  bool available(std::string* why) override {
    if (!config().compiler.empty()) return true;
    if (why != nullptr) *why = "the simulated device has no run-time compiler: FERRULE_SIM_COMPILER names none";
    return false;
  }

  std::string version() override { return config().compiler + " for warps of " + std::to_string(kWarpWidth); }

  bool compile(const std::string& source, const std::string&, std::string* binary, std::string* log) override {
    const Workspace work;
    if (!work.made() || !(std::ofstream(work.source()) << completed(source)).good()) {
      *log = "the source cannot be written to /tmp";
      return false;
    }
    const bool done = run(
        {config().compiler, "-std=c++20", "-O1", "-w", "-fPIC", "-shared", "-ffp-contract=off", "-fno-strict-aliasing",
         "-fvisibility=hidden", "-DFERRULE_SIM_MODULE", "-DFERRULE_SIM_WARP_WIDTH=" + std::to_string(kWarpWidth),
         "-I" FERRULE_SIM_SOURCES, "-I" FERRULE_SIM_SOURCES "/..", work.source(), "-o", work.library()},
        work.messages());
    *log = contents(work.messages());
    if (done) *binary = module_image(contents(work.library()));
    return done;
  }
};

}  // namespace
}  // namespace sim

RuntimeCompiler& runtime_compiler() {
  static sim::HostCompiler compiler;
  return compiler;
}

}  // namespace ferrule::gpu
