// Reading zip archives. Source of the layout: PKWARE's APPNOTE.TXT 6.3.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "lib/io/zip.h"

namespace ferrule::detail {

namespace {

constexpr uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                   kEnd64Locator = 0x07064b50;
constexpr uint64_t kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20, kCentralBytes = 46, kLocalBytes = 30;
constexpr uint64_t kMaxComment = 0xffff;
constexpr uint64_t kMaxDirectory = uint64_t{1} << 28;  // names of a million members
constexpr uint16_t kEncrypted = 0x0001, kPatched = 0x0020, kStrongEncryption = 0x0040;

template <typename T>
T get(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

struct Directory {
  uint64_t offset = 0, size = 0, count = 0;
};

// Finds the end record: the last one whose comment reaches exactly to the end of the file.
uint64_t find_end(const ByteSource& source, std::vector<std::byte>& tail) {
  uint64_t n = std::min(source.size(), kEndBytes + kMaxComment);
  if (n < kEndBytes) source.fail("is not a zip archive; it is shorter than an end record");
  tail.resize(n);
  source.read(source.size() - n, tail.data(), n);
  for (uint64_t at = n - kEndBytes + 1; at-- > 0;) {
    if (get<uint32_t>(&tail[at]) == kEnd && at + kEndBytes + get<uint16_t>(&tail[at + 20]) == n) {
      tail.erase(tail.begin(), tail.begin() + static_cast<std::ptrdiff_t>(at));
      return source.size() - n + at;
    }
  }
  source.fail("is not a zip archive; no end record was found");
}

Directory find_directory(const ByteSource& source) {
  std::vector<std::byte> end;
  uint64_t end_at = find_end(source, end);
  if (get<uint16_t>(&end[4]) != 0 || get<uint16_t>(&end[6]) != 0) source.fail("archives of several disks are refused");
  Directory d{get<uint32_t>(&end[16]), get<uint32_t>(&end[12]), get<uint16_t>(&end[10])};
  if (get<uint16_t>(&end[8]) != d.count) source.fail("the end record's two counts of members differ");
  uint64_t directory_end = end_at;
  if (d.offset == 0xffffffff || d.size == 0xffffffff || d.count == 0xffff) {
    std::byte locator[kLocatorBytes], end64[kEnd64Bytes];
    if (end_at >= kLocatorBytes) source.read(end_at - kLocatorBytes, locator, kLocatorBytes);
    if (end_at >= kLocatorBytes && get<uint32_t>(locator) == kEnd64Locator) {
      uint64_t at = get<uint64_t>(locator + 8);
      if (at > end_at - kLocatorBytes || end_at - kLocatorBytes - at < kEnd64Bytes) {
        source.fail("the zip64 end record lies outside the file");
      }
      source.read(at, end64, kEnd64Bytes);
      if (get<uint32_t>(end64) != kEnd64) source.fail("the zip64 end record has no signature");
      d = {get<uint64_t>(end64 + 48), get<uint64_t>(end64 + 40), get<uint64_t>(end64 + 32)};
      directory_end = at;
    }
  }
  if (d.offset > directory_end || d.size != directory_end - d.offset) {
    source.fail(
        fmt::format("the directory does not end at the end record; got offset {} and size {}; expected them to "
                    "sum to {}",
                    d.offset, d.size, directory_end));
  }
  if (d.size > kMaxDirectory) source.fail(fmt::format("the directory is too long; got {} bytes", d.size));
  if (d.count > d.size / kCentralBytes) source.fail(fmt::format("the directory cannot hold {} members", d.count));
  return d;
}

// Replaces saturated 32-bit fields by those of the zip64 extra field.
void read_zip64(const ByteSource& source, ZipEntry& entry, const std::byte* extra, size_t n) {
  while (n >= 4) {
    uint16_t id = get<uint16_t>(extra), length = get<uint16_t>(extra + 2);
    if (length > n - 4) break;
    if (id == 1) {
      const std::byte* at = extra + 4;
      size_t left = length;
      for (uint64_t* field : {&entry.size, &entry.compressed_size, &entry.header_offset}) {
        if (*field != 0xffffffff) continue;
        if (left < 8) source.fail(fmt::format("member '{}': the zip64 field is too short", entry.name));
        *field = get<uint64_t>(at);
        at += 8;
        left -= 8;
      }
      return;
    }
    extra += 4 + length;
    n -= 4u + length;
  }
  if (n != 0) source.fail(fmt::format("member '{}': malformed extra fields", entry.name));
}

// Offset of a member's data; checks the local header against the directory's entry.
uint64_t data_offset(const ByteSource& source, const ZipEntry& entry) {
  std::byte local[kLocalBytes];
  source.read(entry.header_offset, local, kLocalBytes);
  if (get<uint32_t>(local) != kLocalHeader) {
    source.fail(fmt::format("member '{}': no local header at offset {}", entry.name, entry.header_offset));
  }
  uint16_t name_size = get<uint16_t>(local + 26), extra_size = get<uint16_t>(local + 28);
  std::string name(name_size, '\0');
  source.read(entry.header_offset + kLocalBytes, name.data(), name_size);
  if (name != entry.name) {
    source.fail(fmt::format("member '{}': the local header names it '{}'", entry.name, name));
  }
  if (get<uint16_t>(local + 8) != entry.method) source.fail(fmt::format("member '{}': two methods", entry.name));
  return entry.header_offset + kLocalBytes + name_size + extra_size;
}

void inflate_member(const ByteSource& source, const ZipEntry& entry, uint64_t offset, std::vector<std::byte>& out) {
  constexpr size_t kChunk = size_t{1} << 16;
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) source.fail("zlib cannot be started");
  std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream, inflateEnd);
  std::vector<std::byte> in(kChunk);
  uint64_t left = entry.compressed_size, done = 0;
  std::byte overflow;  // takes what is too much
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    if (stream.avail_in == 0 && left > 0) {
      auto n = static_cast<uInt>(std::min<uint64_t>(left, kChunk));
      source.read(offset, in.data(), n);
      offset += n;
      left -= n;
      stream.next_in = reinterpret_cast<Bytef*>(in.data());
      stream.avail_in = n;
    }
    bool full = done == out.size();
    auto room = static_cast<uInt>(full ? 1 : std::min<uint64_t>(out.size() - done, uint64_t{1} << 30));
    stream.next_out = reinterpret_cast<Bytef*>(full ? &overflow : out.data() + done);
    stream.avail_out = room;
    status = inflate(&stream, Z_NO_FLUSH);
    uint64_t produced = room - stream.avail_out;
    if (status == Z_BUF_ERROR || (full && produced > 0) || (status != Z_OK && status != Z_STREAM_END)) break;
    done += produced;
  }
  if (status != Z_STREAM_END || done != out.size() || left != 0 || stream.avail_in != 0) {
    source.fail(
        fmt::format("member '{}': malformed deflate data; got {} bytes; expected {}", entry.name, done, entry.size));
  }
}

}  // namespace

