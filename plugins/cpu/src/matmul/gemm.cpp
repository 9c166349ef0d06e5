// Blocking and scheduling of the own matrix product.
#include "gemm.h"

#include <algorithm>
#include <cstring>

#include "../parallel.h"
#include "element.h"
#include "gemm_kernel.h"
#include "pack.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kDepth = 256;   // k per visit of a tile: a panel of B then stays in the L1 cache
constexpr int64_t kChunk = 2048;  // extents packed at once, so that scratch stays bounded
constexpr int64_t kTileM = 240, kTileN = 512;
constexpr int64_t kMinTileWork = 1 << 20;  // multiply-adds worth handing to a thread
constexpr int64_t kWantedTiles = 16;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }
uint64_t align_bytes(int64_t bytes) { return static_cast<uint64_t>(round_up(bytes, 64)); }

// Everything here is in real numbers: complex64 counts n and k twice.
struct Blocking {
  int64_t mr, nr, item;  // item: bytes of the accumulation type
  int64_t m, n, k;
  int64_t chunk_m, chunk_n, chunk_k;
  int64_t tile_m, tile_n;
  int64_t splits, split_k;  // splits > 1: k is cut instead, into partial products of split_k
  bool direct;              // the output's memory can hold the accumulators
  uint64_t a_bytes, b_bytes, acc_bytes;

  uint64_t scratch() const { return static_cast<uint64_t>(splits) * (a_bytes + b_bytes + acc_bytes); }
};

int64_t even_tile(int64_t extent, int64_t tile, int64_t unit) {
  return round_up(ceil_div(extent, ceil_div(extent, tile)), unit);
}

void choose_tiles(Blocking& b) {
  const int64_t m = std::min(b.m, b.chunk_m), n = std::min(b.n, b.chunk_n), k = std::min(b.k, b.chunk_k);
  int64_t tm = std::min(round_up(kTileM, b.mr), round_up(m, b.mr)),
          tn = std::min(round_up(kTileN, b.nr), round_up(n, b.nr));
  while (ceil_div(m, tm) * ceil_div(n, tn) < kWantedTiles && tm * tn * k > 2 * kMinTileWork) {
    if (tm >= tn && tm > b.mr) {
      tm = round_up(tm / 2, b.mr);
    } else if (tn > b.nr) {
      tn = round_up(tn / 2, b.nr);
    } else {
      break;
    }
  }
  b.tile_m = even_tile(m, tm, b.mr);
  b.tile_n = even_tile(n, tn, b.nr);
}

Blocking choose_blocking(uint32_t dtype, int64_t m, int64_t n, int64_t k) {
  const bool complex = dtype == FRL_DTYPE_C64, f64 = dtype == FRL_DTYPE_F64;
  Blocking b{};
  b.mr = f64 ? gemm_kernel<double>().mr : gemm_kernel<float>().mr;
  b.nr = f64 ? gemm_kernel<double>().nr : gemm_kernel<float>().nr;
  b.item = f64 ? 8 : 4;
  b.m = m;
  b.n = complex ? 2 * n : n;
  b.k = complex ? 2 * k : k;
  b.direct = dtype != FRL_DTYPE_F16 && dtype != FRL_DTYPE_BF16;
  b.chunk_m = std::min(b.m, round_up(kChunk, b.mr));
  b.chunk_n = std::min(b.n, round_up(kChunk, b.nr));
  b.chunk_k = std::min(b.k, kChunk);
  choose_tiles(b);
  b.splits = 1;
  const int64_t tiles = ceil_div(b.m, b.tile_m) * ceil_div(b.n, b.tile_n);
  if (tiles < kWantedTiles && b.k >= 8 * kDepth && b.m * b.n <= (1 << 18)) {
    const int64_t useful = b.m * b.n * b.k / (2 * kMinTileWork);  // splits with enough work in each
    b.splits = std::max<int64_t>(1, std::min({kWantedTiles, b.k / (4 * kDepth), useful}));
  }
  if (b.splits > 1) {
    b.split_k = round_up(ceil_div(b.k, b.splits), kDepth);
    b.splits = ceil_div(b.k, b.split_k);
    b.chunk_k = kDepth;
    b.chunk_m = b.m;
    b.chunk_n = b.n;
  }
  b.a_bytes = align_bytes(round_up(b.chunk_m, b.mr) * b.chunk_k * b.item);
  b.b_bytes = align_bytes(round_up(b.chunk_n, b.nr) * b.chunk_k * b.item);
  b.acc_bytes = b.direct && b.splits == 1 ? 0 : align_bytes(b.chunk_m * b.chunk_n * b.item);
  return b;
}

