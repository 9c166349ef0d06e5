// Inner loops of products with a vector.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "matmul/gemv_kernel.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "element.h"
#include "gemv_kernel.h"

// Per target, after the headers above.
#include "convert-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// Rows are contiguous: a few rows at a time are added into acc, which stays in the L1 cache.
template <typename S, typename T>
void add_rows(const S* matrix, int64_t ld, int64_t n, int64_t k, const T* x, T* acc) {
  constexpr int64_t kRows = 8;
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  std::fill(acc, acc + n, T{0});
  int64_t row = 0;
  for (; row + kRows <= k; row += kRows) {
    const S* m = matrix + row * ld;
    int64_t j = 0;
    for (; j + lanes <= n; j += lanes) {
      auto sum = hn::Mul(hn::Set(d, x[row]), LoadAs(d, m + j));
      for (int64_t r = 1; r < kRows; ++r) sum = hn::MulAdd(hn::Set(d, x[row + r]), LoadAs(d, m + r * ld + j), sum);
      hn::StoreU(hn::Add(hn::LoadU(d, acc + j), sum), d, acc + j);
    }
    for (; j < n; ++j) {
      T sum{0};
      for (int64_t r = 0; r < kRows; ++r) sum += x[row + r] * to_real(m[r * ld + j]);
      acc[j] += sum;
    }
  }
  for (; row < k; ++row) {
    const S* m = matrix + row * ld;
    int64_t j = 0;
    for (; j + lanes <= n; j += lanes) {
      hn::StoreU(hn::MulAdd(hn::Set(d, x[row]), LoadAs(d, m + j), hn::LoadU(d, acc + j)), d, acc + j);
    }
    for (; j < n; ++j) acc[j] += x[row] * to_real(m[j]);
  }
}

// Columns are contiguous: dot products, `kColumns` at a time to share the loads of x.
template <int kColumns, typename S, typename T>
void dot_columns(const S* matrix, int64_t ld, int64_t k, const T* x, T* acc) {
  const hn::ScalableTag<T> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<decltype(d)> even[kColumns], odd[kColumns];
  for (int c = 0; c < kColumns; ++c) even[c] = odd[c] = hn::Zero(d);
  int64_t i = 0;
  for (; i + 2 * lanes <= k; i += 2 * lanes) {
    const auto x0 = hn::LoadU(d, x + i), x1 = hn::LoadU(d, x + i + lanes);
#pragma GCC unroll 4
    for (int c = 0; c < kColumns; ++c) {
      even[c] = hn::MulAdd(x0, LoadAs(d, matrix + c * ld + i), even[c]);
      odd[c] = hn::MulAdd(x1, LoadAs(d, matrix + c * ld + i + lanes), odd[c]);
    }
  }
  for (; i + lanes <= k; i += lanes) {
    const auto x0 = hn::LoadU(d, x + i);
    for (int c = 0; c < kColumns; ++c) even[c] = hn::MulAdd(x0, LoadAs(d, matrix + c * ld + i), even[c]);
  }
  for (int c = 0; c < kColumns; ++c) {
    T sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even[c], odd[c])));
    for (int64_t r = i; r < k; ++r) sum += x[r] * to_real(matrix[c * ld + r]);
    acc[c] = sum;
  }
}

template <typename S>
void product_of(const VectorBlock& b) {
  using T = typename AccumulateIn<S>::type;
  const S* matrix = reinterpret_cast<const S*>(b.matrix);
  const T* x = static_cast<const T*>(b.x);
  T* acc = static_cast<T*>(b.acc);
  if (b.by_rows) return add_rows(matrix, b.ld, b.n, b.k, x, acc);
  int64_t j = 0;
  for (; j + 4 <= b.n; j += 4) dot_columns<4>(matrix + j * b.ld, b.ld, b.k, x, acc + j);
  for (; j < b.n; ++j) dot_columns<1>(matrix + j * b.ld, b.ld, b.k, x, acc + j);
}

void product_any(const VectorBlock& b) {
  switch (b.dtype) {
    case FRL_DTYPE_F16:
      return product_of<F16>(b);
    case FRL_DTYPE_BF16:
      return product_of<Bf16>(b);
    case FRL_DTYPE_F32:
      return product_of<float>(b);
    default:
      return product_of<double>(b);
  }
}

template <typename S>
void widen(const std::byte* source, int64_t stride, int64_t count, void* out) {
  using T = typename AccumulateIn<S>::type;
  const S* s = reinterpret_cast<const S*>(source);
  T* o = static_cast<T*>(out);
  int64_t i = 0;
  if (stride == 1) {
    const hn::ScalableTag<T> d;
    const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
    for (; i + lanes <= count; i += lanes) hn::StoreU(LoadAs(d, s + i), d, o + i);
  }
  for (; i < count; ++i) o[i] = to_real(s[i * stride]);
}

void widen_any(uint32_t dtype, const std::byte* source, int64_t stride, int64_t count, void* out) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return widen<F16>(source, stride, count, out);
    case FRL_DTYPE_BF16:
      return widen<Bf16>(source, stride, count, out);
    case FRL_DTYPE_F32:
      return widen<float>(source, stride, count, out);
    default:
      return widen<double>(source, stride, count, out);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {
HWY_EXPORT(product_any);
HWY_EXPORT(widen_any);
void vector_product(const VectorBlock& block) { HWY_DYNAMIC_DISPATCH(product_any)(block); }
void widen_vector(uint32_t dtype, const std::byte* source, int64_t stride, int64_t count, void* out) {
  HWY_DYNAMIC_DISPATCH(widen_any)(dtype, source, stride, count, out);
}
}  // namespace ferrule::cpu
#endif
