// RAII around the raw slots for the runtime cases: a stream, buffers, events, and the usual sequences. Failures are
// reported through GoogleTest.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <utility>
#include <vector>

#include "backend.h"

namespace ferrule::conformance {

using Bytes = std::vector<std::byte>;
constexpr uint64_t kLongNs = 60ull * 1000 * 1000 * 1000;

// Expects FRL_OK; the message names the call.
#define FRL_EXPECT_OK(error, expression)                                                         \
  do {                                                                                           \
    const frl_status status_of_call = (expression);                                              \
    EXPECT_EQ(status_of_call, FRL_OK) << #expression << ": " << describe(status_of_call, error); \
  } while (false)

// Expects one refusal, with words.
#define FRL_EXPECT_STATUS(error, expected, expression)                                             \
  do {                                                                                             \
    (error) = Error();                                                                             \
    const frl_status status_of_call = (expression);                                                \
    EXPECT_EQ(status_of_call, expected) << #expression << ": " << describe(status_of_call, error); \
    EXPECT_FALSE((error).text().empty()) << #expression << " failed without a message";            \
  } while (false)

class Buffer {
 public:
  Buffer(Backend& backend, uint64_t bytes) : Buffer(backend, bytes, backend.memory_kind()) {}
  Buffer(Backend& backend, uint64_t bytes, uint32_t kind) : backend_(backend) {
    Error error;
    FRL_EXPECT_OK(error, backend.api().buffer_alloc(backend.device(), kind, bytes, &handle_, error));
  }
  ~Buffer() { backend_.api().buffer_free(backend_.device(), handle_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  operator frl_buffer*() const { return handle_; }  // NOLINT(google-explicit-constructor)

 private:
  Backend& backend_;
  frl_buffer* handle_ = nullptr;
};

class Event {
 public:
  explicit Event(Backend& backend, uint32_t flags = 0) : backend_(backend) {
    Error error;
    FRL_EXPECT_OK(error, backend.api().event_create(backend.device(), flags, &handle_, error));
  }
  ~Event() { backend_.api().event_destroy(handle_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  operator frl_event*() const { return handle_; }  // NOLINT(google-explicit-constructor)
  void wait() const {
    Error error;
    FRL_EXPECT_OK(error, backend_.api().event_wait(handle_, kLongNs, error));
  }

 private:
  Backend& backend_;
  frl_event* handle_ = nullptr;
};

class Stream {
 public:
  explicit Stream(Backend& backend) : backend_(backend) {
    Error error;
    FRL_EXPECT_OK(error, backend.api().stream_create(backend.device(), 0, &handle_, error));
  }
  ~Stream() { destroy(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  operator frl_stream*() const { return handle_; }  // NOLINT(google-explicit-constructor)

  void destroy() { backend_.api().stream_destroy(std::exchange(handle_, nullptr)); }
  void record(const Event& event) const {
    Error error;
    FRL_EXPECT_OK(error, backend_.api().event_record(event, handle_, error));
  }
  void finish() const {
    const Event event(backend_);
    record(event);
    event.wait();
  }
  void fill(frl_buffer* to, uint64_t offset, uint64_t bytes, uint64_t pattern, uint32_t width) const {
    Error error;
    FRL_EXPECT_OK(error, backend_.api().fill(handle_, to, offset, bytes, pattern, width, error));
  }
  // `from` stays alive and unchanged until finish().
  void in(frl_buffer* to, uint64_t offset, const void* from, uint64_t bytes, uint32_t flags = 0) const {
    Error error;
    FRL_EXPECT_OK(error, backend_.api().copy_in(handle_, to, offset, from, bytes, flags, error));
  }
  void out(void* to, frl_buffer* from, uint64_t offset, uint64_t bytes) const {
    Error error;
    FRL_EXPECT_OK(error, backend_.api().copy_out(handle_, to, from, offset, bytes, error));
  }
  void copy(frl_buffer* to, uint64_t to_offset, frl_buffer* from, uint64_t from_offset, uint64_t bytes) const {
    Error error;
    FRL_EXPECT_OK(error, backend_.api().copy(handle_, to, to_offset, from, from_offset, bytes, error));
  }
  // Waits for everything, then the bytes of the buffer.
  Bytes read(frl_buffer* from, uint64_t offset, uint64_t bytes) const {
    Bytes data(bytes, std::byte{0x5c});
    out(data.data(), from, offset, bytes);
    finish();
    return data;
  }

 private:
  Backend& backend_;
  frl_stream* handle_ = nullptr;
};

inline Bytes numbered(uint64_t bytes, uint64_t seed) {
  Bytes data(bytes);
  uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
  for (std::byte& b : data) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    b = static_cast<std::byte>(state >> 56);
  }
  return data;
}

// The position of the first difference, or -1.
inline int64_t first_difference(const Bytes& a, const Bytes& b) {
  if (a.size() != b.size()) return static_cast<int64_t>(std::min(a.size(), b.size()));
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i]) return static_cast<int64_t>(i);
  return -1;
}

}  // namespace ferrule::conformance
