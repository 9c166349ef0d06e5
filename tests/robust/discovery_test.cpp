// Search order, trust and the verdict on each kind of bad file, all before any of a plugin's code runs.
#include "ferrule/loader/discovery.h"

#include <sys/stat.h>

#include "test_files.h"

namespace ferrule::loader::test {
namespace {

void expect_refused(const Candidate& candidate, const std::string& part) {
  EXPECT_FALSE(candidate.usable) << candidate.path;
  expect_one_line(candidate.reason);
  EXPECT_TRUE(contains(candidate.reason, part)) << "got: " << candidate.reason << "; expected: " << part;
}

Candidate only(const std::vector<Candidate>& candidates) {
  EXPECT_EQ(candidates.size(), 1u) << describe(candidates);
  return candidates.empty() ? Candidate{} : candidates.front();
}

TEST(Discovery, FindsAPluginByFileAndByFolder) {
  const TempFolder folder;
  const std::string file = folder.copy(TEMPLATE_PLUGIN, "libferrule_template.so");
  for (const std::string& entry : {file, folder.path()}) {
    const Candidate candidate = only(discover_in(entry));
    EXPECT_TRUE(candidate.usable) << candidate.reason;
    EXPECT_EQ(candidate.path, file);
    EXPECT_EQ(candidate.manifest.name, "template");
  }
}

TEST(Discovery, TakesOnlyPluginFileNamesFromAFolder) {
  const TempFolder folder;
  for (const char* name :
       {"libferrule.so", "libferrule_.so", "libother_template.so", "libferrule_x.so.1", "ferrule_x.so"}) {
    folder.copy(TEMPLATE_PLUGIN, name);
  }
  expect_refused(only(discover_in(folder.path())), "holds no file libferrule_<name>.so");
}

TEST(Discovery, RefusesAMissingPath) {
  expect_refused(only(discover_in("/nonexistent/libferrule_x.so")), "no such file");
}

TEST(Discovery, RefusesARelativePathEvenIfItExists) {
  const TempFolder folder;
  folder.copy(TEMPLATE_PLUGIN, "libferrule_template.so");
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  for (const char* entry : {"libferrule_template.so", "./libferrule_template.so", ".", "../"}) {
    expect_refused(only(discover_in(entry)), "relative");
    expect_refused(inspect(entry), "relative");
  }
  std::filesystem::current_path(before);
}

TEST(Discovery, NeverLooksIntoTheCurrentFolder) {
  const TempFolder folder;
  folder.copy(variant("good"), "libferrule_good.so");
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  for (const Candidate& candidate : discover()) EXPECT_NE(candidate.manifest.name, "good") << candidate.path;
  std::filesystem::current_path(before);
}

TEST(Discovery, RefusesADirectoryThatIsNamedLikeAPlugin) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "libferrule_x.so");
  expect_refused(only(discover_in(folder.path())), "not a regular file");
}

TEST(Discovery, RefusesAPipeWithoutBlocking) {
  const TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "libferrule_x.so").c_str(), 0600), 0);
  expect_refused(only(discover_in(folder.path())), "not a regular file");
  expect_refused(only(discover_in(folder / "libferrule_x.so")), "neither a regular file nor a folder");
}

TEST(Discovery, RefusesTextAndEmptyFiles) {
  const TempFolder folder;
  expect_refused(
      inspect(folder.write("libferrule_a.so", std::string("int main() {}\n# a text, and not a short one\n"))),
      "not an ELF file");
  expect_refused(inspect(folder.write("libferrule_b.so", std::string())), "is empty");
}

