// The pool: thread_count() - 1 workers that look for jobs in a few slots. A caller puts its job into a free slot, works
// on it like everybody else, then closes the slot and waits for the workers that had joined; one that wakes too late
// finds the slot closed and is never waited for. Busy threads are counted, so that with several callers workers step
// back.
#include "parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "config.h"
#include "pool.h"
#include "runtime.h"
#include "spin.h"

namespace ferrule::cpu {
namespace {

constexpr int kSlots = 16;
constexpr uint32_t kOpen = uint32_t{1} << 31;   // workers may join
constexpr uint32_t kTaken = uint32_t{1} << 30;  // a caller owns the slot; the low bits count joined workers

thread_local bool t_inside = false;  // a tile of parallel_for is running on this thread

struct alignas(64) Slot {
  std::atomic<uint32_t> state{0};
  int64_t n = 0, grain = 0, tiles = 0, chunk = 0;
  const TileFn* fn = nullptr;
  std::exception_ptr failure;  // guarded by failed
  std::atomic<bool> failed{false};
  alignas(64) std::atomic<int64_t> next{0};
};

// Runs tiles of the slot's job until none is left, or until `leave` says so after a chunk.
template <typename Leave>
void run_tiles(Slot& slot, const Leave& leave) {
  t_inside = true;
  for (;;) {
    int64_t first = slot.next.fetch_add(slot.chunk, std::memory_order_relaxed);
    if (first >= slot.tiles) break;
    int64_t last = std::min(first + slot.chunk, slot.tiles);
    try {
      for (int64_t tile = first; tile < last; ++tile) {
        int64_t begin = tile * slot.grain;
        (*slot.fn)(begin, std::min(slot.n, begin + slot.grain));
      }
    } catch (...) {
      if (!slot.failed.exchange(true)) slot.failure = std::current_exception();
      slot.next.store(slot.tiles, std::memory_order_relaxed);
      break;
    }
    if (leave()) break;
  }
  t_inside = false;
}

class Pool {
 public:
  explicit Pool(int threads) : threads_(threads) {}

  void run(int64_t n, int64_t grain, int64_t tiles, const TileFn& fn);
  void stop();

 private:
  void start();
  void work();
  Slot* join_job();
  bool sleep(uint64_t seen);
  bool enter();
  bool step_back();
  void post(int64_t helpers);

