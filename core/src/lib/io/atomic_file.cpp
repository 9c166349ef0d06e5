// Write, fsync(file), rename, fsync(folder).
#include "lib/io/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

#include "ferrule/error.h"

namespace ferrule::detail {

namespace {

constexpr size_t kBufferBytes = size_t{1} << 16;
constexpr size_t kMaxWrite = size_t{1} << 30;
constexpr int kNameAttempts = 100;

// What `path` leads to once all links are followed; `path` itself when there is nothing yet.
std::string resolve(const std::string& path) {
  std::error_code code;
  auto resolved = std::filesystem::weakly_canonical(path, code);
  return code ? path : resolved.string();
}

}  // namespace

AtomicFile::AtomicFile(std::string op, const std::string& path)
    : op_(std::move(op)), path_(path), target_(resolve(path)) {
  struct stat info {};
  bool exists = ::stat(target_.c_str(), &info) == 0;
  // Renaming over a device node or a pipe would replace it.
  if (exists && !S_ISREG(info.st_mode)) {
    errno = 0;
    fail("is not a regular file");
  }
  auto slash = target_.rfind('/');
  folder_ = slash == std::string::npos ? "." : target_.substr(0, std::max<size_t>(slash, 1));
  std::string name = slash == std::string::npos ? target_ : target_.substr(slash + 1);
  if (name.size() > 200) name.resize(200);  // leaves room under the limit of 255 bytes
  static std::atomic<uint32_t> counter{0};
  for (int i = 0; i < kNameAttempts && fd_ < 0; ++i) {
    temporary_ = fmt::format("{}/.{}.{}.{}.tmp", folder_, name, ::getpid(), counter++);
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd_ < 0 && errno != EEXIST) break;
  }
  if (fd_ < 0) {
    temporary_.clear();
    fail("cannot be created");
  }
  // An existing file keeps its permissions; a new one got those of the umask.
  if (exists && ::fchmod(fd_, info.st_mode & 0777) != 0) {
    int saved = errno;
    ::close(fd_);
    ::unlink(temporary_.c_str());
    errno = saved;
    fail("cannot be given the permissions of the file it replaces");
  }
  buffer_.reserve(kBufferBytes);
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::fail(const char* what) const {
  std::string reason = errno == 0 ? "" : ": " + std::generic_category().message(errno);
  throw error(ErrorCode::io, fmt::format("[{}] file '{}': {}{}", op_, path_, what, reason));
}

void AtomicFile::write_at(uint64_t offset, const std::byte* data, size_t n) {
  while (n > 0) {
    ssize_t done = ::pwrite(fd_, data, std::min(n, kMaxWrite), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done == 0) errno = ENOSPC;
    if (done <= 0) fail("cannot be written");
    data += done;
    offset += static_cast<uint64_t>(done);
    n -= static_cast<size_t>(done);
  }
}

void AtomicFile::flush() {
  write_at(flushed_, buffer_.data(), buffer_.size());
  flushed_ += buffer_.size();
  buffer_.clear();
}

void AtomicFile::write(const void* data, size_t n) {
  const auto* bytes = static_cast<const std::byte*>(data);
  position_ += n;
  if (buffer_.size() + n > kBufferBytes) flush();
  if (n > kBufferBytes) {
    write_at(flushed_, bytes, n);
    flushed_ += n;
  } else {
    buffer_.insert(buffer_.end(), bytes, bytes + n);
  }
}

void AtomicFile::patch(uint64_t offset, const void* data, size_t n) {
  flush();
  write_at(offset, static_cast<const std::byte*>(data), n);
}

void AtomicFile::commit() {
  flush();
  if (::fsync(fd_) != 0) fail("cannot be flushed to disk");
  int fd = fd_;
  fd_ = -1;
  if (::close(fd) != 0) fail("cannot be closed");
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot take its place");
  temporary_.clear();
  int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) fail("was written, but its folder cannot be opened to flush the new name");
  // Some file systems cannot flush folders and say EINVAL; there the rename is as durable as it gets.
  bool flushed = ::fsync(folder) == 0 || errno == EINVAL;
  int saved = errno;
  ::close(folder);
  errno = saved;
  if (!flushed) fail("was written, but its folder cannot be flushed to disk");
}

}  // namespace ferrule::detail
