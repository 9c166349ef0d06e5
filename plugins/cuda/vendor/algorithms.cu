// vendor/algorithms.h over CUB. Key types other than plain integers say by their traits how CUB orders their bits; the
// conversion then happens in registers, and f32 needs no pass of its own.
#include "vendor/algorithms.h"

#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>
#include <cuda/std/functional>

#include "device/gpu.h"
#include "functors/types.h"

namespace ferrule::gpu::vendor {

// f32 keys whose bits are kept, but for the sign of NaN: -inf first, NaN last.
struct ExactFloat {
  uint32_t bits;
};
// f32 keys where -0 = +0 and all NaN are one.
struct CanonicalFloat {
  uint32_t bits;
};

}  // namespace ferrule::gpu::vendor

CUB_NAMESPACE_BEGIN
namespace detail {

template <>
struct NumericTraits<ferrule::gpu::vendor::ExactFloat> {
  static constexpr bool is_primitive = false;
  using UnsignedBits = uint32_t;
  static constexpr UnsignedBits LOWEST_KEY = 0xff800000u, MAX_KEY = 0x7fffffffu;

  // Else as for float: CUB's kernel then takes 55 registers, and a multiprocessor of sm_90 holds three blocks of it. With a
  // subtraction that moves NaN of both signs behind +inf it takes 71, which leaves two.
  static __host__ __device__ __forceinline__ UnsignedBits TwiddleIn(UnsignedBits key) {
    if (key > 0xff800000u) key &= 0x7fffffffu;
    return key ^ (key >> 31 ? 0xffffffffu : 0x80000000u);
  }
  static __host__ __device__ __forceinline__ UnsignedBits TwiddleOut(UnsignedBits key) {
    return key ^ (key >> 31 ? 0x80000000u : 0xffffffffu);
  }
};

template <>
struct NumericTraits<ferrule::gpu::vendor::CanonicalFloat> {
  static constexpr bool is_primitive = false;
  using UnsignedBits = uint32_t;
  static constexpr UnsignedBits LOWEST_KEY = 0xff800000u, MAX_KEY = 0x7fffffffu;

  static __host__ __device__ __forceinline__ UnsignedBits TwiddleIn(UnsignedBits key) {
    const uint32_t magnitude = key & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return 0xffffffffu;
    if (magnitude == 0) return 0x80000000u;
    return key ^ (key >> 31 ? 0xffffffffu : 0x80000000u);
  }
  static __host__ __device__ __forceinline__ UnsignedBits TwiddleOut(UnsignedBits key) {
    return key ^ (key >> 31 ? 0x80000000u : 0xffffffffu);
  }
};

namespace radix {

// CUB has tiles of their own for float.
template <typename Value, typename Offset>
struct policy_hub<ferrule::gpu::vendor::ExactFloat, Value, Offset> : policy_hub<float, Value, Offset> {};
// With an index each, tiles of 512 threads with 18 pairs take an H100 2 % less time than those of 384 with 23.
template <>
struct policy_hub<ferrule::gpu::vendor::CanonicalFloat, uint32_t, uint32_t> : policy_hub<float, uint32_t, uint32_t> {
  using Plain = policy_hub<float, uint32_t, uint32_t>;
  struct Policy900 : ChainedPolicy<900, Policy900, Plain::Policy800>,
                     Plain::OnesweepSmallKeyTunedPolicy<sm90_small_key_tuning<4, 4, 4>> {
    using OnesweepPolicy = AgentRadixSortOnesweepPolicy<512, 18, uint32_t, 1, RADIX_RANK_MATCH_EARLY_COUNTS_ANY,
                                                        BLOCK_SCAN_RAKING_MEMOIZE, RADIX_SORT_STORE_DIRECT, 8>;
  };
  struct Policy1000 : ChainedPolicy<1000, Policy1000, Policy900>,
                      Plain::OnesweepSmallKeyTunedPolicy<sm100_small_key_tuning<uint32_t, 4, 4, 4>> {};
  using MaxPolicy = Policy1000;
};

}  // namespace radix
}  // namespace detail
CUB_NAMESPACE_END

namespace ferrule::gpu::vendor {
namespace {

template <typename Key>
Status keys_of(void* temporary, size_t& bytes, const void* in, void* out, uint64_t count, uint32_t bits, Stream s) {
  return cub::DeviceRadixSort::SortKeys(temporary, bytes, static_cast<const Key*>(in), static_cast<Key*>(out),
                                        static_cast<uint32_t>(count), 0, static_cast<int>(bits), s);
}

template <typename Key>
Status pairs_of(void* temporary, size_t& bytes, const void* keys_in, void* keys_out, const uint32_t* values_in,
                uint32_t* values_out, uint64_t count, uint32_t bits, Stream s) {
  return cub::DeviceRadixSort::SortPairs(temporary, bytes, static_cast<const Key*>(keys_in),
                                         static_cast<Key*>(keys_out), values_in, values_out,
                                         static_cast<uint32_t>(count), 0, static_cast<int>(bits), s);
}

Status run_keys(SortKey key, void* temporary, size_t& bytes, const void* in, void* out, uint64_t count, uint32_t bits,
                Stream s) {
  switch (key) {
    case SortKey::kU16:
      return keys_of<uint16_t>(temporary, bytes, in, out, count, bits, s);
    case SortKey::kU32:
      return keys_of<uint32_t>(temporary, bytes, in, out, count, bits, s);
    case SortKey::kU64:
      return keys_of<uint64_t>(temporary, bytes, in, out, count, bits, s);
    case SortKey::kF32:
      return keys_of<ExactFloat>(temporary, bytes, in, out, count, 32, s);
  }
  return cudaErrorInvalidValue;
}

Status run_pairs(SortKey key, void* temporary, size_t& bytes, const void* keys_in, void* keys_out,
                 const uint32_t* values_in, uint32_t* values_out, uint64_t count, uint32_t bits, Stream s) {
  switch (key) {
    case SortKey::kU16:
      return pairs_of<uint16_t>(temporary, bytes, keys_in, keys_out, values_in, values_out, count, bits, s);
    case SortKey::kU32:
      return pairs_of<uint32_t>(temporary, bytes, keys_in, keys_out, values_in, values_out, count, bits, s);
    case SortKey::kU64:
      return pairs_of<uint64_t>(temporary, bytes, keys_in, keys_out, values_in, values_out, count, bits, s);
    case SortKey::kF32:
      return pairs_of<CanonicalFloat>(temporary, bytes, keys_in, keys_out, values_in, values_out, count, 32, s);
  }
  return cudaErrorInvalidValue;
}

// A vector read forwards or backwards, each element widened to the type of its sum; T may be const.
template <typename T>
class Elements {
 public:
  using Plain = ::cuda::std::remove_const_t<T>;
  using iterator_category = ::cuda::std::random_access_iterator_tag;
  using value_type = Compute<Plain>;
  using difference_type = int64_t;
  using pointer = void;

