// The parsers on random mutations of small files, in memory: each image is read or refused with error(io), nothing
// else. Means most under the asan preset. FERRULE_MUTATIONS sets the number per format.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "lib/io/npy.h"
#include "lib/io/safetensors.h"
#include "lib/io/zip.h"

namespace ferrule::detail {
namespace {

using Bytes = std::vector<std::byte>;

std::vector<Bytes> corpus(const std::string& format) {
  std::vector<Bytes> out;
  for (const auto& entry : nlohmann::json::parse(std::ifstream(FERRULE_TEST_DATA "/malformed_files.json"))) {
    if (entry.at("format") != format) continue;
    const auto& hex = entry.at("hex").get_ref<const std::string&>();
    Bytes bytes;
    for (size_t i = 0; i + 1 < hex.size(); i += 2) {
      bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    }
    out.push_back(std::move(bytes));
  }
  return out;
}

// Bits, bytes, extreme words, cuts, repeats, and pieces of other files.
Bytes mutate(const std::vector<Bytes>& all, std::mt19937& rng) {
  auto below = [&](size_t n) { return n == 0 ? 0 : static_cast<size_t>(rng() % n); };
  Bytes b = all[below(all.size())];
  for (size_t times = 1 + below(4); times > 0; --times) {
    size_t at = below(b.size());
    auto here = b.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(6)) {
      case 0:
        if (!b.empty()) b[at] ^= static_cast<std::byte>(1u << below(8));
        break;
      case 1:
        if (!b.empty()) b[at] = static_cast<std::byte>(rng() & 0xff);
        break;
      case 2: {
        const uint64_t kWords[] = {0, 1, 0x7fffffff, 0xffffffff, 0x7fffffffffffffff, ~uint64_t{0}, b.size()};
        size_t width = size_t{1} << below(4);
        if (b.size() - at >= width) std::memcpy(&b[at], &kWords[below(7)], width);
        break;
      }
      case 3:
        b.resize(at);
        break;
      case 4: {
        Bytes piece(here, b.begin() + static_cast<std::ptrdiff_t>(at + below(b.size() - at)));
        b.insert(here, piece.begin(), piece.end());
        break;
      }
      default: {
        const Bytes& other = all[below(all.size())];
        if (other.empty()) break;
        size_t from = below(other.size()), n = below(other.size() - from);
        auto first = other.begin() + static_cast<std::ptrdiff_t>(from);
        b.insert(here, first, first + static_cast<std::ptrdiff_t>(n));
      }
    }
  }
  return b;
}

template <typename Parse>
void mutate_and_parse(const std::string& format, Parse parse) {
  const char* wanted = std::getenv("FERRULE_MUTATIONS");
  int n = wanted != nullptr ? std::atoi(wanted) : 20'000;
  std::vector<Bytes> all = corpus(format);
  ASSERT_FALSE(all.empty());
  std::mt19937 rng(17);
  int accepted = 0, refused = 0;
  for (int i = 0; i < n; ++i) {
    MemorySource source("test", "image", mutate(all, rng));
    try {
      parse(source);
      ++accepted;
    } catch (const error& e) {
      ASSERT_EQ(e.code(), ErrorCode::io) << e.what();
      ++refused;
    }
  }
  // A mutator that never lets a file pass would test the first check alone.
  EXPECT_GT(accepted, n / 1000);
  EXPECT_GT(refused, n / 10);
}

TEST(IoMutations, Npy) {
  mutate_and_parse("npy", [](const ByteSource& s) { parse_npy_header(s); });
}

TEST(IoMutations, Safetensors) {
  mutate_and_parse("safetensors", [](const ByteSource& s) {
    // What a header promises lies within the file.
    SafetensorsHeader header = parse_safetensors_header(s);
    for (const auto& entry : header.entries) ASSERT_LE(header.data_offset + entry.end, s.size());
  });
}

TEST(IoMutations, Npz) {
  mutate_and_parse("npz", [](const ByteSource& s) {
    for (const ZipEntry& entry : read_zip_directory(s)) {
      MemorySource member("test", entry.name, read_zip_member(s, entry));
      parse_npy_header(member);
    }
  });
}

}  // namespace
}  // namespace ferrule::detail
