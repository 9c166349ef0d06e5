// Buffers, ranges, device information, queries and handles.
#include <cstring>

#include "fixture.h"

namespace ferrule::cpu::test {
namespace {

using MemoryTest = PluginTest;

TEST_F(MemoryTest, BuffersAreAlignedAndWritable) {
  for (uint64_t bytes : {uint64_t{1}, uint64_t{65}, uint64_t{4097}, (uint64_t{5} << 20) + 3}) {
    auto* pointer = data<char>(make_buffer(bytes));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(pointer) % 64, 0u) << bytes;
    std::memset(pointer, 0xff, bytes);
  }
}

TEST_F(MemoryTest, ImpossibleSizesAreOutOfMemory) {
  for (uint64_t bytes : {uint64_t{1} << 46, uint64_t{1} << 62, UINT64_MAX}) {
    frl_buffer* buffer = nullptr;
    Error error;
    EXPECT_EQ(api->buffer_alloc(device, FRL_MEMORY_SHARED, bytes, &buffer, &error), FRL_OUT_OF_MEMORY);
    EXPECT_EQ(buffer, nullptr);
    EXPECT_NE(std::string(error.message).find(std::to_string(bytes)), std::string::npos) << error.message;
  }
}

TEST_F(MemoryTest, RefusesZeroBytesAndUnknownKinds) {
  frl_buffer* buffer = nullptr;
  EXPECT_EQ(api->buffer_alloc(device, FRL_MEMORY_SHARED, 0, &buffer, nullptr), FRL_INVALID_ARGUMENT);
  EXPECT_EQ(api->buffer_alloc(device, FRL_MEMORY_MANAGED, 8, &buffer, nullptr), FRL_UNSUPPORTED);
}

TEST_F(MemoryTest, CopiesCheckTheirRanges) {
  frl_stream* stream = make_stream();
  frl_buffer *a = make_buffer(16), *b = make_buffer(8);
  char host[32] = {};
  EXPECT_EQ(api->copy_in(stream, b, 4, host, 5, 0, nullptr), FRL_INVALID_ARGUMENT);
  EXPECT_EQ(api->copy_in(stream, b, UINT64_MAX, host, 2, 0, nullptr), FRL_INVALID_ARGUMENT);
  EXPECT_EQ(api->copy_out(stream, host, b, 9, 0, nullptr), FRL_INVALID_ARGUMENT);
  EXPECT_EQ(api->copy_out(stream, host, b, 8, 0, nullptr), FRL_OK);
  EXPECT_EQ(api->copy(stream, b, 0, a, 0, 9, nullptr), FRL_INVALID_ARGUMENT);
  EXPECT_EQ(api->copy(stream, a, 0, a, 4, 8, nullptr), FRL_INVALID_ARGUMENT);
  EXPECT_EQ(api->copy(stream, a, 0, a, 8, 8, nullptr), FRL_OK);
  EXPECT_EQ(api->fill(stream, a, 2, 8, 0, 4, nullptr), FRL_INVALID_ARGUMENT);
  EXPECT_EQ(api->fill(stream, a, 0, 8, 0, 3, nullptr), FRL_INVALID_ARGUMENT);
  EXPECT_EQ(finish(stream), FRL_OK);
}

TEST_F(MemoryTest, CopyAndFillMoveTheRightBytes) {
  frl_stream* stream = make_stream();
  constexpr uint64_t kBytes = 3'000'008;
  frl_buffer *a = make_buffer(kBytes), *b = make_buffer(kBytes);
  std::memset(map(a), 0x11, kBytes);
  std::vector<uint16_t> host(kBytes / 2);
  ASSERT_EQ(api->fill(stream, a, 2, kBytes - 4, 0xbeef, 2, nullptr), FRL_OK);
  ASSERT_EQ(api->copy(stream, b, 0, a, 0, kBytes, nullptr), FRL_OK);
  ASSERT_EQ(api->copy_out(stream, host.data(), b, 0, kBytes, nullptr), FRL_OK);
  ASSERT_EQ(finish(stream), FRL_OK);
  EXPECT_EQ(host.front(), 0x1111);
  EXPECT_EQ(host.back(), 0x1111);
  for (size_t i = 1; i + 1 < host.size(); ++i) ASSERT_EQ(host[i], 0xbeef) << i;
}

TEST_F(MemoryTest, DeviceInfoFillsSmallAndLargeStructs) {
  frl_device_info info{};
  info.struct_size = sizeof info;
  ASSERT_EQ(plugin->device_info(0, &info, nullptr), FRL_OK);
  EXPECT_NE(info.name[0], '\0');
  EXPECT_GT(info.memory_total, uint64_t{1} << 20);
  EXPECT_EQ(info.memory_kinds, 1u << FRL_MEMORY_SHARED | 1u << FRL_MEMORY_PINNED);
  frl_device_info small{};
  small.struct_size = offsetof(frl_device_info, architecture);
  ASSERT_EQ(plugin->device_info(0, &small, nullptr), FRL_OK);
  EXPECT_STREQ(small.name, info.name);
  EXPECT_EQ(small.architecture[0], '\0');
  EXPECT_EQ(plugin->device_info(1, &info, nullptr), FRL_INVALID_ARGUMENT);
}

TEST_F(MemoryTest, MustUnderstandNodesAreRefused) {
  frl_chain node{sizeof node, FRL_CHAIN_MUST_UNDERSTAND, "other.node", nullptr};
  frl_device_info info{};
  info.struct_size = sizeof info;
  info.next = &node;
  Error error;
  EXPECT_EQ(plugin->device_info(0, &info, &error), FRL_UNSUPPORTED);
  node.flags = 0;
  EXPECT_EQ(plugin->device_info(0, &info, &error), FRL_OK);
}

TEST_F(MemoryTest, ForeignAndNullHandlesAreRefused) {
  frl_buffer* buffer = make_buffer(64);
  auto* foreign = reinterpret_cast<frl_stream*>(map(buffer));
  std::memset(map(buffer), 0, 64);
  Error error;
  EXPECT_EQ(api->stream_flush(foreign, &error), FRL_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "[stream_flush] got a handle that is not a stream of this plugin");
  EXPECT_EQ(api->stream_flush(nullptr, &error), FRL_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "[stream_flush] got a NULL stream");
  api->stream_destroy(nullptr);
  api->event_destroy(nullptr);
  api->buffer_free(device, nullptr);
}

TEST_F(MemoryTest, ErrorsShorterThanOursAreNotOverrun) {
  struct {
    frl_error error;
    char guard;
  } small{};
  small.error.struct_size = offsetof(frl_error, message) + 8;
  small.error.message[8] = 'x';
  EXPECT_EQ(api->stream_flush(nullptr, &small.error), FRL_INVALID_ARGUMENT);
  EXPECT_STREQ(small.error.message, "[stream");
  EXPECT_EQ(small.error.message[8], 'x');
}

TEST_F(MemoryTest, QueryRefusesWhatOpsDefForbids) {
  frl_buffer* buffer = make_buffer(64);
  frl_tensor good = tensor({.buffer = buffer, .shape = {4}});
  frl_requirements out{};
  out.struct_size = sizeof out;
  frl_call call{};
  call.inputs = &good;
  call.n_inputs = 1;
  call.outputs = &good;
  call.n_outputs = 1;
  Error error;
  frl_kernel *copy = find("copy"), *pad = find("pad");
  ASSERT_EQ(api->kernel_query(copy, &call, &out, &error), FRL_OK);
  EXPECT_EQ(out.support, FRL_SUPPORTED);
  call.n_inputs = 2;
  EXPECT_EQ(api->kernel_query(copy, &call, &out, &error), FRL_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "[copy] got 2 inputs; expected 1 to 1");
  call.n_inputs = 1;
  call.inputs = nullptr;
  EXPECT_EQ(api->kernel_query(copy, &call, &out, &error), FRL_INVALID_ARGUMENT);
  call.inputs = &good;
  call.attrs_size = 4;
  EXPECT_EQ(api->kernel_query(copy, &call, &out, &error), FRL_INVALID_ARGUMENT);
  call.attrs_size = 0;
  EXPECT_EQ(api->kernel_query(pad, &call, &out, &error), FRL_INVALID_ARGUMENT);
  good.ndim = FRL_MAX_DIMS + 1;
  EXPECT_EQ(api->kernel_query(copy, &call, &out, &error), FRL_INVALID_ARGUMENT);
  good.ndim = 1;
  good.shape[0] = -1;
  EXPECT_EQ(api->kernel_query(copy, &call, &out, &error), FRL_INVALID_ARGUMENT);
  good.shape[0] = 4;
  good.dtype = 4711;
  EXPECT_EQ(api->kernel_query(copy, &call, &out, &error), FRL_UNSUPPORTED);
}

TEST_F(MemoryTest, UnknownOpsAndVersionsAreUnsupported) {
  frl_kernel* kernel = nullptr;
  Error error;
  EXPECT_EQ(api->kernel_find(device, "no_such_op", 1, &kernel, &error), FRL_UNSUPPORTED);
  EXPECT_EQ(api->kernel_find(device, "copy", 99, &kernel, &error), FRL_UNSUPPORTED);
  EXPECT_STREQ(error.message, "[kernel_find] the cpu backend has no kernel for op \"copy\" version 99");
}

TEST_F(MemoryTest, InstructionSetCanBeForced) {
  PluginTest::TearDown();
  set_config("cpu.target", "baseline");
  PluginTest::SetUp();
  EXPECT_NE(log_lines().back().find("instruction set baseline"), std::string::npos) << log_lines().back();
}

TEST_F(MemoryTest, AnUnknownInstructionSetIsIgnoredWithAWarning) {
  PluginTest::TearDown();
  set_config("cpu.target", "mmx");
  PluginTest::SetUp();
  ASSERT_EQ(log_lines().size(), 2u);
  EXPECT_EQ(log_lines()[0],
            "config cpu.target = \"mmx\" ignored; expected baseline, avx2 or avx512, as this machine has");
}

}  // namespace
}  // namespace ferrule::cpu::test
