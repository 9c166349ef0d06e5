// The header of a .safetensors file: parsing with every check of the reference implementation, and writing.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/io/source.h"

namespace ferrule::detail {

struct SafetensorsEntry {
  std::string name;
  Dtype dtype = float32;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;  // bytes, from the start of the data
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the order of their data
  std::unordered_map<std::string, std::string> metadata;
  uint64_t data_offset = 0;
};

SafetensorsHeader parse_safetensors_header(const ByteSource& source);

// The length word and the padded JSON for these entries. Throws invalid_argument for names that are not UTF-8.
std::string safetensors_header(const std::vector<SafetensorsEntry>& entries,
                               const std::map<std::string, std::string>& metadata);

}  // namespace ferrule::detail
