// Random bits, keys, and the sequence of keys.
#include "lib/random/bits.h"

#include <ferrule/plugin.h>
#include <fmt/format.h>

#include <bit>
#include <chrono>

#include "ferrule/ops.h"
#include "ferrule/random.h"
#include "lib/random/threefry.h"

namespace ferrule {

namespace detail {

RandomBits::RandomBits(Stream stream, int64_t count, Dtype dtype)
    : KernelPrimitive(stream, FRL_OP_random_bits), count_(count), dtype_(dtype) {}

bool RandomBits::is_equivalent(const Primitive& other) const {
  const auto* same = dynamic_cast<const RandomBits*>(&other);
  return same != nullptr && same->count_ == count_ && same->dtype_ == dtype_;
}

// Words are laid out as in MLX: block j of H encrypts the counter (j, j + H); first words come first, then second
// words.
std::vector<array> RandomBits::decompose(const std::vector<array>& inputs) const {
  const Stream s = stream();
  const array& keys = inputs[0];
  int64_t rows = keys.shape(0);
  int64_t words = (count_ * dtype_.size() + 3) / 4, half = (words + 1) / 2;
  array low = arange(0.0, static_cast<double>(half), uint32, s);
  array high = arange(static_cast<double>(half), static_cast<double>(words), uint32, s);
  if (words % 2 != 0) high = concatenate({high, zeros({1}, uint32, s)}, 0, s);
  auto constant = [](uint32_t value) { return array(value, uint32); };
  // Operators would run on the default stream; the functor below keeps this one.
  struct Word {
    array value;
    Stream stream;
    Word operator+(const Word& o) const { return {add(value, o.value, stream), stream}; }
    Word operator^(const Word& o) const { return {bitwise_xor(value, o.value, stream), stream}; }
  };
  auto rotate = [&](const Word& x, int r) {
    return Word{bitwise_or(left_shift(x.value, constant(static_cast<uint32_t>(r)), s),
                           right_shift(x.value, constant(static_cast<uint32_t>(32 - r)), s), s),
                s};
  };
  auto column = [&](int i) { return Word{slice(keys, {0, i}, {rows, i + 1}, s), s}; };
  auto [first, second] = threefry(
      column(0), column(1), Word{reshape(low, {1, half}, s), s}, Word{reshape(high, {1, half}, s), s},
      [&](uint32_t v) {
        return Word{constant(v), s};
      },
      rotate);
  array out = concatenate({first.value, slice(second.value, {0, 0}, {rows, words - half}, s)}, 1, s);
  if (dtype_ == uint32) return {out};
  return {slice(view(out, dtype_, s), {0, 0}, {rows, count_}, s)};
}

}  // namespace detail

namespace random {

namespace {

thread_local KeyScope* current_scope = nullptr;

KeySequence::State state_of(uint64_t seed) {
  return {static_cast<uint32_t>(seed >> 32), static_cast<uint32_t>(seed & 0xffffffffu)};
}

array next_key() { return current_scope != nullptr ? current_scope->next() : KeySequence::default_().next(); }

}  // namespace

KeySequence::KeySequence(uint64_t seed) : state_(state_of(seed)) {}

void KeySequence::seed(uint64_t seed) { set_state(state_of(seed)); }

array KeySequence::next() {
  State drawn;
  {
    std::lock_guard lock(mutex_);
    // split(key) = the words of counters (0, 2) and (1, 3).
    auto constant = [](uint32_t v) { return v; };
    auto rotate = [](uint32_t x, int r) { return std::rotl(x, r); };
    auto a = detail::threefry<uint32_t>(state_[0], state_[1], 0, 2, constant, rotate);
    auto b = detail::threefry<uint32_t>(state_[0], state_[1], 1, 3, constant, rotate);
    state_ = {a.first, b.first};
    drawn = {a.second, b.second};
  }
  return array(drawn.data(), {2}, uint32);
}

KeySequence::State KeySequence::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

void KeySequence::set_state(State state) {
  std::lock_guard lock(mutex_);
  state_ = state;
}

KeySequence& KeySequence::default_() {
  static KeySequence sequence(static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count()));
  return sequence;
}

KeyScope::KeyScope(array key) : key_(std::move(key)), outer_(current_scope) { current_scope = this; }

KeyScope::~KeyScope() { current_scope = outer_; }

array KeyScope::next() {
  auto [kept, drawn] = random::split(key_);
  key_ = kept;
  return drawn;
}

array key(uint64_t seed) { return array(state_of(seed).data(), {2}, uint32); }

void seed(uint64_t seed) { KeySequence::default_().seed(seed); }

array bits(const Shape& shape, int width, const std::optional<array>& key, StreamOrDevice s) {
  array k = key ? *key : next_key();
  if (k.dtype() != uint32 || k.shape() != Shape{2}) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[bits] not a key; got {} of shape ({}); expected uint32 of shape (2)",
                            dtype_name(k.dtype()), fmt::join(k.shape(), ", ")));
  }
  if (width != 1 && width != 2 && width != 4) {
    throw error(ErrorCode::invalid_argument, fmt::format("[bits] width; got {}; expected 1, 2 or 4", width));
  }
  int64_t count = 1;
  for (int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(count, extent, &count)) {
      throw error(ErrorCode::invalid_argument, fmt::format("[bits] bad shape; got ({})", fmt::join(shape, ", ")));
    }
  }
  if (count > (int64_t{1} << 34) / width) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[bits] too many bits for one key; got shape ({}); expected at most 2^32 words",
                            fmt::join(shape, ", ")));
  }
  Dtype dtype = width == 1 ? uint8 : width == 2 ? uint16 : uint32;
  Stream stream = to_stream(s);
  array out({1, count}, dtype, std::make_shared<detail::RandomBits>(stream, count, dtype),
            {reshape(k, {1, 2}, stream)});
  return reshape(out, shape, stream);
}

std::pair<array, array> split(const array& key, StreamOrDevice s) {
  array both = random::split(key, 2, s);
  return {reshape(slice(both, {0, 0}, {1, 2}, s), {2}, s), reshape(slice(both, {1, 0}, {2, 2}, s), {2}, s)};
}

array split(const array& key, int num, StreamOrDevice s) {
  if (num < 0) throw error(ErrorCode::invalid_argument, fmt::format("[split] got {} keys; expected 0 or more", num));
  return bits({num, 2}, 4, key, s);
}

}  // namespace random
}  // namespace ferrule
