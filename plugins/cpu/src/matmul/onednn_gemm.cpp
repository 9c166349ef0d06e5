// Tiles and operands of oneDNN's matrix products.
#include "onednn_gemm.h"

#include <algorithm>

#include "../libraries/onednn.h"
#include "../libraries/onednn_use.h"
#include "../parallel.h"
#include "element.h"
#include "pack.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kTile = 1024, kLeastTile = 128;
constexpr int64_t kMinTileWork = 1 << 22;  // multiply-adds worth handing to a thread
constexpr int64_t kWantedTiles = 16;
constexpr int64_t kLeastSplit = 1024;    // terms of a partial sum
constexpr int64_t kLeastWork = 1 << 17;  // below this the call of a primitive costs more than it saves

// How a matrix is stored, when one of its axes is contiguous.
struct Storage {
  bool ok, transposed;
  int64_t ld;
};
Storage storage_of(const MatrixView& v, int64_t rows, int64_t cols) {
  if ((v.col == 1 || cols == 1) && (v.row >= cols || rows == 1)) return {true, false, rows == 1 ? cols : v.row};
  if ((v.row == 1 || rows == 1) && (v.col >= rows || cols == 1)) return {true, true, cols == 1 ? rows : v.col};
  return {false, false, 0};
}

// The product cut into tiles of the output and, where those are few and sums are long, partial sums.
struct Cut {
  int64_t m, n, k;             // extents of a piece
  int64_t rows, cols, splits;  // pieces along each
  bool f32_out;                // bf16 results that are not final are kept in f32

  int64_t pieces() const { return rows * cols * splits; }
};

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

Cut cut(const Product& p) {
  Cut c{std::min(kTile, p.m), std::min(kTile, p.n), p.k, 0, 0, 1, false};
  // Across first: a piece packs its part of b, and reads a in place.
  while (ceil_div(p.m, c.m) * ceil_div(p.n, c.n) < kWantedTiles && c.m * c.n * p.k >= 2 * kMinTileWork) {
    int64_t& extent = c.n >= 2 * kLeastTile ? c.n : c.m;
    if (extent < 2 * kLeastTile) break;
    extent = (extent / 2 + 63) / 64 * 64;
  }
  c.rows = ceil_div(p.m, c.m), c.cols = ceil_div(p.n, c.n);
  const int64_t wanted =
      std::min({kWantedTiles / (c.rows * c.cols), p.k / kLeastSplit, p.m * p.n * p.k / kMinTileWork});
  if (wanted > 1 && p.m * p.n <= 1 << 18) {
    c.k = (ceil_div(p.k, wanted) + 63) / 64 * 64;
    c.splits = ceil_div(p.k, c.k);
  }
  c.f32_out = p.dtype == FRL_DTYPE_BF16 && (c.splits > 1 || !p.plain());
  return c;
}

// Pieces write to scratch unless they write final elements, or f32 that is finished in place.
bool uses_scratch(const Cut& c) { return c.f32_out || c.splits > 1; }

void finish(const Product& p, const float* acc, int64_t i, int64_t j, int64_t rows, int64_t cols) {
  const int64_t bytes = element_bytes(p.dtype);
  finish_tile({p.dtype, rows, cols, acc, p.n, p.alpha, p.beta,
               p.c.data ? p.c.data + (i * p.c.row + j * p.c.col) * bytes : nullptr, p.c.row, p.c.col,
               p.out + (i * p.n + j) * bytes, p.n});
}

}  // namespace

bool is_onednn_gemm(const Product& p) {
  if (p.dtype != FRL_DTYPE_BF16 && p.dtype != FRL_DTYPE_F32) return false;
  if (p.m * p.n * p.k < kLeastWork) return false;
  if (!storage_of(p.a, p.m, p.k).ok || !storage_of(p.b, p.k, p.n).ok) return false;
  return onednn::available() && (p.dtype == FRL_DTYPE_F32 || onednn::native_bf16());
}

uint64_t onednn_gemm_scratch_bytes(const Product& p) {
  const Cut c = cut(p);
  return uses_scratch(c) ? static_cast<uint64_t>(c.splits * p.m * p.n) * sizeof(float) : 0;
}

bool onednn_gemm(const Product& p, std::byte* scratch) {
  const onednn::Use use;
  if (!use) return false;
  const Cut c = cut(p);
  const Storage a = storage_of(p.a, p.m, p.k), b = storage_of(p.b, p.k, p.n);
  // Whole pieces, and what remains at the end of each axis.
  onednn::PrimitivePtr primitives[2][2][2];
  const int64_t m[2] = {c.m, p.m - (c.rows - 1) * c.m}, n[2] = {c.n, p.n - (c.cols - 1) * c.n};
  const int64_t k[2] = {c.k, p.k - (c.splits - 1) * c.k};
  for (int which = 0; which < 8; ++which) {
    const int i = which >> 2, j = which >> 1 & 1, l = which & 1;
    if ((c.rows == 1 && i == 0) || (c.cols == 1 && j == 0) || (c.splits == 1 && l == 0)) continue;
    primitives[i][j][l] =
        onednn::find_matmul({p.dtype, a.transposed, b.transposed, c.f32_out, m[i], n[j], k[l], a.ld, b.ld, p.n});
    if (!primitives[i][j][l]) return false;
  }
  const int64_t bytes = element_bytes(p.dtype), out_bytes = c.f32_out ? 4 : bytes;
  std::byte* out = uses_scratch(c) ? scratch : p.out;
  parallel_for(c.pieces(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t split = t / (c.rows * c.cols), row = t / c.cols % c.rows, col = t % c.cols;
      const int64_t i = row * c.m, j = col * c.n, l = split * c.k;
      const bool last[3] = {row + 1 == c.rows, col + 1 == c.cols, split + 1 == c.splits};
      std::byte* tile = out + ((split * p.m + i) * p.n + j) * out_bytes;
      onednn::run(*primitives[last[0]][last[1]][last[2]], p.a.data + (i * p.a.row + l * p.a.col) * bytes,
                  p.b.data + (l * p.b.row + j * p.b.col) * bytes, tile);
      if (c.splits == 1 && !p.plain()) finish(p, reinterpret_cast<const float*>(tile), i, j, m[last[0]], n[last[1]]);
    }
  });
  if (c.splits == 1) return true;
  parallel_for(p.m, std::max<int64_t>(1, (1 << 16) / (p.n * c.splits)), [&](int64_t begin, int64_t end) {
    float* sum = reinterpret_cast<float*>(scratch) + begin * p.n;
    for (int64_t s = 1; s < c.splits; ++s) {
      const float* part = sum + s * p.m * p.n;
      for (int64_t e = 0; e < (end - begin) * p.n; ++e) sum[e] += part[e];
    }
    finish(p, sum, begin, 0, end - begin, p.n);
  });
  return true;
}

}  // namespace ferrule::cpu
