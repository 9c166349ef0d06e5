// The dynamic section of an ElfImage: checks the tables that dlopen walks and looks up exported functions.
#pragma once
#include <map>
#include <string_view>

#include "loader/src/elf_image.h"

namespace ferrule::loader {

template <typename Elf>
class ElfDynamic {
 public:
  explicit ElfDynamic(ElfImage<Elf>& image) : image_(image) {
    read_entries();
    check_tables();
    count_symbols();
    check_symbols();
    check_relocations(DT_RELA, DT_RELASZ, sizeof(typename Elf::Rela));
    check_relocations(DT_REL, DT_RELSZ, sizeof(typename Elf::Rel));
    check_relocations(DT_JMPREL, DT_PLTRELSZ, value(DT_PLTREL) == DT_REL ? sizeof(Rel) : sizeof(typename Elf::Rela));
  }

  // True when a function of this name is exported and lies in executable memory.
  bool exports_function(std::string_view name) {
    for (uint64_t i = 1; i < symbol_count_; ++i) {
      const Sym symbol = symbol_at(i);
      const unsigned binding = symbol.st_info >> 4, type = symbol.st_info & 15u;
      if (symbol.st_shndx == SHN_UNDEF || (binding != STB_GLOBAL && binding != STB_WEAK) || type != STT_FUNC) continue;
      if (!name_equals(symbol.st_name, name)) continue;
      const Segment* segment = image_.loaded(symbol.st_value, 1);
      return segment != nullptr && (segment->flags & PF_X) != 0;
    }
    return false;
  }

 private:
  using Sym = typename Elf::Sym;
  using Rel = typename Elf::Rel;
  static constexpr uint64_t kMaxEntries = 4096;
  static constexpr uint64_t kMaxSymbols = 1u << 22;

  uint64_t value(int64_t tag) const {
    const auto found = values_.find(tag);
    return found == values_.end() ? 0 : found->second;
  }

  void read_entries() {
    const Segment* segment = image_.find(PT_DYNAMIC);
    if (segment == nullptr) throw Error("is not a shared library: it has no dynamic section");
    using Dyn = typename Elf::Dyn;
    image_.offset_of(segment->address, segment->file_bytes, "dynamic section");
    for (uint64_t i = 0; i < kMaxEntries && (i + 1) * sizeof(Dyn) <= segment->file_bytes; ++i) {
      const Dyn entry = image_.template read_at<Dyn>(segment->address + i * sizeof(Dyn), "dynamic section");
      if (entry.d_tag == DT_NULL) return;
      if (entry.d_tag == DT_NEEDED) needed_.push_back(entry.d_un.d_val);
      values_[entry.d_tag] = entry.d_un.d_val;
    }
    throw Error("is damaged: its dynamic section has no end");
  }

  void check_tables() {
    if (value(DT_SYMTAB) == 0 || value(DT_STRTAB) == 0 || value(DT_STRSZ) == 0) {
      throw Error("is not a shared library: it has no dynamic symbols");
    }
    if (value(DT_SYMENT) != sizeof(Sym)) {
      throw Error("is damaged: its symbols have " + std::to_string(value(DT_SYMENT)) + " bytes; expected " +
                  std::to_string(sizeof(Sym)));
    }
    const uint64_t strings = image_.offset_of(value(DT_STRTAB), value(DT_STRSZ), "string table");
    char last = 1;
    if (!image_.source().read_value(strings + value(DT_STRSZ) - 1, &last) || last != 0) {
      throw Error("is damaged: its string table has no end");
    }
    for (const int64_t tag : {DT_SONAME, DT_RPATH, DT_RUNPATH}) check_string(value(tag));
    for (const uint64_t offset : needed_) check_string(offset);
    for (const auto& [table, bytes] : {std::pair{DT_INIT_ARRAY, DT_INIT_ARRAYSZ}, {DT_FINI_ARRAY, DT_FINI_ARRAYSZ}}) {
      if (value(table) != 0) image_.offset_of(value(table), value(bytes), "start or end function table");
    }
    for (const int64_t tag : {DT_INIT, DT_FINI}) {
      if (value(tag) != 0 && image_.loaded(value(tag), 1) == nullptr) {
        throw Error("is damaged: its start or end function lies outside its segments");
      }
    }
  }

  void check_string(uint64_t offset) const {
    if (offset >= value(DT_STRSZ)) throw Error("is damaged: a name lies outside its string table");
  }

  // The number of symbols is only implied: by the chains of either hash table, which dlsym follows without any check.
  void count_symbols() {
    if (value(DT_GNU_HASH) != 0) {
      count_by_gnu_hash(value(DT_GNU_HASH));
    } else if (value(DT_HASH) != 0) {
      count_by_hash(value(DT_HASH));
    } else {
      throw Error("is damaged: it has no symbol hash table");
    }
    if (symbol_count_ > kMaxSymbols) throw Error("is damaged: it claims " + std::to_string(symbol_count_) + " symbols");
    image_.offset_of(value(DT_SYMTAB), symbol_count_ * sizeof(Sym), "symbol table");
  }

