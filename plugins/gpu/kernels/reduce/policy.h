// What the reduce kernels ask of a reduction: Element, the Out that it yields, and Acc, the state that threads carry and
// that lies in scratch between two launches. take() adds the element at `index` of the reduced axis and is called with
// rising indices for one Acc; combine() is commutative.
#pragma once

#include "device/gpu.h"
#include "functors/reduce_ops.h"

namespace ferrule::gpu {

template <bool kFirst, typename A, typename B>
struct Select {
  using type = A;
};
template <typename A, typename B>
struct Select<false, A, B> {
  using type = B;
};

// Sums and products.
template <typename T, template <typename> class Op>
struct Fold {
  using Element = T;
  using Acc = reduction::SumType<T>;
  using Out = typename Select<is_half<T>, T, Acc>::type;
  GPU_DEVICE Acc start() const { return Op<Acc>::identity(); }
  GPU_DEVICE void take(Acc& acc, T x, uint32_t) const { acc = Op<Acc>{}(acc, static_cast<Acc>(widen<T>(x))); }
  GPU_DEVICE Acc combine(Acc a, Acc b) const { return Op<Acc>{}(a, b); }
  GPU_DEVICE Out finish(Acc acc) const {
    if constexpr (is_half<T>)
      return narrow<T>(acc);
    else
      return acc;
  }
};

// Keys are elements seen so that the extreme is a greatest key: `flip` is XORed on the bits (or on both signs of a
// complex number). For max it is 0, or the sign bit of a signed integer, which is read as unsigned; for min the
// complement, or the sign bit of a float.
template <typename T>
struct KeyOf {
  using Key = Compute<T>;
  using Bits = T;
  static GPU_DEVICE Key key(T x, T flip) { return x ^ flip; }
  static GPU_DEVICE T element(Key k, T flip) { return k ^ flip; }
};
template <>
struct KeyOf<Bool> {
  using Key = uint8_t;
  using Bits = uint8_t;
  static GPU_DEVICE Key key(Bool x, uint8_t flip) { return widen<Bool>(x) ^ flip; }
  static GPU_DEVICE Bool element(Key k, uint8_t flip) { return {static_cast<uint8_t>(k ^ flip)}; }
};
template <typename T>
struct HalfKeyOf {
  using Key = float;
  using Bits = uint16_t;
  static GPU_DEVICE Key key(T x, uint16_t flip) { return widen<T>(T{static_cast<uint16_t>(x.bits ^ flip)}); }
  static GPU_DEVICE T element(Key k, uint16_t flip) { return T{static_cast<uint16_t>(narrow<T>(k).bits ^ flip)}; }
};
template <>
struct KeyOf<Half> : HalfKeyOf<Half> {};
template <>
struct KeyOf<Bfloat> : HalfKeyOf<Bfloat> {};
template <>
struct KeyOf<float> {
  using Key = float;
  using Bits = uint32_t;
  static GPU_DEVICE Key key(float x, uint32_t flip) { return bits_float(float_bits(x) ^ flip); }
  static GPU_DEVICE float element(Key k, uint32_t flip) { return key(k, flip); }
};
template <>
struct KeyOf<double> {
  using Key = double;
  using Bits = uint64_t;
  static GPU_DEVICE Key key(double x, uint64_t flip) { return bits_double(double_bits(x) ^ flip); }
  static GPU_DEVICE double element(Key k, uint64_t flip) { return key(k, flip); }
};
template <>
struct KeyOf<Complex> {
  using Key = Complex;
  using Bits = uint32_t;
  static GPU_DEVICE Key key(Complex x, uint32_t flip) {
    return {bits_float(float_bits(x.re) ^ flip), bits_float(float_bits(x.im) ^ flip)};
  }
  static GPU_DEVICE Complex element(Key k, uint32_t flip) { return key(k, flip); }
};

template <typename T>
struct Extreme {
  using Element = T;
  using Key = typename KeyOf<T>::Key;
  using Acc = Key;
  using Out = T;
  typename KeyOf<T>::Bits flip;
  GPU_DEVICE Acc start() const { return reduction::lowest<Key>(); }
  GPU_DEVICE void take(Acc& acc, T x, uint32_t) const { acc = combine(acc, KeyOf<T>::key(x, flip)); }
  GPU_DEVICE Acc combine(Acc a, Acc b) const { return reduction::Max<Key>{}(a, b); }
  GPU_DEVICE Out finish(Acc acc) const { return KeyOf<T>::element(acc, flip); }
};

// The index of the first extreme. An Acc that has met nothing above the least key carries kNoIndex.
template <typename T>
struct ArgExtreme {
  using Element = T;
  using Key = typename KeyOf<T>::Key;
  struct Acc {
    Key key;
    uint32_t index;
  };
  using Out = uint32_t;
  static constexpr uint32_t kNoIndex = 0xffffffffu;
  typename KeyOf<T>::Bits flip;
  GPU_DEVICE Acc start() const { return {reduction::lowest<Key>(), kNoIndex}; }
  GPU_DEVICE void take(Acc& acc, T x, uint32_t index) const {
    const Key key = KeyOf<T>::key(x, flip);
    bool better = key > acc.key;
    if constexpr (is_real_float<Key>) better = !(key <= acc.key) && acc.key == acc.key;
    acc.key = better ? key : acc.key;
    acc.index = better ? index : acc.index;
  }
  GPU_DEVICE Acc combine(Acc a, Acc b) const {
    const bool a_nan = reduction::is_nan(a.key), b_nan = reduction::is_nan(b.key);
    const bool ahead = b_nan && !a_nan, behind = a_nan && !b_nan, level = a_nan && b_nan;
    const bool second = ahead || b.key > a.key || ((level || a.key == b.key) && b.index < a.index);
    return second && !behind ? b : a;
  }
  GPU_DEVICE Out finish(Acc acc) const {  // nothing above the least key: all elements are equal
    return acc.index == kNoIndex && !(acc.key > reduction::lowest<Key>()) && !reduction::is_nan(acc.key) ? 0
                                                                                                         : acc.index;
  }
};

}  // namespace ferrule::gpu
