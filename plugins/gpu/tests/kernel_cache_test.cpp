// The kernel cache on disk: what comes back, damage, bounds, foreign folders, several threads and processes.
#include "host/kernel_cache.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace ferrule::gpu {
namespace {

namespace fs = std::filesystem;

class KernelCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = (fs::temp_directory_path() / "ferrule-kernel-cache-XXXXXX").string();
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    root_ = path;
    folder_ = path + "/cache";
  }
  void TearDown() override { fs::remove_all(root_); }

  std::vector<fs::path> files() const {
    std::vector<fs::path> list;
    for (const auto& entry : fs::directory_iterator(folder_)) list.push_back(entry.path());
    return list;
  }
  uint64_t bytes() const {
    uint64_t sum = 0;
    for (const fs::path& file : files()) sum += fs::file_size(file);
    return sum;
  }

  std::string root_, folder_;
};

std::string binary_of(int i) { return std::string(1000, static_cast<char>(i)) + std::to_string(i); }

TEST_F(KernelCacheTest, GivesBackWhatWasStored) {
  KernelCache cache(folder_);
  EXPECT_EQ(cache.find("a"), std::nullopt);
  cache.store("a", binary_of(1));
  cache.store("b", std::string("\0x", 2));
  EXPECT_EQ(cache.find("a"), binary_of(1));
  EXPECT_EQ(cache.find("b"), std::string("\0x", 2));
  EXPECT_EQ(KernelCache(folder_).find("a"), binary_of(1));
  EXPECT_EQ(cache.problem(), "");
}

TEST_F(KernelCacheTest, DropsADamagedEntry) {
  KernelCache cache(folder_);
  cache.store("key", binary_of(7));
  ASSERT_EQ(files().size(), 1u);
  const fs::path file = files()[0];
  const auto size = fs::file_size(file);
  for (const uint64_t at : {uint64_t{0}, uint64_t{9}, uint64_t{30}, uint64_t{33}, size / 2, size - 1}) {
    cache.store("key", binary_of(7));
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(stream.get() ^ 0x10);
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(byte);
    stream.close();
    EXPECT_EQ(cache.find("key"), std::nullopt) << "byte " << at;
    EXPECT_FALSE(fs::exists(file)) << "byte " << at;
  }
}

TEST_F(KernelCacheTest, DropsACutEntry) {
  KernelCache cache(folder_);
  cache.store("key", binary_of(7));
  const fs::path file = files()[0];
  const auto size = fs::file_size(file);
  for (const uint64_t left : {uint64_t{0}, uint64_t{8}, uint64_t{31}, uint64_t{33}, size / 2, size - 1}) {
    cache.store("key", binary_of(7));
    fs::resize_file(file, left);
    EXPECT_EQ(cache.find("key"), std::nullopt) << left << " bytes left";
  }
}

TEST_F(KernelCacheTest, TakesNoEntryOfAnotherKey) {
  KernelCache cache(folder_);
  cache.store("one", binary_of(1));
  const fs::path first = files()[0];
  cache.store("two", binary_of(2));
  for (const fs::path& file : files()) {
    if (file != first) fs::copy_file(first, file, fs::copy_options::overwrite_existing);
  }
  EXPECT_EQ(cache.find("two"), std::nullopt);
}

TEST_F(KernelCacheTest, StaysWithinItsBoundAndKeepsWhatWasUsedLast) {
  constexpr uint64_t kBound = 40000;
  KernelCache cache(folder_, kBound);
  cache.store("first", binary_of(0));
  cache.store("favourite", binary_of(1));
  for (int i = 0; i < 100; ++i) {
    cache.store("key" + std::to_string(i), binary_of(i));
    EXPECT_EQ(cache.find("favourite"), binary_of(1)) << i;
    EXPECT_LE(bytes(), kBound + kBound / 8) << i;
  }
  EXPECT_EQ(cache.find("first"), std::nullopt);
  EXPECT_EQ(cache.find("key99"), binary_of(99));
}

TEST_F(KernelCacheTest, LeavesNoTemporaryFiles) {
  KernelCache cache(folder_);
  for (int i = 0; i < 20; ++i) cache.store("key" + std::to_string(i % 3), binary_of(i));
  EXPECT_EQ(files().size(), 3u);
}

TEST_F(KernelCacheTest, RefusesAFolderThatOthersMayWriteTo) {
  fs::create_directory(folder_);
  ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
  KernelCache cache(folder_);
  cache.store("key", binary_of(1));
  EXPECT_EQ(cache.find("key"), std::nullopt);
  EXPECT_NE(cache.problem().find("nobody else may write"), std::string::npos) << cache.problem();
  EXPECT_TRUE(files().empty());
}

