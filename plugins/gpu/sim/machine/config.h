// What the environment sets of the simulated device (README.md lists the variables). Read once, at first use; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace ferrule::gpu::sim {

struct Config {
  uint64_t memory_bytes = uint64_t{4} << 30;  // of each device
  uint32_t devices = 1;
  uint32_t shared_bytes = 64u << 10;  // that a block may have, static and dynamic together
  uint64_t seed = 0;                  // 0: blocks and threads run in ascending order
  bool race_check = false;
  std::string faults;
  std::string compiler;  // a C++ compiler for kernels made at run time; empty: none
};

const Config& config();

}  // namespace ferrule::gpu::sim
