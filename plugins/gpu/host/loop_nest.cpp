#include "host/loop_nest.h"

#include <algorithm>
#include <cstring>

namespace ferrule::gpu {
namespace {

int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

constexpr int64_t kLimit = int64_t{1} << 31;

// The fields of Divider of device/index.h, which says where the numbers come from.
void pack_divider(uint32_t divisor, uint32_t* to) {
  uint32_t shift = 0;
  while (shift < 32 && (uint64_t{1} << shift) < divisor) ++shift;
  to[0] = divisor;
  to[1] = static_cast<uint32_t>(((uint64_t{1} << 32) * ((uint64_t{1} << shift) - divisor)) / divisor + 1);
  to[2] = shift;
}

}  // namespace

LoopNest::LoopNest(uint32_t dims, const int64_t* shape) : ndim(dims) {
  for (uint32_t d = 0; d < ndim; ++d) extent[d] = shape[ndim - 1 - d];
}

void LoopNest::add(const int64_t* strides) {
  for (uint32_t d = 0; d < ndim; ++d) stride[d][operands] = strides == nullptr ? 0 : strides[ndim - 1 - d];
  offset[operands++] = 0;
}

void LoopNest::simplify(uint32_t leader) {
  if (ndim == 1 && extent[0] != 1) return;  // what most calls are once the core has merged their dimensions
  uint32_t kept = 0;
  uint32_t order[FRL_MAX_DIMS];
  for (uint32_t d = 0; d < ndim; ++d) {
    if (extent[d] == 1) continue;
    // insertion by the leader's stride, stable
    uint32_t at = kept++;
    while (at > 0 && magnitude(stride[order[at - 1]][leader]) > magnitude(stride[d][leader])) {
      order[at] = order[at - 1];
      --at;
    }
    order[at] = d;
  }
  int64_t old_extent[FRL_MAX_DIMS], old_stride[FRL_MAX_DIMS][kMaxOperands];
  for (uint32_t d = 0; d < ndim; ++d) {
    old_extent[d] = extent[d];
    std::copy_n(stride[d], operands, old_stride[d]);
  }
  ndim = 0;
  for (uint32_t i = 0; i < kept; ++i) {
    const uint32_t d = order[i];
    bool merges = ndim > 0;
    for (uint32_t k = 0; k < operands && merges; ++k) {
      merges = old_stride[d][k] == stride[ndim - 1][k] * extent[ndim - 1];
    }
    if (merges) {
      extent[ndim - 1] *= old_extent[d];
      continue;
    }
    extent[ndim] = old_extent[d];
    std::copy_n(old_stride[d], operands, stride[ndim]);
    ++ndim;
  }
}

int64_t LoopNest::size() const {
  int64_t n = 1;
  for (uint32_t d = 0; d < ndim; ++d) n *= extent[d];
  return n;
}

bool LoopNest::is_scalar(uint32_t operand) const {
  for (uint32_t d = 0; d < ndim; ++d) {
    if (stride[d][operand] != 0) return false;
  }
  return true;
}

bool LoopNest::vectorises(uint32_t lanes, std::span<const void* const> addresses,
                          std::span<const uint32_t> item_sizes) const {
  if (ndim == 0 || (ndim > 1 && extent[0] % lanes != 0)) return false;
  for (uint32_t k = 0; k < operands; ++k) {
    if (stride[0][k] == 0) continue;
    if (stride[0][k] != 1 || reinterpret_cast<uintptr_t>(addresses[k]) % (size_t{lanes} * item_sizes[k]) != 0)
      return false;
    for (uint32_t d = 1; d < ndim; ++d) {
      if (stride[d][k] % lanes != 0) return false;
    }
  }
  return true;
}

bool LoopNest::fits_32_bits() const {
  if (size() >= kLimit) return false;
  for (uint32_t k = 0; k < operands; ++k) {
    int64_t reach = 0;
    for (uint32_t d = 0; d < ndim; ++d) reach += (extent[d] - 1) * magnitude(stride[d][k]);
    if (reach >= kLimit) return false;
  }
  return true;
}

void LoopNest::halve(LoopNest& low, LoopNest& high) const {
  // The dimension whose halving saves most: by reach of any operand, or by extent.
  uint32_t widest = 0;
  int64_t best = -1;
  for (uint32_t d = 0; d < ndim; ++d) {
    int64_t reach = extent[d];
    for (uint32_t k = 0; k < operands; ++k) reach = std::max(reach, (extent[d] - 1) * magnitude(stride[d][k]));
    if (extent[d] > 1 && reach > best) {
      best = reach;
      widest = d;
    }
  }
  // Cut at a multiple of every vector's lanes where the extent allows.
  int64_t cut = extent[widest] / 2;
  if (cut >= 64) cut -= cut % 64;
  low.extent[widest] = cut;
  high.extent[widest] -= cut;
  for (uint32_t k = 0; k < operands; ++k) high.offset[k] += cut * stride[widest][k];
}

void LoopNest::pack(std::byte* to, uint32_t lanes) const {
  std::memset(to, 0, packed_bytes(operands));
  std::memcpy(to, &ndim, 4);
  for (uint32_t d = 0; d < ndim; ++d) {
    const int64_t count = d == 0 ? (extent[0] + lanes - 1) / lanes : extent[d];
    uint32_t divider[3];
    pack_divider(static_cast<uint32_t>(std::max<int64_t>(count, 1)), divider);  // an empty nest is walked by nobody
    std::memcpy(to + 4 + 12 * d, divider, 12);
    for (uint32_t k = 0; k < operands; ++k) {
      const auto step = static_cast<int32_t>(stride[d][k] * (d == 0 ? lanes : 1));
      std::memcpy(to + 4 + 12 * FRL_MAX_DIMS + size_t{4} * (d * operands + k), &step, 4);
    }
  }
}

}  // namespace ferrule::gpu