TEST_F(KernelCacheTest, DoesWithoutAFolder) {
  KernelCache nowhere("");
  nowhere.store("key", binary_of(1));
  EXPECT_EQ(nowhere.find("key"), std::nullopt);
  std::ofstream(root_ + "/file") << "not a folder";
  KernelCache below_a_file(root_ + "/file/cache");
  below_a_file.store("key", binary_of(1));
  EXPECT_EQ(below_a_file.find("key"), std::nullopt);
  EXPECT_NE(below_a_file.problem(), "");
}

TEST_F(KernelCacheTest, TakesTheConfiguredFolderFirst) {
  EXPECT_EQ(KernelCache::default_folder("/some/where"), "/some/where");
  ASSERT_EQ(::setenv("XDG_CACHE_HOME", "/xdg", 1), 0);
  EXPECT_EQ(KernelCache::default_folder(nullptr), "/xdg/ferrule");
  EXPECT_EQ(KernelCache::default_folder("relative"), "/xdg/ferrule");
  ASSERT_EQ(::unsetenv("XDG_CACHE_HOME"), 0);
  ASSERT_EQ(::setenv("HOME", "/home/me", 1), 0);
  EXPECT_EQ(KernelCache::default_folder(nullptr), "/home/me/.cache/ferrule");
}

// What stands where an entry belongs may be anything: it is no kernel, and nobody waits for it.
TEST_F(KernelCacheTest, IsNotTakenInByWhatIsNoFile) {
  KernelCache cache(folder_);
  cache.store("key", binary_of(1));
  const fs::path entry = files().front();
  fs::remove(entry);
  ASSERT_EQ(::mkfifo(entry.c_str(), 0600), 0);
  EXPECT_FALSE(cache.find("key").has_value());
  fs::remove(entry);
  std::ofstream(root_ + "/elsewhere") << "not a kernel";
  fs::create_symlink(root_ + "/elsewhere", entry);
  EXPECT_FALSE(cache.find("key").has_value());
  fs::remove(entry);
  fs::create_directory(entry);
  EXPECT_FALSE(cache.find("key").has_value());
  cache.store("key", binary_of(1));
  fs::remove(entry);
  cache.store("key", binary_of(2));
  EXPECT_EQ(cache.find("key"), binary_of(2));
}

// Every way in which a disk refuses ends in a process that compiles for itself.
TEST_F(KernelCacheTest, DoesWithoutADiskThatRefuses) {
  KernelCache full(folder_);
  full.store("small", binary_of(3));
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = 512;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  full.store("large", std::string(100'000, 'x'));  // the write ends early
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_FALSE(full.find("large").has_value());
  EXPECT_EQ(full.find("small"), binary_of(3));
  EXPECT_EQ(files().size(), 1u);

  KernelCache gone(folder_);
  gone.store("key", binary_of(4));
  fs::remove_all(folder_);
  EXPECT_FALSE(gone.find("key").has_value());
  gone.store("key", binary_of(4));
  EXPECT_FALSE(gone.find("key").has_value());

  std::ofstream(root_ + "/file") << "a file";
  KernelCache no_folder(root_ + "/file/cache");
  no_folder.store("key", binary_of(5));
  EXPECT_FALSE(no_folder.find("key").has_value());
  EXPECT_NE(no_folder.problem(), "");
}

TEST_F(KernelCacheTest, TakesALinkToAFolderOfItsOwn) {
  fs::create_directory(root_ + "/real");
  fs::permissions(root_ + "/real", fs::perms::owner_all);
  fs::create_directory_symlink(root_ + "/real", root_ + "/link");
  KernelCache cache(root_ + "/link");
  cache.store("key", binary_of(6));
  EXPECT_EQ(cache.find("key"), binary_of(6));
}

// Writers and readers of the same keys; whatever is found is whole. True when all went well.
bool hammer(const std::string& folder) {
  KernelCache cache(folder, 30000);
  for (int i = 0; i < 300; ++i) {
    const int k = i % 17;
    const std::string key = "key" + std::to_string(k);
    if (const auto found = cache.find(key); found && *found != binary_of(k)) return false;
    cache.store(key, binary_of(k));
  }
  return true;
}

TEST_F(KernelCacheTest, IsSharedByThreadsAndProcesses) {
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(hammer(folder_) ? 0 : 1);
    children.push_back(child);
  }
  std::vector<std::thread> threads;
  std::vector<int> good(3, 0);
  for (int i = 0; i < 3; ++i) threads.emplace_back([&, i] { good[static_cast<size_t>(i)] = hammer(folder_); });
  for (std::thread& thread : threads) thread.join();
  for (const int ok : good) EXPECT_TRUE(ok);
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
}

}  // namespace
}  // namespace ferrule::gpu
