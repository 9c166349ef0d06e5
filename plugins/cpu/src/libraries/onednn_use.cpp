// oneDNN destroys its static objects in exit handlers: some were constructed when it was opened, others when the first
// primitive of a kind was made or run. The core waits for queued work in a handler too, but that one is older than they
// are and so runs later. Hence a handler of our own, newer than they are: it waits for the uses that there are and
// refuses more. Work that is still queued then is done by our own engines, so that the handler waits for computing
// threads alone, never for a queue, a callback or a lock of the core.
// What oneDNN constructs on a stream's thread just before main returns is newer still, and the first product takes tens
// of milliseconds for it. But thread_local objects of the main thread go before any handler runs: one of them does the
// same. (A main thread that ends by pthread_exit leaves a process that computes with our own engines.)
#include "onednn_use.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <thread>

#include "config.h"
#include "runtime.h"

namespace ferrule::cpu::onednn {
namespace {

// Longer than any one operation takes; a process that is to end must not wait for ever.
constexpr std::chrono::seconds kPatience{120};
// Handlers cost memory: one after each of the first new primitives, then ever fewer.
constexpr uint64_t kEveryTime = 64;

constinit std::atomic<int64_t> g_uses{0};
constinit std::atomic<bool> g_ended{false};
constinit std::atomic<uint64_t> g_firsts{0};
constinit std::atomic<pid_t> g_process{0};
constinit thread_local int t_uses = 0;

void end_uses() {
  // The threads of a parent's uses do not exist in a child.
  if (is_forked_child() || g_process.load() != ::getpid()) return;
  g_ended.store(true);
  if (t_uses > 0) return;  // exit was called by a signal's handler, in the middle of a use
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (g_uses.load() != 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

struct EndOfThread {
  bool wanted = false;
  ~EndOfThread() {
    if (::syscall(SYS_gettid) == ::getpid()) end_uses();  // the main thread's
  }
};
thread_local EndOfThread t_end;

}  // namespace

// The two accesses are sequentially consistent: either the handler sees this use, or this use sees that it is refused.
Use::Use() {
  g_uses.fetch_add(1);
  open_ = !g_ended.load();
  if (open_)
    ++t_uses;
  else
    g_uses.fetch_sub(1);
}

Use::~Use() {
  if (!open_) return;
  --t_uses;
  g_uses.fetch_sub(1);
}

constinit thread_local bool t_ends_before_exit = false;

void end_uses_with_thread() {
  t_ends_before_exit = t_end.wanted = true;
  g_process.store(::getpid());
}

void end_uses_at_exit() {
  const uint64_t firsts = g_firsts.fetch_add(1, std::memory_order_relaxed);
  if (firsts >= kEveryTime && (firsts & (firsts - 1)) != 0) return;
  g_process.store(::getpid());
  // The loader keeps plugins mapped; were one unmapped, the handler would run then and be gone with the code.
  if (std::atexit(end_uses) != 0) log(FRL_LOG_WARNING, "the exit handler for oneDNN cannot be registered");
}

}  // namespace ferrule::cpu::onednn
