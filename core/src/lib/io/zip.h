// Zip archives as far as .npz needs them: stored and deflated members, zip64. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/io/atomic_file.h"
#include "lib/io/source.h"

namespace ferrule::detail {

struct ZipEntry {
  std::string name;
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0;
  uint64_t compressed_size = 0, size = 0, header_offset = 0;
};

// The members of an archive, from its central directory; every size has been compared with the source's.
std::vector<ZipEntry> read_zip_directory(const ByteSource& source);
// One member's bytes; throws when the checksum differs.
std::vector<std::byte> read_zip_member(const ByteSource& source, const ZipEntry& entry);

class ZipWriter {
 public:
  explicit ZipWriter(AtomicFile& file) : file_(file) {}
  struct Piece {
    const void* data;
    size_t size;
  };
  // Appends a member made of the pieces in order.
  void add(const std::string& name, const std::vector<Piece>& pieces, bool deflate);
  // Writes the central directory. Nothing may follow.
  void finish();

 private:
  void write_deflated(const std::vector<Piece>& pieces, ZipEntry& entry);
  AtomicFile& file_;
  std::vector<ZipEntry> entries_;
};

}  // namespace ferrule::detail
