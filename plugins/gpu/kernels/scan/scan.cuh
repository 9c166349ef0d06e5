// The scan kernels: a warp or a block walks along a line, reading neighbouring elements by 16 bytes; or, where lines lie
// side by side, each thread walks along its own. Run once to get the chunks' totals and once with their carries, or once.
#pragma once

#include "device/gpu.h"
#include "host/launch.h"
#include "kernels/scan/ops.cuh"
#include "kernels/scan/shape.h"
#include "kernels/tuning.h"

namespace ferrule::gpu::scan {

inline constexpr uint32_t kThreads = tuning::kScanThreads;
inline constexpr uint32_t kBlockWarps = kThreads / warp_width;

// Elements of a 16-byte access, and how many of these a thread keeps in flight.
template <typename T>
inline constexpr uint32_t kWidth = kWide<T>;
template <typename T>
inline constexpr uint32_t kRounds = kWidth<T> >= 16  ? 1
                                    : kWidth<T> >= 8 ? 2
                                                     : 4;
// Elements that a warp takes at once.
template <typename T>
inline constexpr uint32_t kSegment = warp_width* kWidth<T>* kRounds<T>;

// Elements along a line in scan order, by wide accesses where they are neighbours in either direction.
template <typename T>
class LineView {
 public:
  static constexpr uint32_t N = kWidth<T>;

  GPU_DEVICE LineView(T* first, int64_t stride) : first_(first), stride_(stride) {
    const auto address = reinterpret_cast<uint64_t>(stride == 1 ? first : first - (N - 1));
    wide_ = (stride == 1 || stride == -1) && address % 16 == 0;
  }
  // Elements [i, min(i + N, end)).
  GPU_DEVICE void load(T (&v)[N], uint64_t i, uint64_t end) const {
    if (wide_ && i + N <= end) {
      const auto at = static_cast<int64_t>(i);
      const auto data = load_streaming<Vec<T, N>>(stride_ == 1 ? first_ + at : first_ - at - (N - 1));
      GPU_UNROLL
      for (uint32_t j = 0; j < N; ++j) v[j] = stride_ == 1 ? data[j] : data[N - 1 - j];
    } else {
      GPU_UNROLL
      for (uint32_t j = 0; j < N; ++j)
        if (i + j < end) v[j] = first_[static_cast<int64_t>(i + j) * stride_];
    }
  }
  GPU_DEVICE void store(const T (&v)[N], uint64_t i, uint64_t end) const {
    if (wide_ && i + N <= end) {
      Vec<T, N> data;
      GPU_UNROLL
      for (uint32_t j = 0; j < N; ++j) data[j] = stride_ == 1 ? v[j] : v[N - 1 - j];
      const auto at = static_cast<int64_t>(i);
      store_streaming(stride_ == 1 ? first_ + at : first_ - at - (N - 1), data);
    } else {
      GPU_UNROLL
      for (uint32_t j = 0; j < N; ++j)
        if (i + j < end) first_[static_cast<int64_t>(i + j) * stride_] = v[j];
    }
  }

