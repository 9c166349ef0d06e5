// The readers against data/malformed_files.json: generated images with verdicts recorded from the formats' reference
// readers (data/make_malformed_files.py).
#include <ferrule/ferrule.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "temp_dir.h"

namespace fr = ferrule;

namespace {

std::string from_hex(const std::string& hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return out;
}

void read_all(const std::string& format, const std::string& file) {
  if (format == "npy")
    fr::load(file).eval();
  else if (format == "npz")
    (void)fr::load_npz(file);
  else
    (void)fr::load_safetensors(file);
}

struct Count {
  int accepted = 0, refused = 0;
};

Count check_all(const std::string& format) {
  std::ifstream in(FERRULE_TEST_DATA "/malformed_files.json");
  TempDir dir;
  std::string file = dir / ("x." + format);
  Count count;
  for (const auto& entry : nlohmann::json::parse(in)) {
    if (entry["format"] != format) continue;
    write_file(file, from_hex(entry["hex"]));
    bool accepted = true;
    std::string message;
    auto start = std::chrono::steady_clock::now();
    try {
      read_all(format, file);
    } catch (const fr::error& e) {
      accepted = false;
      message = e.what();
      EXPECT_EQ(e.code(), fr::ErrorCode::io) << entry["name"] << ": " << message;
      EXPECT_NE(message.find(file), std::string::npos) << entry["name"] << ": " << message;
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1)) << entry["name"];
    EXPECT_EQ(accepted, entry["accept"].get<bool>()) << entry["name"] << ": " << message;
    ++(accepted ? count.accepted : count.refused);
  }
  return count;
}

TEST(MalformedFiles, SafetensorsVerdictsAreTheReferences) {
  Count count = check_all("safetensors");
  EXPECT_GE(count.accepted, 20);
  EXPECT_GE(count.refused, 150);
}

TEST(MalformedFiles, NpyVerdictsAreTheReferences) {
  Count count = check_all("npy");
  EXPECT_GE(count.accepted, 30);
  EXPECT_GE(count.refused, 120);
}

TEST(MalformedFiles, NpzVerdictsAreTheReferences) {
  Count count = check_all("npz");
  EXPECT_GE(count.accepted, 10);
  EXPECT_GE(count.refused, 50);
}

// The limit of 100,000,000 bytes holds although the file is as long as it claims.
TEST(MalformedFiles, SafetensorsHeaderBeyondTheLimitIsRefused) {
  TempDir dir;
  std::string file = dir / "x.safetensors";
  uint64_t length = 100'000'001;
  write_file(file, std::string(reinterpret_cast<const char*>(&length), 8) + "{");
  ASSERT_EQ(::truncate(file.c_str(), 100'000'100), 0);
  EXPECT_THROW(fr::load_safetensors(file), fr::error);
}

// A header that promises 2^40 elements must fail by comparison with the file, not by allocation.
TEST(MalformedFiles, SizesAreComparedBeforeAllocation) {
  TempDir dir;
  std::string file = dir / "x.npy";
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }\n";
  write_file(file, std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header + "1234");
  try {
    fr::load(file);
    FAIL() << "accepted";
  } catch (const fr::error& e) {
    EXPECT_EQ(e.code(), fr::ErrorCode::io);
    EXPECT_NE(std::string(e.what()).find("truncated"), std::string::npos) << e.what();
  }
}

}  // namespace
