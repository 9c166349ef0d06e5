// Opening: what dlopen, the query and the plugin's open may do wrong, each answered with one line; the process goes on.
#include "ferrule/loader/plugin.h"

#include <thread>

#include "test_files.h"

namespace ferrule::loader::test {
namespace {

std::string open_failure(const std::string& name) {
  const Candidate candidate = inspect(variant(name));
  EXPECT_TRUE(candidate.usable) << candidate.reason;
  try {
    open(candidate, host_api());
    ADD_FAILURE() << name << " opened";
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Plugin, EachBadPluginIsOneLineThatNamesIt) {
  const std::pair<const char*, const char*> cases[] = {
      {"init_fails", "failed to open: [open] the driver answered 42"},
      {"mismatch", "answers the query with another manifest (impostor 1.0) than its file's note (mismatch 1.0)"},
      {"short_table", "gave a table without the required slot shutdown"},
      {"null_table", "opened without giving a table"},
      {"query_null", "speaks no ABI version in the range 1.0 to 1.0"},
      {"missing_symbol", "ferrule_nobody_offers_this"},
      {"throwing", "threw an exception from its open"},
  };
  for (const auto& [name, part] : cases) {
    const std::string message = open_failure(name);
    expect_one_line(message);
    EXPECT_TRUE(contains(message, part)) << message;
    EXPECT_TRUE(contains(message, "plugin " + std::string(name) + " (" + variant(name) + ")")) << message;
    EXPECT_NO_THROW(open(inspect(variant("good")), host_api()));  // the process goes on
  }
}

TEST(Plugin, AnUnusableCandidateIsNotOpened) {
  const Candidate candidate = inspect(variant("other_major"));
  try {
    open(candidate, host_api());
    FAIL() << "opened";
  } catch (const Error& error) {
    EXPECT_TRUE(contains(error.what(), "speaks ABI 2.0")) << error.what();
  }
}

TEST(Plugin, OpensTheTemplateAndItsDevice) {
  const auto plugin = open(inspect(TEMPLATE_PLUGIN), host_api());
  EXPECT_EQ(plugin->name(), "template");
  EXPECT_EQ(unusable_device(*plugin, 0), "");
  EXPECT_EQ(unusable_device(*plugin, 3), "it has 1 device; index 3 was asked");
  frl_error error{};
  error.struct_size = sizeof(error);
  frl_device* device = nullptr;
  const frl_device_api* table = nullptr;
  ASSERT_EQ(plugin->api()->device_open(0, &device, &table, &error), FRL_OK) << error.message;
  EXPECT_EQ(table->event_elapsed, nullptr);  // the template leaves what is optional
  const frl_device_api full = full_device_api(table);
  ASSERT_NE(full.event_elapsed, nullptr);
  EXPECT_EQ(full.device_trim(device, &error), FRL_OK);
  plugin->api()->device_close(device);
}

TEST(Plugin, ANewerPluginWithLongerTablesLoads) {
  const auto plugin = open(inspect(variant("newer_minor")), host_api());
  EXPECT_EQ(plugin->api()->struct_size, sizeof(frl_plugin_api));
  EXPECT_EQ(unusable_device(*plugin, 0), "");
  EXPECT_EQ(plugin->api()->plugin_extension("frl.any", 1), nullptr);  // optional and absent
}

TEST(Plugin, NoDeviceIsAReasonAndNoFailure) {
  const auto plugin = open(inspect(variant("no_device")), host_api());
  EXPECT_EQ(unusable_device(*plugin, 0), "no device: the variant has none");
}

TEST(Plugin, OneFileIsOpenedOnceAndAgainAfterShutdown) {
  const Candidate candidate = inspect(TEMPLATE_PLUGIN);
  auto first = open(candidate, host_api());
  const auto second = open(candidate, host_api());
  EXPECT_EQ(first, second);
  first->shutdown(false);
  first->shutdown(false);  // does nothing
  const auto third = open(candidate, host_api());
  EXPECT_NE(first, third);
  EXPECT_EQ(unusable_device(*third, 0), "");
}

TEST(Plugin, ManyThreadsShareOne) {
  const Candidate candidate = inspect(TEMPLATE_PLUGIN);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        const auto plugin = open(candidate, host_api());
        ASSERT_EQ(unusable_device(*plugin, 0), "");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace ferrule::loader::test
