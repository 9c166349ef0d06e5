// The subcommands of `ferrule`. Each adds itself to the program; its callback does the work and throws on failure.
#pragma once
#include <CLI/CLI.hpp>

namespace ferrule::tools {

void add_devices(CLI::App& program);
void add_doctor(CLI::App& program);
void add_ops(CLI::App& program);
void add_bench(CLI::App& program);

}  // namespace ferrule::tools