template <typename T>
class Gemm {
 public:
  Gemm(const Product& p, const Blocking& b, std::byte* scratch)
      : p_(p), b_(b), scratch_(scratch), complex_(p.dtype == FRL_DTYPE_C64), bytes_(element_bytes(p.dtype)) {}

  void run() {
    if (b_.splits > 1) {
      parallel_for(b_.splits, 1, [this](int64_t begin, int64_t end) {
        for (int64_t s = begin; s < end; ++s) run_split(s);
      });
      const int64_t grain = std::max<int64_t>(1, (1 << 16) / (b_.n * b_.splits));
      parallel_for(b_.m, grain, [this](int64_t begin, int64_t end) { reduce_splits(begin, end); });
      return;
    }
    for (int64_t j = 0; j < b_.n; j += b_.chunk_n) {
      for (int64_t i = 0; i < b_.m; i += b_.chunk_m) run_chunk(i, j);
    }
  }

 private:
  T* packed_a(int64_t split = 0) const { return reinterpret_cast<T*>(split_base(split)); }
  T* packed_b(int64_t split = 0) const { return reinterpret_cast<T*>(split_base(split) + b_.a_bytes); }
  T* acc(int64_t split = 0) const { return reinterpret_cast<T*>(split_base(split) + b_.a_bytes + b_.b_bytes); }
  std::byte* split_base(int64_t split) const {
    return scratch_ + static_cast<uint64_t>(split) * (b_.a_bytes + b_.b_bytes + b_.acc_bytes);
  }
  int64_t per_complex(int64_t reals) const { return complex_ ? reals / 2 : reals; }

  // Packs `lanes` rows of A from row i (lanes, k0 and depth in real numbers).
  void pack_a(int64_t i, int64_t lanes, int64_t k0, int64_t depth, T* out) const {
    const int64_t k = per_complex(k0);
    pack_panels({p_.a.data + (i * p_.a.row + k * p_.a.col) * bytes_, p_.dtype, false, p_.a.row, p_.a.col, lanes,
                 per_complex(depth), b_.mr, out});
  }
  void pack_b(int64_t j, int64_t lanes, int64_t k0, int64_t depth, T* out) const {
    const int64_t k = per_complex(k0);
    pack_panels({p_.b.data + (per_complex(j) * p_.b.col + k * p_.b.row) * bytes_, p_.dtype, true, p_.b.col, p_.b.row,
                 per_complex(lanes), per_complex(depth), b_.nr, out});
  }

  void finish(int64_t i, int64_t j, int64_t rows, int64_t cols, const T* acc, int64_t ld) const {
    const int64_t jj = per_complex(j), n = per_complex(b_.n);
    const std::byte* c = p_.c.data ? p_.c.data + (i * p_.c.row + jj * p_.c.col) * bytes_ : nullptr;
    finish_tile({p_.dtype, rows, per_complex(cols), acc, per_complex(ld), p_.alpha, p_.beta, c, p_.c.row, p_.c.col,
                 p_.out + (i * n + jj) * bytes_, n});
  }

  // A packed chunk is a row of slices of kDepth terms, each with all its panels side by side: what a tile reads at a
  // time then lies close together, and panels do not compete for the same cache sets.
  void pack_chunk(int64_t i0, int64_t m, int64_t j0, int64_t n, int64_t k0, int64_t depth) const {
    const int64_t a_panels = ceil_div(m, b_.mr), b_panels = ceil_div(n, b_.nr);
    const int64_t grain = std::max<int64_t>(1, (1 << 16) / (depth * b_.nr));
    parallel_for(a_panels + b_panels, grain, [&](int64_t begin, int64_t end) {
      const int64_t a_end = std::min(end, a_panels);
      const int64_t first = std::max<int64_t>(begin - a_panels, 0), last = end - a_panels;
      for (int64_t k = 0; k < depth; k += kDepth) {
        const int64_t slice = std::min(kDepth, depth - k);
        if (begin < a_end) {
          pack_a(i0 + begin * b_.mr, std::min(m, a_end * b_.mr) - begin * b_.mr, k0 + k, slice,
                 packed_a() + k * a_panels * b_.mr + begin * b_.mr * slice);
        }
        if (first < last) {
          pack_b(j0 + first * b_.nr, std::min(n, last * b_.nr) - first * b_.nr, k0 + k, slice,
                 packed_b() + k * b_panels * b_.nr + first * b_.nr * slice);
        }
      }
    });
  }

