// A small program run by the core on the default device, as a user's would: does it compute, and what fell back?
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace ferrule::tools {

struct CoreTest {
  std::string device;   // where it ran: "cpu:0"
  std::string problem;  // empty: the results are right
  double microseconds = 0;
  struct Fallback {
    std::string backend, op;
    uint64_t count;
  };
  std::vector<Fallback> fallbacks;  // ops that ran on cpu because the device's backend cannot
  uint64_t transfers = 0;           // implicit copies of arrays between devices
  // What compile() made of the same step: how many kernel calls in how many graphs, and the steps outside.
  struct Split {
    std::string op, reason;
  };
  size_t graphs = 0, graph_calls = 0;
  std::string not_recorded;  // why there is no graph
  std::vector<Split> splits;
};

// Never throws; quiet: the core logs nothing. No plugin may be open in the caller: the core opens them itself.
CoreTest core_test(bool quiet);

}  // namespace ferrule::tools
