// Random numbers: counter-based (threefry2x32) and split by keys, in MLX's names. A key (uint32, shape {2}) always
// gives the same numbers, on every backend and for any number of threads; the bits equal those of mlx.core and of JAX's
// classic threefry. Without a key, the next one of the process-wide sequence is taken. Source: Salmon et al., "Parallel
// Random Numbers: As Easy as 1, 2, 3" (SC 2011). Every function throws invalid_argument for a bad key, dtype or shape.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "ferrule/array.h"
#include "ferrule/device.h"

#pragma GCC visibility push(default)
namespace ferrule::random {

// Gives key after key: each step splits the state, keeps the first half and returns the second. Thread-safe. The state
// lies in host memory, so drawing a key costs no work on a device.
class KeySequence {
 public:
  using State = std::array<uint32_t, 2>;
  explicit KeySequence(uint64_t seed);
  void seed(uint64_t seed);
  array next();
  State state() const;
  void set_state(State state);
  // The sequence of the process; seeded by the clock until seed() is called.
  static KeySequence& default_();

 private:
  mutable std::mutex mutex_;
  State state_;
};

// While it lives, the functions below draw their keys on this thread by splitting `key` instead of from the
// process-wide sequence. `key` may be a tracer: inside compile() and other traces this is how fresh numbers come in per
// call.
class KeyScope {
 public:
  explicit KeyScope(array key);
  ~KeyScope();
  KeyScope(const KeyScope&) = delete;
  KeyScope& operator=(const KeyScope&) = delete;
  array next();