 private:
  T* first_;
  int64_t stride_;
  bool wide_;
};

template <typename Op>
struct Combine {
  using State = typename Op::State;
  GPU_DEVICE State operator()(State a, State b) const { return Op::combine(a, b); }
};

template <typename Op>
struct Join {
  using Carry = typename Op::Carry;
  GPU_DEVICE Carry operator()(Carry a, Carry b) const { return Op::join(a, b); }
};

// One group of kWarps warps per (line, chunk). totals_only: totals[task] gets the chunk's total and nothing is written to
// out; else totals, unless null, holds what is carried into the chunk.
template <typename Op, uint32_t kWarps>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads)
    scan_groups(Op op, const typename Op::Element* x, typename Op::Element* out, Shape shape, uint64_t tasks,
                typename Op::Carry* totals, uint32_t totals_only) {
  begin_kernel();
  using T = typename Op::Element;
  using State = typename Op::State;
  using Carry = typename Op::Carry;
  constexpr uint32_t N = kWidth<T>, kTurns = kRounds<T>;
  GPU_SHARED(State, warp_totals, kBlockWarps);
  const uint32_t warp = thread_x() / warp_width;
  const uint64_t task = kWarps == 1 ? static_cast<uint64_t>(block_x()) * kBlockWarps + warp : block_x();
  if (task >= tasks) return;
  const uint64_t line = shape.chunks == 1 ? task : task / shape.chunks;
  const uint64_t begin = (task - line * shape.chunks) * shape.chunk;
  const uint64_t end = begin + shape.chunk < shape.length ? begin + shape.chunk : shape.length;
  int64_t first[2];
  shape.lines.offsets(line, first);
  const LineView<T> from(const_cast<T*>(x) + first[0], shape.stride[0]);
  const LineView<T> to(out + first[1], shape.stride[1]);

  Carry carry = totals != nullptr && !totals_only ? totals[task] : Op::start();
  const uint32_t member = kWarps == 1 ? 0 : warp;
  for (uint64_t tile = begin; tile < end; tile += kWarps * kSegment<T>) {
    const uint64_t mine = tile + member * kSegment<T> + lane() * N;
    T item[kTurns][N];
    GPU_UNROLL
    for (uint32_t r = 0; r < kTurns; ++r) from.load(item[r], mine + r * (warp_width * N), end);
    // before[r]: of this warp's elements, those before the thread's r-th run.
    State before[kTurns], total = Op::identity();
    GPU_UNROLL
    for (uint32_t r = 0; r < kTurns; ++r) {
      State run = Op::identity();
      GPU_UNROLL
      for (uint32_t j = 0; j < N; ++j)
        if (mine + r * (warp_width * N) + j < end) run = Op::combine(run, op.take(item[r][j]));
      const State sums = warp_scan(run, Combine<Op>{});
      State left = shuffle_up(sums, 1);
      if (lane() == 0) left = Op::identity();
      before[r] = Op::combine(total, left);
      total = Op::combine(total, shuffle(sums, warp_width - 1));
    }
    Carry ahead = carry;
    if constexpr (kWarps > 1) {
      if (lane() == 0) warp_totals[warp] = total;
      sync();
      for (uint32_t w = 0; w < kWarps; ++w) {
        if (w == warp) ahead = carry;
        carry = Op::advance(carry, warp_totals[w]);
      }
      sync();
    } else {
      carry = Op::advance(carry, total);
    }
    if (totals_only) continue;
    GPU_UNROLL
    for (uint32_t r = 0; r < kTurns; ++r) {
      State state = before[r];
      T result[N];
      GPU_UNROLL
      for (uint32_t j = 0; j < N; ++j) {
        const State next = Op::combine(state, op.take(item[r][j]));
        result[j] = op.result(ahead, shape.exclusive ? state : next);
        state = next;
      }
      to.store(result, mine + r * (warp_width * N), end);
    }
  }
  if (totals_only && lane() == 0 && member == 0) totals[task] = carry;
}

// One thread per (line, chunk); neighbouring threads have neighbouring lines.
template <typename Op>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads)
    scan_threads(Op op, const typename Op::Element* x, typename Op::Element* out, Shape shape, uint64_t tasks,
                 typename Op::Carry* totals, uint32_t totals_only) {
  begin_kernel();
  using T = typename Op::Element;
  using Carry = typename Op::Carry;
  constexpr uint32_t kEach = 8;
  const uint64_t task = global_thread();
  if (task >= tasks) return;
  const uint64_t chunk = shape.chunks == 1 ? 0 : task / shape.n_lines;
  const uint64_t line = task - chunk * shape.n_lines;
  const uint64_t begin = chunk * shape.chunk;
  const uint64_t end = begin + shape.chunk < shape.length ? begin + shape.chunk : shape.length;
  int64_t first[2];
  shape.lines.offsets(line, first);
  const T* from = x + first[0] + static_cast<int64_t>(begin) * shape.stride[0];
  T* to = out + first[1] + static_cast<int64_t>(begin) * shape.stride[1];
  Carry* total = totals + (line * shape.chunks + chunk);
  Carry carry = totals != nullptr && !totals_only ? *total : Op::start();
  const uint64_t count = end - begin;
  for (uint64_t i = 0; i < count; i += kEach) {
    T item[kEach];
    GPU_UNROLL
    for (uint32_t k = 0; k < kEach; ++k)
      if (i + k < count) item[k] = from[static_cast<int64_t>(i + k) * shape.stride[0]];
    GPU_UNROLL
    for (uint32_t k = 0; k < kEach; ++k) {
      if (i + k >= count) break;
      const Carry next = Op::advance(carry, op.take(item[k]));
      if (!totals_only)
        to[static_cast<int64_t>(i + k) * shape.stride[1]] = op.result(shape.exclusive ? carry : next, Op::identity());
      carry = next;
    }
  }
  if (totals_only) *total = carry;
}

