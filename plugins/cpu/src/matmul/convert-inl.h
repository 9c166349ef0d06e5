// Vector loads and stores that convert: 16-bit floats to and from f32 (round to nearest even), f32 and f64 as they are.
// Included once per SIMD target, inside the translation units of matmul/ and conv/.
#if defined(FERRULE_CPU_CONVERT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FERRULE_CPU_CONVERT_INL_H_
#undef FERRULE_CPU_CONVERT_INL_H_
#else
#define FERRULE_CPU_CONVERT_INL_H_
#endif

#include <hwy/highway.h>

#include "../matmul/element.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> LoadAs(D d, const T* p) {
  return hn::LoadU(d, p);
}

template <class D>
HWY_INLINE hn::Vec<D> LoadAs(D d, const Bf16* p) {
  const hn::Rebind<uint16_t, D> d16;
  const hn::RebindToUnsigned<D> d32;
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d32, hn::LoadU(d16, reinterpret_cast<const uint16_t*>(p)))));
}

template <class D>
HWY_INLINE hn::Vec<D> LoadAs(D d, const F16* p) {
  const hn::Rebind<uint16_t, D> d16;
  const hn::RebindToUnsigned<D> d32;
  const auto half = hn::PromoteTo(d32, hn::LoadU(d16, reinterpret_cast<const uint16_t*>(p)));
  const auto magnitude = hn::ShiftLeft<13>(hn::And(half, hn::Set(d32, 0x7fffu)));
  const auto sign = hn::ShiftLeft<16>(hn::And(half, hn::Set(d32, 0x8000u)));
  const auto finite = hn::BitCast(d32, hn::Mul(hn::BitCast(d, magnitude), hn::Set(d, 0x1p112f)));
  const auto special = hn::Or(magnitude, hn::Set(d32, 0x7f800000u));
  const auto is_finite =
      hn::Lt(hn::BitCast(hn::RebindToSigned<D>(), magnitude), hn::Set(hn::RebindToSigned<D>(), 0x7c00 << 13));
  const auto value = hn::IfThenElse(hn::RebindMask(d32, is_finite), finite, special);
  return hn::BitCast(d, hn::Or(value, sign));
}

template <class D, class T = hn::TFromD<D>>
HWY_INLINE void StoreAs(D d, hn::Vec<D> v, T* p) {
  hn::StoreU(v, d, p);
}

// Keeps the low 16 bits of every lane; the values are below 2^16.
template <class D32>
HWY_INLINE void StoreLow16(D32 /*d32*/, hn::Vec<D32> v, uint16_t* p) {
  const hn::Rebind<uint16_t, D32> d16;
  const hn::RebindToSigned<D32> di32;
  // DemoteTo saturates from signed: move the range [0, 65535] to [-32768, 32767] and back.
  const hn::Rebind<int16_t, D32> di16;
  const auto shifted = hn::Sub(hn::BitCast(di32, v), hn::Set(di32, 32768));
  const auto narrow = hn::DemoteTo(di16, shifted);
  hn::StoreU(hn::Xor(hn::BitCast(d16, narrow), hn::Set(d16, uint16_t{0x8000})), d16, p);
}

template <class D>
HWY_INLINE void StoreAs(D d, hn::Vec<D> v, Bf16* p) {
  const hn::RebindToUnsigned<D> d32;
  const auto bits = hn::BitCast(d32, v);
  const auto upper = hn::ShiftRight<16>(bits);
  const auto odd = hn::And(upper, hn::Set(d32, 1u));
  const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(d32, 0x7fffu))));
  const auto quiet = hn::Or(upper, hn::Set(d32, 0x40u));
  const auto is_nan = hn::RebindMask(d32, hn::Ne(v, v));
  StoreLow16(d32, hn::IfThenElse(is_nan, quiet, rounded), reinterpret_cast<uint16_t*>(p));
  (void)d;
}

template <class D>
HWY_INLINE void StoreAs(D d, hn::Vec<D> v, F16* p) {
  const hn::RebindToUnsigned<D> d32;
  const hn::RebindToSigned<D> di32;
  const auto bits = hn::BitCast(d32, v);
  const auto sign = hn::And(hn::ShiftRight<16>(bits), hn::Set(d32, 0x8000u));
  const auto magnitude = hn::And(bits, hn::Set(d32, 0x7fffffffu));
  const auto m = hn::BitCast(di32, magnitude);
  const auto odd = hn::And(hn::ShiftRight<13>(magnitude), hn::Set(d32, 1u));
  const auto normal =
      hn::ShiftRight<13>(hn::Add(hn::Sub(magnitude, hn::Set(d32, 0x38000000u)), hn::Add(odd, hn::Set(d32, 0xfffu))));
  const auto subnormal =
      hn::Sub(hn::BitCast(d32, hn::Add(hn::BitCast(d, magnitude), hn::Set(d, 0.5f))), hn::Set(d32, 0x3f000000u));
  const auto small = hn::RebindMask(d32, hn::Lt(m, hn::Set(di32, 0x38800000)));
  const auto large = hn::RebindMask(d32, hn::Gt(m, hn::Set(di32, 0x477fefff)));
  const auto nan = hn::RebindMask(d32, hn::Gt(m, hn::Set(di32, 0x7f800000)));
  auto half = hn::IfThenElse(small, subnormal, normal);
  half = hn::IfThenElse(large, hn::Set(d32, 0x7c00u), half);
  half = hn::IfThenElse(nan, hn::Set(d32, 0x7e00u), half);
  StoreLow16(d32, hn::Or(half, sign), reinterpret_cast<uint16_t*>(p));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
