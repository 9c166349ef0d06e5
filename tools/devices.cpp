// ferrule devices: every device of every usable backend, and which one is the default.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "commands.h"
#include "log.h"
#include "session.h"

namespace ferrule::tools {
namespace {

using nlohmann::ordered_json;

ordered_json device_json(Session& session, const loader::Candidate& candidate, uint32_t index) {
  const OpenDevice device(session.plugin(candidate), index);
  const frl_device_info& info = device.info();
  uint64_t free_bytes = 0, total = 0;
  frl_error error = make_error();
  if (device.api().memory_info(device.handle(), &free_bytes, &total, &error) != FRL_OK) free_bytes = 0;
  return {{"backend", candidate.manifest.name},
          {"index", index},
          {"name", info.name},
          {"architecture", info.architecture},
          {"memory_total", info.memory_total},
          {"memory_free", free_bytes},
          {"shares_host_memory", (info.flags & FRL_DEVICE_SHARES_HOST_MEMORY) != 0},
          {"default", false}};
}

void print_table(const ordered_json& devices, const ordered_json& missing, const std::string& reason) {
  fmt::print("  {:<14} {:<32} {:<12} {:>12} {:>12}\n", "device", "name", "architecture", "memory", "free");
  for (const ordered_json& device : devices) {
    fmt::print("{} {:<14} {:<32} {:<12} {:>12} {:>12}\n", device["default"].get<bool>() ? '*' : ' ',
               fmt::format("{}:{}", device["backend"].get<std::string>(), device["index"].get<int>()),
               device["name"].get<std::string>(), device["architecture"].get<std::string>(),
               human_bytes(device["memory_total"]), human_bytes(device["memory_free"]));
  }
  for (const ordered_json& backend : missing) {
    fmt::print("  {:<14} {}\n", backend["backend"].get<std::string>(), backend["reason"].get<std::string>());
  }
  if (!reason.empty()) fmt::print("* default device: {}\n", reason);
}

void run(bool as_json) {
  loader::check_environment();
  Session session(log_handler());
  loader::Choice choice;
  std::string problem;
  try {
    choice = session.choose_default();
  } catch (const loader::Error& error) {
    problem = error.what();  // told after the list, which helps to understand it
  }
  ordered_json devices = ordered_json::array(), missing = ordered_json::array();
  for (const BackendDevices& backend : session.backends()) {
    for (uint32_t i = 0; i < backend.count; ++i) {
      const bool is_default = backend.candidate->path == choice.candidate.path && i == choice.device_index;
      try {
        ordered_json device = device_json(session, *backend.candidate, i);
        device["default"] = is_default;
        devices.push_back(device);
      } catch (const loader::Error& error) {  // one device that fails hides no other
        missing.push_back({{"backend", backend.candidate->manifest.name}, {"index", i}, {"reason", error.what()}});
        if (is_default) problem = error.what();
      }
    }
    if (backend.count == 0) {
      missing.push_back({{"backend", backend.candidate->manifest.name}, {"reason", backend.reason}});
    }
  }
  if (as_json) {
    ordered_json report = {{"devices", devices}, {"without_devices", missing}, {"reason", choice.reason}};
    fmt::print("{}\n", report.dump(2, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    print_table(devices, missing, choice.reason);
  }
  std::fflush(stdout);
  if (!problem.empty()) throw loader::Error(problem);
}

}  // namespace

void add_devices(CLI::App& program) {
  CLI::App* command = program.add_subcommand("devices", "List the devices of every backend; * marks the default");
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "Print one JSON object");
  command->callback([as_json] { run(*as_json); });
}

}  // namespace ferrule::tools
