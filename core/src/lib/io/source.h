// Bytes to parse: a file on disk or a block of memory. Immutable after construction; reads may come from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ferrule/array.h"

namespace ferrule::detail {

class ByteSource {
 public:
  // `op` and `label` ("file 'x.npy'") begin every error message.
  ByteSource(std::string op, std::string label) : op_(std::move(op)), label_(std::move(label)) {}
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  virtual uint64_t size() const = 0;
  const std::string& op() const { return op_; }
  const std::string& label() const { return label_; }
  // Copies bytes [offset, offset + n); throws when they do not lie within the source.
  void read(uint64_t offset, void* out, size_t n) const;
  // Throws error(io, "[op] label: what").
  [[noreturn]] void fail(const std::string& what) const;

 protected:
  virtual void read_at(uint64_t offset, void* out, size_t n) const = 0;

 private:
  std::string op_, label_;
};

// A regular file, opened for reading.
class FileSource : public ByteSource {
 public:
  FileSource(const std::string& op, const std::string& path);
  ~FileSource() override;
  uint64_t size() const override { return size_; }

 private:
  void read_at(uint64_t offset, void* out, size_t n) const override;
  int fd_ = -1;
  uint64_t size_ = 0;
};

class MemorySource : public ByteSource {
 public:
  MemorySource(std::string op, std::string label, std::vector<std::byte> bytes)
      : ByteSource(std::move(op), std::move(label)), bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }

 private:
  void read_at(uint64_t offset, void* out, size_t n) const override;
  std::vector<std::byte> bytes_;
};

// The product of `shape` and `itemsize`; throws through source.fail for a negative extent, overflow or too many axes.
uint64_t checked_bytes(const ByteSource& source, const std::vector<int64_t>& shape, uint64_t itemsize);

// An array of the bytes at `offset`, which must lie within the source. big_endian: the elements are byte-swapped.
array read_array(const ByteSource& source, uint64_t offset, const std::vector<int64_t>& shape, Dtype dtype,
                 bool big_endian = false);

}  // namespace ferrule::detail
