#include "loader/src/elf_reader.h"

#include "loader/src/elf_dynamic.h"
#include "loader/src/elf_image.h"

namespace ferrule::loader {
namespace {

constexpr char kNoteName[8] = "Ferrule";

// Finds the manifest among the notes of one segment. False when it is not there.
bool find_note(ByteSource& source, const Segment& segment, frl_manifest_head* head) {
  const uint64_t end = segment.offset + segment.file_bytes;  // checked to lie within the file
  const uint64_t alignment = segment.alignment == 8 ? 8 : 4;
  const auto padded = [&](uint64_t bytes) { return (bytes + alignment - 1) & ~(alignment - 1); };
  uint64_t at = segment.offset;
  while (end - at >= 12) {
    uint32_t words[3];
    if (!source.read(at, words, sizeof(words))) throw Error("changed while it was read");
    // The descriptor is aligned as the note is: header and name together are padded (in a segment aligned to 8, such as
    // .note.gnu.property, a name of 4 bytes needs no padding).
    const uint64_t name_at = at + 12, to_desc = padded(uint64_t{12} + words[0]), desc_at = at + to_desc;
    if (to_desc > end - at || words[1] > end - desc_at) {
      throw Error("is damaged: a note ends behind its segment");
    }
    char name[sizeof(kNoteName)] = {};
    if (words[0] == sizeof(kNoteName) && words[2] == FRL_NOTE_MANIFEST && source.read(name_at, name, sizeof(name)) &&
        std::memcmp(name, kNoteName, sizeof(name)) == 0) {
      if (words[1] < sizeof(*head)) {
        throw Error("is damaged: its manifest note has " + std::to_string(words[1]) + " bytes; expected at least " +
                    std::to_string(sizeof(*head)));
      }
      return source.read_value(desc_at, head);
    }
    if (padded(words[1]) > end - desc_at) return false;
    at = desc_at + padded(words[1]);
  }
  return false;
}

template <typename Elf>
frl_manifest_head read_class(ByteSource& source, const platform::Target& target) {
  typename Elf::Ehdr header{};
  if (!source.read_value(0, &header)) {
    throw Error("is truncated: it has " + std::to_string(source.size()) + " bytes, an ELF header takes " +
                std::to_string(sizeof(header)));
  }
  if (header.e_machine != target.machine) {
    throw Error("is built for " + platform::machine_name(header.e_machine) + "; this process runs on " +
                platform::machine_name(target.machine));
  }
  if (header.e_type != ET_DYN) {
    throw Error("is not a shared library: ELF type " + std::to_string(header.e_type) + ", expected " +
                std::to_string(ET_DYN));
  }
  if (header.e_version != EV_CURRENT) throw Error("is damaged: ELF version " + std::to_string(header.e_version));
  ElfImage<Elf> image(source, header);
  if (!ElfDynamic<Elf>(image).exports_function(FRL_PLUGIN_QUERY)) {
    throw Error("is not a Ferrule plugin: it exports no function " FRL_PLUGIN_QUERY);
  }
  frl_manifest_head head{};
  for (const Segment& segment : image.segments()) {
    if (segment.type == PT_NOTE && find_note(source, segment, &head)) return head;
  }
  throw Error("is not a Ferrule plugin: it has no manifest note (use FRL_DEFINE_PLUGIN of ferrule/plugin_entry.h)");
}

}  // namespace

frl_manifest_head read_plugin_elf(ByteSource& source, const platform::Target& target) {
  unsigned char ident[EI_NIDENT] = {};
  if (source.size() == 0) throw Error("is empty");
  if (!source.read(0, ident, sizeof(ident))) {
    throw Error("is not an ELF file: it has only " + std::to_string(source.size()) + " bytes");
  }
  if (std::memcmp(ident, ELFMAG, SELFMAG) != 0) throw Error("is not an ELF file: its first bytes are not 7f 45 4c 46");
  constexpr unsigned char kOwnOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  if (ident[EI_DATA] != kOwnOrder) {
    throw Error("has byte order " + std::to_string(ident[EI_DATA]) + "; this process has " + std::to_string(kOwnOrder));
  }
  const unsigned char own_class = target.is_64bit ? ELFCLASS64 : ELFCLASS32;
  if (ident[EI_CLASS] != own_class) {
    const char* got = ident[EI_CLASS] == ELFCLASS64   ? "64-bit"
                      : ident[EI_CLASS] == ELFCLASS32 ? "32-bit"
                                                      : "of an unknown class";
    throw Error(std::string("is ") + got + "; this process is " + (target.is_64bit ? "64-bit" : "32-bit"));
  }
  return target.is_64bit ? read_class<Elf64>(source, target) : read_class<Elf32>(source, target);
}

}  // namespace ferrule::loader
