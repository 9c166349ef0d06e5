// Scatter's sum, prod, max and min: how two values combine, atomically on an element in memory or in the order of sorted
// updates. Elements narrower than a word are exchanged with the word around them.
#pragma once

#include "device/gpu.h"
#include "functors/types.h"
#include "host/command_list.h"
#include "host/launch.h"
#include "kernels/index/axes.h"
#include "kernels/index/updates.h"
#include "kernels/tuning.h"

namespace ferrule::gpu::index {

template <typename T>
GPU_DEVICE bool is_nan_value(T v) {
  return v != v;
}
template <>
GPU_DEVICE bool is_nan_value(Complex v) {
  return v.re != v.re || v.im != v.im;
}
template <typename T>
GPU_DEVICE bool less_value(T a, T b) {
  return a < b;
}
template <>
GPU_DEVICE bool less_value(Complex a, Complex b) {
  return a.re < b.re || (a.re == b.re && a.im < b.im);
}

// At least 32 bits wide, so that nothing is promoted to a signed type.
template <typename V>
struct WideOf {
  using type = V;
};
template <>
struct WideOf<uint8_t> {
  using type = uint32_t;
};
template <>
struct WideOf<uint16_t> {
  using type = uint32_t;
};

// `flip` orders max and min: for integers a mask that makes unsigned comparison right, else 1 for min.
template <typename T>
struct Sum {
  using V = Compute<T>;
  static GPU_DEVICE V apply(V a, V b, uint64_t) {
    if constexpr (is_bool<T>)
      return a | b;
    else if constexpr (is_complex<T>)
      return {a.re + b.re, a.im + b.im};
    else
      return static_cast<V>(a + b);
  }
};
template <typename T>
struct Prod {
  using V = Compute<T>;
  static GPU_DEVICE V apply(V a, V b, uint64_t) {
    if constexpr (is_bool<T>) {
      return a & b;
    } else if constexpr (is_complex<T>) {
      return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
    } else {
      using W = typename WideOf<V>::type;
      return static_cast<V>(static_cast<W>(a) * static_cast<W>(b));
    }
  }
};
template <typename T>
struct Extreme {
  using V = Compute<T>;
  static GPU_DEVICE V apply(V a, V b, uint64_t flip) {
    if constexpr (is_integer<T>) {
      const V mask = static_cast<V>(flip);
      return static_cast<V>(a ^ mask) < static_cast<V>(b ^ mask) ? b : a;
    } else {
      const bool better = flip ? less_value(b, a) : less_value(a, b);
      return is_nan_value(b) || (!is_nan_value(a) && better) ? b : a;
    }
  }
};

// An element's bits and back.
GPU_DEVICE uint8_t bits_of(uint8_t v) { return v; }
GPU_DEVICE uint16_t bits_of(uint16_t v) { return v; }
GPU_DEVICE uint32_t bits_of(uint32_t v) { return v; }
GPU_DEVICE uint64_t bits_of(uint64_t v) { return v; }
GPU_DEVICE uint8_t bits_of(Bool v) { return v.byte; }
GPU_DEVICE uint16_t bits_of(Half v) { return v.bits; }
GPU_DEVICE uint16_t bits_of(Bfloat v) { return v.bits; }
GPU_DEVICE uint32_t bits_of(float v) { return float_bits(v); }
GPU_DEVICE uint64_t bits_of(double v) { return double_bits(v); }
GPU_DEVICE uint64_t bits_of(Complex v) { return static_cast<uint64_t>(float_bits(v.im)) << 32 | float_bits(v.re); }
template <typename T>
GPU_DEVICE T from_bits(uint64_t b) {
  if constexpr (is_bool<T>)
    return {static_cast<uint8_t>(b)};
  else if constexpr (is_half<T>)
    return {static_cast<uint16_t>(b)};
  else if constexpr (is_same<T, float>)
    return bits_float(static_cast<uint32_t>(b));
  else if constexpr (is_same<T, double>)
    return bits_double(b);
  else if constexpr (is_complex<T>)
    return {bits_float(static_cast<uint32_t>(b)), bits_float(static_cast<uint32_t>(b >> 32))};
  else
    return static_cast<T>(b);
}

template <typename T, typename Op>
GPU_DEVICE void exchange(T* p, Compute<T> update, uint64_t flip) {
  using Word = typename WideOf<decltype(bits_of(T{}))>::type;
  const auto address = reinterpret_cast<uint64_t>(p);
  auto* word = reinterpret_cast<Word*>(address & ~static_cast<uint64_t>(sizeof(Word) - 1));
  const auto shift = static_cast<uint32_t>(address & (sizeof(Word) - 1)) * 8;
  constexpr Word kMask = sizeof(T) < sizeof(Word) ? static_cast<Word>((uint64_t{1} << (8 * sizeof(T) % 64)) - 1)
                                                  : static_cast<Word>(~Word{0});
  Word seen = *word;
  while (true) {
    const T before = from_bits<T>(static_cast<Word>(seen >> shift) & kMask);
    const Word after = bits_of(narrow<T>(Op::apply(widen<T>(before), update, flip)));
    const Word wanted =
        static_cast<Word>((seen & ~static_cast<Word>(kMask << shift)) | static_cast<Word>(after << shift));
    if (wanted == seen) return;
    const Word found = atomic_cas(word, seen, wanted);
    if (found == seen) return;
    seen = found;
  }
}

template <typename T, typename Op>
GPU_DEVICE void combine_at(T* p, T update, uint64_t flip) {
  if constexpr (is_same<Op, Sum<T>> && (sizeof(T) == 4 || sizeof(T) == 8) && !is_complex<T>) {
    atomic_add(p, update);
  } else if constexpr (is_same<Op, Sum<T>> && is_complex<T>) {
    auto* part = reinterpret_cast<float*>(p);
    atomic_add(part, update.re);
    atomic_add(part + 1, update.im);
  } else {
    exchange<T, Op>(p, widen<T>(update), flip);
  }
}

// P neighbouring elements at once, where the device adds that many; p is aligned to them.
template <typename T, typename Op, uint32_t P>
GPU_DEVICE void combine_pack(T* p, const Vec<T, P>& update, uint64_t flip) {
  if constexpr (P == 1) {
    combine_at<T, Op>(p, update[0], flip);
  } else if constexpr (is_same<T, float>) {
    static_assert(P == 4);
    atomic_add_f32x4(p, update[0], update[1], update[2], update[3]);
  } else {
    static_assert(P == 2 && is_half<T>);
    const uint32_t both = static_cast<uint32_t>(update[1].bits) << 16 | update[0].bits;
    if constexpr (is_same<T, Half>)
      atomic_add_f16x2(reinterpret_cast<uint32_t*>(p), both);
    else
      atomic_add_bf16x2(reinterpret_cast<uint32_t*>(p), both);
  }
}

template <typename T, typename Op, uint32_t P>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kIndexThreads)
    combine_any_order(T* out, const T* updates, const int64_t* offset, Axes<1> slice, Split split, uint64_t packs,
                      uint64_t flip) {
  begin_kernel();
  constexpr uint32_t kUnroll = tuning::kScatterUnroll;
  const uint64_t first = static_cast<uint64_t>(block_x()) * (tuning::kIndexThreads * kUnroll) + thread_x();
  Vec<T, P> update[kUnroll];
  int64_t to[kUnroll];
  GPU_UNROLL
  for (uint32_t k = 0; k < kUnroll; ++k) {
    const uint64_t i = first + k * tuning::kIndexThreads;
    const uint64_t inside = i < packs ? i : packs - 1;
    uint64_t tuple, position;
    split.divide(inside, tuple, position);
    to[k] = offset[tuple];
    if (i >= packs) to[k] = -1;
    if (to[k] >= 0) to[k] += slice.offset(position);
    update[k] = load_streaming<Vec<T, P>>(updates + inside * P);
  }
  GPU_UNROLL
  for (uint32_t k = 0; k < kUnroll; ++k)
    if (to[k] >= 0) combine_pack<T, Op, P>(out + to[k], update[k], flip);
}

