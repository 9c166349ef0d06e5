// A file that appears whole or not at all: written beside its target under another name, flushed, renamed over it.
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ferrule::detail {

class AtomicFile {
 public:
  // `op` begins every error message. Links are followed: the file behind `path` is replaced, not the link.
  AtomicFile(std::string op, const std::string& path);
  // Removes the temporary file unless commit() succeeded.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t n);
  // Overwrites bytes written before.
  void patch(uint64_t offset, const void* data, size_t n);
  uint64_t position() const { return position_; }
  // Flush, rename, flush the folder. Until it returns, the target is the old file or the new one, whole.
  void commit();

 private:
  [[noreturn]] void fail(const char* what) const;
  void flush();
  void write_at(uint64_t offset, const std::byte* data, size_t n);

  std::string op_, path_, target_, folder_, temporary_;
  int fd_ = -1;
  uint64_t position_ = 0, flushed_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace ferrule::detail