  class Element {
   public:
    GPU_HOST_DEVICE explicit Element(T* at) : at_(at) {}
    GPU_DEVICE operator value_type() const { return widen(*at_); }
    GPU_DEVICE const Element& operator=(value_type v) const {
      *at_ = narrow<Plain>(v);
      return *this;
    }

   private:
    T* at_;
  };
  using reference = Element;

  GPU_HOST_DEVICE Elements(T* data, int64_t stride) : data_(data), stride_(stride) {}
  GPU_HOST_DEVICE Element operator[](int64_t i) const { return Element(data_ + i * stride_); }
  GPU_HOST_DEVICE Element operator*() const { return Element(data_); }
  GPU_HOST_DEVICE Elements operator+(int64_t n) const { return {data_ + n * stride_, stride_}; }
  GPU_HOST_DEVICE Elements operator-(int64_t n) const { return {data_ - n * stride_, stride_}; }
  GPU_HOST_DEVICE difference_type operator-(const Elements& o) const { return (data_ - o.data_) / stride_; }
  GPU_HOST_DEVICE Elements& operator+=(int64_t n) {
    data_ += n * stride_;
    return *this;
  }
  GPU_HOST_DEVICE Elements& operator++() { return *this += 1; }
  GPU_HOST_DEVICE bool operator==(const Elements& o) const { return data_ == o.data_; }
  GPU_HOST_DEVICE bool operator!=(const Elements& o) const { return data_ != o.data_; }

 private:
  T* data_;
  int64_t stride_;
};

template <typename T>
Status sums_of(void* temporary, size_t& bytes, const void* in, void* out, int64_t stride, uint64_t count, Stream s) {
  return cub::DeviceScan::InclusiveScan(temporary, bytes, Elements<const T>(static_cast<const T*>(in), stride),
                                        Elements<T>(static_cast<T*>(out), stride), ::cuda::std::plus<>{},
                                        static_cast<uint32_t>(count), s);
}

Status run_sums(SumType type, void* temporary, size_t& bytes, const void* in, void* out, int64_t stride, uint64_t count,
                Stream s) {
  switch (type) {
    case SumType::kF16:
      return sums_of<Half>(temporary, bytes, in, out, stride, count, s);
    case SumType::kBF16:
      return sums_of<Bfloat>(temporary, bytes, in, out, stride, count, s);
    case SumType::kF32:
      return sums_of<float>(temporary, bytes, in, out, stride, count, s);
    case SumType::kF64:
      return sums_of<double>(temporary, bytes, in, out, stride, count, s);
    case SumType::kU32:
      return sums_of<uint32_t>(temporary, bytes, in, out, stride, count, s);
    case SumType::kU64:
      return sums_of<uint64_t>(temporary, bytes, in, out, stride, count, s);
  }
  return cudaErrorInvalidValue;
}

}  // namespace

Status sort_keys_bytes(size_t* out, SortKey key, uint64_t count, uint32_t bits) {
  *out = 0;
  return run_keys(key, nullptr, *out, nullptr, nullptr, count, bits, nullptr);
}

Status sort_keys(SortKey key, void* temporary, size_t temporary_bytes, const void* in, void* out, uint64_t count,
                 uint32_t bits, Stream stream) {
  return run_keys(key, temporary, temporary_bytes, in, out, count, bits, stream);
}

Status sort_pairs_bytes(size_t* out, SortKey key, uint64_t count, uint32_t bits) {
  *out = 0;
  return run_pairs(key, nullptr, *out, nullptr, nullptr, nullptr, nullptr, count, bits, nullptr);
}

Status sort_pairs(SortKey key, void* temporary, size_t temporary_bytes, const void* keys_in, void* keys_out,
                  const uint32_t* values_in, uint32_t* values_out, uint64_t count, uint32_t bits, Stream stream) {
  return run_pairs(key, temporary, temporary_bytes, keys_in, keys_out, values_in, values_out, count, bits, stream);
}

Status prefix_sum_bytes(size_t* out, SumType type, uint64_t count) {
  *out = 0;
  return run_sums(type, nullptr, *out, nullptr, nullptr, 1, count, nullptr);
}

Status prefix_sum(SumType type, void* temporary, size_t temporary_bytes, const void* in, void* out, int64_t stride,
                  uint64_t count, Stream stream) {
  return run_sums(type, temporary, temporary_bytes, in, out, stride, count, stream);
}

}  // namespace ferrule::gpu::vendor
