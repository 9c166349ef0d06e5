// docs/environment.md and the code name the same variables.
#include "ferrule/loader/environment.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

namespace ferrule::loader {
namespace {

TEST(Environment, EveryDocumentedVariableExistsAndTheOtherWayRound) {
  std::ifstream file(FERRULE_ENVIRONMENT_MD);
  ASSERT_TRUE(file.is_open());
  std::set<std::string> documented, known;
  for (std::string line; std::getline(file, line);) {
    const std::string begin = "| `FERRULE_";
    if (line.compare(0, begin.size(), begin) != 0) continue;
    documented.insert(line.substr(3, line.find('`', 3) - 3));
  }
  for (const Variable& variable : environment_variables()) known.insert(variable.name);
  EXPECT_EQ(documented, known);
  EXPECT_GT(known.size(), 15u);
}

}  // namespace
}  // namespace ferrule::loader
