// A small test of one device through its table alone: memory, copies, fill, events, and one kernel where there is one.
#pragma once
#include <string>
#include <vector>

#include "session.h"

namespace ferrule::tools {

struct SelfTestStep {
  std::string name;
  std::string problem;  // empty: passed
  double microseconds = 0;
};

std::vector<SelfTestStep> self_test(const OpenDevice& device);

}  // namespace ferrule::tools
