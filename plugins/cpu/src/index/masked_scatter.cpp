// masked_scatter: the true elements of fixed tiles are counted first, so that each tile knows where its source begins.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "index/index.h"
#include "index/offsets.h"
#include "parallel.h"
#include "value.h"

namespace ferrule::cpu {

void masked_scatter(const Call& call) {
  const Tensor& x = call.inputs[0];
  const auto* mask = call.inputs[1].as<const uint8_t>();
  const Tensor& source = call.inputs[2];
  const Tensor& out = call.outputs[0];
  constexpr int64_t kTile = 65536;
  const int64_t n = out.size();
  const int64_t tiles = (n + kTile - 1) / kTile;
  std::vector<int64_t> start(static_cast<size_t>(tiles) + 1);
  parallel_for(tiles, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      int64_t count = 0;
      for (int64_t i = t * kTile; i < std::min(n, (t + 1) * kTile); ++i) count += mask[i] != 0;
      start[static_cast<size_t>(t) + 1] = count;
    }
  });
  for (size_t t = 0; t + 1 < start.size(); ++t) start[t + 1] += start[t];
  const int64_t available = source.size();
  visit_item(item_size(out.dtype), [&](auto type) {
    using T = decltype(type);
    const T* from = x.as<const T>();
    const T* values = source.as<const T>();
    T* to = out.as<T>();
    parallel_for(tiles, 1, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        int64_t next = start[static_cast<size_t>(t)];
        for (int64_t i = t * kTile; i < std::min(n, (t + 1) * kTile); ++i) {
          const bool taken = mask[i] != 0;
          to[i] = taken && next < available ? values[next] : from[i];
          next += taken;
        }
      }
    });
  });
}

}  // namespace ferrule::cpu
