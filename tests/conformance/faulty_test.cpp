// The strength of the suite: each planted fault is caught by the case that claims it, and none of these cases fails
// without a fault. A fault counts only when it took effect.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <map>

#include "catalog.h"
#include "faulty_plugin.h"

namespace ferrule::conformance {
namespace {

struct Suite {
  std::shared_ptr<loader::Plugin> plugin;
  std::unique_ptr<Backend> backend;
  std::map<std::string, std::function<void(Context&)>> cases;

  Suite() {
    for (const loader::Candidate& candidate : loader::discover())
      if (candidate.usable && candidate.manifest.name == "cpu") plugin = loader::open(candidate, host_api());
    if (!plugin) return;
    backend = Backend::from_tables("faulty", wrap_plugin(plugin->raw_api()));
    const Catalog catalog = full_catalog();
    for (const Case& c : catalog.cases()) cases[c.id] = c.body;
  }
};

Suite& suite() {
  static Suite s;
  return s;
}

// How many failures the case reports.
int failures_of(const std::string& id) {
  testing::TestPartResultArray results;
  {
    testing::ScopedFakeTestPartResultReporter reporter(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
    Runner runner(*suite().backend);
    Context context{*suite().backend, runner};
    suite().cases.at(id)(context);
  }
  int failed = 0;
  for (int i = 0; i < results.size(); ++i) failed += results.GetTestPartResult(i).failed();
  return failed;
}

class Faults : public testing::TestWithParam<int> {};

TEST_P(Faults, is_caught_by_its_case) {
  ASSERT_NE(suite().backend, nullptr) << "the cpu plugin was not found";
  const Fault& fault = faults()[static_cast<size_t>(GetParam())];
  ASSERT_TRUE(suite().cases.count(fault.caught_by)) << "no case " << fault.caught_by;
  activate(-1);
  EXPECT_EQ(failures_of(fault.caught_by), 0) << "a false alarm of " << fault.caught_by;
  activate(GetParam());
  const int failed = failures_of(fault.caught_by);
  const int active = hits();
  activate(-1);
  EXPECT_GT(active, 0) << "the fault \"" << fault.name << "\" had no effect";
  EXPECT_GT(failed, 0) << fault.caught_by << " passed in spite of: " << fault.name;
}

INSTANTIATE_TEST_SUITE_P(planted, Faults, testing::Range(0, static_cast<int>(faults().size())));

}  // namespace
}  // namespace ferrule::conformance
