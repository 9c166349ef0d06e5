// vendor/algorithms.h over std::. Temporary memory is asked for and overwritten, so that a caller who gives too little, or
// memory that is in use, sees it.
#include "vendor/algorithms.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <vector>

#include "machine/numbers.h"

namespace ferrule::gpu::vendor {
namespace {

constexpr size_t kTemporaryBytes = 1024;
constexpr int kTemporaryPoison = 0xee;

Status check_temporary(const void* temporary, size_t got, size_t expected) {
  if (temporary != nullptr && got >= expected) return kOk;
  return sim::failed(Status::kInvalidValue, "got %zu bytes of temporary memory at %p; expected at least %zu", got,
                     temporary, expected);
}

// -inf first, every NaN last; their bits are kept.
uint32_t exact_rank(uint32_t key) {
  constexpr uint32_t kBelowMinusInfinity = 0x007fffff;
  return (key ^ (key >> 31 ? 0xffffffffu : 0x80000000u)) - kBelowMinusInfinity;
}

// The same with one zero and one NaN.
uint32_t canonical_rank(uint32_t key) {
  const uint32_t magnitude = key & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return 0xffffffffu;
  return magnitude == 0 ? 0x80000000u : key ^ (key >> 31 ? 0xffffffffu : 0x80000000u);
}

template <typename T>
T low_bits(T key, uint32_t bits) {
  return bits >= 8 * sizeof(T) ? key : static_cast<T>(key & ((T{1} << bits) - 1));
}

template <typename T, typename Rank>
void sort_vector(const void* in, void* out, uint64_t count, Rank rank) {
  std::memcpy(out, in, count * sizeof(T));
  auto* keys = static_cast<T*>(out);
  std::stable_sort(keys, keys + count, [&](T a, T b) { return rank(a) < rank(b); });
}

template <typename T, typename Rank>
void sort_with_values(const void* in, void* out, const uint32_t* values, uint32_t* values_out, uint64_t count,
                      Rank rank) {
  const auto* keys = static_cast<const T*>(in);
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return rank(keys[a]) < rank(keys[b]); });
  for (uint64_t i = 0; i < count; ++i) {
    static_cast<T*>(out)[i] = keys[order[i]];
    values_out[i] = values[order[i]];
  }
}

// Calls f with a zero of the key's type and its rank.
template <typename F>
Status visit_keys(SortKey key, uint32_t bits, uint32_t (*float_rank)(uint32_t), F f) {
  switch (key) {
    case SortKey::kU16:
      f(uint16_t{}, [bits](uint16_t k) { return low_bits(k, bits); });
      return kOk;
    case SortKey::kU32:
      f(uint32_t{}, [bits](uint32_t k) { return low_bits(k, bits); });
      return kOk;
    case SortKey::kU64:
      f(uint64_t{}, [bits](uint64_t k) { return low_bits(k, bits); });
      return kOk;
    case SortKey::kF32:
      f(uint32_t{}, float_rank);
      return kOk;
  }
  return sim::failed(Status::kInvalidValue, "got no type of sort keys: %u", static_cast<uint32_t>(key));
}

template <typename Stored, typename Sum, typename Widen, typename Narrow>
void sum_vector(const void* in, void* out, int64_t stride, uint64_t count, Widen widen, Narrow narrow) {
  Sum sum = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const int64_t at = static_cast<int64_t>(i) * stride;
    sum = static_cast<Sum>(sum + widen(static_cast<const Stored*>(in)[at]));
    static_cast<Stored*>(out)[at] = narrow(sum);
  }
}

void sum_of(SumType type, const void* in, void* out, int64_t stride, uint64_t count) {
  const auto to_float = [](double v) { return static_cast<float>(v); };
  const auto same = [](auto v) { return v; };
  switch (type) {
    case SumType::kF16:
      return sum_vector<uint16_t, double>(in, out, stride, count, sim::half_to_float,
                                          [&](double v) { return sim::float_to_half(to_float(v)); });
    case SumType::kBF16:
      return sum_vector<uint16_t, double>(in, out, stride, count, sim::bfloat_to_float,
                                          [&](double v) { return sim::float_to_bfloat(to_float(v)); });
    case SumType::kF32:
      return sum_vector<float, double>(in, out, stride, count, same, to_float);
    case SumType::kF64:
      return sum_vector<double, double>(in, out, stride, count, same, same);
    case SumType::kU32:
      return sum_vector<uint32_t, uint32_t>(in, out, stride, count, same, same);
    case SumType::kU64:
      return sum_vector<uint64_t, uint64_t>(in, out, stride, count, same, same);
  }
}

}  // namespace

Status sort_keys_bytes(size_t* out, SortKey, uint64_t, uint32_t) {
  *out = kTemporaryBytes;
  return kOk;
}

Status sort_keys(SortKey key, void* temporary, size_t temporary_bytes, const void* in, void* out, uint64_t count,
                 uint32_t bits, Stream stream) {
  const Status status = check_temporary(temporary, temporary_bytes, kTemporaryBytes);
  if (status != kOk) return status;
  return enqueue(stream, [=] {
    std::memset(temporary, kTemporaryPoison, kTemporaryBytes);
    return visit_keys(key, bits, exact_rank,
                      [&](auto zero, auto rank) { sort_vector<decltype(zero)>(in, out, count, rank); });
  });
}

Status sort_pairs_bytes(size_t* out, SortKey, uint64_t, uint32_t) {
  *out = kTemporaryBytes;
  return kOk;
}

Status sort_pairs(SortKey key, void* temporary, size_t temporary_bytes, const void* keys_in, void* keys_out,
                  const uint32_t* values_in, uint32_t* values_out, uint64_t count, uint32_t bits, Stream stream) {
  const Status status = check_temporary(temporary, temporary_bytes, kTemporaryBytes);
  if (status != kOk) return status;
  return enqueue(stream, [=] {
    std::memset(temporary, kTemporaryPoison, kTemporaryBytes);
    return visit_keys(key, bits, canonical_rank, [&](auto zero, auto rank) {
      sort_with_values<decltype(zero)>(keys_in, keys_out, values_in, values_out, count, rank);
    });
  });
}

Status prefix_sum_bytes(size_t* out, SumType, uint64_t) {
  *out = kTemporaryBytes;
  return kOk;
}

Status prefix_sum(SumType type, void* temporary, size_t temporary_bytes, const void* in, void* out, int64_t stride,
                  uint64_t count, Stream stream) {
  const Status status = check_temporary(temporary, temporary_bytes, kTemporaryBytes);
  if (status != kOk) return status;
  return enqueue(stream, [=] {
    std::memset(temporary, kTemporaryPoison, kTemporaryBytes);
    sum_of(type, in, out, stride, count);
    return kOk;
  });
}

}  // namespace ferrule::gpu::vendor
