#include "machine/executor.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <numeric>
#include <vector>

#include "machine/config.h"
#include "machine/fiber.h"
#include "machine/race_check.h"
#include "machine/shared_memory.h"

namespace ferrule::gpu::sim {

constinit Running running{};

namespace {

constexpr uint32_t kMaxThreads = 1024;
constexpr uint32_t kMaxWarps = kMaxThreads / kWarpWidth;
constexpr Point kMaxGrid = {0x7fffffff, 65535, 65535};
constexpr Point kMaxBlock = {1024, 1024, 64};

const char* name_of(WarpCall call) {
  switch (call) {
    case WarpCall::kSync:
      return "sync_warp";
    case WarpCall::kShuffle:
      return "shuffle";
    case WarpCall::kShuffleXor:
      return "shuffle_xor";
    case WarpCall::kShuffleUp:
      return "shuffle_up";
    case WarpCall::kShuffleDown:
      return "shuffle_down";
    case WarpCall::kVote:
      return "a vote";
  }
  return "a warp call";
}

class Executor {
 public:
  Status run(const Kernel& kernel, const Shape& shape, void* const* arguments);

  void check_races(bool on) {
    std::lock_guard lock(mutex_);
    race_check_ = on;
  }

  // On the running thread's fiber.
  void sync_block(const Site& site);
  Lanes exchange(WarpCall call, const void* value, size_t bytes, bool vote, const Site& site);
  [[noreturn]] void fault(const char* format, va_list arguments);
  SharedMemory& shared() { return shared_; }
  RaceCheck& races() { return races_; }

 private:
  struct Thread {
    Point position;
    Fiber* fiber = nullptr;
  };
  struct Warp {
    uint32_t lanes, arrived, ended, phase;  // results of two calls are kept: lanes may still read the one before
    WarpCall call;
    Site site;
    uint64_t votes[2];
    uint64_t epoch;  // counts sync_warp
  };

  Status check(const Kernel& kernel, const Shape& shape) const;
  void place_threads(const Point& block);
  void run_block(uint64_t number);
  static void enter(Fiber& self, void* executor);
  void work(Fiber& self);
  void begin_thread(Fiber& self);
  void end_thread();
  void end_segment();
  void resume(uint32_t thread);
  void wait();
  void release(uint32_t first, uint32_t count, const Permutation& order);
  Fiber& idle_fiber();
  [[noreturn]] void deadlock();

  std::mutex mutex_;
  bool race_check_ = config().race_check;
  const Kernel* kernel_ = nullptr;
  void* const* arguments_ = nullptr;
  Permutation thread_order_, lane_order_;
  uint32_t dynamic_bytes_ = 0;

  std::array<Thread, kMaxThreads> threads_;
  std::array<Warp, kMaxWarps> warps_;
  std::byte slots_[2][kMaxThreads][kLaneBytes];
  uint32_t count_ = 0;  // threads of a block
  uint32_t started_ = 0, ended_ = 0, waiting_ = 0;
  Site barrier_{};
  uint64_t epoch_ = 0;  // counts barriers and blocks
  std::array<uint16_t, kMaxThreads> ready_;
  uint32_t ready_first_ = 0, ready_count_ = 0;

  Fiber host_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;
  bool faulted_ = false;
  char text_[448] = {};

