// arange: integers modulo 2^bits by width, floats in double and rounded once.
#include "functors/math.h"
#include "host/launch.h"
#include "kernels/copy/copy.h"
#include "kernels/elementwise/elementwise.cuh"

namespace ferrule::gpu::copy {
namespace {

// To float rounded to odd, so that a second rounding to a half type is the only one that counts. Boldo and Melquiond,
// "Emulation of a FMA and Correctly Rounded Sums" (2008).
GPU_DEVICE float round_to_odd(double x) {
  const float nearest = static_cast<float>(x);
  if (static_cast<double>(nearest) == x) return nearest;
  uint32_t bits = float_bits(nearest);
  if (math::fabs(static_cast<double>(nearest)) > math::fabs(x)) --bits;
  return bits_float(bits | 1u);
}

template <typename T>
GPU_DEVICE T element(const frl_arange_attrs& attrs, uint64_t i) {
  if constexpr (is_integer<T>) {
    return static_cast<T>(static_cast<uint64_t>(attrs.istart) + i * static_cast<uint64_t>(attrs.istep));
  } else {
    const double x = attrs.fstart + static_cast<double>(i) * attrs.fstep;
    if constexpr (is_half<T>) return narrow<T>(round_to_odd(x));
    return static_cast<T>(x);
  }
}

template <typename T>
GPU_KERNEL arange(frl_arange_attrs attrs, T* out, uint64_t n, bool aligned) {
  begin_kernel();
  const uint64_t step = global_threads() * kWide<T>;
  for (uint64_t i = global_thread() * kWide<T>; i < n; i += step) {
    Vec<T, kWide<T>> v;
    GPU_UNROLL
    for (uint32_t e = 0; e < kWide<T>; ++e) v[e] = element<T>(attrs, i + e);
    if (aligned && i + kWide<T> <= n) {
      store_wide(out + i, v);
    } else {
      GPU_UNROLL
      for (uint32_t e = 0; e < kWide<T>; ++e) {
        if (i + e < n) out[i + e] = v[e];
      }
    }
  }
}

template <typename T>
void launch(CommandList& commands, const frl_arange_attrs& attrs, const Operand& out) {
  const auto n = static_cast<uint64_t>(out.size());
  commands.launch<&arange<T>>(grid_for(ceil_div(n, kWide<T>), tuning::kElementwiseThreads, 1u << 20), attrs,
                              out.as<T>(), n, reinterpret_cast<uintptr_t>(out.data) % 16 == 0);
}

}  // namespace

void launch_arange(CommandList& commands, const frl_arange_attrs& attrs, const Operand& out) {
  switch (out.dtype) {
    case FRL_DTYPE_U8:
    case FRL_DTYPE_I8:
      return launch<uint8_t>(commands, attrs, out);
    case FRL_DTYPE_U16:
    case FRL_DTYPE_I16:
      return launch<uint16_t>(commands, attrs, out);
    case FRL_DTYPE_U32:
    case FRL_DTYPE_I32:
      return launch<uint32_t>(commands, attrs, out);
    case FRL_DTYPE_U64:
    case FRL_DTYPE_I64:
      return launch<uint64_t>(commands, attrs, out);
    case FRL_DTYPE_F16:
      return launch<Half>(commands, attrs, out);
    case FRL_DTYPE_BF16:
      return launch<Bfloat>(commands, attrs, out);
    case FRL_DTYPE_F32:
      return launch<float>(commands, attrs, out);
    default:
      return launch<double>(commands, attrs, out);
  }
}

}  // namespace ferrule::gpu::copy
