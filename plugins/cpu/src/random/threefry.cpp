#include "random/threefry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "random/threefry.cpp"
#include "hwy/foreach_target.h"  // before highway.h

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <int kR0, int kR1, int kR2, int kR3, class V>
HWY_INLINE void four_rounds(V& x0, V& x1, V add0, V add1) {
  x0 = hn::Add(x0, x1), x1 = hn::Xor(hn::RotateRight<32 - kR0>(x1), x0);
  x0 = hn::Add(x0, x1), x1 = hn::Xor(hn::RotateRight<32 - kR1>(x1), x0);
  x0 = hn::Add(x0, x1), x1 = hn::Xor(hn::RotateRight<32 - kR2>(x1), x0);
  x0 = hn::Add(x0, x1), x1 = hn::Xor(hn::RotateRight<32 - kR3>(x1), x0);
  x0 = hn::Add(x0, add0), x1 = hn::Add(x1, add1);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE void twenty_rounds(D d, ThreefryKey key, V& x0, V& x1) {
  const uint32_t k2 = 0x1BD11BDAu ^ key.k0 ^ key.k1;
  const V s0 = hn::Set(d, key.k0), s1 = hn::Set(d, key.k1), s2 = hn::Set(d, k2);
  x0 = hn::Add(x0, s0), x1 = hn::Add(x1, s1);
  four_rounds<13, 15, 26, 6>(x0, x1, s1, hn::Set(d, k2 + 1));
  four_rounds<17, 29, 16, 24>(x0, x1, s2, hn::Set(d, key.k0 + 2));
  four_rounds<13, 15, 26, 6>(x0, x1, s0, hn::Set(d, key.k1 + 3));
  four_rounds<17, 29, 16, 24>(x0, x1, s1, hn::Set(d, k2 + 4));
  four_rounds<13, 15, 26, 6>(x0, x1, s2, hn::Set(d, key.k0 + 5));
}

void blocks(ThreefryKey key, uint32_t begin, uint32_t second_offset, int64_t count, uint32_t* first, uint32_t* second) {
  const hn::ScalableTag<uint32_t> d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  HWY_ALIGN uint32_t tail0[HWY_MAX_BYTES / 4], tail1[HWY_MAX_BYTES / 4];
  const auto lane = hn::Iota(d, begin);
  for (int64_t i = 0; i < count; i += step) {
    auto x0 = hn::Add(lane, hn::Set(d, static_cast<uint32_t>(i)));
    auto x1 = hn::Add(x0, hn::Set(d, second_offset));
    twenty_rounds(d, key, x0, x1);
    if (i + step <= count) {
      hn::StoreU(x0, d, first + i);
      hn::StoreU(x1, d, second + i);
      continue;
    }
    hn::Store(x0, d, tail0);
    hn::Store(x1, d, tail1);
    for (int64_t k = 0; i + k < count; ++k) {
      first[i + k] = tail0[k];
      second[i + k] = tail1[k];
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {

HWY_EXPORT(blocks);

void threefry_blocks(ThreefryKey key, uint32_t begin, uint32_t second_offset, int64_t count, uint32_t* first,
                     uint32_t* second) {
  HWY_DYNAMIC_DISPATCH(blocks)(key, begin, second_offset, count, first, second);
}

void threefry_block(ThreefryKey key, uint32_t counter0, uint32_t counter1, uint32_t* first, uint32_t* second) {
  threefry_blocks(key, counter0, counter1 - counter0, 1, first, second);
}

}  // namespace ferrule::cpu
#endif
