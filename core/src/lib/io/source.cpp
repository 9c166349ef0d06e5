// Reading bytes and turning them into arrays.
#include "lib/io/source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>

namespace ferrule::detail {

namespace {

constexpr size_t kAlignment = 64;  // what kernels like best
constexpr size_t kMaxRead = size_t{1} << 30;

std::string errno_text() { return std::generic_category().message(errno); }

void swap_elements(std::byte* data, size_t count, size_t word) {
  for (size_t i = 0; i < count; ++i) std::reverse(data + i * word, data + (i + 1) * word);
}

}  // namespace

void ByteSource::read(uint64_t offset, void* out, size_t n) const {
  if (offset > size() || n > size() - offset) {
    fail(fmt::format("truncated; got {} bytes; expected at least {} + {}", size(), offset, n));
  }
  if (n != 0) read_at(offset, out, n);
}

void ByteSource::fail(const std::string& what) const {
  throw error(ErrorCode::io, fmt::format("[{}] {}: {}", op_, label_, what));
}

FileSource::FileSource(const std::string& op, const std::string& path) : ByteSource(op, "file '" + path + "'") {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd_ < 0) fail("cannot be opened: " + errno_text());
  struct stat info {};
  if (::fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd_);
    fail("is not a regular file");
  }
  size_ = static_cast<uint64_t>(info.st_size);
}

FileSource::~FileSource() { ::close(fd_); }

void FileSource::read_at(uint64_t offset, void* out, size_t n) const {
  auto* to = static_cast<std::byte*>(out);
  while (n > 0) {
    ssize_t got = ::pread(fd_, to, std::min(n, kMaxRead), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("cannot be read: " + errno_text());
    if (got == 0) fail(fmt::format("became shorter while it was read; got no byte at {}; expected {} more", offset, n));
    to += got;
    offset += static_cast<uint64_t>(got);
    n -= static_cast<size_t>(got);
  }
}

void MemorySource::read_at(uint64_t offset, void* out, size_t n) const { std::memcpy(out, bytes_.data() + offset, n); }

uint64_t checked_bytes(const ByteSource& source, const std::vector<int64_t>& shape, uint64_t itemsize) {
  if (shape.size() > static_cast<size_t>(kMaxDims)) {
    source.fail(fmt::format("too many dimensions; got {}; expected at most {}", shape.size(), kMaxDims));
  }
  uint64_t bytes = itemsize;
  for (int64_t extent : shape) {
    if (extent < 0) source.fail(fmt::format("negative extent in the shape; got {}; expected 0 or more", extent));
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes)) {
      source.fail(fmt::format("the size overflows; got shape ({})", fmt::join(shape, ", ")));
    }
  }
  // Extents beside a zero count too: shapes like (0, 2^62, 4) break element counting elsewhere.
  uint64_t product = itemsize;
  for (int64_t extent : shape) {
    if (extent != 0 && (__builtin_mul_overflow(product, static_cast<uint64_t>(extent), &product) ||
                        product > static_cast<uint64_t>(INT64_MAX))) {
      source.fail(fmt::format("the size overflows; got shape ({})", fmt::join(shape, ", ")));
    }
  }
  return bytes;
}

array read_array(const ByteSource& source, uint64_t offset, const std::vector<int64_t>& shape, Dtype dtype,
                 bool big_endian) {
  uint64_t bytes = checked_bytes(source, shape, dtype.size());
  if (offset > source.size() || bytes > source.size() - offset) {
    source.fail(fmt::format("truncated data; got {} bytes; expected {} for {} of shape ({})",
                            source.size() - std::min(offset, source.size()), bytes, dtype_name(dtype),
                            fmt::join(shape, ", ")));
  }
  uint64_t rounded = std::max<uint64_t>(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
  std::unique_ptr<void, void (*)(void*)> memory(std::aligned_alloc(kAlignment, rounded), std::free);
  if (!memory) {
    throw error(ErrorCode::out_of_memory,
                fmt::format("[{}] {}: out of host memory; asked for {} bytes", source.op(), source.label(), bytes));
  }
  source.read(offset, memory.get(), bytes);
  if (big_endian) {
    size_t word = dtype == complex64 ? 4 : dtype.size();
    swap_elements(static_cast<std::byte*>(memory.get()), bytes / word, word);
  }
  return array(memory.release(), Shape(shape), dtype, std::free);
}

}  // namespace ferrule::detail
