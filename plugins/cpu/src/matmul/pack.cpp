// Packing of operands and finishing of tiles, per SIMD target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "matmul/pack.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "element.h"
#include "pack.h"

// Per target, after the headers above.
#include "convert-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// The lanes of one k are contiguous in memory.
template <typename S, typename T>
void pack_contiguous(const S* source, int64_t k_stride, int64_t lanes, int64_t k, int64_t width, T* out) {
  const hn::ScalableTag<T> d;
  const int64_t step = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t kk = 0; kk < k; ++kk, source += k_stride, out += width) {
    int64_t l = 0;
    for (; l + step <= lanes; l += step) hn::StoreU(LoadAs(d, source + l), d, out + l);
    for (; l < lanes; ++l) out[l] = to_real(source[l]);
    for (; l < width; ++l) out[l] = T{0};
  }
}

#if HWY_TARGET == HWY_SCALAR
template <typename T>
HWY_INLINE void transpose_square(const T* rows, int64_t ld, T* out, int64_t width) {
  constexpr int64_t kSquare = static_cast<int64_t>(16 / sizeof(T));
  for (int64_t i = 0; i < kSquare; ++i) {
    for (int64_t j = 0; j < kSquare; ++j) out[j * width + i] = rows[i * ld + j];
  }
}
#else
HWY_INLINE void transpose_square(const float* rows, int64_t ld, float* out, int64_t width) {
  const hn::FixedTag<float, 4> d;
  const auto r0 = hn::LoadU(d, rows), r1 = hn::LoadU(d, rows + ld);
  const auto r2 = hn::LoadU(d, rows + 2 * ld), r3 = hn::LoadU(d, rows + 3 * ld);
  const auto low01 = hn::InterleaveLower(d, r0, r1), low23 = hn::InterleaveLower(d, r2, r3);
  const auto high01 = hn::InterleaveUpper(d, r0, r1), high23 = hn::InterleaveUpper(d, r2, r3);
  hn::StoreU(hn::ConcatLowerLower(d, low23, low01), d, out);
  hn::StoreU(hn::ConcatUpperUpper(d, low23, low01), d, out + width);
  hn::StoreU(hn::ConcatLowerLower(d, high23, high01), d, out + 2 * width);
  hn::StoreU(hn::ConcatUpperUpper(d, high23, high01), d, out + 3 * width);
}
HWY_INLINE void transpose_square(const double* rows, int64_t ld, double* out, int64_t width) {
  const hn::FixedTag<double, 2> d;
  const auto r0 = hn::LoadU(d, rows), r1 = hn::LoadU(d, rows + ld);
  hn::StoreU(hn::InterleaveLower(d, r0, r1), d, out);
  hn::StoreU(hn::InterleaveUpper(d, r0, r1), d, out + width);
}
#endif

// Each lane's run along k is contiguous in memory: squares are transposed in registers.
template <typename T>
void pack_transposed(const T* source, int64_t lane_stride, int64_t lanes, int64_t k, int64_t width, T* out) {
  constexpr int64_t kSquare = static_cast<int64_t>(16 / sizeof(T));
  const int64_t full = k / kSquare * kSquare;
  int64_t l = 0;
  for (; l + kSquare <= lanes; l += kSquare) {
    const T* rows = source + l * lane_stride;
    for (int64_t kk = 0; kk < full; kk += kSquare)
      transpose_square(rows + kk, lane_stride, out + kk * width + l, width);
    for (int64_t kk = full; kk < k; ++kk) {
      for (int64_t i = 0; i < kSquare; ++i) out[kk * width + l + i] = rows[i * lane_stride + kk];
    }
  }
  for (; l < lanes; ++l) {
    for (int64_t kk = 0; kk < k; ++kk) out[kk * width + l] = source[l * lane_stride + kk];
  }
  for (; l < width; ++l) {
    for (int64_t kk = 0; kk < k; ++kk) out[kk * width + l] = T{0};
  }
}

// 16-bit elements: a strip of each lane is widened into a small buffer, then transposed from there.
template <typename S>
void pack_transposed_wide(const S* source, int64_t lane_stride, int64_t lanes, int64_t k, int64_t width, float* out) {
  constexpr int64_t kStrip = 64, kMaxWidth = 64;
  const hn::CappedTag<float, 16> d;
  const int64_t step = static_cast<int64_t>(hn::Lanes(d));
  HWY_ALIGN float strip[kMaxWidth * kStrip];
  for (int64_t k0 = 0; k0 < k; k0 += kStrip) {
    const int64_t count = std::min(kStrip, k - k0);
    for (int64_t l = 0; l < lanes; ++l) {
      const S* run = source + l * lane_stride + k0;
      int64_t kk = 0;
      for (; kk + step <= count; kk += step) hn::StoreU(LoadAs(d, run + kk), d, strip + l * kStrip + kk);
      for (; kk < count; ++kk) strip[l * kStrip + kk] = to_real(run[kk]);
    }
    pack_transposed(strip, kStrip, lanes, count, width, out + k0 * width);
  }
}