 private:
  array key_;
  KeyScope* outer_;
};

// The key of a seed: its upper and lower 32 bits.
array key(uint64_t seed);
// Restarts the process-wide sequence.
void seed(uint64_t seed);

// Uniform bits: `width` bytes per element, 1, 2 or 4, as uint8, uint16 or uint32.
array bits(const Shape& shape, int width, const std::optional<array>& key = std::nullopt, StreamOrDevice s = {});
inline array bits(const Shape& shape, const std::optional<array>& key = std::nullopt, StreamOrDevice s = {}) {
  return bits(shape, 4, key, s);
}

// Independent keys from one: two of shape {2}, or `num` of shape {num, 2}.
std::pair<array, array> split(const array& key, StreamOrDevice s = {});
array split(const array& key, int num, StreamOrDevice s = {});

// In [low, high), which broadcast to `shape`; dtype float16, bfloat16 or float32.
array uniform(const array& low, const array& high, const Shape& shape, Dtype dtype = float32,
              const std::optional<array>& key = std::nullopt, StreamOrDevice s = {});
template <typename T, typename U>
array uniform(T low, U high, const Shape& shape, Dtype dtype = float32, const std::optional<array>& key = std::nullopt,
              StreamOrDevice s = {}) {
  return uniform(array(low), array(high), shape, dtype, key, s);
}
array uniform(const Shape& shape, Dtype dtype, const std::optional<array>& key = std::nullopt, StreamOrDevice s = {});
inline array uniform(const Shape& shape, const std::optional<array>& key = std::nullopt, StreamOrDevice s = {}) {
  return uniform(shape, float32, key, s);
}

// Standard normal, times scale, plus loc. complex64: real and imaginary part each of variance 1/2.
array normal(const Shape& shape, Dtype dtype, const std::optional<array>& loc, const std::optional<array>& scale,
             const std::optional<array>& key, StreamOrDevice s = {});
inline array normal(const Shape& shape, Dtype dtype, const float loc, const float scale,
                    const std::optional<array>& key = std::nullopt, StreamOrDevice s = {}) {
  return normal(shape, dtype, loc == 0 ? std::nullopt : std::make_optional(array(loc, dtype)),
                scale == 1 ? std::nullopt : std::make_optional(array(scale, dtype)), key, s);
}
inline array normal(const Shape& shape, const float loc, const float scale,
                    const std::optional<array>& key = std::nullopt, StreamOrDevice s = {}) {
  return normal(shape, float32, loc, scale, key, s);
}
inline array normal(const Shape& shape, const Dtype dtype, const std::optional<array>& key = std::nullopt,
                    StreamOrDevice s = {}) {
  return normal(shape, dtype, std::nullopt, std::nullopt, key, s);
}
inline array normal(const Shape& shape, const std::optional<array>& key = std::nullopt, StreamOrDevice s = {}) {
  return normal(shape, float32, std::nullopt, std::nullopt, key, s);
}

// Integers in [low, high), which broadcast to `shape`; from float32 uniforms, so at most 2^24 different values.
array randint(const array& low, const array& high, const Shape& shape, Dtype dtype = int32,
              const std::optional<array>& key = std::nullopt, StreamOrDevice s = {});
template <typename T, typename U>
array randint(T low, U high, const Shape& shape, Dtype dtype = int32, const std::optional<array>& key = std::nullopt,
              StreamOrDevice s = {}) {
  return randint(array(low), array(high), shape, dtype, key, s);
}

// bool, true with probability p (floating, broadcasts to `shape`).
array bernoulli(const array& p, const Shape& shape, const std::optional<array>& key = std::nullopt,
                StreamOrDevice s = {});
array bernoulli(const array& p, const std::optional<array>& key = std::nullopt, StreamOrDevice s = {});
template <typename T>
array bernoulli(T p, const std::optional<array>& key = std::nullopt, StreamOrDevice s = {}) {
  return bernoulli(array(p), key, s);
}
template <typename T>
array bernoulli(T p, const Shape& shape, const std::optional<array>& key = std::nullopt, StreamOrDevice s = {}) {
  return bernoulli(array(p), shape, key, s);
}
array bernoulli(const std::optional<array>& key = std::nullopt, StreamOrDevice s = {});

// Standard normal conditioned on [lower, upper].
array truncated_normal(const array& lower, const array& upper, const Shape& shape, Dtype dtype = float32,
                       const std::optional<array>& key = std::nullopt, StreamOrDevice s = {});
array truncated_normal(const array& lower, const array& upper, Dtype dtype = float32,
                       const std::optional<array>& key = std::nullopt, StreamOrDevice s = {});

// Standard Gumbel: -log(-log(u)).
array gumbel(const Shape& shape, Dtype dtype = float32, const std::optional<array>& key = std::nullopt,
             StreamOrDevice s = {});

// uint32 indices along `axis`, drawn with probabilities softmax(logits): of `shape` (which the logits without that axis
// broadcast to), `num_samples` of them as a last axis, or one.
array categorical(const array& logits, int axis, const Shape& shape, const std::optional<array>& key = std::nullopt,
                  StreamOrDevice s = {});
array categorical(const array& logits_, int axis, int num_samples, const std::optional<array>& key = std::nullopt,
                  StreamOrDevice s = {});
array categorical(const array& logits, int axis = -1, const std::optional<array>& key = std::nullopt,
                  StreamOrDevice s = {});

// Laplace: times scale, plus loc.
array laplace(const Shape& shape, Dtype dtype, const float loc, const float scale,
              const std::optional<array>& key = std::nullopt, StreamOrDevice s = {});
inline array laplace(const Shape& shape, const float loc, const float scale,
                     const std::optional<array>& key = std::nullopt, StreamOrDevice s = {}) {
  return laplace(shape, float32, loc, scale, key, s);
}
inline array laplace(const Shape& shape, const Dtype dtype, const std::optional<array>& key = std::nullopt,
                     StreamOrDevice s = {}) {
  return laplace(shape, dtype, 0.0f, 1.0f, key, s);
}
inline array laplace(const Shape& shape, const std::optional<array>& key = std::nullopt, StreamOrDevice s = {}) {
  return laplace(shape, float32, 0.0f, 1.0f, key, s);
}

// x with its elements along `axis` in random order; a random order of 0 .. x - 1 (uint32).
array permutation(const array& x, int axis = 0, const std::optional<array>& key = std::nullopt, StreamOrDevice s = {});
array permutation(int x, const std::optional<array>& key = std::nullopt, StreamOrDevice s = {});

}  // namespace ferrule::random
#pragma GCC visibility pop
