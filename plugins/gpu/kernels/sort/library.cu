// Long lines by the vendor's radix sort. Keys are converted by a pass before and after, but for f32 (which the library
// converts as it reads) and unsigned integers of 16 bits and more, where they are contiguous.
#include <algorithm>

#include "host/failure.h"
#include "host/launch.h"
#include "kernels/sort/order.h"
#include "kernels/tuning.h"
#include "vendor/algorithms.h"

namespace ferrule::gpu::sort {
namespace {

constexpr uint32_t kThreads = tuning::kSortThreads;

// 0, 1, 2 ... by 16 bytes; `indices` is aligned to them.
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) number_line(uint32_t* indices, uint64_t count) {
  begin_kernel();
  const uint64_t first = global_thread() * 4;
  const auto i = static_cast<uint32_t>(first);
  if (first + 4 <= count) {
    store_wide(indices + first, Vec<uint32_t, 4>{{i, i + 1, i + 2, i + 3}});
  } else {
    for (uint32_t k = 0; k < 4; ++k)
      if (first + k < count) indices[first + k] = i + k;
  }
}

template <typename K>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) encode_line(const void* x, KeyCode code, int64_t first, int64_t stride,
                                                   uint64_t count, K* keys, uint32_t* indices) {
  begin_kernel();
  const uint64_t i = global_thread();
  if (i >= count) return;
  keys[i] = static_cast<K>(code.load(x, first + static_cast<int64_t>(i) * stride));
  if (indices != nullptr) indices[i] = static_cast<uint32_t>(i);
}

// keys may be out itself.
template <typename K>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads)
    decode_line(const K* keys, void* out, KeyCode code, int64_t first, int64_t stride, uint64_t count) {
  begin_kernel();
  const uint64_t i = global_thread();
  if (i < count) code.store_bits(out, first + static_cast<int64_t>(i) * stride, code.decode(keys[i]));
}

GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads)
    spread_line(const uint32_t* indices, uint32_t* out, int64_t first, int64_t stride, uint64_t count) {
  begin_kernel();
  const uint64_t i = global_thread();
  if (i < count) out[first + static_cast<int64_t>(i) * stride] = indices[i];
}

// What a line goes through.
struct Steps {
  vendor::SortKey key;
  uint32_t key_bytes, bits;
  bool encode;    // else the library reads x
  bool in_place;  // the library writes out, where keys are decoded if they were encoded

  explicit Steps(const Order& order) {
    const KeyCode& code = order.code;
    const bool plain = code.kind == KeyCode::kUnsigned && code.item >= 2;
    const bool single = code.kind == KeyCode::kFloat && code.item == 4;
    bits = code.bits();
    key_bytes = std::max(code.item, 2u);
    key = key_bytes == 2 ? vendor::SortKey::kU16 : key_bytes == 4 ? vendor::SortKey::kU32 : vendor::SortKey::kU64;
    const bool contiguous = order.stride[1] == 1;
    encode = order.stride[0] != 1 || !(plain || single) || (!order.indices && !contiguous);
    if (single && !encode) key = vendor::SortKey::kF32;
    in_place = contiguous && (order.indices || key_bytes == code.item);
  }
};

struct Arrays {
  void *keys_in = nullptr, *keys_out = nullptr;
  uint32_t *indices_in = nullptr, *indices_out = nullptr;
  void* temporary = nullptr;

  Arrays(const Order& order, const Steps& steps, size_t temporary_bytes, Scratch& scratch) {
    if (steps.encode) keys_in = scratch.take_bytes(order.length * steps.key_bytes);
    if (order.indices || !steps.in_place) keys_out = scratch.take_bytes(order.length * steps.key_bytes);
    if (order.indices) indices_in = scratch.take<uint32_t>(order.length);
    if (order.indices && !steps.in_place) indices_out = scratch.take<uint32_t>(order.length);
    temporary = scratch.take_bytes(temporary_bytes);
  }
};

size_t temporary_bytes_of(const Order& order, const Steps& steps) {
  size_t bytes = 0;
  check(order.indices ? vendor::sort_pairs_bytes(&bytes, steps.key, order.length, steps.bits)
                      : vendor::sort_keys_bytes(&bytes, steps.key, order.length, steps.bits),
        "radix sort: bytes");
  return bytes;
}

template <typename K>
void launch_line(const Order& order, const Steps& steps, const Arrays& arrays, size_t temporary_bytes, int64_t from,
                 int64_t to, CommandList& commands) {
  const uint64_t n = order.length;
  const vendor::LaunchShape shape = grid_for(n, kThreads);
  if (order.indices && !steps.encode)
    commands.launch<&number_line>(grid_for(ceil_div(n, 4), kThreads), arrays.indices_in, n);
  if (steps.encode)
    commands.launch<&encode_line<K>>(shape, order.x, order.code, from, order.stride[0], n,
                                     static_cast<K*>(arrays.keys_in), arrays.indices_in);
  const void* keys_in = steps.encode ? arrays.keys_in : static_cast<const K*>(order.x) + from;
  if (order.indices) {
    uint32_t* indices_out = steps.in_place ? static_cast<uint32_t*>(order.out) + to : arrays.indices_out;
    commands.library([=, key = steps.key, bits = steps.bits](vendor::Stream stream) {
      return vendor::sort_pairs(key, arrays.temporary, temporary_bytes, keys_in, arrays.keys_out, arrays.indices_in,
                                indices_out, n, bits, stream);
    });
    if (!steps.in_place)
      commands.launch<&spread_line>(shape, indices_out, static_cast<uint32_t*>(order.out), to, order.stride[1], n);
    return;
  }
  void* keys_out = steps.in_place ? static_cast<K*>(order.out) + to : arrays.keys_out;
  commands.library([=, key = steps.key, bits = steps.bits](vendor::Stream stream) {
    return vendor::sort_keys(key, arrays.temporary, temporary_bytes, keys_in, keys_out, n, bits, stream);
  });
  if (steps.encode && (!steps.in_place || order.code.kind != KeyCode::kUnsigned))
    commands.launch<&decode_line<K>>(shape, static_cast<const K*>(keys_out), order.out, order.code, to, order.stride[1],
                                     n);
}

}  // namespace

uint64_t library_bytes(const Order& order) {
  const Steps steps(order);
  Scratch counted;
  Arrays(order, steps, temporary_bytes_of(order, steps), counted);
  return counted.bytes();
}

void launch_library(const Order& order, void* scratch, CommandList& commands) {
  const Steps steps(order);
  const size_t temporary_bytes = temporary_bytes_of(order, steps);
  Scratch memory(scratch);
  const Arrays arrays(order, steps, temporary_bytes, memory);
  for (uint64_t line = 0; line < order.n_lines; ++line) {
    int64_t first[2] = {0, 0};
    auto rest = static_cast<int64_t>(line);
    for (uint32_t d = 0; d < order.lines.ndim; ++d) {
      const int64_t index = rest % order.lines.extent[d];
      for (uint32_t k = 0; k < 2; ++k) first[k] += index * order.lines.stride[d][k];
      rest /= order.lines.extent[d];
    }
    if (steps.key_bytes == 2)
      launch_line<uint16_t>(order, steps, arrays, temporary_bytes, first[0], first[1], commands);
    else if (steps.key_bytes == 4)
      launch_line<uint32_t>(order, steps, arrays, temporary_bytes, first[0], first[1], commands);
    else
      launch_line<uint64_t>(order, steps, arrays, temporary_bytes, first[0], first[1], commands);
  }
}

}  // namespace ferrule::gpu::sort
