// Blocking and scheduling of products with a vector.
#include "gemv.h"

#include <algorithm>

#include "../parallel.h"
#include "element.h"
#include "gemv_kernel.h"
#include "pack.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kWantedBlocks = 16;

// The product as out[n] = x[k] @ matrix[k, n]; a column vector is the transposed case.
struct Gemv {
  int64_t n, k, x_stride, row, col, c_stride;
  const std::byte *x, *matrix;
  int64_t block_n, block_k, splits;
  bool by_rows;
  uint64_t x_bytes, acc_bytes;
};

Gemv make_gemv(const Product& p) {
  Gemv g{};
  g.k = p.k;
  if (p.m == 1) {
    g.n = p.n, g.x = p.a.data, g.x_stride = p.a.col, g.matrix = p.b.data, g.row = p.b.row, g.col = p.b.col;
    g.c_stride = p.c.col;
  } else {
    g.n = p.m, g.x = p.b.data, g.x_stride = p.b.row, g.matrix = p.a.data, g.row = p.a.col, g.col = p.a.row;
    g.c_stride = p.c.row;
  }
  g.by_rows = (g.col == 1 || g.n == 1) && !(g.row == 1 && g.n < 16);
  // A block streams about 2 MiB at most; k is cut too when n alone gives too few blocks.
  g.block_n = g.by_rows ? 1024 : 64;
  const int64_t min_k = g.by_rows ? 512 : 8192;
  const int64_t blocks_n = (g.n + g.block_n - 1) / g.block_n;
  const int64_t wanted = std::max<int64_t>(1, kWantedBlocks / blocks_n);
  g.block_k = std::max(min_k, (g.k + wanted - 1) / wanted);
  g.splits = (g.k + g.block_k - 1) / g.block_k;
  const int64_t item = p.dtype == FRL_DTYPE_F64 ? 8 : 4;
  const bool x_ready = g.x_stride == 1 && element_bytes(p.dtype) == item;
  const auto align = [](int64_t bytes) { return static_cast<uint64_t>((bytes + 63) / 64 * 64); };
  g.x_bytes = x_ready ? 0 : align(g.k * item);
  g.acc_bytes = g.splits == 1 && element_bytes(p.dtype) == item ? 0 : align(g.splits * g.n * item);
  return g;
}

template <typename T>
void run(const Product& p, const Gemv& g, std::byte* scratch) {
  const int64_t bytes = element_bytes(p.dtype);
  const T* x = reinterpret_cast<const T*>(g.x);
  if (g.x_bytes) {
    widen_vector(p.dtype, g.x, g.x_stride, g.k, scratch);
    x = reinterpret_cast<const T*>(scratch);
  }
  T* acc = g.acc_bytes ? reinterpret_cast<T*>(scratch + g.x_bytes) : reinterpret_cast<T*>(p.out);
  const auto finish = [&](int64_t begin, int64_t count) {
    finish_tile({p.dtype, 1, count, acc + begin, 0, p.alpha, p.beta,
                 p.c.data ? p.c.data + begin * g.c_stride * bytes : nullptr, 0, g.c_stride, p.out + begin * bytes, 0});
  };
  const bool finish_blocks = g.splits == 1 && !(p.plain() && g.acc_bytes == 0);
  const int64_t blocks_n = (g.n + g.block_n - 1) / g.block_n;
  const int64_t work = std::min(g.block_n, g.n) * std::min(g.block_k, g.k);
  const int64_t grain = std::max<int64_t>(1, (1 << 15) / work);
  parallel_for(blocks_n * g.splits, grain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t split = t / blocks_n, n0 = t % blocks_n * g.block_n, k0 = split * g.block_k;
      const int64_t n = std::min(g.block_n, g.n - n0), k = std::min(g.block_k, g.k - k0);
      vector_product({p.dtype, x + k0, g.matrix + (n0 * g.col + k0 * g.row) * bytes, g.by_rows ? g.row : g.col, n, k,
                      g.by_rows, acc + split * g.n + n0});
      if (finish_blocks) finish(n0, n);
    }
  });
  if (g.splits == 1) return;
  parallel_for(g.n, 1 << 14, [&](int64_t begin, int64_t end) {
    for (int64_t s = 1; s < g.splits; ++s) {
      for (int64_t j = begin; j < end; ++j) acc[j] += acc[s * g.n + j];
    }
    finish(begin, end - begin);
  });
}

}  // namespace

bool is_gemv(const Product& p) {
  if (p.k == 0 || p.dtype == FRL_DTYPE_C64) return false;
  if (p.m == 1) return p.b.col == 1 || p.b.row == 1 || p.n == 1;
  return p.n == 1 && (p.a.row == 1 || p.a.col == 1);
}

uint64_t gemv_scratch_bytes(const Product& p) {
  const Gemv g = make_gemv(p);
  return g.x_bytes + g.acc_bytes;
}

void gemv(const Product& p, std::byte* scratch) {
  const Gemv g = make_gemv(p);
  if (p.dtype == FRL_DTYPE_F64) {
    run<double>(p, g, scratch);
  } else {
    run<float>(p, g, scratch);
  }
}

}  // namespace ferrule::cpu
