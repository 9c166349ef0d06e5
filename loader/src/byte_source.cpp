#include "loader/src/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "ferrule/loader/error.h"

namespace ferrule::loader {
namespace {
constexpr size_t kWindowBytes = 64 * 1024;
}

bool MemorySource::read(uint64_t offset, void* out, size_t bytes) {
  if (!contains(offset, bytes)) return false;
  if (bytes != 0) std::memcpy(out, bytes_.data() + offset, bytes);
  return true;
}

FileSource::FileSource(const std::string& path) {
  // O_NONBLOCK: a pipe that took the file's place must not block the open.
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) {
    throw Error("cannot be opened: " + std::error_code(errno, std::generic_category()).message());
  }
  struct stat status {};
  if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw Error("is not a regular file");
  }
  size_ = static_cast<uint64_t>(status.st_size);
}

FileSource::~FileSource() { ::close(descriptor_); }

bool FileSource::fill_window(uint64_t offset) {
  window_.resize(kWindowBytes);
  size_t have = 0;
  while (have < window_.size()) {
    const ssize_t got =
        pread(descriptor_, window_.data() + have, window_.size() - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<size_t>(got);
  }
  window_.resize(have);
  window_offset_ = offset;
  return have != 0;
}

bool FileSource::read(uint64_t offset, void* out, size_t bytes) {
  if (!contains(offset, bytes)) return false;
  auto* to = static_cast<std::byte*>(out);
  while (bytes != 0) {
    if (offset < window_offset_ || offset - window_offset_ >= window_.size()) {
      if (!fill_window(offset)) return false;
    }
    const size_t at = static_cast<size_t>(offset - window_offset_);
    const size_t step = std::min(bytes, window_.size() - at);
    std::memcpy(to, window_.data() + at, step);
    to += step;
    offset += step;
    bytes -= step;
  }
  return true;
}

}  // namespace ferrule::loader