  SharedMemory shared_;
  RaceCheck races_{shared_};
};

Executor& executor() {
  static Executor instance;
  return instance;
}

Status Executor::check(const Kernel& kernel, const Shape& s) const {
  const auto inside = [](const Point& p, const Point& limit) {
    return p.x >= 1 && p.y >= 1 && p.z >= 1 && p.x <= limit.x && p.y <= limit.y && p.z <= limit.z;
  };
  char name[128];
  if (!inside(s.grid, kMaxGrid)) {
    short_name(kernel.name, name, sizeof name);
    return failed(Status::kLaunchLimits, "kernel %s: got a grid of (%u, %u, %u) blocks; expected 1 to (%u, %u, %u)",
                  name, s.grid.x, s.grid.y, s.grid.z, kMaxGrid.x, kMaxGrid.y, kMaxGrid.z);
  }
  if (!inside(s.block, kMaxBlock) || uint64_t{s.block.x} * s.block.y * s.block.z > kMaxThreads) {
    short_name(kernel.name, name, sizeof name);
    return failed(Status::kLaunchLimits, "kernel %s: got a block of (%u, %u, %u) threads; expected 1 to %u in all",
                  name, s.block.x, s.block.y, s.block.z, kMaxThreads);
  }
  const uint32_t allowed = kernel.dynamic_shared_limit.load(std::memory_order_relaxed);
  if (s.dynamic_shared_bytes > allowed) {
    short_name(kernel.name, name, sizeof name);
    return failed(Status::kSharedMemoryLimit,
                  "kernel %s: got %u bytes of dynamic shared memory; expected at most %u, which was allowed for it",
                  name, s.dynamic_shared_bytes, allowed);
  }
  return Status::kOk;
}

void Executor::place_threads(const Point& block) {
  count_ = block.x * block.y * block.z;
  uint32_t i = 0;
  for (uint32_t z = 0; z < block.z; ++z)
    for (uint32_t y = 0; y < block.y; ++y)
      for (uint32_t x = 0; x < block.x; ++x) threads_[i++].position = {x, y, z};
}

Status Executor::run(const Kernel& kernel, const Shape& shape, void* const* arguments) {
  std::lock_guard lock(mutex_);
  const Status status = check(kernel, shape);
  if (status != Status::kOk) return status;
  if (!shared_.reserve(config().shared_bytes)) {
    return failed(Status::kOutOfMemory, "no host memory for %u bytes of shared memory", config().shared_bytes);
  }
  kernel_ = &kernel;
  arguments_ = arguments;
  dynamic_bytes_ = shape.dynamic_shared_bytes;
  faulted_ = false;
  host_.adopt_host_thread();
  running.blocks = shape.grid;
  running.threads = shape.block;
  running.race_check = race_check_;
  place_threads(shape.block);

  races_.begin_kernel();
  thread_order_ = Permutation(count_, config().seed);
  lane_order_ = Permutation(kWarpWidth, config().seed);

  const uint64_t blocks = uint64_t{shape.grid.x} * shape.grid.y * shape.grid.z;
  const Permutation block_order(blocks, config().seed);
  for (uint64_t i = 0; i < blocks && !faulted_; ++i) run_block(block_order(i));
  if (!faulted_) return Status::kOk;
  idle_.clear();
  std::erase_if(fibers_, [](const auto& fiber) { return !fiber->valid(); });
  for (const auto& fiber : fibers_) {
    fiber->reset();
    idle_.push_back(fiber.get());
  }
  return failed(Status::kKernelFault, "%s", text_);
}

void Executor::run_block(uint64_t number) {
  const Point& grid = running.blocks;
  running.block = {static_cast<uint32_t>(number % grid.x), static_cast<uint32_t>(number / grid.x % grid.y),
                   static_cast<uint32_t>(number / grid.x / grid.y)};
  ++running.block_serial;
  running.begun = 0;
  ++epoch_;
  shared_.begin_block(dynamic_bytes_);
  started_ = ended_ = waiting_ = ready_count_ = 0;
  const uint32_t warps = (count_ + kWarpWidth - 1) / kWarpWidth;
  for (uint32_t w = 0; w < warps; ++w) {
    warps_[w].lanes = w + 1 < warps ? kWarpWidth : count_ - w * kWarpWidth;
    warps_[w].arrived = warps_[w].ended = 0;
  }
  Fiber& fiber = idle_fiber();
  if (fiber.valid()) {
    Fiber::switch_to(host_, fiber);
  } else {
    std::snprintf(text_, sizeof text_, "no memory for the stack of a simulated thread");
    faulted_ = true;
  }
}

Fiber& Executor::idle_fiber() {
  if (idle_.empty()) {
    fibers_.push_back(std::make_unique<Fiber>(&Executor::enter, this, static_cast<uint32_t>(fibers_.size())));
    idle_.push_back(fibers_.back().get());
  }
  Fiber& fiber = *idle_.back();
  idle_.pop_back();
  return fiber;
}

void Executor::enter(Fiber& self, void* executor) { static_cast<Executor*>(executor)->work(self); }

// A fiber runs thread after thread while they end without waiting, and is idle when there is no other to start.
void Executor::work(Fiber& self) {
  for (;;) {
    if (ready_count_ > 0) {
      idle_.push_back(&self);
      const uint32_t thread = ready_[ready_first_];
      ready_first_ = (ready_first_ + 1) % kMaxThreads;
      --ready_count_;
      resume(thread);
      Fiber::switch_to(self, *threads_[thread].fiber);
    } else if (started_ < count_) {
      begin_thread(self);
      kernel_->call(arguments_);
      end_thread();
    } else if (ended_ == count_) {
      idle_.push_back(&self);
      Fiber::switch_to(self, host_);
    } else {
      deadlock();
    }
  }
}

void Executor::resume(uint32_t thread) {
  running.thread = threads_[thread].position;
  running.number = thread;
  running.lane = thread % kWarpWidth;
  running.warp = thread / kWarpWidth;
}

void Executor::begin_thread(Fiber& self) {
  const auto thread = static_cast<uint32_t>(thread_order_(started_++));
  threads_[thread].fiber = &self;
  resume(thread);
}

void Executor::end_thread() {
  if (running.race_check) end_segment();
  Warp& warp = warps_[running.warp];
  if (waiting_ > 0) {
    sim::fault("the thread ended while %u threads of its block wait at the barrier of %s:%u", waiting_, barrier_.file,
               barrier_.line);
  }
  if (warp.arrived > 0) {
    sim::fault("the thread ended while %u lanes of its warp wait in %s of %s:%u", warp.arrived, name_of(warp.call),
               warp.site.file, warp.site.line);
  }
  ++ended_;
  ++warp.ended;
  if (ended_ == count_ && running.begun != count_) {
    sim::fault("of %u threads of the block %u called begin_kernel; expected each to, first of all", count_,
               running.begun);
  }
}

void Executor::end_segment() { races_.end_segment({epoch_, warps_[running.warp].epoch, running.number, running.warp}); }

// Lets other threads run until this one is released.
void Executor::wait() {
  const uint32_t self = running.number;
  Fiber* next = nullptr;
  if (ready_count_ > 0) {
    const uint32_t thread = ready_[ready_first_];
    ready_first_ = (ready_first_ + 1) % kMaxThreads;
    --ready_count_;
    resume(thread);
    next = threads_[thread].fiber;
  } else if (started_ < count_) {
    next = &idle_fiber();
    if (!next->valid()) sim::fault("no memory for the stack of a simulated thread");
  } else {
    deadlock();
  }
  Fiber::switch_to(*threads_[self].fiber, *next);
}

// Makes the waiting threads first to first + count ready, the running one among them excepted.
void Executor::release(uint32_t first, uint32_t count, const Permutation& order) {
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t thread = first + static_cast<uint32_t>(order(i));
    if (thread == running.number) continue;
    ready_[(ready_first_ + ready_count_++) % kMaxThreads] = static_cast<uint16_t>(thread);
  }
}

void Executor::sync_block(const Site& site) {
  if (running.race_check) end_segment();
  if (ended_ > 0) {
    sim::fault("barrier at %s:%u; expected all threads of the block, but %u have ended", site.file, site.line, ended_);
  }
  if (waiting_ == 0) {
    barrier_ = site;
  } else if (!(site == barrier_)) {
    sim::fault("barrier at %s:%u while %u threads of the block wait at the barrier of %s:%u", site.file, site.line,
               waiting_, barrier_.file, barrier_.line);
  }
  if (++waiting_ < count_) {
    wait();
    return;
  }
  waiting_ = 0;
  ++epoch_;
  release(0, count_, thread_order_);
}

Lanes Executor::exchange(WarpCall call, const void* value, size_t bytes, bool vote, const Site& site) {
  if (running.race_check) end_segment();
  Warp& warp = warps_[running.warp];
  if (warp.ended > 0) {
    sim::fault("%s at %s:%u; expected all lanes of the warp, but %u have ended", name_of(call), site.file, site.line,
               warp.ended);
  }
  const uint32_t phase = warp.phase;
  if (warp.arrived == 0) {
    warp.call = call;
    warp.site = site;
    warp.votes[phase] = 0;
  } else if (warp.call != call || !(warp.site == site)) {
    sim::fault("%s at %s:%u while %u lanes of the warp wait in %s of %s:%u", name_of(call), site.file, site.line,
               warp.arrived, name_of(warp.call), warp.site.file, warp.site.line);
  }
  const uint32_t first = running.warp * kWarpWidth;
  if (bytes > 0) std::memcpy(slots_[phase][running.number], value, bytes);
  warp.votes[phase] |= static_cast<uint64_t>(vote) << running.lane;
  if (++warp.arrived < warp.lanes) {
    wait();
  } else {
    warp.arrived = 0;
    warp.phase ^= 1;
    if (call == WarpCall::kSync) ++warp.epoch;
    release(first, warp.lanes, warp.lanes == kWarpWidth ? lane_order_ : Permutation(warp.lanes, config().seed));
  }
  return {&slots_[phase][first], warp.votes[phase], warp.lanes};
}

void Executor::deadlock() {
  for (uint32_t w = 0; w * kWarpWidth < count_; ++w) {
    const Warp& warp = warps_[w];
    if (warp.arrived == 0) continue;
    sim::fault("%u lanes of warp %u wait in %s of %s:%u, and %u threads of the block at the barrier of %s:%u",
               warp.arrived, w, name_of(warp.call), warp.site.file, warp.site.line, waiting_,
               waiting_ ? barrier_.file : "none", waiting_ ? barrier_.line : 0);
  }
  sim::fault("%u of %u threads wait at the barrier of %s:%u, and none can go on", waiting_, count_, barrier_.file,
             barrier_.line);
}

void Executor::fault(const char* format, va_list arguments) {
  char name[128], what[256];
  short_name(kernel_->name, name, sizeof name);
  std::vsnprintf(what, sizeof what, format, arguments);
  const Point &b = running.block, &t = running.thread;
  std::snprintf(text_, sizeof text_, "kernel %s, block (%u, %u, %u), thread (%u, %u, %u): %s", name, b.x, b.y, b.z, t.x,
                t.y, t.z, what);
  faulted_ = true;
  Fiber::switch_to(*threads_[running.number].fiber, host_);
  __builtin_unreachable();  // the fiber was abandoned
}

}  // namespace

