// How long a thread looks for news before it sleeps.
#pragma once

#include <chrono>
#include <cstdint>

namespace ferrule::cpu {

// Long enough to bridge the gap between two small ops of an eager program, short against a scheduler's time slice.
// Where the host, a stream and the pool share two cores, each microsecond of polling is taken from one of them: measured
// there, 10 us put a wake-up of 40 us behind every 128^3 product, and 60 us cost a 150 us convolution a fifth.
inline std::chrono::microseconds spin_time(int threads) {
  return std::chrono::microseconds(threads <= 1 ? 0 : threads == 2 ? 25 : 30);
}

inline void cpu_relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Polls `ready` for spin_time of a pool of `threads`; returns its last answer.
template <typename Ready>
bool spin_until(int threads, const Ready& ready) {
  if (ready()) return true;
  if (threads <= 1) return false;
  const auto end = std::chrono::steady_clock::now() + spin_time(threads);
  do {
    for (int i = 0; i < 64; ++i) {
      if (ready()) return true;
      cpu_relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

}  // namespace ferrule::cpu
