// Files and folders of the loader's tests: the plugins built for them, and a private folder per test.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "ferrule/loader/loader.h"

namespace ferrule::loader::test {

// The plugin of tests/robust/plugins with that name.
inline std::string variant(const std::string& name) {
  return std::string(TEST_PLUGIN_FOLDER) + "/" + name + "/libferrule_" + name + ".so";
}

inline std::vector<std::byte> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::byte> bytes;
  for (std::istreambuf_iterator<char> at(file), end; at != end; ++at) bytes.push_back(static_cast<std::byte>(*at));
  EXPECT_FALSE(bytes.empty()) << path;
  return bytes;
}

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ferrule-XXXXXX").string();
    path_ = std::filesystem::canonical(mkdtemp(pattern.data())).string();
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  std::string write(const std::string& name, const std::vector<std::byte>& bytes) const {
    std::ofstream file(*this / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return *this / name;
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(*this / name, std::ios::binary) << text;
    return *this / name;
  }
  std::string copy(const std::string& from, const std::string& name) const {
    std::filesystem::copy_file(from, *this / name, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::permissions(*this / name, std::filesystem::perms(0644));
    return *this / name;
  }

 private:
  std::string path_;
};

// Only what the test names: nothing of the machine.
inline std::vector<Candidate> discover_in(const std::string& plugin_path) {
  SearchOptions options;
  options.plugin_path = plugin_path;
  return discover(options);
}

inline void expect_one_line(const std::string& text) {
  EXPECT_FALSE(text.empty());
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace ferrule::loader::test
