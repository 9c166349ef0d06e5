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

std::string explain_threads(const std::string& value) {
  constexpr int kMost = 4096;
  if (value.empty()) {
    return "the cpu backend uses every core (" + std::to_string(std::thread::hardware_concurrency()) + ")";
  }
  int count = 0;
  for (const char each : value) {
    if (each < '0' || each > '9' || count > kMost) illegal(value, "a number from 1 to 4096");
    count = count * 10 + (each - '0');
  }
  if (count < 1 || count > kMost) illegal(value, "a number from 1 to 4096");
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

struct Known {
  const char* key;  // of the host's configuration
  std::string (*explain)(const std::string& value);
};
constexpr Known kKnown[] = {{"backend", explain_backend},         {"plugin.path", explain_path},
                            {"fallback", explain_fallback},       {"log", explain_log},
                            {"threads", explain_threads},         {"cpu.target", explain_target},
                            {"cpu.libraries", explain_libraries}, {"tf32", explain_tf32},
                            {"memory", explain_memory},           {"graph", explain_graph}};

}  // namespace

std::vector<Variable> environment_variables() {
  std::vector<Variable> variables;
  for (const Known& known : kKnown) {
    Variable variable;
    variable.name = environment_name(known.key);
    const char* value = config_value(known.key);
    variable.is_set = value != nullptr;
    variable.value = value == nullptr ? "" : value;
    try {
      variable.effect = known.explain(variable.value);
    } catch (const Error& error) {
      variable.problem = error.what();
    }
    variables.push_back(variable);
  }
  return variables;
}

void check_environment() {
  for (const Variable& variable : environment_variables()) {
    if (variable.problem.empty()) continue;
    const bool named = variable.problem.starts_with(variable.name);
    throw Error(named ? variable.problem : variable.name + ": " + variable.problem);
  }
}

}  // namespace ferrule::loader