// A warp per line makes its chunks' totals what is carried into each chunk.
template <typename Op>
GPU_KERNEL GPU_LAUNCH_BOUNDS(kThreads) carry_totals(typename Op::Carry* totals, uint64_t n_lines, uint32_t chunks) {
  begin_kernel();
  using Carry = typename Op::Carry;
  const uint64_t line = static_cast<uint64_t>(block_x()) * kBlockWarps + thread_x() / warp_width;
  if (line >= n_lines) return;
  Carry carry = Op::start();
  for (uint32_t first = 0; first < chunks; first += warp_width) {
    const uint32_t i = first + lane();
    Carry* at = totals + (line * chunks + i);
    const Carry sums = warp_scan(i < chunks ? *at : Op::start(), Join<Op>{});
    Carry left = shuffle_up(sums, 1);
    if (lane() == 0) left = Op::start();
    if (i < chunks) *at = Op::join(carry, left);
    carry = Op::join(carry, shuffle(sums, warp_width - 1));
  }
}

template <typename Op>
void launch(const Op& op, const Work& work, CommandList& commands) {
  using T = typename Op::Element;
  using Carry = typename Op::Carry;
  static_assert(sizeof(Carry) <= kStateBytes);
  const Shape& shape = work.shape;
  const auto* x = static_cast<const T*>(work.x);
  auto* out = static_cast<T*>(work.out);
  auto* totals = static_cast<Carry*>(work.totals);
  const uint64_t tasks = shape.n_lines * shape.chunks;
  const auto pass = [&](uint32_t totals_only) {
    if (work.way == Way::kThreads)
      commands.launch<&scan_threads<Op>>(grid_for(tasks, kThreads), op, x, out, shape, tasks, totals, totals_only);
    else if (work.way == Way::kWarps)
      commands.launch<&scan_groups<Op, 1>>(grid_for(tasks * warp_width, kThreads), op, x, out, shape, tasks, totals,
                                           totals_only);
    else
      commands.launch<&scan_groups<Op, kBlockWarps>>(grid_for(tasks * kThreads, kThreads), op, x, out, shape, tasks,
                                                     totals, totals_only);
  };
  if (shape.chunks > 1) {
    pass(1);
    commands.launch<&carry_totals<Op>>(grid_for(shape.n_lines * warp_width, kThreads), totals, shape.n_lines,
                                       shape.chunks);
  }
  pass(0);
}

// Integers of both signs share their kernels.
template <template <typename> class Op, typename... A>
void launch_integer(const Work& work, CommandList& commands, const A&... arguments) {
  switch (plugin::item_size(work.dtype)) {
    case 1:
      return launch(Op<uint8_t>(arguments...), work, commands);
    case 2:
      return launch(Op<uint16_t>(arguments...), work, commands);
    case 4:
      return launch(Op<uint32_t>(arguments...), work, commands);
    default:
      return launch(Op<uint64_t>(arguments...), work, commands);
  }
}
template <template <typename> class Op, typename... A>
void launch_float(const Work& work, CommandList& commands, const A&... arguments) {
  switch (work.dtype) {
    case FRL_DTYPE_F16:
      return launch(Op<Half>(arguments...), work, commands);
    case FRL_DTYPE_BF16:
      return launch(Op<Bfloat>(arguments...), work, commands);
    case FRL_DTYPE_F32:
      return launch(Op<float>(arguments...), work, commands);
    default:
      return launch(Op<double>(arguments...), work, commands);
  }
}
inline bool is_float(uint32_t dtype) { return dtype >= FRL_DTYPE_F16 && dtype <= FRL_DTYPE_F64; }

}  // namespace ferrule::gpu::scan