template <typename S>
void pack_real(const PackJob& job) {
  using T = typename AccumulateIn<S>::type;
  for (int64_t l0 = 0; l0 < job.lanes; l0 += job.width) {
    const int64_t lanes = std::min(job.width, job.lanes - l0);
    const S* source = reinterpret_cast<const S*>(job.source) + l0 * job.lane_stride;
    T* out = static_cast<T*>(job.out) + l0 * job.k;
    if (job.lane_stride == 1 || lanes == 1) {
      pack_contiguous(source, job.k_stride, lanes, job.k, job.width, out);
    } else if (job.k_stride == 1 || job.k == 1) {
      if constexpr (sizeof(S) == 2) {
        pack_transposed_wide(source, job.lane_stride, lanes, job.k, job.width, out);
      } else {
        pack_transposed(source, job.lane_stride, lanes, job.k, job.width, out);
      }
    } else {
      for (int64_t kk = 0; kk < job.k; ++kk, source += job.k_stride, out += job.width) {
        for (int64_t l = 0; l < lanes; ++l) out[l] = to_real(source[l * job.lane_stride]);
        for (int64_t l = lanes; l < job.width; ++l) out[l] = T{0};
      }
    }
  }
}

void pack_complex(const PackJob& job) {
  const C64* source = reinterpret_cast<const C64*>(job.source);
  const int64_t per_panel = job.expand ? job.width / 2 : job.width;
  for (int64_t l0 = 0; l0 < job.lanes; l0 += per_panel) {
    const int64_t lanes = std::min(per_panel, job.lanes - l0);
    float* out = static_cast<float*>(job.out) + l0 / per_panel * job.width * job.k * 2;
    for (int64_t kk = 0; kk < job.k; ++kk, out += 2 * job.width) {
      float* next = out + job.width;
      const C64* x = source + l0 * job.lane_stride + kk * job.k_stride;
      for (int64_t l = 0; l < lanes; ++l, x += job.lane_stride) {
        if (job.expand) {
          out[2 * l] = x->re, out[2 * l + 1] = x->im;
          next[2 * l] = -x->im, next[2 * l + 1] = x->re;
        } else {
          out[l] = x->re, next[l] = x->im;
        }
      }
      for (int64_t l = job.expand ? 2 * lanes : lanes; l < job.width; ++l) out[l] = next[l] = 0.0f;
    }
  }
}

void pack_any(const PackJob& job) {
  switch (job.dtype) {
    case FRL_DTYPE_F16:
      return pack_real<F16>(job);
    case FRL_DTYPE_BF16:
      return pack_real<Bf16>(job);
    case FRL_DTYPE_F32:
      return pack_real<float>(job);
    case FRL_DTYPE_F64:
      return pack_real<double>(job);
    default:
      return pack_complex(job);
  }
}

template <typename S>
void finish_row(const FinishJob& job, int64_t row) {
  using T = typename AccumulateIn<S>::type;
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = static_cast<int64_t>(hn::MaxLanes(d));
  const T* acc = static_cast<const T*>(job.acc) + row * job.acc_ld;
  S* out = reinterpret_cast<S*>(job.out) + row * job.out_ld;
  const S* c = job.c ? reinterpret_cast<const S*>(job.c) + row * job.c_row : nullptr;
  const auto alpha = hn::Set(d, T{job.alpha}), beta = hn::Set(d, T{job.beta});
  HWY_ALIGN T addend[kLanes];
  for (int64_t j = 0; j < job.cols; j += kLanes) {
    const int64_t count = std::min(kLanes, job.cols - j);
    HWY_ALIGN T part[kLanes];
    if (count < kLanes) {
      for (int64_t l = 0; l < kLanes; ++l) part[l] = l < count ? acc[j + l] : T{0};
    }
    auto value = hn::Mul(alpha, hn::LoadU(d, count < kLanes ? part : acc + j));
    if (c) {
      if (job.c_col == 1 && count == kLanes) {
        value = hn::MulAdd(beta, LoadAs(d, c + j), value);
      } else {
        for (int64_t l = 0; l < kLanes; ++l) addend[l] = l < count ? T{to_real(c[(j + l) * job.c_col])} : T{0};
        value = hn::MulAdd(beta, hn::Load(d, addend), value);
      }
    }
    if (count == kLanes) {
      StoreAs(d, value, out + j);
    } else {
      HWY_ALIGN S tail[kLanes];
      StoreAs(d, value, tail);
      std::copy(tail, tail + count, out + j);
    }
  }
}

void finish_complex_row(const FinishJob& job, int64_t row) {
  const C64* acc = static_cast<const C64*>(job.acc) + row * job.acc_ld;
  C64* out = reinterpret_cast<C64*>(job.out) + row * job.out_ld;
  const C64* c = job.c ? reinterpret_cast<const C64*>(job.c) + row * job.c_row : nullptr;
  for (int64_t j = 0; j < job.cols; ++j) {
    C64 value{job.alpha * acc[j].re, job.alpha * acc[j].im};
    if (c) {
      value.re += job.beta * c[j * job.c_col].re;
      value.im += job.beta * c[j * job.c_col].im;
    }
    out[j] = value;
  }
}

void finish_any(const FinishJob& job) {
  for (int64_t row = 0; row < job.rows; ++row) {
    switch (job.dtype) {
      case FRL_DTYPE_F16:
        finish_row<F16>(job, row);
        break;
      case FRL_DTYPE_BF16:
        finish_row<Bf16>(job, row);
        break;
      case FRL_DTYPE_F32:
        finish_row<float>(job, row);
        break;
      case FRL_DTYPE_F64:
        finish_row<double>(job, row);
        break;
      default:
        finish_complex_row(job, row);
        break;
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {
HWY_EXPORT(pack_any);
HWY_EXPORT(finish_any);
void pack_panels(const PackJob& job) { HWY_DYNAMIC_DISPATCH(pack_any)(job); }
void finish_tile(const FinishJob& job) { HWY_DYNAMIC_DISPATCH(finish_any)(job); }
}  // namespace ferrule::cpu
#endif
