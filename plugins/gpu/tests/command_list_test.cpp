// When two lists count as the same: a graph made for one is then launched for the other as it is.
#include "host/command_list.h"

#include <gtest/gtest.h>

#include <functional>

namespace ferrule::gpu {
namespace {

// Stand-ins; nothing here is launched.
const int kFunctions[2] = {};

struct Recipe {
  vendor::Function function = &kFunctions[0];
  vendor::LaunchShape shape{{4, 1, 1}, {128, 1, 1}, 0};
  uint64_t argument = 7;
  uint32_t second_argument = 9;
  ByteRange read{0, 64}, write{128, 192};
  bool two_calls = false;
  uint64_t copied = 32;
  bool copies = true, library = false;

  CommandList list() const {
    CommandList made;
    const ByteRange reads[] = {read}, writes[] = {write};
    made.begin_call(reads, writes);
    const void* arguments[] = {&argument, &second_argument};
    const uint32_t sizes[] = {sizeof argument, sizeof second_argument};
    made.launch(function, shape, arguments, sizes);
    if (two_calls) made.begin_call({}, {});
    if (copies) made.copy(reinterpret_cast<void*>(0x1000), reinterpret_cast<const void*>(0x2000), copied);
    if (library) made.library([](vendor::Stream) { return vendor::kOk; });
    return made;
  }
};

TEST(CommandListTest, EqualListsAreTheSame) {
  EXPECT_TRUE(Recipe().list().same(Recipe().list()));
  EXPECT_TRUE(CommandList().same(CommandList()));
  CommandList cleared = Recipe{.argument = 1, .copied = 8}.list();
  cleared.clear();
  EXPECT_TRUE(cleared.same(CommandList()));
}

TEST(CommandListTest, AnyDifferenceTellsThemApart) {
  const std::pair<const char*, std::function<void(Recipe&)>> changes[] = {
      {"function", [](Recipe& r) { r.function = &kFunctions[1]; }},
      {"grid", [](Recipe& r) { r.shape.grid[0] = 5; }},
      {"shared memory", [](Recipe& r) { r.shape.shared_bytes = 16; }},
      {"argument", [](Recipe& r) { r.argument = 8; }},
      {"last argument", [](Recipe& r) { r.second_argument = 10; }},
      {"bytes read", [](Recipe& r) { r.read.end = 65; }},
      {"bytes written", [](Recipe& r) { r.write.begin = 127; }},
      {"calls", [](Recipe& r) { r.two_calls = true; }},
      {"bytes copied", [](Recipe& r) { r.copied = 33; }},
      {"number of commands", [](Recipe& r) { r.copies = false; }},
  };
  for (const auto& [name, change] : changes) {
    Recipe other;
    change(other);
    EXPECT_FALSE(Recipe().list().same(other.list())) << name;
    EXPECT_FALSE(other.list().same(Recipe().list())) << name;
    EXPECT_TRUE(other.list().same(other.list())) << name;
  }
}

TEST(CommandListTest, WhereACallBeginsCounts) {
  // The same commands and ranges, cut into calls at another place.
  const auto cut_after = [](int first) {
    CommandList made;
    const ByteRange range[] = {{0, 64}};
    made.begin_call(range, {});
    for (int i = 0; i < 3; ++i) {
      if (i == first) made.begin_call({}, range);
      made.copy(reinterpret_cast<void*>(0x1000), reinterpret_cast<const void*>(0x2000), 16);
    }
    return made;
  };
  EXPECT_TRUE(cut_after(1).same(cut_after(1)));
  EXPECT_FALSE(cut_after(1).same(cut_after(2)));
}

TEST(CommandListTest, WhetherARangeIsReadOrWrittenCounts) {
  const ByteRange range[] = {{0, 64}};
  CommandList reads, writes;
  reads.begin_call(range, {});
  writes.begin_call({}, range);
  EXPECT_FALSE(reads.same(writes));
}

TEST(CommandListTest, LibraryWorkIsNeverTheSame) {
  const Recipe recipe{.library = true};
  EXPECT_FALSE(recipe.list().same(recipe.list()));
}

}  // namespace
}  // namespace ferrule::gpu
