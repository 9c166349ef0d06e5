// Runs kernels: the blocks of a grid one after another, the threads of a block as fibers that go on until they wait for
// others. One kernel runs at a time; any host thread may ask.
#pragma once

#include <cstdint>

#include "machine/kernel.h"
#include "machine/running.h"
#include "machine/status.h"

namespace ferrule::gpu::sim {

struct Shape {
  Point grid, block;
  uint32_t dynamic_shared_bytes;
};

// Returns when all threads have ended, or at the first fault.
Status execute(const Kernel& kernel, const Shape& shape, void* const* arguments);

// Whether kernels from now on are checked for races, in place of FERRULE_SIM_RACECHECK.
void check_races(bool on);

// The numbers below n in an order that `seed` chooses; ascending for seed 0.
class Permutation {
 public:
  Permutation() = default;
  Permutation(uint64_t n, uint64_t seed);
  uint64_t operator()(uint64_t i) const {
    if (step_ == 0) return i;
    return static_cast<uint64_t>((static_cast<unsigned __int128>(step_) * i + offset_) % n_);
  }

 private:
  uint64_t n_ = 1, step_ = 0, offset_ = 0;
};

}  // namespace ferrule::gpu::sim
