// Interprets the links of a chain: one jump per link and block, the block's vectors in registers.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise/chain.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "elementwise/chain.h"
#include "elementwise/math_f32-inl.h"
#include "elementwise/ops_float-inl.h"
#include "elementwise/simd_map-inl.h"
#include "ferrule/plugin.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Named, not an array, so that they are registers.
struct Block {
  static constexpr size_t kVectors = 8;
  V a, b, c, d, e, f, g, h;
  template <class F>
  HWY_INLINE void each(const F& fn) {
    a = fn(a, 0), b = fn(b, 1), c = fn(c, 2), d = fn(d, 3), e = fn(e, 4), f = fn(f, 5), g = fn(g, 6), h = fn(h, 7);
  }
  static HWY_INLINE V load(const float* p, size_t) { return hn::LoadU(D(), p); }
  static HWY_INLINE void store(V v, float* p, size_t) { hn::StoreU(v, D(), p); }
  static HWY_INLINE void stream(V v, float* p, size_t) { hn::Stream(v, D(), p); }
};

// At most one vector, of `count` elements.
struct Rest {
  static constexpr size_t kVectors = 1;
  V a;
  template <class F>
  HWY_INLINE void each(const F& fn) {
    a = fn(a, 0);
  }
  static HWY_INLINE V load(const float* p, size_t count) {
    if (count == hn::Lanes(D())) return hn::LoadU(D(), p);
    HWY_ALIGN float lanes[hn::MaxLanes(D())] = {};
    std::memcpy(lanes, p, count * sizeof(float));
    return hn::Load(D(), lanes);
  }
  static HWY_INLINE void store(V v, float* p, size_t count) {
    if (count == hn::Lanes(D())) return hn::StoreU(v, D(), p);
    store_tail(D(), v, p, count);
  }
  static HWY_INLINE void stream(V v, float* p, size_t count) { store(v, p, count); }
};

template <class F, class B>
HWY_INLINE void unary(B& block) {
  block.each([](V v, size_t) HWY_ATTR { return F()(D(), v); });
}

template <class F, bool kSwapped, class B>
HWY_INLINE void with_scalar(B& block, const Link& link) {
  const V other = hn::Set(D(), *link.other);
  block.each([other](V v, size_t) HWY_ATTR { return kSwapped ? F()(D(), other, v) : F()(D(), v, other); });
}

template <class F, bool kSwapped, class B>
HWY_INLINE void with_vector(B& block, const Link& link, size_t at, size_t count) {
  const float* p = link.other + at;
  block.each([p, count](V v, size_t k) HWY_ATTR {
    const V other = B::load(p + k * hn::Lanes(D()), count);
    return kSwapped ? F()(D(), other, v) : F()(D(), v, other);
  });
}

template <class B>
HWY_INLINE void run_block(const float* from, std::span<const Link> links, float* to, size_t at, size_t count,
                          bool streams) {
  B block{};
  block.each([=](V, size_t k) HWY_ATTR { return B::load(from + at + k * hn::Lanes(D()), count); });
  for (const Link& link : links) {
    switch (link.op * 4 + (link.swapped ? 2 : 0) + (link.scalar ? 1 : 0)) {
#define FERRULE_CPU_UNARY(op, F) \
  case FRL_OP_##op * 4:          \
    unary<F>(block);             \
    break;
#define FERRULE_CPU_BINARY(op, F)                  \
  case FRL_OP_##op * 4:                            \
    with_vector<F, false>(block, link, at, count); \
    break;                                         \
  case FRL_OP_##op * 4 + 1:                        \
    with_scalar<F, false>(block, link);            \
    break;                                         \
  case FRL_OP_##op * 4 + 2:                        \
    with_vector<F, true>(block, link, at, count);  \
    break;                                         \
  case FRL_OP_##op * 4 + 3:                        \
    with_scalar<F, true>(block, link);             \
    break;
#include "elementwise/chain_ops.def"
#undef FERRULE_CPU_UNARY
#undef FERRULE_CPU_BINARY
      default:
        __builtin_unreachable();  // has_link
    }
  }
  if (streams) {
    block.each([=](V v, size_t k) HWY_ATTR {
      B::stream(v, to + at + k * hn::Lanes(D()), count);
      return v;
    });
    return;
  }
  block.each([=](V v, size_t k) HWY_ATTR {
    B::store(v, to + at + k * hn::Lanes(D()), count);
    return v;
  });
}

void run_chain(const float* from, std::span<const Link> links, float* to, size_t n, bool streams) {
  const size_t lanes = hn::Lanes(D()), block = Block::kVectors * lanes;
  streams = streams && reinterpret_cast<uintptr_t>(to) % (lanes * sizeof(float)) == 0;
  size_t at = 0;
  for (; at + block <= n; at += block) run_block<Block>(from, links, to, at, lanes, streams);
  for (; at < n; at += lanes) run_block<Rest>(from, links, to, at, HWY_MIN(lanes, n - at), streams);
}

Chain chain_for_target() { return run_chain; }

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {

HWY_EXPORT(chain_for_target);
Chain find_chain() { return HWY_DYNAMIC_DISPATCH(chain_for_target)(); }

bool has_link(uint32_t op) {
  switch (op) {
#define FERRULE_CPU_UNARY(op, F) case FRL_OP_##op:
#define FERRULE_CPU_BINARY(op, F) case FRL_OP_##op:
#include "elementwise/chain_ops.def"
#undef FERRULE_CPU_UNARY
#undef FERRULE_CPU_BINARY
    return true;
    default:
      return false;
  }
}

}  // namespace ferrule::cpu
#endif
