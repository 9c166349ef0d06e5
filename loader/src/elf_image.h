// The segments of one ELF file of either class, checked, and reads by virtual address. Internal to the reader.
#pragma once
#include <elf.h>

#include <bit>
#include <string>
#include <vector>

#include "ferrule/loader/error.h"
#include "loader/src/byte_source.h"

namespace ferrule::loader {

struct Elf64 {
  using Ehdr = Elf64_Ehdr;
  using Phdr = Elf64_Phdr;
  using Dyn = Elf64_Dyn;
  using Sym = Elf64_Sym;
  using Rel = Elf64_Rel;
  using Rela = Elf64_Rela;
  using BloomWord = uint64_t;
};
struct Elf32 {
  using Ehdr = Elf32_Ehdr;
  using Phdr = Elf32_Phdr;
  using Dyn = Elf32_Dyn;
  using Sym = Elf32_Sym;
  using Rel = Elf32_Rel;
  using Rela = Elf32_Rela;
  using BloomWord = uint32_t;
};

struct Segment {
  uint32_t type, flags;
  uint64_t offset, address, file_bytes, memory_bytes, alignment;
};

inline std::string hex(uint64_t value) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), digits[value & 15]);
    value >>= 4;
  } while (value != 0);
  return "0x" + text;
}

template <typename Elf>
class ElfImage {
 public:
  ElfImage(ByteSource& source, const typename Elf::Ehdr& header) : source_(source) { read_segments(header); }

  ByteSource& source() { return source_; }
  const std::vector<Segment>& segments() const { return segments_; }

  const Segment* find(uint32_t type) const {
    for (const Segment& segment : segments_) {
      if (segment.type == type) return &segment;
    }
    return nullptr;
  }

  // The loaded segment whose memory holds the range; nullptr when none does.
  const Segment* loaded(uint64_t address, uint64_t bytes) const {
    for (const Segment& segment : segments_) {
      if (segment.type != PT_LOAD || address < segment.address) continue;
      const uint64_t at = address - segment.address;
      if (at <= segment.memory_bytes && bytes <= segment.memory_bytes - at) return &segment;
    }
    return nullptr;
  }

  // The file offset of a range that lies in the file-backed part of a loaded segment.
  uint64_t offset_of(uint64_t address, uint64_t bytes, const char* what) const {
    for (const Segment& segment : segments_) {
      if (segment.type != PT_LOAD || address < segment.address) continue;
      const uint64_t at = address - segment.address;
      if (at <= segment.file_bytes && bytes <= segment.file_bytes - at) return segment.offset + at;
    }
    throw Error("is damaged: its " + std::string(what) + " (" + std::to_string(bytes) + " bytes at address " +
                hex(address) + ") lies outside its segments");
  }

  template <typename T>
  T read_at(uint64_t address, const char* what) {
    T value{};
    if (!source_.read_value(offset_of(address, sizeof(T), what), &value)) throw Error("changed while it was read");
    return value;
  }

 private:
  static constexpr uint32_t kMaxSegments = 512;

  void read_segments(const typename Elf::Ehdr& header) {
    using Phdr = typename Elf::Phdr;
    if (header.e_phentsize != sizeof(Phdr) || header.e_phnum == 0 || header.e_phnum > kMaxSegments) {
      throw Error("is damaged: it has " + std::to_string(header.e_phnum) + " program headers of " +
                  std::to_string(header.e_phentsize) + " bytes; expected 1 to " + std::to_string(kMaxSegments) +
                  " of " + std::to_string(sizeof(Phdr)));
    }
    const uint64_t table_bytes = uint64_t{header.e_phnum} * sizeof(Phdr);
    if (!source_.contains(header.e_phoff, table_bytes)) {
      throw Error("is truncated: its program headers end beyond the file's " + std::to_string(source_.size()) +
                  " bytes");
    }
    for (uint32_t i = 0; i < header.e_phnum; ++i) {
      Phdr phdr{};
      if (!source_.read_value(header.e_phoff + i * sizeof(Phdr), &phdr)) throw Error("changed while it was read");
      const Segment segment{phdr.p_type,   phdr.p_flags, phdr.p_offset, phdr.p_vaddr,
                            phdr.p_filesz, phdr.p_memsz, phdr.p_align};
      check_segment(segment, i);
      segments_.push_back(segment);
    }
    if (find(PT_LOAD) == nullptr) throw Error("is damaged: it has no segment to load");
  }

  void check_segment(const Segment& segment, uint32_t index) {
    if (segment.type == PT_NULL || segment.type == PT_GNU_STACK) return;
    const std::string where = "segment " + std::to_string(index);
    if (!source_.contains(segment.offset, segment.file_bytes)) {
      throw Error("is truncated: " + where + " needs " + std::to_string(segment.file_bytes) + " bytes at offset " +
                  std::to_string(segment.offset) + ", the file has " + std::to_string(source_.size()));
    }
    const uint64_t end = segment.address + segment.memory_bytes;
    if (segment.memory_bytes < segment.file_bytes || end < segment.address || end > kAddressLimit) {
      throw Error("is damaged: " + where + " does not fit its memory");
    }
    if (segment.type != PT_LOAD) return;
    const uint64_t alignment = segment.alignment == 0 ? 1 : segment.alignment;
    if (!std::has_single_bit(alignment) || ((segment.address - segment.offset) & (alignment - 1)) != 0) {
      throw Error("is damaged: " + where + " is misaligned");
    }
    if (segment.address < loaded_end_) throw Error("is damaged: " + where + " overlaps the one before it");
    loaded_end_ = end;
  }

  static constexpr uint64_t kAddressLimit =
      sizeof(typename Elf::BloomWord) == 8 ? uint64_t{1} << 46 : uint64_t{1} << 32;

  ByteSource& source_;
  std::vector<Segment> segments_;
  uint64_t loaded_end_ = 0;
};

}  // namespace ferrule::loader
