#include "ferrule/loader/environment.h"

#include <algorithm>
#include <array>
#include <thread>

#include "ferrule/loader/error.h"
#include "ferrule/loader/host.h"
#include "ferrule/loader/selection.h"

namespace ferrule::loader {
namespace {

[[noreturn]] void illegal(const std::string& value, const std::string& expected) {
  throw Error("got \"" + value + "\"; expected " + expected);
}

// Each takes a value and returns its effect in words, or throws Error.
std::string explain_backend(const std::string& value) {
  return Selection::parse(value).is_set() ? "chooses the default device: the first usable entry"
                                          : "the best score is the default";
}

std::string explain_path(const std::string& value) {
  for (size_t begin = 0; begin < value.size();) {
    const size_t end = std::min(value.find(':', begin), value.size());
    if (end != begin && value[begin] != '/') illegal(value.substr(begin, end - begin), "absolute files or folders");
    begin = end + 1;
  }
  return value.empty() ? "nothing is searched first" : "searched before all other folders";
}

std::string explain_log(const std::string& value) {
  constexpr std::array<const char*, 4> kLevels = {"error", "warn", "info", "debug"};
  if (value.empty()) return "messages up to level \"warn\" are written to stderr";
  if (std::find(kLevels.begin(), kLevels.end(), value) == kLevels.end()) illegal(value, "error, warn, info or debug");
  return "messages up to level \"" + value + "\" are written to stderr";
}

std::string explain_fallback(const std::string& value) {
  if (value == "allow") return "an op that the backend lacks runs on cpu, counted";
  if (value == "error") return "an op that the backend lacks is an error";
  if (!value.empty() && value != "warn") illegal(value, "warn, allow or error");
  return "an op that the backend lacks runs on cpu, counted, with one warning per op";
}

int number_up_to(int most, const std::string& value) {
  int count = 0;
  for (const char each : value) {
    if (each < '0' || each > '9' || count > most) illegal(value, "a number from 1 to " + std::to_string(most));
    count = count * 10 + (each - '0');
  }
  if (count < 1 || count > most) illegal(value, "a number from 1 to " + std::to_string(most));
  return count;
}

std::string explain_threads(const std::string& value) {
  if (value.empty()) {
    return "the cpu backend uses every core (" + std::to_string(std::thread::hardware_concurrency()) + ")";
  }
  const int count = number_up_to(4096, value);
  return "the cpu backend uses " + std::to_string(count) + (count == 1 ? " thread" : " threads");
}

std::string explain_target(const std::string& value) {
  if (value.empty()) return "the cpu backend uses the best instructions that the machine has";
  if (value != "baseline" && value != "avx2" && value != "avx512") illegal(value, "baseline, avx2 or avx512");
  return "the cpu backend uses its " + value + " kernels, if the machine has the instructions";
}

std::string explain_libraries(const std::string& value) {
  if (value.empty() || value == "onednn")
    return "the cpu backend uses oneDNN for the products it is faster at, if found";
  if (value == "none") return "the cpu backend uses its own kernels only";
  illegal(value, "onednn or none");
}

std::string explain_tf32(const std::string& value) {
  if (value == "1") return "f32 products may be computed with 10 mantissa bits (TF32)";
  if (!value.empty() && value != "0") illegal(value, "0 or 1");
  return "f32 products keep all their bits";
}

std::string explain_memory(const std::string& value) {
  if (value.empty() || value == "device") return "arrays lie in the device's own memory";
  if (value == "managed") return "arrays lie in managed memory, which the host and the device share";
  illegal(value, "device or managed");
}

std::string explain_graph(const std::string& value) {
  if (value.empty() || value == "on") return "compiled functions are recorded and replayed as graphs, where offered";
  if (value == "off") return "compiled functions run step by step";
  illegal(value, "on or off");
}

// A variable's mere presence counts, so that an unset and an empty one differ.
std::string explain_disable_compile(const char* value) {
  return value != nullptr ? "compile() calls the function unchanged" : "compile() traces, fuses and records";
}

std::string explain_cache(const std::string& value) {
  if (value.empty()) return "kernels compiled at run time are kept in the user's cache folder";
  if (value[0] != '/') illegal(value, "an absolute folder");
  return "kernels compiled at run time are kept there";
}

std::string explain_batch(const std::string& value) {
  if (value.empty() || value == "auto") return "work becomes a graph where its shape was seen before";
  if (value == "plain") return "every kernel is launched by itself";
  if (value == "graph") return "all work becomes graphs";
  illegal(value, "auto, plain or graph");
}

std::string explain_commands(const std::string& value, const char* unset, const char* set) {
  if (value.empty()) return unset;
  (void)number_up_to(2048, value);
  return set;
}
std::string explain_batch_commands(const std::string& value) {
  return explain_commands(value, "batches of 64 kernels are handed over", "so many kernels are handed over at once");
}
std::string explain_graph_commands(const std::string& value) {
  return explain_commands(value, "batches of 2 kernels may become graphs",
                          "batches of so many kernels may become graphs");
}
std::string explain_recording_commands(const std::string& value) {
  return explain_commands(value, "recordings of 9 kernels have graphs of their own",
                          "recordings of so many kernels have graphs of their own");
}

// 0 or 1, or unset as `standard` says.
std::string explain_switch(const std::string& value, bool standard, const char* on, const char* off) {
  if (!value.empty() && value != "0" && value != "1") illegal(value, "0 or 1");
  return (value.empty() ? standard : value == "1") ? on : off;
}
std::string explain_overlap(const std::string& value) {
  return explain_switch(value, true, "kernels come to the device before those they wait for have ended",
                        "kernels come to the device when those they wait for have ended");
}
std::string explain_branches(const std::string& value) {
  return explain_switch(value, true, "independent calls may run at once", "calls run one after the other");
}
std::string explain_tune(const std::string& value) {
  return explain_switch(value, false, "the libraries' algorithms are timed for each new product and convolution",
                        "the libraries choose their algorithms");
}
std::string explain_integrated(const std::string& value) {
  return explain_switch(value, false, "for tests: the device's memory counts as the host's",
                        "the device says whether it shares the host's memory");
}
std::string explain_no_concurrent(const std::string& value) {
  return explain_switch(value, false, "for tests: host and device never use managed memory at once",
                        "the device says whether managed memory may be used at once");
}

std::string explain_library_path(const std::string& value) {
  if (value.empty()) return "the toolkit's libraries are looked for where the system does";
  if (value[0] != '/') illegal(value, "an absolute folder");
  return "the toolkit's libraries are looked for there first";
}

struct Known {
  const char* key;  // of the host's configuration
  std::string (*explain)(const std::string& value);
  bool ignored = false;  // whoever reads an illegal value warns and goes on
};
constexpr Known kKnown[] = {{"backend", explain_backend},
                            {"plugin.path", explain_path},
                            {"fallback", explain_fallback},
                            {"log", explain_log},
                            {"threads", explain_threads},
                            {"cpu.target", explain_target},
                            {"cpu.libraries", explain_libraries},
                            {"tf32", explain_tf32},
                            {"disable_compile", nullptr},
                            {"memory", explain_memory},
                            {"graph", explain_graph},
                            {"cache_dir", explain_cache, true},
                            {"cuda.batch", explain_batch, true},
                            {"cuda.batch_commands", explain_batch_commands, true},
                            {"cuda.graph_commands", explain_graph_commands, true},
                            {"cuda.recording_commands", explain_recording_commands, true},
                            {"cuda.graph_branches", explain_branches, true},
                            {"cuda.graph_overlap", explain_overlap, true},
                            {"cuda.tune", explain_tune, true},
                            {"cuda.library_path", explain_library_path, true},
                            {"cuda.force_integrated", explain_integrated, true},
                            {"cuda.force_no_concurrent_managed", explain_no_concurrent, true}};

}  // namespace

std::vector<Variable> environment_variables() {
  std::vector<Variable> variables;
  for (const Known& known : kKnown) {
    Variable variable;
    variable.name = environment_name(known.key);
    const char* value = config_value(known.key);
    variable.is_set = value != nullptr;
    variable.value = value == nullptr ? "" : value;
    variable.ignored = known.ignored;
    try {
      variable.effect = known.explain != nullptr ? known.explain(variable.value) : explain_disable_compile(value);
    } catch (const Error& error) {
      variable.problem = error.what();
    }
    variables.push_back(variable);
  }
  return variables;
}

void check_environment() {
  for (const Variable& variable : environment_variables()) {
    if (variable.problem.empty() || variable.ignored) continue;
    const bool named = variable.problem.starts_with(variable.name);
    throw Error(named ? variable.problem : variable.name + ": " + variable.problem);
  }
}

}  // namespace ferrule::loader