  const int threads_;
  Slot slots_[kSlots];
  alignas(64) std::atomic<uint64_t> posted_{0};  // counts jobs; what idle workers watch
  alignas(64) std::atomic<int> busy_{0};         // callers and workers that run tiles
  std::atomic<int> jobs_{0};                     // callers
  std::atomic<int> sleepers_{0};
  std::atomic<bool> started_{false};
  std::mutex mutex_;
  std::condition_variable news_;
  std::vector<std::thread> workers_;
  bool stop_ = false;
};

void Pool::start() {
  std::lock_guard lock(mutex_);
  if (started_.load(std::memory_order_relaxed) || stop_) return;
  plugin::note_fork_unsafe();
  try {
    while (static_cast<int>(workers_.size()) < threads_ - 1) workers_.emplace_back([this] { work(); });
  } catch (const std::exception& e) {
    log(FRL_LOG_WARNING, "the pool runs with %zu of %d threads: %s", workers_.size() + 1, threads_, e.what());
  }
  started_.store(true, std::memory_order_release);
}

void Pool::stop() {
  std::vector<std::thread> workers;
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    workers.swap(workers_);
    started_.store(false, std::memory_order_relaxed);
    news_.notify_all();
  }
  for (std::thread& worker : workers) worker.join();
  std::lock_guard lock(mutex_);
  stop_ = false;
}

// A worker counts itself busy if that leaves no more busy threads than threads_.
bool Pool::enter() {
  int busy = busy_.load(std::memory_order_relaxed);
  while (busy < threads_) {
    if (busy_.compare_exchange_weak(busy, busy + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

// A worker takes itself out if callers have made the pool too busy.
bool Pool::step_back() {
  int busy = busy_.load(std::memory_order_relaxed);
  while (busy > threads_) {
    if (busy_.compare_exchange_weak(busy, busy - 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

// Tells idle workers that there is work for `helpers` of them.
void Pool::post(int64_t helpers) {
  // Pairs with sleep(): one of the two sees the other.
  posted_.fetch_add(1, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) == 0) return;
  { std::lock_guard lock(mutex_); }  // a worker between its last look and its sleep holds it
  if (helpers >= threads_ / 2) {
    news_.notify_all();
  } else {
    for (int64_t i = 0; i < helpers; ++i) news_.notify_one();
  }
}

void Pool::run(int64_t n, int64_t grain, int64_t tiles, const TileFn& fn) {
  if (!started_.load(std::memory_order_acquire)) start();
  Slot* slot = nullptr;
  for (Slot& candidate : slots_) {
    uint32_t free = 0;
    if (candidate.state.load(std::memory_order_relaxed) == 0 &&
        candidate.state.compare_exchange_strong(free, kTaken, std::memory_order_acquire)) {
      slot = &candidate;
      break;
    }
  }
  if (slot == nullptr) {  // more callers than slots: this one works alone
    t_inside = true;
    try {
      for (int64_t begin = 0; begin < n; begin += grain) fn(begin, std::min(n, begin + grain));
    } catch (...) {
      t_inside = false;
      throw;
    }
    t_inside = false;
    return;
  }
  slot->n = n;
  slot->grain = grain;
  slot->tiles = tiles;
  slot->chunk = std::max<int64_t>(1, tiles / (8 * int64_t{threads_}));
  slot->fn = &fn;
  slot->failed.store(false, std::memory_order_relaxed);
  slot->next.store(0, std::memory_order_relaxed);
  slot->state.store(kTaken | kOpen, std::memory_order_release);
  busy_.fetch_add(1, std::memory_order_relaxed);
  jobs_.fetch_add(1, std::memory_order_relaxed);
  post(tiles - 1);

  run_tiles(*slot, [] { return false; });

  uint32_t state = slot->state.fetch_and(~kOpen, std::memory_order_acq_rel) & ~kOpen;
  if (state != kTaken) {
    auto alone = [&] { return (state = slot->state.load(std::memory_order_acquire)) == kTaken; };
    while (!spin_until(threads_, alone)) std::this_thread::yield();
  }
  busy_.fetch_sub(1, std::memory_order_relaxed);
  // A worker that stepped back for this caller may return to another caller's job.
  if (jobs_.fetch_sub(1, std::memory_order_relaxed) > 1) post(1);
  std::exception_ptr failure;
  if (slot->failed.load(std::memory_order_relaxed)) failure.swap(slot->failure);
  slot->state.store(0, std::memory_order_release);
  if (failure) std::rethrow_exception(failure);
}

// A slot with work that this thread has joined, or nullptr.
Slot* Pool::join_job() {
  for (Slot& slot : slots_) {
    uint32_t state = slot.state.load(std::memory_order_relaxed);
    while ((state & kOpen) != 0) {
      if (slot.state.compare_exchange_weak(state, state + 1, std::memory_order_acquire)) {
        if (slot.next.load(std::memory_order_relaxed) < slot.tiles) return &slot;
        slot.state.fetch_sub(1, std::memory_order_release);
        break;
      }
    }
  }
  return nullptr;
}

void Pool::work() {
  for (;;) {
    uint64_t seen = posted_.load(std::memory_order_acquire);
    for (bool entered = enter(); entered;) {
      Slot* slot = join_job();
      if (slot == nullptr) {
        busy_.fetch_sub(1, std::memory_order_relaxed);
        break;
      }
      run_tiles(*slot, [&] { return step_back() && !(entered = false); });
      slot->state.fetch_sub(1, std::memory_order_release);
    }
    auto news = [&] { return posted_.load(std::memory_order_relaxed) != seen; };
    if (!spin_until(threads_, news) && !sleep(seen)) return;
  }
}

// Returns false when the thread is to end.
bool Pool::sleep(uint64_t seen) {
  std::unique_lock lock(mutex_);
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  while (posted_.load(std::memory_order_seq_cst) == seen && !stop_) news_.wait(lock);
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
  return !stop_;
}

// Whole processors of the control group's quota; `fallback` without one.
int quota_of_group(int fallback) {
  FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "re");
  if (file == nullptr) return fallback;
  double quota = 0, period = 0;
  int fields = std::fscanf(file, "%lf %lf", &quota, &period);
  std::fclose(file);
  if (fields != 2 || period <= 0) return fallback;
  return std::max(1, static_cast<int>(quota / period + 0.5));
}

int choose_thread_count() {
  int cores = static_cast<int>(std::thread::hardware_concurrency());
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cores = CPU_COUNT(&set);
  cores = std::max(1, cores);
  cores = std::min(cores, quota_of_group(cores));
  int64_t wanted = config_int("threads", cores);
  if (wanted < 1 || wanted > 4096) {
    if (wanted != 0)
      log(FRL_LOG_WARNING, "config threads = %lld ignored; expected 1 to 4096", static_cast<long long>(wanted));
    wanted = cores;
  }
  return static_cast<int>(wanted);
}

constinit std::atomic<Pool*> g_pool{nullptr};
constinit std::atomic<int> g_thread_count{0};
constinit std::mutex g_pool_mutex;

Pool& pool() {
  Pool* pool = g_pool.load(std::memory_order_acquire);
  if (pool != nullptr) return *pool;
  int threads = thread_count();
  std::lock_guard lock(g_pool_mutex);
  pool = g_pool.load(std::memory_order_relaxed);
  if (pool == nullptr) {
    pool = new Pool(threads);
    g_pool.store(pool, std::memory_order_release);
  }
  return *pool;
}

}  // namespace

int thread_count() {
  int count = g_thread_count.load(std::memory_order_relaxed);
  if (count != 0) return count;
  count = choose_thread_count();
  g_thread_count.store(count, std::memory_order_relaxed);
  return count;
}

void parallel_for(int64_t n, int64_t grain, TileFn fn) {
  if (n <= 0) return;
  grain = std::max<int64_t>(1, grain);
  int64_t tiles = (n - 1) / grain + 1;
  if (tiles == 1) {
    fn(0, n);
  } else if (t_inside || thread_count() == 1) {
    for (int64_t begin = 0; begin < n; begin += grain) fn(begin, std::min(n, begin + grain));
  } else {
    pool().run(n, grain, tiles, fn);
  }
}

void stop_pool() {
  std::lock_guard lock(g_pool_mutex);
  if (Pool* pool = g_pool.load(std::memory_order_relaxed)) pool->stop();
}

void free_pool() {
  std::lock_guard lock(g_pool_mutex);
  delete g_pool.exchange(nullptr);
  g_thread_count.store(0, std::memory_order_relaxed);
}

}  // namespace ferrule::cpu
