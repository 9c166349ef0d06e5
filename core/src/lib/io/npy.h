// The .npy format (NumPy's NEP 1, versions 1.0 to 3.0): header parsing and writing, without files or arrays of its own.
#pragma once

#include <string>
#include <vector>

#include "lib/io/source.h"

namespace ferrule::detail {

struct NpyHeader {
  Dtype dtype = float32;
  bool big_endian = false;
  bool fortran_order = false;
  std::vector<int64_t> shape;
  uint64_t data_offset = 0;
};

// Throws when the header is malformed, the dtype has no counterpart, or the data does not end where the source ends.
NpyHeader parse_npy_header(const ByteSource& source);
// The array of a whole .npy image.
array read_npy(const ByteSource& source);
// Magic, version and the padded header of a C-order array.
std::string npy_header(const Shape& shape, Dtype dtype);

}  // namespace ferrule::detail
