// Bounded reading of untrusted bytes, from a file or from memory. A read outside the bytes fails; nothing is mapped, so
// a file that shrinks while it is read cannot raise a signal. Not thread-safe: one source per reader.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace ferrule::loader {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t size() const = 0;
  // True when all of [offset, offset + bytes) was read.
  virtual bool read(uint64_t offset, void* out, size_t bytes) = 0;

  template <typename T>
  bool read_value(uint64_t offset, T* out) {
    return read(offset, out, sizeof(T));
  }
  bool contains(uint64_t offset, uint64_t bytes) const { return offset <= size() && bytes <= size() - offset; }
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  uint64_t size() const override { return bytes_.size(); }
  bool read(uint64_t offset, void* out, size_t bytes) override;

 private:
  std::span<const std::byte> bytes_;
};

// Reads through one window, since tables are walked in order.
class FileSource final : public ByteSource {
 public:
  explicit FileSource(const std::string& path);  // throws Error when it cannot be opened
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  uint64_t size() const override { return size_; }
  bool read(uint64_t offset, void* out, size_t bytes) override;

 private:
  bool fill_window(uint64_t offset);

  int descriptor_ = -1;
  uint64_t size_ = 0;
  uint64_t window_offset_ = 0;
  std::vector<std::byte> window_;
};

}  // namespace ferrule::loader