Permutation::Permutation(uint64_t n, uint64_t seed) {
  if (seed == 0 || n < 2) return;
  n_ = n;
  offset_ = seed % n;
  step_ = (seed * 0x9e3779b97f4a7c15u >> 33) % n;  // any start that mixes the seed; then the next without common factor
  while (std::gcd(step_, n) != 1) ++step_;
}

void short_name(const char* pretty, char* out, size_t bytes) {
  // "... pretty_name() [with auto* K = ns::fill<float>]" and "... [K = &ns::fill<float>]"
  const char* begin = std::strstr(pretty, "K = ");
  begin = begin == nullptr ? pretty : begin + 4;
  if (*begin == '&') ++begin;
  size_t length = std::strlen(begin);
  if (length > 0 && begin[length - 1] == ']') --length;
  std::snprintf(out, bytes, "%.*s", static_cast<int>(length), begin);
}

Status execute(const Kernel& kernel, const Shape& shape, void* const* arguments) {
  return executor().run(kernel, shape, arguments);
}

void check_races(bool on) { executor().check_races(on); }

void fault(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  executor().fault(format, arguments);
}

void sync_block(const Site& site) { executor().sync_block(site); }
void sync_lanes(const Site& site) { (void)executor().exchange(WarpCall::kSync, nullptr, 0, false, site); }
Lanes exchange(WarpCall call, const void* value, size_t bytes, bool vote, const Site& site) {
  return executor().exchange(call, value, bytes, vote, site);
}

