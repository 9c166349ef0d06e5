// The program `ferrule`: looks at backends and devices. Exit code 0 = done, 1 = failed with one line on stderr, 2 = bad
// arguments.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>

#include "commands.h"

namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

int run(int argc, char** argv) {
  CLI::App program{"Ferrule: which backends and devices there are, what they can do, and how fast."};
  program.name("ferrule");
  program.require_subcommand(1);
  program.set_version_flag("--version", "ferrule " FERRULE_VERSION);
  ferrule::tools::add_devices(program);
  ferrule::tools::add_doctor(program);
  ferrule::tools::add_ops(program);
  ferrule::tools::add_bench(program);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);  // --help, --version
    const bool unknown = error.get_name() == "RequiredError" && argc > 1 && argv[1][0] != '-';
    const std::string what = unknown ? fmt::format("\"{}\" is no subcommand", argv[1]) : first_line(error.what());
    fmt::print(stderr, "ferrule: {}; see ferrule --help\n", what);
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "ferrule: {}\n", error.what());
    return 1;
  }
}
