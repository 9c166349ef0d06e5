// The ELF reader on good, damaged and hostile bytes.
#include "loader/src/elf_reader.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <random>

#include "test_files.h"

namespace ferrule::loader::test {
namespace {

frl_manifest_head read(const std::vector<std::byte>& bytes, const platform::Target& target = platform::own_target()) {
  MemorySource source(bytes);
  return read_plugin_elf(source, target);
}

// The reason for which the bytes are refused; empty when they are accepted.
std::string refusal(const std::vector<std::byte>& bytes, const platform::Target& target = platform::own_target()) {
  try {
    read(bytes, target);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

template <typename T>
void poke(std::vector<std::byte>* bytes, size_t offset, T value) {
  ASSERT_LE(offset + sizeof(value), bytes->size());
  std::memcpy(bytes->data() + offset, &value, sizeof(value));
}

template <typename T>
T peek(const std::vector<std::byte>& bytes, size_t offset) {
  T value{};
  if (offset + sizeof(value) <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

// The file offset of the first program header of a type.
size_t program_header(const std::vector<std::byte>& bytes, uint32_t type) {
  const auto header = peek<Elf64_Ehdr>(bytes, 0);
  for (size_t i = 0; i < header.e_phnum; ++i) {
    const size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    if (peek<Elf64_Phdr>(bytes, at).p_type == type) return at;
  }
  ADD_FAILURE() << "no program header of type " << type;
  return 0;
}

// The file offset of a dynamic entry's value. In a linked library the dynamic section is file-backed.
size_t dynamic_value(const std::vector<std::byte>& bytes, int64_t tag) {
  const auto segment = peek<Elf64_Phdr>(bytes, program_header(bytes, PT_DYNAMIC));
  for (size_t at = segment.p_offset; at < segment.p_offset + segment.p_filesz; at += sizeof(Elf64_Dyn)) {
    if (peek<Elf64_Dyn>(bytes, at).d_tag == tag) return at + offsetof(Elf64_Dyn, d_un);
  }
  ADD_FAILURE() << "no dynamic entry " << tag;
  return 0;
}

class ElfReader : public ::testing::Test {
 protected:
  std::vector<std::byte> good_ = read_bytes(TEMPLATE_PLUGIN);

  void expect_refused(const std::vector<std::byte>& bytes, const std::string& part) {
    const std::string reason = refusal(bytes);
    expect_one_line(reason);
    EXPECT_TRUE(contains(reason, part)) << "got: " << reason << "; expected: " << part;
  }
};

TEST_F(ElfReader, ReadsTheManifestOfTheTemplate) {
  const Manifest manifest = read_manifest_head(read(good_));
  EXPECT_EQ(manifest.name, "template");
  EXPECT_EQ(manifest.vendor, "Ferrule");
  EXPECT_EQ(manifest.abi_major, FRL_ABI_MAJOR);
  EXPECT_EQ(manifest.score, 0u);
}

TEST_F(ElfReader, ReadsAFileLikeMemory) {
  FileSource source(TEMPLATE_PLUGIN);
  const frl_manifest_head from_file = read_plugin_elf(source, platform::own_target());
  const frl_manifest_head from_memory = read(good_);
  EXPECT_EQ(std::memcmp(&from_file, &from_memory, sizeof(from_file)), 0);
}

TEST_F(ElfReader, RefusesWhatIsNoElfFile) {
  expect_refused({}, "is empty");
  expect_refused(std::vector<std::byte>(3), "only 3 bytes");
  expect_refused(std::vector<std::byte>(4096), "not an ELF file");
}

TEST_F(ElfReader, RefusesAnotherArchitecture) {
  poke<uint16_t>(&good_, offsetof(Elf64_Ehdr, e_machine), EM_S390);
  expect_refused(good_, "is built for machine 22; this process runs on");
}

TEST_F(ElfReader, RefusesTheOtherByteOrderAndUnknownClasses) {
  std::vector<std::byte> bytes = good_;
  poke<unsigned char>(&bytes, EI_DATA, ELFDATA2MSB);
  expect_refused(bytes, "byte order");
  poke<unsigned char>(&good_, EI_CLASS, 9);
  expect_refused(good_, "of an unknown class");
}

TEST_F(ElfReader, RefusesWhatIsNoSharedLibrary) {
  for (const uint16_t type : std::initializer_list<uint16_t>{ET_NONE, ET_REL, ET_EXEC, ET_CORE}) {
    poke<uint16_t>(&good_, offsetof(Elf64_Ehdr, e_type), type);
    expect_refused(good_, "is not a shared library: ELF type " + std::to_string(type));
  }
}

TEST_F(ElfReader, RefusesProgramHeadersOutsideTheFile) {
  std::vector<std::byte> bytes = good_;
  poke<uint64_t>(&bytes, offsetof(Elf64_Ehdr, e_phoff), good_.size() - 1);
  expect_refused(bytes, "truncated");
  poke<uint64_t>(&bytes, offsetof(Elf64_Ehdr, e_phoff), UINT64_MAX - 8);
  expect_refused(bytes, "truncated");
  poke<uint16_t>(&good_, offsetof(Elf64_Ehdr, e_phnum), 0);
  expect_refused(good_, "0 program headers");
}

TEST_F(ElfReader, RefusesSegmentsOutsideTheFileOrTheAddressSpace) {
  const size_t load = program_header(good_, PT_LOAD);
  for (const uint64_t value : {uint64_t{good_.size()} + 1, UINT64_MAX, uint64_t{1} << 63}) {
    std::vector<std::byte> bytes = good_;
    poke<uint64_t>(&bytes, load + offsetof(Elf64_Phdr, p_filesz), value);
    expect_refused(bytes, "truncated");
    bytes = good_;
    poke<uint64_t>(&bytes, load + offsetof(Elf64_Phdr, p_memsz), value == good_.size() + 1 ? 1 : value);
    expect_refused(bytes, "does not fit its memory");
  }
  std::vector<std::byte> bytes = good_;
  poke<uint64_t>(&bytes, load + offsetof(Elf64_Phdr, p_align), 3);
  expect_refused(bytes, "misaligned");
}

TEST_F(ElfReader, RefusesSymbolTablesOutsideTheSegments) {
  const std::pair<int64_t, const char*> tables[] = {
      {DT_SYMTAB, "symbol table"}, {DT_STRTAB, "string table"}, {DT_GNU_HASH, "symbol hash table"}};
  for (const auto& [tag, words] : tables) {
    std::vector<std::byte> bytes = good_;
    poke<uint64_t>(&bytes, dynamic_value(bytes, tag), uint64_t{1} << 40);
    expect_refused(bytes, words);
  }
  std::vector<std::byte> bytes = good_;
  poke<uint64_t>(&bytes, dynamic_value(bytes, DT_SYMENT), 7);
  expect_refused(bytes, "symbols have 7 bytes");
  bytes = good_;
  poke<uint64_t>(&bytes, dynamic_value(bytes, DT_STRSZ), uint64_t{1} << 50);
  expect_refused(bytes, "string table");
}

TEST_F(ElfReader, RefusesRelocationsOutsideTheSegments) {
  const uint64_t table =
      peek<uint64_t>(good_, dynamic_value(good_, DT_RELA));  // in the first segment: address = offset
  poke<uint64_t>(&good_, table + offsetof(Elf64_Rela, r_offset), uint64_t{1} << 44);
  expect_refused(good_, "a relocation at address 0x100000000000");
}

TEST_F(ElfReader, RefusesAnExportThatIsNoCode) {
  // Clearing the execute flag of every segment leaves the symbol pointing at data.
  const auto header = peek<Elf64_Ehdr>(good_, 0);
  for (size_t i = 0; i < header.e_phnum; ++i) {
    poke<uint32_t>(&good_, header.e_phoff + i * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, p_flags), PF_R);
  }
  expect_refused(good_, "exports no function frl_plugin_query");
}

TEST_F(ElfReader, RefusesADamagedNote) {
  const std::string name("Ferrule");
  const auto at = std::search(good_.begin(), good_.end(), reinterpret_cast<const std::byte*>(name.data()),
                              reinterpret_cast<const std::byte*>(name.data()) + name.size() + 1);
  ASSERT_NE(at, good_.end());
  const auto note = static_cast<size_t>(at - good_.begin()) - 12;
  std::vector<std::byte> bytes = good_;
  poke<uint32_t>(&bytes, note + 4, 8);
  expect_refused(bytes, "manifest note has 8 bytes");
  bytes = good_;
  poke<uint32_t>(&bytes, note + 4, UINT32_MAX);
  expect_refused(bytes, "note");
  bytes = good_;
  poke<uint32_t>(&bytes, note, UINT32_MAX);
  expect_refused(bytes, "note");
  bytes = good_;
  poke<char>(&bytes, note + 12, 'f');
  expect_refused(bytes, "no manifest note");
}

TEST_F(ElfReader, SurvivesEveryCut) {
  for (size_t size = 0; size < good_.size(); size += size < 1024 ? 1 : 64) {
    const std::vector<std::byte> cut(good_.begin(), good_.begin() + static_cast<ptrdiff_t>(size));
    const std::string reason = refusal(cut);
    EXPECT_EQ(reason.find('\n'), std::string::npos);
  }
}

TEST_F(ElfReader, SurvivesRandomMutations) {
  std::mt19937_64 random(20261122);
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<std::byte> bytes = good_;
    const size_t count = 1 + random() % 8;
    for (size_t i = 0; i < count; ++i) {
      // Half of the hits go to the headers and tables at the front, where most of the reader looks.
      const size_t at = random() % (random() % 2 == 0 ? bytes.size() : std::min<size_t>(bytes.size(), 2048));
      switch (random() % 3) {
        case 0:
          bytes[at] ^= static_cast<std::byte>(1u << (random() % 8));
          break;
        case 1:
          bytes[at] = static_cast<std::byte>(random());
          break;
        default:
          bytes[at] = random() % 2 == 0 ? std::byte{0} : std::byte{0xff};
          break;
      }
    }
    if (random() % 8 == 0) bytes.resize(random() % bytes.size());
    const std::string reason = refusal(bytes);
    EXPECT_EQ(reason.find('\n'), std::string::npos);
    refused += reason.empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 400);  // the mutations do reach what is checked
}

TEST_F(ElfReader, SurvivesRandomBytesBehindAGoodHeader) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::byte> bytes(sizeof(Elf64_Ehdr) + random() % 4096);
    for (std::byte& each : bytes) each = static_cast<std::byte>(random());
    std::memcpy(bytes.data(), good_.data(), random() % 4 == 0 ? size_t{20} : sizeof(Elf64_Ehdr));
    expect_one_line(refusal(bytes));
  }
}

TEST_F(ElfReader, ReadsANoteSegmentAlignedTo8InFrontOfTheManifest) {
  const std::string path = variant("property_note");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the compiler marks no branch protection";
  EXPECT_EQ(std::string(read(read_bytes(path)).name), "property_note");
}

TEST_F(ElfReader, A32BitFileIsReadForA32BitProcessAndRefusedHere) {
  const std::string path = variant("elf32");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the compiler makes no 32-bit code";
  const std::vector<std::byte> bytes = read_bytes(path);
  expect_refused(bytes, "is 32-bit; this process is 64-bit");
  const platform::Target target{false, EM_386};
  EXPECT_EQ(std::string(read(bytes, target).name), "elf32");
  std::mt19937_64 random(3);
  for (int round = 0; round < 1000; ++round) {
    std::vector<std::byte> mutant = bytes;
    for (int i = 0; i < 4; ++i) mutant[random() % mutant.size()] = static_cast<std::byte>(random());
    EXPECT_EQ(refusal(mutant, target).find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace ferrule::loader::test