TEST(Discovery, RefusesAWorldOrGroupWritableFileOrFolder) {
  const TempFolder folder;
  const std::string file = folder.copy(TEMPLATE_PLUGIN, "libferrule_template.so");
  for (const mode_t mode : {0646u, 0664u, 0666u}) {
    ASSERT_EQ(chmod(file.c_str(), mode), 0);
    expect_refused(inspect(file), "can be written by");
  }
  ASSERT_EQ(chmod(file.c_str(), 0644), 0);
  EXPECT_TRUE(inspect(file).usable);
  for (const mode_t mode : {0777u, 0775u, 01777u}) {  // a sticky folder still lets others add files
    ASSERT_EQ(chmod(folder.path().c_str(), mode), 0);
    expect_refused(inspect(file), "can be written by");
  }
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  EXPECT_TRUE(inspect(file).usable);
}

TEST(Discovery, RefusesAnotherOwner) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const TempFolder folder;
  const std::string file = folder.copy(TEMPLATE_PLUGIN, "libferrule_template.so");
  ASSERT_EQ(chown(file.c_str(), 12345, 0), 0);
  expect_refused(inspect(file), "belongs to user 12345");
}

TEST(Discovery, JudgesALinkByWhereItLeads) {
  const TempFolder outside, inside;
  const std::string file = outside.copy(TEMPLATE_PLUGIN, "libferrule_template.so");
  std::filesystem::create_symlink(file, inside / "libferrule_template.so");
  const Candidate followed = only(discover_in(inside.path()));
  EXPECT_TRUE(followed.usable) << followed.reason;
  EXPECT_EQ(followed.path, file);

  ASSERT_EQ(chmod(outside.path().c_str(), 0777), 0);
  expect_refused(only(discover_in(inside.path())), outside.path() + " can be written by everyone");
  ASSERT_EQ(chmod(outside.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(inside.path().c_str(), 0777), 0);  // the link itself could be replaced
  expect_refused(only(discover_in(inside.path())), inside.path() + " can be written by everyone");
}

TEST(Discovery, RefusesDanglingAndCircularLinks) {
  const TempFolder folder;
  std::filesystem::create_symlink(folder / "nothing", folder / "libferrule_a.so");
  std::filesystem::create_symlink(folder / "libferrule_b.so", folder / "libferrule_b.so");
  for (const Candidate& candidate : discover_in(folder.path())) expect_refused(candidate, "cannot be resolved");
}

TEST(Discovery, RefusesPluginsThatCannotRunHere) {
  const std::pair<const char*, const char*> cases[] = {
    {"no_symbol", "exports no function frl_plugin_query"},
    {"no_note", "no manifest note"},
    {"other_major", "speaks ABI 2.0; this loader speaks 1.0"},
    {"future_minor", "speaks ABI 1.900 to 1.901; this loader speaks 1.0"},
    {"bad_name", "name \"Bad Name\", expected [a-z][a-z0-9_]*"},
#if !defined(__SANITIZE_ADDRESS__)
    {"asan_build", "was built with AddressSanitizer"},
#endif
  };
  for (const auto& [name, part] : cases) expect_refused(inspect(variant(name)), part);
}

TEST(Discovery, AcceptsNewerMinorsDebugBuildsAndLayers) {
  for (const char* name : {"newer_minor", "debug_build", "layer"}) {
    const Candidate candidate = inspect(variant(name));
    EXPECT_TRUE(candidate.usable) << candidate.reason;
  }
  EXPECT_TRUE(inspect(variant("layer")).manifest.is_layer());
}

TEST(Discovery, CutsAtEvery512BytesNeverHideTheGoodPlugin) {
  const std::vector<std::byte> good = read_bytes(TEMPLATE_PLUGIN);
  size_t refused = 0;
  for (size_t size = 0; size < good.size(); size += 512) {
    const TempFolder folder;
    folder.write("libferrule_cut.so",
                 std::vector<std::byte>(good.begin(), good.begin() + static_cast<ptrdiff_t>(size)));
    folder.copy(variant("good"), "libferrule_good.so");
    const std::vector<Candidate> candidates = discover_in(folder.path());
    ASSERT_EQ(candidates.size(), 2u);
    EXPECT_TRUE(candidates[1].usable) << candidates[1].reason;
    if (!candidates[0].usable) {
      ++refused;
      expect_one_line(candidates[0].reason);
      continue;
    }
    // What was cut off is only read by debuggers: such a file must really open.
    EXPECT_NO_THROW(open(candidates[0], host_api())) << "cut at " << size;
  }
  EXPECT_GT(refused, good.size() / 512 / 2);
}

TEST(Discovery, FirstOfEqualNamesWinsAndTheLaterSaysWhy) {
  const TempFolder first, second;
  first.copy(TEMPLATE_PLUGIN, "libferrule_template.so");
  second.copy(TEMPLATE_PLUGIN, "libferrule_template.so");
  const std::vector<Candidate> candidates = discover_in(first.path() + ":" + second.path());
  ASSERT_EQ(candidates.size(), 2u);
  EXPECT_TRUE(candidates[0].usable);
  expect_refused(candidates[1], "shadowed by " + candidates[0].path);
}

TEST(Discovery, ARefusedFileShadowsNothing) {
  const TempFolder first, second;
  ASSERT_EQ(chmod(first.copy(TEMPLATE_PLUGIN, "libferrule_template.so").c_str(), 0666), 0);
  second.copy(TEMPLATE_PLUGIN, "libferrule_template.so");
  const std::vector<Candidate> candidates = discover_in(first.path() + ":" + second.path());
  ASSERT_EQ(candidates.size(), 2u);
  EXPECT_FALSE(candidates[0].usable);
  EXPECT_TRUE(candidates[1].usable) << candidates[1].reason;
}

TEST(Discovery, OneFileReachedTwiceIsListedOnce) {
  const TempFolder folder;
  const std::string file = folder.copy(TEMPLATE_PLUGIN, "libferrule_template.so");
  std::filesystem::create_symlink(file, folder / "libferrule_again.so");
  EXPECT_EQ(discover_in(file + "::" + folder.path()).size(), 1u);
}

TEST(Discovery, SearchesInOrderAndLogsEachVerdict) {
  const TempFolder named, library, user, system;
  named.copy(variant("good"), "libferrule_good.so");
  library.copy(variant("no_device"), "libferrule_no_device.so");
  user.copy(variant("layer"), "libferrule_layer.so");
  system.copy(TEMPLATE_PLUGIN, "libferrule_template.so");
  SearchOptions options;
  options.plugin_path = named.path();
  options.library_folders = {library.path(), "relative"};
  options.user_folder = user.path();
  options.system_folders = {"/nonexistent", system.path()};
  std::vector<std::string> lines;
  options.log = [&](int32_t level, const std::string& text) {
    EXPECT_EQ(level, FRL_LOG_DEBUG);
    lines.push_back(text);
  };
  std::string order;
  for (const Candidate& candidate : discover(options)) order += candidate.manifest.name + " ";
  EXPECT_EQ(order, "good no_device layer template ");
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_TRUE(contains(lines[0], "libferrule_good.so: usable")) << lines[0];
}

TEST(Discovery, ReadsTheEnvironment) {
  setenv("FERRULE_PLUGIN_PATH", "/a:/b", 1);
  setenv("XDG_DATA_HOME", "/data", 1);
  const SearchOptions options = SearchOptions::from_environment();
  EXPECT_EQ(options.plugin_path, "/a:/b");
  EXPECT_EQ(options.user_folder, "/data/ferrule/plugins");
  setenv("XDG_DATA_HOME", "relative", 1);
  setenv("HOME", "/home/someone", 1);
  EXPECT_EQ(SearchOptions::from_environment().user_folder, "/home/someone/.local/share/ferrule/plugins");
  unsetenv("FERRULE_PLUGIN_PATH");
  unsetenv("XDG_DATA_HOME");
  ASSERT_FALSE(options.library_folders.empty());
  for (const std::string& folder : options.library_folders) EXPECT_EQ(folder[0], '/') << folder;
}

}  // namespace
}  // namespace ferrule::loader::test