std::vector<ZipEntry> read_zip_directory(const ByteSource& source) {
  Directory d = find_directory(source);
  std::vector<std::byte> bytes(d.size);
  source.read(d.offset, bytes.data(), bytes.size());
  std::vector<ZipEntry> entries;
  size_t at = 0;
  for (uint64_t i = 0; i < d.count; ++i) {
    if (bytes.size() - at < kCentralBytes || get<uint32_t>(&bytes[at]) != kCentralHeader) {
      source.fail(fmt::format("the directory's entry {} of {} is malformed", i, d.count));
    }
    const std::byte* p = bytes.data() + at;
    size_t name_size = get<uint16_t>(p + 28), extra_size = get<uint16_t>(p + 30), comment = get<uint16_t>(p + 32);
    size_t total = kCentralBytes + name_size + extra_size + comment;
    if (bytes.size() - at < total) source.fail(fmt::format("the directory's entry {} is truncated", i));
    ZipEntry e;
    e.name.assign(reinterpret_cast<const char*>(p + kCentralBytes), name_size);
    e.flags = get<uint16_t>(p + 8);
    e.method = get<uint16_t>(p + 10);
    e.crc = get<uint32_t>(p + 16);
    e.compressed_size = get<uint32_t>(p + 20);
    e.size = get<uint32_t>(p + 24);
    e.header_offset = get<uint32_t>(p + 42);
    read_zip64(source, e, p + kCentralBytes + name_size, extra_size);
    if (e.flags & (kEncrypted | kPatched | kStrongEncryption)) {
      source.fail(fmt::format("member '{}' is encrypted or a patch; expected plain data", e.name));
    }
    if (e.method != 0 && e.method != 8) {
      source.fail(fmt::format("member '{}': unknown compression; got method {}; expected 0 (stored) or 8 (deflated)",
                              e.name, e.method));
    }
    if (e.header_offset > d.offset || e.compressed_size > d.offset - e.header_offset) {
      source.fail(fmt::format("member '{}' lies outside the file", e.name));
    }
    if (e.method == 0 && e.size != e.compressed_size) {
      source.fail(
          fmt::format("member '{}': stored, but its sizes differ; got {} and {}", e.name, e.size, e.compressed_size));
    }
    // Deflate expands by at most 1032, so a larger claim is a lie and not worth allocating for.
    if (e.method == 8 && e.size / 1032 > e.compressed_size) {
      source.fail(fmt::format("member '{}': {} bytes cannot come out of {}", e.name, e.size, e.compressed_size));
    }
    entries.push_back(std::move(e));
    at += total;
  }
  if (at != bytes.size()) source.fail("the directory is longer than its entries");
  // Members that share bytes would let a small file unpack without bound.
  std::vector<const ZipEntry*> order;
  for (const ZipEntry& e : entries) order.push_back(&e);
  std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->header_offset < b->header_offset; });
  for (size_t i = 0; i + 1 < order.size(); ++i) {
    if (order[i]->compressed_size + kLocalBytes + order[i]->name.size() >
        order[i + 1]->header_offset - order[i]->header_offset) {
      source.fail(fmt::format("members '{}' and '{}' overlap", order[i]->name, order[i + 1]->name));
    }
  }
  return entries;
}

std::vector<std::byte> read_zip_member(const ByteSource& source, const ZipEntry& entry) {
  uint64_t offset = data_offset(source, entry);
  if (offset > source.size() || entry.compressed_size > source.size() - offset) {
    source.fail(fmt::format("member '{}': truncated data", entry.name));
  }
  std::vector<std::byte> out(entry.size);
  if (entry.method == 0)
    source.read(offset, out.data(), out.size());
  else
    inflate_member(source, entry, offset, out);
  uLong crc = out.empty() ? 0 : crc32_z(0, reinterpret_cast<const Bytef*>(out.data()), out.size());
  if (crc != entry.crc) {
    source.fail(
        fmt::format("member '{}': wrong checksum; got {:#010x}; expected {:#010x}", entry.name, crc, entry.crc));
  }
  return out;
}

}  // namespace ferrule::detail
