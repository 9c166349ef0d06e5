// A straight line of inner loops, run tile by tile in L1: what a fused expression compiles to, and what a single op
// runs as when its operands are strided or of a narrow dtype. Immutable once finished; run from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "elementwise/chain.h"
#include "elementwise/loop_table.h"
#include "elementwise/tile_domain.h"
#include "kernel.h"

namespace ferrule::cpu {

class TileProgram {
 public:
  // ---- building: values are numbered in order of creation; inputs first ----
  uint32_t add_input(uint32_t dtype);
  uint32_t add_constant(uint32_t dtype, const uint64_t (&bits)[2]);
  // A step of one loop. `dtype` is what the loop writes.
  uint32_t add_step(Loop loop, uint32_t dtype, std::span<const uint32_t> operands);
  // The value converted to `to`, in one or two steps; itself when it has that dtype.
  uint32_t add_cast(const LoopTable& table, uint32_t value, uint32_t to);
  // The value of an op on operands of (memory) dtype `dtype`, rounded to it where it is narrow. A narrow dtype is held
  // as f32, so that a chain converts its inputs and its outputs only. False: no loop for it.
  bool add_op(const LoopTable& table, uint32_t op, uint32_t dtype, std::span<const uint32_t> operands, uint32_t* out);
  void add_output(uint32_t value);
  // Drops what no output needs, assigns buffers.
  void finish();

  uint32_t dtype(uint32_t value) const { return values_[value].dtype; }

  // ---- running ----
  // Inputs in order of add_input, all of the outputs' shape; outputs contiguous. A single output may be the memory of
  // an input of its layout. grain: elements per task; fewer run on the caller alone.
  void run(std::span<const Tensor> inputs, std::span<const Tensor> outputs, int64_t grain) const;

 private:
  enum class Kind : uint8_t { kInput, kConstant, kStep };
  struct Value {
    Kind kind;
    uint32_t dtype;
    uint32_t place;    // of an input: its number; of a step's value: its step, once finished its buffer
    uint64_t bits[2];  // of a constant
  };
  struct Step {
    Loop loop;
    uint32_t link = kNoLink;  // its op code, where a chain may run it
    uint32_t operands[kMaxOperands];
    uint32_t n_operands;
    uint32_t value;
  };
  static constexpr uint32_t kNoLink = UINT32_MAX;
  struct Frame;
  enum class Stores : uint8_t { kCached, kStreaming };  // of results
  void find_chains();
  size_t tile_of(std::span<const Tensor> inputs) const;
  void run_tiles(const TileDomain& domain, std::span<const Tensor> outputs, int64_t begin, int64_t end,
                 Stores stores) const;

  std::vector<Value> values_;
  std::vector<Step> steps_;
  std::vector<uint32_t> inputs_, outputs_;
  Chain chain_ = find_chain();
  std::vector<uint32_t> chains_;  // per step: how many from it on make a chain, or 1
  size_t longest_chain_ = 1;
  std::vector<uint32_t> writes_;  // per step: the output that it writes in place, or outputs_.size()
  uint32_t n_slots_ = 0;
  size_t item_ = 1;  // of the widest value
  bool one_chain_ = false;
};

}  // namespace ferrule::cpu
