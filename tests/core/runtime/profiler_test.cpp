// The profiler of a backend through the public interface.
#include <gtest/gtest.h>

#include <algorithm>

#include "ferrule/ferrule.h"

namespace ferrule {
namespace {

size_t count(const Profile& profile, const std::string& name) {
  return static_cast<size_t>(std::count_if(profile.records.begin(), profile.records.end(),
                                           [&](const ProfileRecord& record) { return record.name == name; }));
}

TEST(Profiler, RecordsTheKernelsOfAGraphAndOfOrdinarySteps) {
  Device device = default_device();
  ASSERT_TRUE(has_profiler(device));
  auto compiled =
      compile([](const std::vector<array>& in) { return std::vector<array>{matmul(matmul(in[0], in[1]), in[1])}; });
  array x = ones({64, 64}), y = ones({64, 64});
  eval(compiled({x, y}));
  start_profiler(device);
  eval(compiled({x, y}));
  matmul(x, y).eval();
  stop_profiler(device);
  sort(x + y).eval();
  Profile profile = read_profiler(device);
  // A backend records a graph as one launch or as the calls inside.
  const size_t graphs = count(profile, "graph");
  EXPECT_LE(graphs, 1u);
  EXPECT_EQ(count(profile, "matmul"), graphs == 0 ? 3u : 1u);
  EXPECT_EQ(count(profile, "sort"), 0u);
  EXPECT_EQ(profile.dropped, 0u);
  for (const ProfileRecord& record : profile.records) {
    EXPECT_LE(record.begin_ns, record.end_ns);
    if (record.name != "matmul") continue;
    EXPECT_EQ(record.bytes, 3u * 64 * 64 * 4);
  }
  EXPECT_TRUE(read_profiler(device).records.empty());
}

TEST(Profiler, StartingTwiceIsAnError) {
  Device device = default_device();
  start_profiler(device);
  EXPECT_THROW(start_profiler(device), error);
  stop_profiler(device);
  EXPECT_THROW(stop_profiler(device), error);
}

TEST(Profiler, ABackendWithoutOneSaysSo) {
  if (!is_available(Device("template"))) GTEST_SKIP() << "the template backend is not built";
  EXPECT_FALSE(has_profiler(Device("template")));
  EXPECT_THROW(start_profiler(Device("template")), error);
}

}  // namespace
}  // namespace ferrule