std::byte* place_shared(SharedSlot& slot, size_t bytes, const char* name) {
  return executor().shared().place(slot, bytes, name);
}
SharedRange dynamic_shared() { return executor().shared().dynamic(); }
size_t shared_bytes_from(const void* p) {
  const SharedMemory& shared = executor().shared();
  if (!shared.contains(p)) fault("an accessor of shared memory was given an address outside it");
  return static_cast<size_t>(shared.data() + shared.used() - static_cast<const std::byte*>(p));
}
void touch_shared(const void* p, size_t bytes) {
  const SharedMemory& shared = executor().shared();
  executor().races().touch(static_cast<size_t>(static_cast<const std::byte*>(p) - shared.data()), bytes);
}
void touch_atomic(const void* p, size_t bytes) {
  const SharedMemory& shared = executor().shared();
  if (!shared.contains(p)) return;  // global memory
  executor().races().touch_atomic(static_cast<size_t>(static_cast<const std::byte*>(p) - shared.data()), bytes);
}

const Machine& machine() {
  static constexpr Machine kMachine = {&running,        [](const char* text) { fault("%s", text); },
                                       &sync_block,     &sync_lanes,
                                       &exchange,       &place_shared,
                                       &dynamic_shared, &shared_bytes_from,
                                       &touch_shared,   &touch_atomic};
  return kMachine;
}

}  // namespace ferrule::gpu::sim
