// Memory and copies: allocation, alignment, kinds, mapping, limits; copies and fills at every offset; range checks.
#include <gtest/gtest.h>

#include <algorithm>

#include "catalog.h"
#include "session.h"

namespace ferrule::conformance {
namespace {

bool maps(const Context& c) { return c.backend.memory_kind() == FRL_MEMORY_SHARED; }

void alignment(Context& c) {
  if (!maps(c)) GTEST_SKIP() << "ordinary memory of this device has no host address";
  std::vector<std::unique_ptr<Buffer>> held;
  for (uint64_t bytes : std::initializer_list<uint64_t>{1, 2, 7, 16, 63, 64, 65, 4095, 4097, 1 << 20}) {
    held.push_back(std::make_unique<Buffer>(c.backend, bytes));
    void* address = nullptr;
    Error error;
    FRL_EXPECT_OK(error, c.backend.api().buffer_map(c.backend.device(), *held.back(), &address, error));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(address) % c.backend.info().buffer_alignment, 0u) << bytes << " bytes";
    FRL_EXPECT_OK(error, c.backend.api().buffer_unmap(c.backend.device(), *held.back(), error));
  }
}

// A buffer that should have been refused must be none; one that was made all the same is given back.
void expect_no_buffer(Context& c, frl_buffer* buffer, uint64_t bytes) {
  EXPECT_EQ(buffer, nullptr) << bytes << " bytes";
  if (buffer != nullptr) c.backend.api().buffer_free(c.backend.device(), buffer);
}

void kinds(Context& c) {
  for (uint32_t kind = 0; kind < 8; ++kind) {
    if ((c.backend.info().memory_kinds >> kind) & 1u) {
      const Buffer buffer(c.backend, 256, kind);
      const Stream stream(c.backend);
      const Bytes data = numbered(256, kind);
      stream.in(buffer, 0, data.data(), 256);
      EXPECT_EQ(first_difference(stream.read(buffer, 0, 256), data), -1) << "memory kind " << kind;
      void* address = nullptr;
      Error error;
      if (kind == FRL_MEMORY_DEVICE) {
        FRL_EXPECT_STATUS(error, FRL_UNSUPPORTED,
                          c.backend.api().buffer_map(c.backend.device(), buffer, &address, error));
      } else {
        FRL_EXPECT_OK(error, c.backend.api().buffer_map(c.backend.device(), buffer, &address, error));
        EXPECT_EQ(std::memcmp(address, data.data(), 256), 0) << "memory kind " << kind << " through its address";
        FRL_EXPECT_OK(error, c.backend.api().buffer_unmap(c.backend.device(), buffer, error));
      }
    } else {
      frl_buffer* buffer = nullptr;
      Error error;
      FRL_EXPECT_STATUS(error, FRL_UNSUPPORTED,
                        c.backend.api().buffer_alloc(c.backend.device(), kind, 64, &buffer, error));
      expect_no_buffer(c, buffer, 64);
    }
  }
}

void mapping(Context& c) {
  if (!maps(c)) GTEST_SKIP() << "ordinary memory of this device has no host address";
  const Buffer buffer(c.backend, 1000);
  const Stream stream(c.backend);
  Error error;
  void *first = nullptr, *second = nullptr;
  FRL_EXPECT_OK(error, c.backend.api().buffer_map(c.backend.device(), buffer, &first, error));
  FRL_EXPECT_OK(error, c.backend.api().buffer_map(c.backend.device(), buffer, &second, error));
  EXPECT_EQ(first, second) << "maps nest";
  const Bytes data = numbered(1000, 1);
  std::memcpy(first, data.data(), 1000);
  FRL_EXPECT_OK(error, c.backend.api().buffer_unmap(c.backend.device(), buffer, error));
  EXPECT_EQ(first_difference(stream.read(buffer, 0, 1000), data), -1);
  stream.fill(buffer, 0, 1000, 0x41, 1);
  stream.finish();
  EXPECT_EQ(static_cast<char*>(second)[999], 'A') << "the address outlives one of two maps";
  FRL_EXPECT_OK(error, c.backend.api().buffer_unmap(c.backend.device(), buffer, error));
}

void no_bytes(Context& c) {
  frl_buffer* buffer = nullptr;
  Error error;
  FRL_EXPECT_STATUS(error, FRL_INVALID_ARGUMENT,
                    c.backend.api().buffer_alloc(c.backend.device(), c.backend.memory_kind(), 0, &buffer, error));
  expect_no_buffer(c, buffer, 0);
}

void beyond_memory(Context& c) {
  for (uint64_t bytes :
       {uint64_t{1} << 50, uint64_t{1} << 62, (uint64_t{1} << 63) + 5, ~uint64_t{0}, ~uint64_t{0} - 63}) {
    frl_buffer* buffer = nullptr;
    Error error;
    FRL_EXPECT_STATUS(error, FRL_OUT_OF_MEMORY,
                      c.backend.api().buffer_alloc(c.backend.device(), c.backend.memory_kind(), bytes, &buffer, error));
    expect_no_buffer(c, buffer, bytes);
  }
  const Buffer good(c.backend, 4096);
  const Stream stream(c.backend);
  stream.fill(good, 0, 4096, 0x11, 1);
  EXPECT_EQ(stream.read(good, 0, 4096), Bytes(4096, std::byte{0x11}));
}

void many_buffers(Context& c) {
  const Stream stream(c.backend);
  std::vector<std::unique_ptr<Buffer>> held;
  constexpr uint32_t kBuffers = 1000;
  for (uint32_t i = 0; i < kBuffers; ++i) {
    held.push_back(std::make_unique<Buffer>(c.backend, 64 + i % 7 * 100));
    stream.fill(*held.back(), 0, 64, i, 4);
  }
  stream.finish();
  for (uint32_t i = 0; i < kBuffers; i += 3) held[i].reset();  // free some in between, then look at the rest
  for (uint32_t i = 1; i < kBuffers; i += 3) {
    uint32_t words[16] = {};
    stream.out(words, *held[i], 0, 64);
    stream.finish();
    ASSERT_EQ(words[0], i);
    ASSERT_EQ(words[15], i);
  }
}

void information(Context& c) {
  uint64_t available = 0, total = 0;
  Error error;
  FRL_EXPECT_OK(error, c.backend.api().memory_info(c.backend.device(), &available, &total, error));
  EXPECT_GT(total, 0u);
  EXPECT_LE(available, total);
  EXPECT_LE(c.backend.info().largest_buffer, std::max(total, c.backend.info().memory_total));
  FRL_EXPECT_OK(error, c.backend.api().device_trim(c.backend.device(), error));
  FRL_EXPECT_OK(error, c.backend.api().memory_info(c.backend.device(), &available, &total, error));
}

// Every small offset and length, against a model of the buffer in host memory.
void copies_in_and_out(Context& c) {
  constexpr uint64_t kSize = 1 << 16;
  const Buffer buffer(c.backend, kSize);
  const Stream stream(c.backend);
  Bytes model = numbered(kSize, 1);
  stream.in(buffer, 0, model.data(), kSize);
  stream.finish();
  std::vector<Bytes> sources;
  for (uint64_t offset : std::initializer_list<uint64_t>{0, 1, 2, 3, 7, 8, 15, 63, 64, 4095, 4096, 60001})
    for (uint64_t bytes : std::initializer_list<uint64_t>{0, 1, 2, 3, 5, 8, 31, 32, 63, 64, 65, 4097}) {
      sources.push_back(numbered(bytes, offset * 77 + bytes));
      stream.in(buffer, offset, sources.back().data(), bytes);
      std::copy(sources.back().begin(), sources.back().end(), model.begin() + static_cast<int64_t>(offset));
    }
  EXPECT_EQ(first_difference(stream.read(buffer, 0, kSize), model), -1);
  for (uint64_t offset : std::initializer_list<uint64_t>{0, 1, 3, 8, 63, 64, 4095})
    for (uint64_t bytes : std::initializer_list<uint64_t>{0, 1, 2, 3, 5, 8, 63, 64, 65, 4097}) {
      Bytes guarded(bytes + 16, std::byte{0x77});
      stream.out(guarded.data() + 8, buffer, offset, bytes);
      stream.finish();
      Bytes expected(bytes + 16, std::byte{0x77});
      std::copy_n(model.begin() + static_cast<int64_t>(offset), bytes, expected.begin() + 8);
      ASSERT_EQ(first_difference(guarded, expected), -1) << "copy_out of " << bytes << " bytes at offset " << offset;
    }
}

void consumed_source(Context& c) {
  for (uint64_t bytes : std::initializer_list<uint64_t>{1, 64, 5000, 1 << 20}) {
    const Buffer buffer(c.backend, bytes);
    const Stream stream(c.backend);
    stream.fill(buffer, 0, bytes, 0, 1);
    Bytes source = numbered(bytes, bytes);
    const Bytes kept = source;
    stream.in(buffer, 0, source.data(), bytes, FRL_COPY_CONSUME);
    std::fill(source.begin(), source.end(), std::byte{0xee});  // legal as soon as the call returned
    EXPECT_EQ(first_difference(stream.read(buffer, 0, bytes), kept), -1) << bytes << " bytes";
  }
}

void copies_within(Context& c) {
  constexpr uint64_t kSize = 20000;
  const Buffer a(c.backend, kSize), b(c.backend, kSize);
  const Stream stream(c.backend);
  Bytes model_a = numbered(kSize, 3), model_b = numbered(kSize, 4);
  const Bytes source_a = model_a, source_b = model_b;
  stream.in(a, 0, source_a.data(), kSize);
  stream.in(b, 0, source_b.data(), kSize);
  const auto move = [](Bytes& to, uint64_t at, const Bytes& from, uint64_t first, uint64_t n) {
    std::copy_n(from.begin() + static_cast<int64_t>(first), n, to.begin() + static_cast<int64_t>(at));
  };
  for (uint64_t to : std::initializer_list<uint64_t>{0, 1, 7, 64, 4099})
    for (uint64_t from : std::initializer_list<uint64_t>{0, 3, 8, 65, 9000})
      for (uint64_t bytes : std::initializer_list<uint64_t>{0, 1, 3, 64, 65, 4097}) {
        stream.copy(b, to, a, from, bytes);
        move(model_b, to, model_a, from, bytes);
      }
  stream.copy(a, 10001, a, 1, 9000);  // two ranges of one buffer
  move(model_a, 10001, source_a, 1, 9000);
  EXPECT_EQ(first_difference(stream.read(b, 0, kSize), model_b), -1);
  EXPECT_EQ(first_difference(stream.read(a, 0, kSize), model_a), -1);
}

void fills(Context& c) {
  constexpr uint64_t kSize = 9000;
  const Buffer buffer(c.backend, kSize);
  const Stream stream(c.backend);
  Bytes model(kSize, std::byte{0});
  stream.fill(buffer, 0, kSize, 0, 8);
  constexpr uint64_t kPattern = 0x8877665544332211u;
  for (uint32_t width : {1u, 2u, 4u, 8u})
    for (uint64_t offset : std::initializer_list<uint64_t>{0, 1, 3, 8, 100, 513})
      for (uint64_t n : std::initializer_list<uint64_t>{0, 1, 2, 7, 64, 301}) {
        stream.fill(buffer, offset * width, n * width, kPattern + n, width);
        const uint64_t pattern = kPattern + n;
        for (uint64_t i = 0; i < n * width; ++i)
          model[offset * width + i] = static_cast<std::byte>(pattern >> (8 * (i % width)));
      }
  EXPECT_EQ(first_difference(stream.read(buffer, 0, kSize), model), -1);
}

void ranges_are_checked(Context& c) {
  const frl_device_api& a = c.backend.api();
  const Buffer buffer(c.backend, 100), other(c.backend, 50);
  const Stream stream(c.backend);
  const Bytes data = numbered(200, 5);
  stream.in(buffer, 0, data.data(), 100);
  Bytes host(200);
  Error e;
  struct Range {
    uint64_t offset, bytes;
  };
  for (const Range& r : {Range{0, 101}, Range{100, 1}, Range{99, 2}, Range{101, 0}, Range{~0ull, 1}, Range{1, ~0ull},
                         Range{~0ull - 3, 8}, Range{1ull << 63, 1ull << 63}}) {
    FRL_EXPECT_STATUS(e, FRL_INVALID_ARGUMENT, a.copy_in(stream, buffer, r.offset, data.data(), r.bytes, 0, e));
    FRL_EXPECT_STATUS(e, FRL_INVALID_ARGUMENT, a.copy_out(stream, host.data(), buffer, r.offset, r.bytes, e));
    FRL_EXPECT_STATUS(e, FRL_INVALID_ARGUMENT, a.copy(stream, buffer, r.offset, other, 0, r.bytes, e));
    FRL_EXPECT_STATUS(e, FRL_INVALID_ARGUMENT, a.copy(stream, other, 0, buffer, r.offset, r.bytes, e));
    FRL_EXPECT_STATUS(e, FRL_INVALID_ARGUMENT, a.fill(stream, buffer, r.offset, r.bytes, 0, 1, e));
  }
  FRL_EXPECT_STATUS(e, FRL_INVALID_ARGUMENT, a.fill(stream, buffer, 0, 9, 0, 3, e));
  FRL_EXPECT_STATUS(e, FRL_INVALID_ARGUMENT, a.fill(stream, buffer, 0, 16, 0, 0, e));
  FRL_EXPECT_STATUS(e, FRL_INVALID_ARGUMENT, a.fill(stream, buffer, 0, 16, 0, 16, e));
  FRL_EXPECT_STATUS(e, FRL_INVALID_ARGUMENT, a.fill(stream, buffer, 2, 8, 0, 4, e));
  FRL_EXPECT_STATUS(e, FRL_INVALID_ARGUMENT, a.fill(stream, buffer, 0, 6, 0, 4, e));
  FRL_EXPECT_OK(e, a.copy_in(stream, buffer, 100, data.data(), 0, 0, e));  // an empty range at the end is one
  EXPECT_EQ(first_difference(stream.read(buffer, 0, 100), Bytes(data.begin(), data.begin() + 100)), -1)
      << "a refused call changed the buffer, or failed the stream";
}

void large_copy(Context& c) {
  constexpr uint64_t kSize = (8 << 20) + 13;
  const Buffer a(c.backend, kSize), b(c.backend, kSize);
  const Stream stream(c.backend);
  const Bytes data = numbered(kSize, 6);
  stream.in(a, 0, data.data(), kSize);
  stream.copy(b, 0, a, 0, kSize);
  EXPECT_EQ(first_difference(stream.read(b, 0, kSize), data), -1);
}

// Device 1 beside device 0, where copy goes between them.
void between_devices(Context& c) {
  Error error;
  uint32_t count = 0;
  FRL_EXPECT_OK(error, c.backend.plugin().device_count(&count, error));
  if (count < 2) GTEST_SKIP() << "one device only";
  if ((c.backend.info().flags & FRL_DEVICE_COPIES_PEERS) == 0) GTEST_SKIP() << "not offered: FRL_DEVICE_COPIES_PEERS";
  frl_device* other = nullptr;
  const frl_device_api* raw = nullptr;
  FRL_EXPECT_OK(error, c.backend.plugin().device_open(1, &other, &raw, error));
  if (other == nullptr) return;
  const frl_device_api api = loader::full_device_api(raw);
  constexpr uint64_t kSize = (2 << 20) + 13;
  frl_buffer* there = nullptr;
  frl_stream* far_stream = nullptr;
  frl_event* filled = nullptr;
  FRL_EXPECT_OK(error, api.buffer_alloc(other, c.backend.memory_kind(), kSize, &there, error));
  FRL_EXPECT_OK(error, api.stream_create(other, 0, &far_stream, error));
  FRL_EXPECT_OK(error, api.event_create(other, 0, &filled, error));
  {
    const Buffer here(c.backend, kSize), back(c.backend, kSize);
    const Stream stream(c.backend);
    const Bytes data = numbered(kSize, 7);
    // There and back, on the near device's stream.
    stream.in(here, 0, data.data(), kSize);
    stream.copy(there, 0, here, 0, kSize);
    stream.copy(back, 0, there, 0, kSize);
    EXPECT_EQ(first_difference(stream.read(back, 0, kSize), data), -1) << "there and back";
    // Written there, fetched here after an event of that device; parts at odd offsets.
    FRL_EXPECT_OK(error, api.fill(far_stream, there, 0, kSize, 0x3b, 1, error));
    FRL_EXPECT_OK(error, api.event_record(filled, far_stream, error));
    FRL_EXPECT_OK(error, c.backend.api().stream_wait_event(stream, filled, error));
    stream.copy(back, 5, there, 1001, 70001);
    Bytes expected = data;
    std::fill_n(expected.begin() + 5, 70001, std::byte{0x3b});
    EXPECT_EQ(first_difference(stream.read(back, 0, kSize), expected), -1) << "after the other device's event";
    // From here to there on the far device's stream.
    const Event ready(c.backend);
    stream.in(here, 0, data.data(), kSize);
    stream.record(ready);
    FRL_EXPECT_OK(error, api.stream_wait_event(far_stream, ready, error));
    FRL_EXPECT_OK(error, api.copy(far_stream, there, 0, here, 0, kSize, error));
    Bytes seen(kSize);
    FRL_EXPECT_OK(error, api.copy_out(far_stream, seen.data(), there, 0, kSize, error));
    FRL_EXPECT_OK(error, api.event_record(filled, far_stream, error));
    FRL_EXPECT_OK(error, api.event_wait(filled, kLongNs, error));
    EXPECT_EQ(first_difference(seen, data), -1) << "on the other device's stream";
    FRL_EXPECT_STATUS(error, FRL_INVALID_ARGUMENT, c.backend.api().copy(stream, there, 1, here, 0, kSize, error));
  }
  api.event_destroy(filled);
  api.stream_destroy(far_stream);
  api.buffer_free(other, there);
  c.backend.plugin().device_close(other);
}

}  // namespace

void add_memory_cases(Catalog& catalog) {
  const auto add = [&](const char* name, void (*body)(Context&)) {
    catalog.add(std::string("memory/") + name, Profile::RUNTIME, body);
  };
  add("buffers/alignment", alignment);
  add("buffers/kinds", kinds);
  add("buffers/mapping", mapping);
  add("buffers/no_bytes", no_bytes);
  add("buffers/beyond_memory", beyond_memory);
  add("buffers/many", many_buffers);
  add("buffers/information_and_trim", information);
  add("copies/in_and_out", copies_in_and_out);
  add("copies/consumed_source", consumed_source);
  add("copies/within", copies_within);
  add("copies/fills", fills);
  add("copies/ranges_are_checked", ranges_are_checked);
  add("copies/large", large_copy);
  add("copies/between_devices", between_devices);
}

}  // namespace ferrule::conformance
