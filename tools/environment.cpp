#include "environment.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "ferrule/loader/error.h"
#include "ferrule/loader/host.h"
#include "ferrule/loader/selection.h"

namespace ferrule::tools {
namespace {

// A value's effect in words; throws loader::Error for an illegal one.
using Explain = std::function<std::string(const std::string& value)>;

[[noreturn]] void illegal(const std::string& value, const std::string& expected) {
  throw loader::Error(fmt::format("got \"{}\"; expected {}", value, expected));
}

std::string explain_backend(const std::string& value) {
  const loader::Selection selection = loader::Selection::parse(value);
  return selection.is_set() ? "chooses the default device: the first usable entry" : "the best score is the default";
}

std::string explain_path(const std::string& value) {
  for (size_t begin = 0; begin < value.size();) {
    const size_t end = std::min(value.find(':', begin), value.size());
    if (end != begin && value[begin] != '/') illegal(value.substr(begin, end - begin), "absolute files or folders");
    begin = end + 1;
  }
  return value.empty() ? "nothing is searched first" : "searched before all other folders";
}

std::optional<int32_t> level_of(const std::string& value) {
  if (value == "error") return FRL_LOG_ERROR;
  if (value.empty() || value == "warn" || value == "warning") return FRL_LOG_WARNING;
  if (value == "info") return FRL_LOG_INFO;
  if (value == "debug") return FRL_LOG_DEBUG;
  return std::nullopt;
}

std::string explain_log(const std::string& value) {
  if (!level_of(value)) illegal(value, "error, warn, info or debug");
  return fmt::format("messages up to level \"{}\" are written to stderr", value.empty() ? "warn" : value);
}

std::string explain_fallback(const std::string& value) {
  if (value == "allow") return "an op that the backend lacks runs on cpu, counted";
  if (value == "error") return "an op that the backend lacks is an error";
  if (value.empty() || value == "warn")
    return "an op that the backend lacks runs on cpu, counted, with one warning per op";
  illegal(value, "warn, allow or error");
}

std::string explain_threads(const std::string& value) {
  if (value.empty()) return fmt::format("the cpu backend uses every core ({})", std::thread::hardware_concurrency());
  char* end = nullptr;
  const long count = std::strtol(value.c_str(), &end, 10);
  if (*end != 0 || value[0] < '0' || value[0] > '9' || count < 1 || count > 4096)
    illegal(value, "a number from 1 to 4096");
  return fmt::format("the cpu backend uses {} thread{}", count, count == 1 ? "" : "s");
}

std::string explain_target(const std::string& value) {
  if (value.empty()) return "the cpu backend uses the best instructions that the machine has";
  if (value != "baseline" && value != "avx2" && value != "avx512") illegal(value, "baseline, avx2 or avx512");
  return fmt::format("the cpu backend uses its {} kernels, if the machine has the instructions", value);
}

std::string explain_tf32(const std::string& value) {
  if (value.empty() || value == "0") return "f32 products keep all their bits";
  if (value == "1") return "f32 products may be computed with 10 mantissa bits (TF32)";
  illegal(value, "0 or 1");
}

}  // namespace

std::vector<Variable> environment_variables() {
  const std::pair<const char*, Explain> known[] = {// by configuration key
                                                   {"backend", explain_backend},   {"plugin.path", explain_path},
                                                   {"fallback", explain_fallback}, {"log", explain_log},
                                                   {"threads", explain_threads},   {"cpu.target", explain_target},
                                                   {"tf32", explain_tf32}};
  std::vector<Variable> variables;
  for (const auto& [key, explain] : known) {
    Variable variable;
    variable.name = loader::environment_name(key);
    const char* value = loader::config_value(key);  // nullptr as well in a privileged process
    variable.is_set = value != nullptr;
    variable.value = value == nullptr ? "" : value;
    try {
      variable.effect = explain(variable.value);
    } catch (const loader::Error& error) {
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
    throw loader::Error(named ? variable.problem : variable.name + ": " + variable.problem);
  }
}

loader::LogHandler log_handler() {
  const char* value = loader::config_value("log");
  const int32_t limit = level_of(value == nullptr ? "" : value).value_or(FRL_LOG_WARNING);
  return [limit](int32_t level, const std::string& text) {
    if (level > limit) return;
    static constexpr const char* kWords[] = {"error", "warning", "info", "debug"};
    const char* word = level >= 0 && level < 4 ? kWords[level] : "debug";
    fmt::print(stderr, "ferrule {}: {}\n", word, text);
  };
}

}  // namespace ferrule::tools