// The first of the entries with one key takes them all, in their order.
template <typename T, typename Op>
GPU_KERNEL GPU_LAUNCH_BOUNDS(tuning::kIndexThreads)
    combine_in_order(T* out, const T* updates, SortedEntries sorted, Axes<1> slice, Split split, uint64_t items,
                     uint64_t flip) {
  begin_kernel();
  const uint64_t i = global_thread();
  if (i >= items) return;
  uint64_t entry = i, position = 0;
  if (!sorted.by_element) split.divide(i, entry, position);
  const uint64_t key = sorted.key(entry);
  if (key == sorted.dropped || (entry > 0 && sorted.key(entry - 1) == key)) return;
  T* to = out +
          (sorted.by_element ? static_cast<int64_t>(key) : sorted.offset[sorted.order[entry]] + slice.offset(position));
  Compute<T> sum = widen<T>(*to);
  for (; entry < sorted.count && sorted.key(entry) == key; ++entry) {
    const uint64_t number = sorted.order[entry];
    sum = Op::apply(sum, widen<T>(updates[sorted.by_element ? number : number * split.count + position]), flip);
  }
  *to = narrow<T>(sum);
}

template <typename T, typename Op, uint32_t P>
void launch_any_order(const Updates& u, CommandList& commands) {
  const uint64_t packs = static_cast<uint64_t>(u.tuples) * static_cast<uint64_t>(u.slice.size()) / P;
  const Split split(static_cast<uint64_t>(u.slice.size()) / P, packs);
  commands.launch<&combine_any_order<T, Op, P>>(
      grid_for(ceil_div(packs, tuning::kScatterUnroll), tuning::kIndexThreads), static_cast<T*>(u.out),
      static_cast<const T*>(u.updates), u.offset, u.packed(P), split, packs, u.flip);
}