  void run_chunk(int64_t i0, int64_t j0) const {
    const int64_t m = std::min(b_.chunk_m, b_.m - i0), n = std::min(b_.chunk_n, b_.n - j0);
    T* c = b_.direct ? reinterpret_cast<T*>(p_.out) + i0 * b_.n + j0 : acc();
    const int64_t ld = b_.direct ? b_.n : n;
    const int64_t tiles_n = ceil_div(n, b_.tile_n), tiles = ceil_div(m, b_.tile_m) * tiles_n;
    for (int64_t k0 = 0; k0 < b_.k; k0 += b_.chunk_k) {
      const int64_t depth = std::min(b_.chunk_k, b_.k - k0);
      pack_chunk(i0, m, j0, n, k0, depth);
      const bool last = k0 + depth == b_.k && !(b_.direct && p_.plain());
      parallel_for(tiles, 1, [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; ++t) {
          const int64_t i = t / tiles_n * b_.tile_m, j = t % tiles_n * b_.tile_n;
          const int64_t rows = std::min(b_.tile_m, m - i), cols = std::min(b_.tile_n, n - j);
          multiply(m, n, i, j, rows, cols, depth, c + i * ld + j, ld, k0 > 0);
          if (last) finish(i0 + i, j0 + j, rows, cols, c + i * ld + j, ld);
        }
      });
    }
  }

  // Tile [i, i + rows) x [j, j + cols) of an m x n chunk.
  void multiply(int64_t m, int64_t n, int64_t i, int64_t j, int64_t rows, int64_t cols, int64_t depth, T* c, int64_t ld,
                bool accumulate) const {
    const int64_t padded_m = round_up(m, b_.mr), padded_n = round_up(n, b_.nr);
    for (int64_t k = 0; k < depth; k += kDepth) {
      const int64_t slice = std::min(kDepth, depth - k);
      gemm_kernel<T>().run({packed_a() + k * padded_m + i * slice, packed_b() + k * padded_n + j * slice, slice * b_.mr,
                            slice * b_.nr, rows, cols, slice, c, ld, accumulate || k > 0});
    }
  }

  void run_split(int64_t s) const {
    const int64_t begin = s * b_.split_k, end = std::min(b_.k, begin + b_.split_k);
    for (int64_t k = begin; k < end; k += kDepth) {
      const int64_t depth = std::min(kDepth, end - k);
      pack_a(0, b_.m, k, depth, packed_a(s));
      pack_b(0, b_.n, k, depth, packed_b(s));
      gemm_kernel<T>().run(
          {packed_a(s), packed_b(s), depth * b_.mr, depth * b_.nr, b_.m, b_.n, depth, acc(s), b_.n, k > begin});
    }
  }

  void reduce_splits(int64_t begin, int64_t end) const {
    T* sum = acc(0) + begin * b_.n;
    const int64_t count = (end - begin) * b_.n;
    for (int64_t s = 1; s < b_.splits; ++s) {
      const T* part = acc(s) + begin * b_.n;
      for (int64_t e = 0; e < count; ++e) sum[e] += part[e];
    }
    finish(begin, 0, end - begin, b_.n, sum, b_.n);
  }

  const Product& p_;
  const Blocking& b_;
  std::byte* scratch_;
  bool complex_;
  int64_t bytes_;
};

// k = 0: the product is +0 everywhere.
void finish_without_product(const Product& p) {
  const int64_t row_bytes = p.n * element_bytes(p.dtype);
  parallel_for(p.m, std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(1, row_bytes)), [&](int64_t begin, int64_t end) {
    std::memset(p.out + begin * row_bytes, 0, static_cast<size_t>((end - begin) * row_bytes));
    if (!p.c.data) return;
    alignas(64) static constexpr std::byte kZeros[512 * 8] = {};
    const int64_t bytes = element_bytes(p.dtype);
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t j = 0; j < p.n; j += 512) {
        finish_tile({p.dtype, 1, std::min<int64_t>(512, p.n - j), kZeros, 0, p.alpha, p.beta,
                     p.c.data + (i * p.c.row + j * p.c.col) * bytes, p.c.row, p.c.col, p.out + (i * p.n + j) * bytes,
                     0});
      }
    }
  });
}

}  // namespace

uint64_t gemm_scratch_bytes(uint32_t dtype, int64_t m, int64_t n, int64_t k) {
  return k == 0 ? 0 : choose_blocking(dtype, m, n, k).scratch();
}

void gemm(const Product& product, std::byte* scratch) {
  if (product.k == 0) return finish_without_product(product);
  const Blocking blocking = choose_blocking(product.dtype, product.m, product.n, product.k);
  if (product.dtype == FRL_DTYPE_F64) {
    Gemm<double>(product, blocking, scratch).run();
  } else {
    Gemm<float>(product, blocking, scratch).run();
  }
}

}  // namespace ferrule::cpu
