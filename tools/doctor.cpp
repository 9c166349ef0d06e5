// ferrule doctor: every plugin file that was looked at and the verdict, the environment, the default device and why,
// and a small test of each device. Exit code 1 when anything that was asked for does not work.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "core_test.h"
#include "log.h"
#include "self_test.h"
#include "session.h"

namespace ferrule::tools {
namespace {

using nlohmann::ordered_json;

ordered_json examine_files(const Session& session) {
  ordered_json files = ordered_json::array();
  for (const loader::Candidate& each : session.candidates()) {
    const loader::Manifest& m = each.manifest;
    ordered_json file = {
        {"path", each.path}, {"usable", each.usable}, {"verdict", each.usable ? "usable" : each.reason}};
    if (!m.name.empty()) {
      file["name"] = m.name;
      file["vendor"] = m.vendor;
      file["version"] = m.version;
      file["build_id"] = m.build_id;
      file["role"] = m.is_layer() ? "layer" : "backend";
      file["score"] = m.score;
      file["abi"] = fmt::format("{}.{} to {}.{}", m.abi_major, m.abi_minor_min, m.abi_major, m.abi_minor_max);
      file["build"] = loader::describe_build_flags(m.build_flags);
    }
    files.push_back(file);
  }
  return files;
}

ordered_json examine_environment() {
  ordered_json variables = ordered_json::array();
  for (const loader::Variable& each : loader::environment_variables()) {
    ordered_json variable = {{"name", each.name}, {"value", nullptr}, {"effect", each.effect}};
    if (each.is_set) variable["value"] = each.value;
    if (!each.problem.empty()) variable["problem"] = each.problem;
    variables.push_back(variable);
  }
  return variables;
}

ordered_json examine_default(Session& session) {
  try {
    const loader::Choice choice = session.choose_default();
    ordered_json skipped = ordered_json::array();
    for (const auto& each : choice.skipped) skipped.push_back({{"entry", each.entry}, {"reason", each.reason}});
    return {{"device", fmt::format("{}:{}", choice.candidate.manifest.name, choice.device_index)},
            {"reason", choice.reason},
            {"skipped", skipped}};
  } catch (const loader::Error& error) {
    return {{"device", nullptr}, {"problem", error.what()}, {"skipped", ordered_json::array()}};
  }
}

ordered_json examine_device(Session& session, const loader::Candidate& candidate, uint32_t index) {
  ordered_json result = {{"device", fmt::format("{}:{}", candidate.manifest.name, index)}};
  try {
    const OpenDevice device(session.plugin(candidate), index);
    result["name"] = device.info().name;
    result["architecture"] = device.info().architecture;
    result["memory_total"] = device.info().memory_total;
    ordered_json steps = ordered_json::array();
    for (const SelfTestStep& each : self_test(device)) {
      ordered_json step = {{"step", each.name}, {"passed", each.problem.empty()}, {"microseconds", each.microseconds}};
      if (!each.problem.empty()) step["problem"] = each.problem;
      steps.push_back(step);
    }
    result["self_test"] = steps;
  } catch (const loader::Error& error) {
    result["problem"] = error.what();
  }
  return result;
}

ordered_json examine_devices(Session& session) {
  ordered_json devices = ordered_json::array();
  for (const BackendDevices& backend : session.backends()) {
    for (uint32_t i = 0; i < backend.count; ++i) devices.push_back(examine_device(session, *backend.candidate, i));
    if (backend.count == 0) {
      devices.push_back({{"backend", backend.candidate->manifest.name}, {"no_device", backend.reason}});
    }
  }
  return devices;
}

// What a user's program meets: the core, on the default device.
ordered_json examine_core(bool quiet) {
  const CoreTest test = core_test(quiet);
  ordered_json fallbacks = ordered_json::array();
  for (const CoreTest::Fallback& each : test.fallbacks) {
    fallbacks.push_back({{"backend", each.backend}, {"op", each.op}, {"count", each.count}});
  }
  ordered_json splits = ordered_json::array();
  for (const CoreTest::Split& each : test.splits) splits.push_back({{"op", each.op}, {"reason", each.reason}});
  ordered_json compiled = {{"graphs", test.graphs}, {"calls", test.graph_calls}, {"splits", splits}};
  if (!test.not_recorded.empty()) compiled["not_recorded"] = test.not_recorded;
  ordered_json result = {
      {"device", test.device},  {"passed", test.problem.empty()}, {"microseconds", test.microseconds},
      {"fallbacks", fallbacks}, {"transfers", test.transfers},    {"compiled", compiled}};
  if (!test.problem.empty()) result["problem"] = test.problem;
  return result;
}

std::string text_of(const ordered_json& object, const char* key) {
  return object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}

void print_report(const ordered_json& report) {
  fmt::print("Plugin files, in search order\n");
  if (report["files"].empty()) fmt::print("  none was found\n");
  for (const ordered_json& file : report["files"]) {
    const std::string name = text_of(file, "name");
    fmt::print("  {} {}\n", file["usable"].get<bool>() ? "ok " : "-- ", text_of(file, "path"));
    if (!name.empty()) {
      fmt::print("      {} {} by {}, {}, ABI {}, score {}, {}\n", name, text_of(file, "version"),
                 text_of(file, "vendor"), text_of(file, "role"), text_of(file, "abi"), file["score"].get<uint32_t>(),
                 text_of(file, "build"));
    }
    if (!file["usable"].get<bool>()) fmt::print("      not used: {}\n", text_of(file, "verdict"));
  }
  fmt::print("\nEnvironment\n");
  size_t width = 0;
  for (const ordered_json& variable : report["environment"]) width = std::max(width, text_of(variable, "name").size());
  for (const ordered_json& variable : report["environment"]) {
    const std::string value = variable["value"].is_null() ? "(unset)" : text_of(variable, "value");
    const std::string problem = text_of(variable, "problem");
    fmt::print("  {:<{}} {:<16} {}\n", text_of(variable, "name"), width, value,
               problem.empty() ? text_of(variable, "effect") : "BAD VALUE: " + problem);
  }
  fmt::print("\nDefault device\n");
  const ordered_json& chosen = report["default"];
  if (chosen["device"].is_null()) {
    fmt::print("  none: {}\n", text_of(chosen, "problem"));
  } else {
    fmt::print("  {}: {}\n", text_of(chosen, "device"), text_of(chosen, "reason"));
  }
  for (const ordered_json& each : chosen["skipped"]) {
    fmt::print("  skipped {}: {}\n", text_of(each, "entry"), text_of(each, "reason"));
  }
  fmt::print("\nDevices\n");
  for (const ordered_json& device : report["devices"]) {
    if (device.contains("no_device")) {
      fmt::print("  {}: {}\n", text_of(device, "backend"), text_of(device, "no_device"));
      continue;
    }
    fmt::print("  {} {} ({})\n", text_of(device, "device"), text_of(device, "name"), text_of(device, "architecture"));
    if (device.contains("problem")) fmt::print("      FAILED: {}\n", text_of(device, "problem"));
    if (!device.contains("self_test")) continue;
    for (const ordered_json& step : device["self_test"]) {
      const std::string problem = text_of(step, "problem");
      fmt::print(
          "      {:<42} {}\n", text_of(step, "step"),
          problem.empty() ? fmt::format("ok, {:.0f} us", step["microseconds"].get<double>()) : "FAILED: " + problem);
    }
  }
}

void print_core(const ordered_json& core) {
  fmt::print("\nA small training step through the core\n");
  const std::string problem = text_of(core, "problem");
  fmt::print("  {}: {}\n", text_of(core, "device"),
             problem.empty() ? fmt::format("ok, {:.0f} us", core["microseconds"].get<double>()) : "FAILED: " + problem);
  if (core["fallbacks"].empty()) fmt::print("  no op fell back to the cpu backend\n");
  for (const ordered_json& each : core["fallbacks"]) {
    fmt::print("  fell back to cpu: {} of {}, {} times\n", text_of(each, "op"), text_of(each, "backend"),
               each["count"].get<uint64_t>());
  }
  const ordered_json& compiled = core["compiled"];
  if (compiled.contains("not_recorded")) {
    fmt::print("  compiled: not recorded: {}\n", text_of(compiled, "not_recorded"));
  } else {
    fmt::print("  compiled: {} kernel calls in {} graph(s)\n", compiled["calls"].get<size_t>(),
               compiled["graphs"].get<size_t>());
  }
  for (const ordered_json& each : compiled["splits"]) {
    fmt::print("  outside a graph: {}: {}\n", text_of(each, "op"), text_of(each, "reason"));
  }
}

// The first thing that is wrong, in words; empty when all is well. A file that is not used is no failure by itself.
std::string first_problem(const ordered_json& report) {
  for (const ordered_json& variable : report["environment"]) {
    if (variable.contains("problem")) return text_of(variable, "name") + ": " + text_of(variable, "problem");
  }
  if (report["default"].contains("problem")) return text_of(report["default"], "problem");
  for (const ordered_json& device : report["devices"]) {
    if (device.contains("problem")) return text_of(device, "device") + ": " + text_of(device, "problem");
    if (!device.contains("self_test")) continue;
    for (const ordered_json& step : device["self_test"]) {
      if (step.contains("problem")) {
        return text_of(device, "device") + ": " + text_of(step, "step") + ": " + text_of(step, "problem");
      }
    }
  }
  if (report.contains("core") && report["core"].contains("problem")) {
    return "the core: " + text_of(report["core"], "problem");
  }
  return "";
}

// The session ends here, so that the core can open the plugins itself.
ordered_json examine_with_loader(bool quiet) {
  Session session(quiet ? loader::LogHandler() : log_handler());
  ordered_json report;
  report["files"] = examine_files(session);
  report["environment"] = examine_environment();
  report["default"] = examine_default(session);
  report["devices"] = examine_devices(session);
  return report;
}

void run(bool as_json) {
  const bool quiet = loader::config_value("log") == nullptr;  // the report says it all
  ordered_json report = examine_with_loader(quiet);
  if (first_problem(report).empty()) report["core"] = examine_core(quiet);
  if (as_json) {
    fmt::print("{}\n", report.dump(2, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    print_report(report);
    if (report.contains("core")) print_core(report["core"]);
  }
  std::fflush(stdout);
  const std::string problem = first_problem(report);
  if (!problem.empty()) throw loader::Error(problem);
}

}  // namespace

void add_doctor(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("doctor", "Say what was found, what was chosen and why, and test each device");
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "Print one JSON object");
  command->callback([as_json] { run(*as_json); });
}

}  // namespace ferrule::tools
