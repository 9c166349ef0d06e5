// ferrule ops: which ops a backend has kernels for, per dtype. A missing kernel does not stop a program: the core
// decomposes the op or runs it on cpu.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "commands.h"
#include "log.h"
#include "sample_call.h"
#include "session.h"

namespace ferrule::tools {
namespace {

using nlohmann::ordered_json;

// "yes", "slow", "no: reason" or "n/a" for a dtype that the op does not take.
std::string support(const OpenDevice& device, const OpInfo& op, frl_kernel* kernel, uint32_t dtype) {
  const std::optional<SampleCall> sample = make_sample(op, dtype, SampleSize{});
  if (!sample) return "n/a";
  const frl_call call = sample->call();
  frl_requirements needs{};
  needs.struct_size = sizeof(needs);
  frl_error error = make_error();
  const frl_status status = device.api().kernel_query(kernel, &call, &needs, &error);
  if (needs.plan != nullptr) device.api().plan_release(kernel, needs.plan);
  if (status != FRL_OK || needs.support == 0) return "no: " + loader::describe(status, error);
  return needs.support == FRL_SLOW ? "slow" : "yes";
}

ordered_json op_support(const OpenDevice& device, const OpInfo& op) {
  ordered_json result = {{"op", op.name}, {"version", op.version}, {"profile", op.profile}};
  frl_kernel* kernel = nullptr;
  frl_error error = make_error();
  const frl_status status =
      device.api().kernel_find(device.handle(), std::string(op.name).c_str(), op.version, &kernel, &error);
  result["kernel"] = status == FRL_OK;
  if (status != FRL_OK) {
    result["reason"] = loader::describe(status, error);
    return result;
  }
  if (op.version == 0) return result;  // provisional: its operands may still change, so no call is asked for
  ordered_json dtypes = ordered_json::object();
  for (const DtypeInfo& dtype : all_dtypes()) {
    const std::string answer = support(device, op, kernel, dtype.code);
    if (answer != "n/a") dtypes[std::string(dtype.name)] = answer;
  }
  result["dtypes"] = dtypes;
  return result;
}

void print_table(const std::string& backend, const ordered_json& ops) {
  fmt::print("{}: + kernel, ~ slow kernel, - no kernel, blank: the op does not take the dtype\n", backend);
  fmt::print("{:<26}{:<9}", "op", "profile");
  for (const DtypeInfo& dtype : all_dtypes()) {
    static constexpr const char* kShort[] = {"b",   "u8",  "u16", "u32", "u64", "i8",  "i16",
                                             "i32", "i64", "f16", "bf",  "f32", "f64", "c64"};
    fmt::print("{:>4}", kShort[dtype.code - 1]);
  }
  fmt::print("\n");
  size_t found = 0;
  for (const ordered_json& op : ops) {
    std::string row = fmt::format("{:<26}{:<9}", op["op"].get<std::string>(), op["profile"].get<std::string>());
    if (!op["kernel"].get<bool>()) {
      row += "   - no kernel";
    } else if (!op.contains("dtypes")) {
      row += "   + provisional";
    } else {
      ++found;
      for (const DtypeInfo& dtype : all_dtypes()) {
        const auto answer = op["dtypes"].find(std::string(dtype.name));
        const std::string text = answer == op["dtypes"].end() ? " " : answer->get<std::string>();
        row += fmt::format("{:>4}", text == "yes" ? "+" : text == "slow" ? "~" : text == " " ? " " : "-");
      }
    }
    fmt::print("{}\n", row);
  }
  fmt::print("{} of {} ops have a kernel\n", found, ops.size());
}

void run(const std::string& backend, const std::string& filter, bool as_json) {
  loader::check_environment();
  Session session(log_handler());
  const loader::Choice choice =
      backend.empty() ? session.choose_default() : loader::Choice{session.backend(backend), 0, "", {}};
  const OpenDevice device(session.plugin(choice.candidate), choice.device_index);
  ordered_json ops = ordered_json::array();
  for (const OpInfo& op : all_ops()) {
    if (op.name.find(filter) != std::string_view::npos) ops.push_back(op_support(device, op));
  }
  if (ops.empty()) throw loader::Error(fmt::format("no op of ops.def contains \"{}\" in its name", filter));
  const std::string& name = choice.candidate.manifest.name;
  if (as_json) {
    fmt::print("{}\n", ordered_json{{"backend", name}, {"ops", ops}}.dump(2, ' ', false,
                                                                          ordered_json::error_handler_t::replace));
  } else {
    print_table(name, ops);
  }
}

}  // namespace

void add_ops(CLI::App& program) {
  CLI::App* command = program.add_subcommand("ops", "Show for which ops and dtypes a backend has kernels");
  struct Options {
    std::string backend, filter;
    bool as_json = false;
  };
  auto options = std::make_shared<Options>();
  command->add_option("--backend", options->backend, "Backend to ask (default: the default device's)");
  command->add_option("--filter", options->filter, "Only ops whose name contains this");
  command->add_flag("--json", options->as_json, "Print one JSON object, with the reasons");
  command->callback([options] { run(options->backend, options->filter, options->as_json); });
}

}  // namespace ferrule::tools
