// The threefry2x32-20 block cipher, written once for host words and for arrays.
// Source: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
#pragma once

#include <cstdint>
#include <utility>

namespace ferrule::detail {

inline constexpr int kThreefryRotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
inline constexpr uint32_t kThreefryParity = 0x1bd11bdau;

// Word needs +, ^ and the function rotate_left(word, bits). Constants enter as Word through `constant(uint32_t)`.
template <typename Word, typename Constant, typename Rotate>
std::pair<Word, Word> threefry(const Word& key0, const Word& key1, Word x0, Word x1, Constant constant, Rotate rotate) {
  const Word keys[3] = {key0, key1, key0 ^ key1 ^ constant(kThreefryParity)};
  x0 = x0 + keys[0];
  x1 = x1 + keys[1];
  for (uint32_t group = 0; group < 5; ++group) {
    for (int r : kThreefryRotations[group % 2]) {
      x0 = x0 + x1;
      x1 = rotate(x1, r) ^ x0;
    }
    x0 = x0 + keys[(group + 1) % 3];
    x1 = x1 + keys[(group + 2) % 3] + constant(group + 1);
  }
  return {x0, x1};
}

}  // namespace ferrule::detail
