// A table that is short, or holds NULL, becomes one in which every slot can be called.
#include <cstddef>
#include <cstring>

#include "test_files.h"

namespace ferrule::loader::test {
namespace {

frl_status FRL_CALL own_fill(frl_stream*, frl_buffer*, uint64_t, uint64_t, uint64_t, uint32_t, frl_error*) {
  return 77;
}

// Every word of the table after its two size words is a slot.
size_t empty_slots(const frl_device_api& table) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&table);
  size_t count = 0;
  for (size_t at = offsetof(frl_device_api, buffer_alloc); at < sizeof(table); at += sizeof(void*)) {
    void* slot = nullptr;
    std::memcpy(&slot, bytes + at, sizeof(slot));
    count += slot == nullptr ? 1 : 0;
  }
  return count;
}

TEST(FullTable, EverySlotOfAnEmptyTableCanBeCalled) {
  frl_device_api table{};
  table.struct_size = sizeof(table);
  EXPECT_GT(empty_slots(table), 20u);
  EXPECT_EQ(empty_slots(full_device_api(&table)), 0u);
  EXPECT_EQ(empty_slots(full_device_api(nullptr)), 0u);
}

TEST(FullTable, AnAbsentSlotNamesItself) {
  const frl_device_api full = full_device_api(nullptr);
  frl_error error{};
  error.struct_size = sizeof(error);
  uint64_t ns = 0;
  EXPECT_EQ(full.event_elapsed(nullptr, nullptr, &ns, &error), FRL_UNSUPPORTED);
  EXPECT_EQ(error.code, FRL_UNSUPPORTED);
  EXPECT_STREQ(error.message, "[event_elapsed] the plugin does not offer this slot");
  EXPECT_EQ(full.buffer_alloc(nullptr, 0, 1, nullptr, nullptr), FRL_UNSUPPORTED);  // a NULL error is legal
}

TEST(FullTable, AbsentOptionalSlotsDoWhatNullMeans) {
  const frl_device_api full = full_device_api(nullptr);
  EXPECT_EQ(full.device_trim(nullptr, nullptr), FRL_OK);
  EXPECT_EQ(full.kernel_prepare(nullptr, nullptr, nullptr, nullptr), FRL_OK);
  EXPECT_EQ(full.device_extension(nullptr, "frl.graph", 1), nullptr);
  full.plan_release(nullptr, nullptr);
  full.stream_destroy(nullptr);
}

TEST(FullTable, APresentSlotStays) {
  frl_device_api table{};
  table.struct_size = sizeof(table);
  table.fill = own_fill;
  EXPECT_EQ(full_device_api(&table).fill, &own_fill);
}

TEST(FullTable, NothingIsReadBehindAShortTable) {
  frl_device_api table{};
  table.fill = own_fill;
  table.struct_size = offsetof(frl_device_api, fill);  // the table ends before the slot: what lies there is not ours
  const frl_device_api full = full_device_api(&table);
  EXPECT_NE(full.fill, &own_fill);
  EXPECT_EQ(full.struct_size, sizeof(frl_device_api));
  frl_error error{};
  error.struct_size = sizeof(error);
  EXPECT_EQ(full.fill(nullptr, nullptr, 0, 0, 0, 1, &error), FRL_UNSUPPORTED);
  EXPECT_STREQ(error.message, "[fill] the plugin does not offer this slot");
}

}  // namespace
}  // namespace ferrule::loader::test