template <typename T, typename Op>
void launch_in_order(const Updates& u, CommandList& commands) {
  const auto slice = static_cast<uint64_t>(u.slice.size());
  const uint64_t items = u.sorted.by_element ? u.sorted.count : u.sorted.count * slice;
  commands.launch<&combine_in_order<T, Op>>(grid_for(items, tuning::kIndexThreads), static_cast<T*>(u.out),
                                            static_cast<const T*>(u.updates), u.sorted, u.packed(1),
                                            Split(slice, items), items, u.flip);
}

// Integers of both signs share their kernels; so do max and min.
template <template <typename> class Op, typename F>
void visit_combined(uint32_t dtype, F&& f) {
  switch (dtype) {
    case FRL_DTYPE_U8:
    case FRL_DTYPE_I8:
      return f(static_cast<uint8_t*>(nullptr));
    case FRL_DTYPE_U16:
    case FRL_DTYPE_I16:
      return f(static_cast<uint16_t*>(nullptr));
    case FRL_DTYPE_U32:
    case FRL_DTYPE_I32:
      return f(static_cast<uint32_t*>(nullptr));
    case FRL_DTYPE_U64:
    case FRL_DTYPE_I64:
      return f(static_cast<uint64_t*>(nullptr));
    case FRL_DTYPE_F16:
      return f(static_cast<Half*>(nullptr));
    case FRL_DTYPE_BF16:
      return f(static_cast<Bfloat*>(nullptr));
    case FRL_DTYPE_F32:
      return f(static_cast<float*>(nullptr));
    case FRL_DTYPE_F64:
      return f(static_cast<double*>(nullptr));
    case FRL_DTYPE_C64:
      return f(static_cast<Complex*>(nullptr));
    default:
      return;
  }
}

template <template <typename> class Op>
void launch_combine(const Updates& u, CommandList& commands) {
  visit_combined<Op>(u.dtype, [&]<typename T>(T*) {
    if constexpr (!is_integer<T>)
      if (u.sorted.order != nullptr) return launch_in_order<T, Op<T>>(u, commands);
    if constexpr (is_same<Op<T>, Sum<T>> && (is_half<T> || is_same<T, float>)) {
      constexpr uint32_t kPack = is_half<T> ? 2 : 4;
      if (u.pack % kPack == 0) return launch_any_order<T, Op<T>, kPack>(u, commands);
    }
    launch_any_order<T, Op<T>, 1>(u, commands);
  });
}

}  // namespace ferrule::gpu::index
