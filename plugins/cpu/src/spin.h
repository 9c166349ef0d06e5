// How long a thread looks for news before it sleeps.
#pragma once

#include <chrono>
#include <cstdint>

namespace ferrule::cpu {

// Long enough to bridge the gap between two small ops of an eager program, short against a scheduler's time slice.
constexpr std::chrono::microseconds kSpinTime{30};

inline void cpu_relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Polls `ready` for about kSpinTime (not at all where there is one core); returns its last answer.
template <typename Ready>
bool spin_until(bool many_cores, const Ready& ready) {
  if (ready()) return true;
  if (!many_cores) return false;
  auto end = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < 64; ++i) {
      if (ready()) return true;
      cpu_relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

}  // namespace ferrule::cpu
