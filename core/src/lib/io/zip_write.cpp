// Writing zip archives. Every member carries a fixed date, so that equal arrays give equal files.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <memory>

#include "ferrule/error.h"
#include "lib/io/zip.h"

namespace ferrule::detail {

namespace {

constexpr uint64_t kMax32 = 0xffffffff;
constexpr uint16_t kUtf8Names = 0x0800;
constexpr uint16_t kDosDate = 0x0021;  // 1980-01-01, the format's first day
constexpr uint16_t kVersion = 45;      // the first with zip64

class Record {
 public:
  Record& u16(uint64_t v) { return put(v, 2); }
  Record& u32(uint64_t v) { return put(v, 4); }
  Record& u64(uint64_t v) { return put(v, 8); }
  Record& text(const std::string& s) {
    bytes_ += s;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  Record& put(uint64_t v, int n) {
    for (int i = 0; i < n; ++i) bytes_ += static_cast<char>(v >> (8 * i) & 0xff);
    return *this;
  }
  std::string bytes_;
};

// The local header always carries a zip64 field, so that its length is known before the compressed size is.
std::string local_header(const ZipEntry& e) {
  Record r;
  r.u32(0x04034b50).u16(kVersion).u16(e.flags).u16(e.method).u16(0).u16(kDosDate).u32(e.crc).u32(kMax32).u32(kMax32);
  r.u16(e.name.size()).u16(20).text(e.name).u16(1).u16(16).u64(e.size).u64(e.compressed_size);
  return r.bytes();
}

std::string central_header(const ZipEntry& e) {
  Record extra;
  for (uint64_t v : {e.size, e.compressed_size, e.header_offset}) {
    if (v >= kMax32) extra.u64(v);
  }
  size_t extra_size = extra.bytes().empty() ? 0 : extra.bytes().size() + 4;
  Record r;
  r.u32(0x02014b50).u16(3 << 8 | kVersion).u16(kVersion).u16(e.flags).u16(e.method).u16(0).u16(kDosDate).u32(e.crc);
  r.u32(std::min(e.compressed_size, kMax32)).u32(std::min(e.size, kMax32)).u16(e.name.size()).u16(extra_size);
  r.u16(0).u16(0).u16(0).u32(0100644u << 16).u32(std::min(e.header_offset, kMax32)).text(e.name);
  if (extra_size != 0) r.u16(1).u16(extra_size - 4).text(extra.bytes());
  return r.bytes();
}

}  // namespace

void ZipWriter::add(const std::string& name, const std::vector<Piece>& pieces, bool deflate) {
  if (name.size() > 0xffff) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[savez] name too long; got {} bytes; expected at most 65535", name.size()));
  }
  ZipEntry entry;
  entry.name = name;
  entry.flags = kUtf8Names;
  entry.method = deflate ? 8 : 0;
  entry.header_offset = file_.position();
  uLong crc = 0;
  for (const Piece& p : pieces) {
    // A null pointer would restart the sum.
    if (p.size != 0) crc = crc32_z(crc, static_cast<const Bytef*>(p.data), p.size);
    entry.size += p.size;
  }
  entry.crc = static_cast<uint32_t>(crc);
  entry.compressed_size = entry.size;
  std::string header = local_header(entry);
  file_.write(header.data(), header.size());
  if (deflate) {
    write_deflated(pieces, entry);
    header = local_header(entry);
    file_.patch(entry.header_offset, header.data(), header.size());
  } else {
    for (const Piece& p : pieces) file_.write(p.data, p.size);
  }
  entries_.push_back(std::move(entry));
}

void ZipWriter::write_deflated(const std::vector<Piece>& pieces, ZipEntry& entry) {
  constexpr size_t kChunk = size_t{1} << 16;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw error(ErrorCode::io, "[savez_compressed] zlib cannot be started");
  }
  std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream, deflateEnd);
  std::vector<Bytef> out(kChunk);
  entry.compressed_size = 0;
  auto drain = [&](int mode) {
    int status;
    do {
      stream.next_out = out.data();
      stream.avail_out = kChunk;
      status = ::deflate(&stream, mode);
      size_t n = kChunk - stream.avail_out;
      file_.write(out.data(), n);
      entry.compressed_size += n;
    } while (mode == Z_FINISH ? status != Z_STREAM_END : stream.avail_out == 0);
  };
  for (const Piece& p : pieces) {
    const auto* at = static_cast<const Bytef*>(p.data);
    for (size_t left = p.size; left > 0;) {
      auto n = static_cast<uInt>(std::min(left, size_t{1} << 30));
      stream.next_in = const_cast<Bytef*>(at);  // zlib's interface; not written
      stream.avail_in = n;
      drain(Z_NO_FLUSH);
      at += n;
      left -= n;
    }
  }
  drain(Z_FINISH);
}

void ZipWriter::finish() {
  uint64_t start = file_.position();
  for (const ZipEntry& e : entries_) {
    std::string header = central_header(e);
    file_.write(header.data(), header.size());
  }
  uint64_t size = file_.position() - start, count = entries_.size();
  Record r;
  if (start >= kMax32 || size >= kMax32 || count >= 0xffff) {
    r.u32(0x06064b50).u64(44).u16(kVersion).u16(kVersion).u32(0).u32(0).u64(count).u64(count).u64(size).u64(start);
    r.u32(0x07064b50).u32(0).u64(start + size).u32(1);
  }
  uint64_t count16 = std::min<uint64_t>(count, 0xffff);
  r.u32(0x06054b50).u16(0).u16(0).u16(count16).u16(count16).u32(std::min(size, kMax32)).u32(std::min(start, kMax32));
  r.u16(0);
  file_.write(r.bytes().data(), r.bytes().size());
}

}  // namespace ferrule::detail
