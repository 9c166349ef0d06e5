// frl.profiler/1 where offered: records of what ran, their times and their number; nothing while it is off.
#include <gtest/gtest.h>

#include <string_view>

#include "catalog.h"
#include "session.h"

namespace ferrule::conformance {
namespace {

constexpr uint64_t kBytes = 1 << 16;

const frl_profiler_api* profiler_of(Context& c) {
  return static_cast<const frl_profiler_api*>(
      c.backend.api().device_extension(c.backend.device(), FRL_EXT_PROFILER, 1));
}

struct Read {
  std::vector<frl_profile_record> records;
  uint64_t dropped = 0;
};

Read read(Context& c, uint64_t capacity = 100) {
  Read result;
  result.records.resize(capacity);
  uint64_t count = 0;
  Error error;
  FRL_EXPECT_OK(error, profiler_of(c)->profiler_read(c.backend.device(), result.records.data(), capacity, &count,
                                                     &result.dropped, error));
  EXPECT_LE(count, capacity);
  result.records.resize(std::min(count, capacity));
  return result;
}

void start(Context& c, uint64_t records) {
  Error error;
  FRL_EXPECT_OK(error, profiler_of(c)->profiler_start(c.backend.device(), records, error));
}

void stop(Context& c) {
  Error error;
  FRL_EXPECT_OK(error, profiler_of(c)->profiler_stop(c.backend.device(), error));
}

void fills(const Stream& stream, frl_buffer* buffer, int n) {
  for (int i = 0; i < n; ++i) stream.fill(buffer, 0, kBytes, 7, 1);
  stream.finish();
}

void records_what_ran(Context& c) {
  const Stream stream(c.backend);
  const Buffer buffer(c.backend, kBytes);
  fills(stream, buffer, 1);
  start(c, 100);
  fills(stream, buffer, 5);
  stop(c);
  fills(stream, buffer, 3);
  const Read got = read(c);
  ASSERT_EQ(got.records.size(), 5u) << "five fills while it was on, four while it was off";
  EXPECT_EQ(got.dropped, 0u);
  uint64_t previous = 0;
  for (const frl_profile_record& record : got.records) {
    EXPECT_LE(std::string_view(record.name, sizeof record.name).find('\0'), sizeof record.name - 1) << "no end";
    EXPECT_EQ(record.kind, FRL_PROFILE_COPY) << record.name;
    EXPECT_TRUE(record.bytes == 0 || record.bytes == kBytes) << record.bytes;
    EXPECT_EQ(record.stream, got.records[0].stream);
    EXPECT_GE(record.begin_ns, previous) << "out of order";
    EXPECT_GE(record.end_ns, record.begin_ns);
    previous = record.begin_ns;
  }
  EXPECT_EQ(read(c).records.size(), 0u) << "a record is read once";
}

void bounded(Context& c) {
  const Stream stream(c.backend);
  const Buffer buffer(c.backend, kBytes);
  start(c, 4);
  fills(stream, buffer, 10);
  Read got = read(c, 3);
  EXPECT_EQ(got.records.size(), 3u);
  EXPECT_EQ(got.dropped, 6u);
  got = read(c);
  EXPECT_EQ(got.records.size(), 1u);
  EXPECT_EQ(got.dropped, 0u);
  fills(stream, buffer, 2);
  stop(c);
  EXPECT_EQ(read(c).records.size(), 2u) << "a read makes room";
}

void wrong_use(Context& c) {
  const frl_profiler_api& profiler = *profiler_of(c);
  frl_device* device = c.backend.device();
  Error error;
  FRL_EXPECT_STATUS(error, FRL_INVALID_STATE, profiler.profiler_stop(device, error));
  FRL_EXPECT_STATUS(error, FRL_INVALID_ARGUMENT, profiler.profiler_start(device, 0, error));
  start(c, 10);
  FRL_EXPECT_STATUS(error, FRL_INVALID_STATE, profiler.profiler_start(device, 10, error));
  stop(c);
}

}  // namespace

void add_profiler_cases(Catalog& catalog) {
  const auto add = [&](const char* id, void (*body)(Context&)) {
    catalog.add(id, Profile::RUNTIME, [body](Context& c) {
      if (!profiler_of(c)) GTEST_SKIP() << "not offered: frl.profiler";
      body(c);
    });
  };
  add("profiler/records/what_ran", records_what_ran);
  add("profiler/records/bounded", bounded);
  add("profiler/errors/wrong_use", wrong_use);
}

}  // namespace ferrule::conformance
