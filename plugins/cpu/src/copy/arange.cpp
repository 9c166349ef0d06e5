// arange: integers modulo 2^bits, floats in f64 and rounded once.
#include <cmath>

#include "copy/convert.h"
#include "copy/copy.h"
#include "parallel.h"

namespace ferrule::cpu {
namespace {

constexpr int64_t kGrain = 16384;

// Rounds once: a value that f32 would put on a tie of the 16-bit type keeps a sticky bit that tells its side.
float round_to_odd(double value) {
  const auto nearest = static_cast<float>(value);
  const auto back = static_cast<double>(nearest);
  if (back == value || !std::isfinite(value) || std::isinf(nearest)) return nearest;
  uint32_t bits = std::bit_cast<uint32_t>(nearest);
  if (std::abs(back) > std::abs(value)) --bits;  // toward zero, then the last bit is set
  return std::bit_cast<float>(bits | 1u);
}

template <typename T, typename F>
void each(const Tensor& out, const F& value) {
  T* data = out.as<T>();
  const int64_t stride = out.strides[0];
  parallel_for(out.shape[0], kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) data[i * stride] = value(i);
  });
}

template <typename T>
void integers(const Tensor& out, const frl_arange_attrs& attrs) {
  const auto start = static_cast<uint64_t>(attrs.istart), step = static_cast<uint64_t>(attrs.istep);
  each<T>(out, [=](int64_t i) { return static_cast<T>(start + static_cast<uint64_t>(i) * step); });
}

template <typename T, typename R>
void floats(const Tensor& out, const frl_arange_attrs& attrs, const R& round) {
  each<T>(out, [=, start = attrs.fstart, step = attrs.fstep](int64_t i) {
    return round(start + static_cast<double>(i) * step);
  });
}

}  // namespace

void run_arange(const Call& call) {
  const Tensor& out = call.outputs[0];
  const auto& attrs = call.attributes<frl_arange_attrs>();
  switch (out.dtype) {
    case FRL_DTYPE_U8:
      return integers<uint8_t>(out, attrs);
    case FRL_DTYPE_U16:
      return integers<uint16_t>(out, attrs);
    case FRL_DTYPE_U32:
      return integers<uint32_t>(out, attrs);
    case FRL_DTYPE_U64:
      return integers<uint64_t>(out, attrs);
    case FRL_DTYPE_I8:
      return integers<int8_t>(out, attrs);
    case FRL_DTYPE_I16:
      return integers<int16_t>(out, attrs);
    case FRL_DTYPE_I32:
      return integers<int32_t>(out, attrs);
    case FRL_DTYPE_I64:
      return integers<int64_t>(out, attrs);
    case FRL_DTYPE_F16:
      return floats<Half>(out, attrs, [](double v) { return Half{float_to_half(round_to_odd(v))}; });
    case FRL_DTYPE_BF16:
      return floats<BFloat>(out, attrs, [](double v) { return BFloat{float_to_bfloat(round_to_odd(v))}; });
    case FRL_DTYPE_F32:
      return floats<float>(out, attrs, [](double v) { return static_cast<float>(v); });
    default:
      return floats<double>(out, attrs, [](double v) { return v; });
  }
}

}  // namespace ferrule::cpu
