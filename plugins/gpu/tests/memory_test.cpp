// Memory kinds of each sort of device, forced by the configuration where the device is another one.
#include <cstring>

#include "fixture.h"

namespace ferrule::gpu::test {
namespace {

class MemoryTest : public GpuTest {
 protected:
  bool has(uint32_t kind) const { return (info_.memory_kinds >> kind & 1) != 0; }

  // Writes through the host's address, works on the device, reads through the host's address.
  void round_trip(uint32_t kind) {
    frl_buffer* buffer = alloc(1000, kind);
    frl_buffer* other = alloc(1000);
    void* address = nullptr;
    expect_ok(api_->buffer_map(device_, buffer, &address, &error_), "buffer_map");
    std::memset(address, 0x17, 1000);
    frl_stream* s = stream();
    expect_ok(api_->copy(s, other, 0, buffer, 0, 1000, &error_), "copy");
    expect_ok(api_->fill(s, buffer, 0, 500, 0x42, 1, &error_), "fill");
    EXPECT_TRUE(read(s, other, 1000) == Bytes(1000, std::byte{0x17}));
    EXPECT_EQ(static_cast<unsigned char*>(address)[499], 0x42);
    EXPECT_EQ(static_cast<unsigned char*>(address)[500], 0x17);
    expect_ok(api_->buffer_unmap(device_, buffer, &error_), "buffer_unmap");
  }
};

TEST_F(MemoryTest, ADeviceOfItsOwnMemoryOffersDeviceAndPinned) {
  open();
  if ((info_.flags & FRL_DEVICE_SHARES_HOST_MEMORY) != 0) GTEST_SKIP() << "an integrated device";
  EXPECT_TRUE(has(FRL_MEMORY_DEVICE) && has(FRL_MEMORY_PINNED) && !has(FRL_MEMORY_SHARED));
  round_trip(FRL_MEMORY_PINNED);
  void* address = nullptr;
  EXPECT_EQ(api_->buffer_map(device_, alloc(64, FRL_MEMORY_DEVICE), &address, &error_), FRL_UNSUPPORTED);
}

TEST_F(MemoryTest, AnIntegratedDeviceSharesTheHostsMemory) {
  open({{"force_integrated", "1"}});
  EXPECT_NE(info_.flags & FRL_DEVICE_SHARES_HOST_MEMORY, 0u);
  EXPECT_TRUE(has(FRL_MEMORY_SHARED) && has(FRL_MEMORY_PINNED) && !has(FRL_MEMORY_DEVICE));
  round_trip(FRL_MEMORY_SHARED);
}

TEST_F(MemoryTest, AnIntegratedDeviceWithoutConcurrentAccessSharesPinnedMemory) {
  open({{"force_integrated", "1"}, {"force_no_concurrent_managed", "1"}});
  EXPECT_FALSE(has(FRL_MEMORY_MANAGED));
  round_trip(FRL_MEMORY_SHARED);
}

TEST_F(MemoryTest, ManagedMemoryNeedsConcurrentAccess) {
  open();
  if (has(FRL_MEMORY_MANAGED)) round_trip(FRL_MEMORY_MANAGED);
  open({{"force_no_concurrent_managed", "1"}});
  EXPECT_EQ(info_.flags & FRL_DEVICE_CONCURRENT_MANAGED, 0u);
  frl_buffer* buffer = nullptr;
  EXPECT_EQ(api_->buffer_alloc(device_, FRL_MEMORY_MANAGED, 64, &buffer, &error_), FRL_UNSUPPORTED);
  EXPECT_EQ(buffer, nullptr);
}

TEST_F(MemoryTest, CopiesReachAnotherDevice) {
  open();
  uint32_t count = 0;
  expect_ok(plugin_->device_count(&count, &error_), "device_count");
  if (count < 2) GTEST_SKIP() << "one device only";
  frl_device* second = nullptr;
  const frl_device_api* api = nullptr;
  expect_ok(plugin_->device_open(1, &second, &api, &error_), "device_open");
  frl_buffer* there = nullptr;
  expect_ok(api->buffer_alloc(second, FRL_MEMORY_DEVICE, 5000, &there, &error_), "buffer_alloc");
  frl_buffer *here = alloc(5000), *back = alloc(5000);
  frl_stream* s = stream();
  expect_ok(api_->fill(s, here, 0, 5000, 0x5c, 1, &error_), "fill");
  expect_ok(api_->copy(s, there, 0, here, 0, 5000, &error_), "copy");
  expect_ok(api_->copy(s, back, 0, there, 0, 5000, &error_), "copy");
  EXPECT_TRUE(read(s, back, 5000) == Bytes(5000, std::byte{0x5c}));
  EXPECT_EQ(api_->fill(s, there, 0, 64, 0, 1, &error_), FRL_INVALID_ARGUMENT);
  api->buffer_free(second, there);
  plugin_->device_close(second);
}

}  // namespace
}  // namespace ferrule::gpu::test