  void count_by_gnu_hash(uint64_t table) {
    const auto word = [&](uint64_t address) { return image_.template read_at<uint32_t>(address, "symbol hash table"); };
    const uint64_t buckets = word(table), first = word(table + 4), bloom_words = word(table + 8);
    if (buckets == 0 || buckets > kMaxSymbols || bloom_words > kMaxSymbols || !std::has_single_bit(bloom_words)) {
      throw Error("is damaged: its symbol hash table has " + std::to_string(buckets) + " buckets and " +
                  std::to_string(bloom_words) + " filter words");
    }
    const uint64_t bucket_table = table + 16 + bloom_words * sizeof(typename Elf::BloomWord);
    const uint64_t chains = bucket_table + buckets * 4;
    uint64_t last = 0;
    for (uint64_t i = 0; i < buckets; ++i) {
      const uint64_t start = word(bucket_table + i * 4);
      if (start != 0 && start < first) throw Error("is damaged: its symbol hash table points before its first symbol");
      last = std::max(last, start);
    }
    if (last == 0) {  // nothing is exported, so the table does not tell how many symbols are only imported
      symbol_count_ = first;
      imports_are_counted_ = false;
      return;
    }
    while (last <= kMaxSymbols && (word(chains + (last - first) * 4) & 1u) == 0) ++last;
    symbol_count_ = last + 1;
  }

  void count_by_hash(uint64_t table) {
    const auto word = [&](uint64_t address) { return image_.template read_at<uint32_t>(address, "symbol hash table"); };
    const uint64_t buckets = word(table), chains = word(table + 4);
    if (buckets == 0 || buckets > kMaxSymbols || chains > kMaxSymbols) {
      throw Error("is damaged: its symbol hash table has " + std::to_string(buckets) + " buckets and " +
                  std::to_string(chains) + " chains");
    }
    // A chain that does not lead back to a lower symbol might be a ring, on which dlsym would never return.
    for (uint64_t i = 0; i < buckets + chains; ++i) {
      const uint64_t next = word(table + 8 + i * 4);
      if (next >= chains) throw Error("is damaged: its symbol hash table points behind its last symbol");
    }
    for (uint64_t i = 0; i < buckets; ++i) {
      uint64_t steps = 0;
      for (uint64_t at = word(table + 8 + i * 4); at != 0; at = word(table + 8 + (buckets + at) * 4)) {
        if (++steps > chains) throw Error("is damaged: its symbol hash table has a ring");
        if (steps_total_++ > 4 * kMaxSymbols) throw Error("is damaged: its symbol hash table has chains without end");
      }
    }
    symbol_count_ = chains;
  }

  Sym symbol_at(uint64_t index) {
    return image_.template read_at<Sym>(value(DT_SYMTAB) + index * sizeof(Sym), "symbol table");
  }

  void check_symbols() {
    for (uint64_t i = 0; i < symbol_count_; ++i) check_string(symbol_at(i).st_name);
  }

  bool name_equals(uint64_t string, std::string_view name) {
    if (value(DT_STRSZ) - string < name.size() + 1) return false;
    std::string text(name.size() + 1, '\1');
    const uint64_t at = image_.offset_of(value(DT_STRTAB) + string, text.size(), "string table");
    return image_.source().read(at, text.data(), text.size()) && std::string_view(text.data(), name.size()) == name &&
           text.back() == 0;
  }

  // dlopen writes to every place that a relocation names.
  void check_relocations(int64_t table_tag, int64_t bytes_tag, uint64_t entry_bytes) {
    const uint64_t table = value(table_tag), bytes = value(bytes_tag);
    if (table == 0 || bytes == 0) return;
    image_.offset_of(table, bytes, "relocation table");
    const bool is_64bit = sizeof(typename Elf::BloomWord) == 8;
    for (uint64_t at = 0; at + entry_bytes <= bytes; at += entry_bytes) {
      const Rel entry = image_.template read_at<Rel>(table + at, "relocation table");
      const uint64_t symbol = is_64bit ? static_cast<uint64_t>(entry.r_info) >> 32 : entry.r_info >> 8;
      if (imports_are_counted_ && symbol >= std::max<uint64_t>(symbol_count_, 1)) {
        throw Error("is damaged: a relocation names symbol " + std::to_string(symbol) + " of " +
                    std::to_string(symbol_count_));
      }
      if (image_.loaded(entry.r_offset, 1) == nullptr) {
        throw Error("is damaged: a relocation at address " + hex(entry.r_offset) + " lies outside its segments");
      }
    }
  }

  ElfImage<Elf>& image_;
  std::map<int64_t, uint64_t> values_;
  std::vector<uint64_t> needed_;
  uint64_t symbol_count_ = 0;
  bool imports_are_counted_ = true;
  uint64_t steps_total_ = 0;
};

}  // namespace ferrule::loader
