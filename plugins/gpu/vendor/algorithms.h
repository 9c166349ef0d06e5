// Device-wide algorithms that a vendor's library does best: declared here for all, defined in each backend's vendor
// folder. A *_bytes query says how much temporary memory a call needs (the device is current), the call itself enqueues
// on a stream through CommandList::library. Inputs are not modified; nothing overlaps.
#pragma once

#include "vendor/host.h"

namespace ferrule::gpu::vendor {

// Radix-sorted keys, ascending: unsigned integers, or the bits of f32 in the order of docs/numerics.md (NaN last).
// Of kF32, sort_keys keeps each key's bits but for the sign of NaN (-0 before +0, NaN in any order); for sort_pairs -0 and
// +0 are equal and so are all NaN, and the sorted keys may come out with another zero or NaN.
enum class SortKey : uint8_t { kU16, kU32, kU64, kF32 };

// Only the key's bits [0, bits) take part (kF32: all). count < 2^32.
Status sort_keys_bytes(size_t* out, SortKey key, uint64_t count, uint32_t bits);
Status sort_keys(SortKey key, void* temporary, size_t temporary_bytes, const void* in, void* out, uint64_t count,
                 uint32_t bits, Stream stream);
// The same, stable, carrying 32-bit values along.
Status sort_pairs_bytes(size_t* out, SortKey key, uint64_t count, uint32_t bits);
Status sort_pairs(SortKey key, void* temporary, size_t temporary_bytes, const void* keys_in, void* keys_out,
                  const uint32_t* values_in, uint32_t* values_out, uint64_t count, uint32_t bits, Stream stream);

// Inclusive sums of a vector: f16 and bf16 are added in f32 and each result is rounded once; integers wrap.
enum class SumType : uint8_t { kF16, kBF16, kF32, kF64, kU32, kU64 };

// Element i lies at in + i * stride and its sum goes to out + i * stride, in elements; stride is 1 or -1. The order of
// additions, and so a floating result's last bits, may differ from run to run. count < 2^32.
Status prefix_sum_bytes(size_t* out, SumType type, uint64_t count);
Status prefix_sum(SumType type, void* temporary, size_t temporary_bytes, const void* in, void* out, int64_t stride,
                  uint64_t count, Stream stream);

}  // namespace ferrule::gpu::vendor
