// Building a straight line of loops, sharing buffers among values by their last use, and running it.
#include "elementwise/tile_program.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "parallel.h"
#include "streaming.h"

namespace ferrule::cpu {
namespace {

constexpr size_t kLine = 64;
constexpr size_t kL1Budget = 32 * 1024;
constexpr size_t kMaxTile = 1024;
constexpr size_t kL2Budget = 128 * 1024;

// The buffers of one thread; they grow to the largest program it has run.
class Arena {
 public:
  std::byte* get(size_t bytes) {
    if (bytes > bytes_) {
      const size_t rounded = (bytes + kLine - 1) / kLine * kLine;
      memory_.reset(static_cast<std::byte*>(std::aligned_alloc(kLine, rounded)));
      bytes_ = memory_ != nullptr ? rounded : 0;
      if (memory_ == nullptr) throw std::bad_alloc();
    }
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  size_t bytes_ = 0;
};

thread_local Arena arena;

// Results need no rounding to a narrow dtype when the operands are of it.
bool gives_operand_values(uint32_t op) {
  switch (op) {
    case FRL_OP_select:
    case FRL_OP_abs:
    case FRL_OP_negative:
    case FRL_OP_sign:
    case FRL_OP_ceil:
    case FRL_OP_floor:
    case FRL_OP_round:
    case FRL_OP_maximum:
    case FRL_OP_minimum:
      return true;
    default:
      return false;
  }
}

}  // namespace

uint32_t TileProgram::add_input(uint32_t dtype) {
  values_.push_back({Kind::kInput, dtype, static_cast<uint32_t>(inputs_.size()), {}});
  inputs_.push_back(static_cast<uint32_t>(values_.size() - 1));
  return inputs_.back();
}

uint32_t TileProgram::add_constant(uint32_t dtype, const uint64_t (&bits)[2]) {
  values_.push_back({Kind::kConstant, dtype, 0, {bits[0], bits[1]}});
  return static_cast<uint32_t>(values_.size() - 1);
}

uint32_t TileProgram::add_step(Loop loop, uint32_t dtype, std::span<const uint32_t> operands) {
  const auto value = static_cast<uint32_t>(values_.size());
  values_.push_back({Kind::kStep, dtype, static_cast<uint32_t>(steps_.size()), {}});
  Step step{loop, kNoLink, {}, static_cast<uint32_t>(operands.size()), value};
  std::copy(operands.begin(), operands.end(), step.operands);
  steps_.push_back(step);
  return value;
}

uint32_t TileProgram::add_cast(const LoopTable& table, uint32_t value, uint32_t to) {
  // A value that was only rounded to `to` need not be: the cast rounds.
  if (values_[value].kind == Kind::kStep && is_narrow_float(to)) {
    const Step& step = steps_[values_[value].place];
    if (step.loop == (to == FRL_DTYPE_F16 ? table.round_to_f16 : table.round_to_bf16)) value = step.operands[0];
  }
  while (values_[value].dtype != to) {
    const uint32_t from = values_[value].dtype;
    const uint32_t next = cast_via(table, from, to);
    value = add_step(table.casts[from][next], next, std::span(&value, 1));
  }
  return value;
}

bool TileProgram::add_op(const LoopTable& table, uint32_t op, uint32_t dtype, std::span<const uint32_t> operands,
                         uint32_t* out) {
  if (op >= kOpCodes || dtype >= kDtypes) return false;
  bool in_memory_dtype = table.ops[op][dtype] != nullptr;
  for (size_t i = op == FRL_OP_select ? 1 : 0; i < operands.size(); ++i) {
    in_memory_dtype = in_memory_dtype && values_[operands[i]].dtype == dtype;
  }
  const uint32_t held = in_memory_dtype ? dtype : compute_dtype(dtype);
  const Loop loop = table.ops[op][held];
  if (loop == nullptr) return false;
  uint32_t converted[kMaxOperands];
  for (size_t i = 0; i < operands.size(); ++i) {
    const bool is_condition = op == FRL_OP_select && i == 0;
    converted[i] = is_condition ? operands[i] : add_cast(table, operands[i], held);
  }
  const uint32_t result = result_dtype(op, held);
  *out = add_step(loop, result, std::span(converted, operands.size()));
  if (held == FRL_DTYPE_F32 && has_link(op)) steps_.back().link = op;
  if (result == FRL_DTYPE_F32 && !gives_operand_values(op)) {
    if (dtype == FRL_DTYPE_F16) *out = add_step(table.round_to_f16, result, std::span(out, 1));
    if (dtype == FRL_DTYPE_BF16) *out = add_step(table.round_to_bf16, result, std::span(out, 1));
  }
  return true;
}

void TileProgram::add_output(uint32_t value) { outputs_.push_back(value); }

void TileProgram::finish() {
  const size_t n = values_.size();
  std::vector<bool> needed(n, false);
  for (const uint32_t value : outputs_) needed[value] = true;
  for (size_t i = steps_.size(); i-- > 0;) {
    if (!needed[steps_[i].value]) continue;
    for (uint32_t k = 0; k < steps_[i].n_operands; ++k) needed[steps_[i].operands[k]] = true;
  }
  std::erase_if(steps_, [&](const Step& step) { return !needed[step.value]; });

  std::vector<size_t> last_use(n, 0);
  for (size_t i = 0; i < steps_.size(); ++i) {
    for (uint32_t k = 0; k < steps_[i].n_operands; ++k) last_use[steps_[i].operands[k]] = i;
  }
  for (const uint32_t value : outputs_) last_use[value] = steps_.size();
  // A step may write over an operand that ends with it: loops allow that where the items have one size.
  std::vector<uint32_t> free_slots;
  for (size_t i = 0; i < steps_.size(); ++i) {
    Value& result = values_[steps_[i].value];
    item_ = std::max(item_, item_bytes(result.dtype));
    uint32_t slot = UINT32_MAX;
    std::vector<uint32_t> ended;
    for (uint32_t k = 0; k < steps_[i].n_operands; ++k) {
      const uint32_t operand = steps_[i].operands[k];
      const Value& value = values_[operand];
      if (value.kind != Kind::kStep || last_use[operand] != i) continue;
      if (std::find(ended.begin(), ended.end(), value.place) == ended.end()) ended.push_back(value.place);
      if (slot == UINT32_MAX && item_bytes(value.dtype) == item_bytes(result.dtype)) slot = value.place;
    }
    if (slot == UINT32_MAX && !free_slots.empty()) {
      slot = free_slots.back();
      free_slots.pop_back();
    }
    if (slot == UINT32_MAX) slot = n_slots_++;
    result.place = slot;
    for (const uint32_t s : ended) {
      if (s != slot) free_slots.push_back(s);
    }
  }
  // The memory of a single output may be an input's, which only the last step is done with.
  for (size_t i = 0; i < steps_.size(); ++i) {
    const auto output = std::find(outputs_.begin(), outputs_.end(), steps_[i].value);
    const bool in_place = outputs_.size() > 1 || i + 1 == steps_.size();
    writes_.push_back(static_cast<uint32_t>((in_place ? output : outputs_.end()) - outputs_.begin()));
  }
  for (const uint32_t input : inputs_) item_ = std::max(item_, item_bytes(values_[input].dtype));
  find_chains();
  one_chain_ = longest_chain_ > 1 && longest_chain_ == steps_.size();
}

// A step goes on with a chain when it alone takes the value of the step before, and takes it once.
void TileProgram::find_chains() {
  std::vector<uint32_t> uses(values_.size(), 0);
  for (const uint32_t value : outputs_) ++uses[value];
  for (const Step& step : steps_) {
    for (uint32_t k = 0; k < step.n_operands; ++k) ++uses[step.operands[k]];
  }
  chains_.assign(steps_.size(), 1);
  for (size_t i = steps_.size(); i-- > 1;) {
    const Step &step = steps_[i], &before = steps_[i - 1];
    const bool takes = std::count(step.operands, step.operands + step.n_operands, before.value) == 1;
    if (step.link == kNoLink || before.link == kNoLink || uses[before.value] != 1 || !takes) continue;
    chains_[i - 1] = chains_[i] + 1;
    longest_chain_ = std::max<size_t>(longest_chain_, chains_[i - 1]);
  }
}

// Whole blocks of vectors per tile: what is left over costs many times as much. One chain keeps nothing in L1.
size_t TileProgram::tile_of(std::span<const Tensor> inputs) const {
  const auto vectors = static_cast<size_t>(
      std::count_if(inputs.begin(), inputs.end(), [](const Tensor& input) { return !is_one_element(input); }));
  const size_t live = (n_slots_ + vectors + outputs_.size()) * item_;
  return one_chain_ ? std::clamp(kL2Budget / live / 256 * 256, size_t{1024}, size_t{4096})
                    : std::clamp(kL1Budget / live / 128 * 128, size_t{256}, kMaxTile);
}

void TileProgram::run(std::span<const Tensor> inputs, std::span<const Tensor> outputs, int64_t grain_elements) const {
  const TileDomain domain(inputs, outputs[0], tile_of(inputs));
  const int64_t n = domain.tiles();
  if (domain.size() <= grain_elements) {
    run_tiles(domain, outputs, 0, n, Stores::kCached);
    return;
  }
  const int64_t per_tile = std::max<int64_t>(1, domain.size() / n);
  const int64_t unit = domain.task_unit();
  const int64_t grain = (std::max<int64_t>(1, grain_elements / per_tile) + unit - 1) / unit * unit;
  const bool streams = outputs.size() == 1 && streams_out(inputs, outputs[0]);
  parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    run_tiles(domain, outputs, begin, end, streams ? Stores::kStreaming : Stores::kCached);
    if (streams) stream_fence();
  });
}

// What a value is during a run: scope and present address.
struct TileProgram::Frame {
  enum Scope : uint8_t { kOnce, kPerRow, kPerElement };
  const std::byte* address;
  std::byte* buffer;
  Scope scope;
};

void TileProgram::run_tiles(const TileDomain& domain, std::span<const Tensor> outputs, int64_t begin, int64_t end,
                            Stores stores) const {
  using enum Frame::Scope;
  const size_t n_values = values_.size();
  const size_t slot_bytes = (domain.tile_size() * item_ + kLine - 1) / kLine * kLine;
  const size_t frame_bytes = (n_values * sizeof(Frame) + kLine - 1) / kLine * kLine;
  size_t gather_bytes = 0;
  for (size_t k = 0; k < inputs_.size(); ++k) gather_bytes += (domain.buffer_bytes(k) + kLine - 1) / kLine * kLine;
  // Values that are one element live beside the slots: a slot may be reused while they must last.
  const size_t one_bytes = (n_values * 16 + kLine - 1) / kLine * kLine;
  const size_t link_bytes = (longest_chain_ * sizeof(Link) + kLine - 1) / kLine * kLine;
  std::byte* memory = arena.get(frame_bytes + link_bytes + one_bytes + n_slots_ * slot_bytes + gather_bytes);
  auto* frames = reinterpret_cast<Frame*>(memory);
  auto* links = reinterpret_cast<Link*>(memory + frame_bytes);
  std::byte* ones = memory + frame_bytes + link_bytes;
  std::byte* slots = ones + one_bytes;
  std::byte* gathered = slots + n_slots_ * slot_bytes;

  for (size_t v = 0; v < n_values; ++v) {
    const Value& value = values_[v];
    Frame frame{nullptr, nullptr, kOnce};
    if (value.kind == Kind::kConstant) {
      frame.address = reinterpret_cast<const std::byte*>(value.bits);
    } else if (value.kind == Kind::kInput) {
      const Access access = domain.access(value.place);
      frame.scope = access == Access::kOne ? kOnce : access == Access::kRowOne ? kPerRow : kPerElement;
      frame.buffer = gathered;
      frame.address = gathered;
      gathered += (domain.buffer_bytes(value.place) + kLine - 1) / kLine * kLine;
      if (access == Access::kOne) frame.address = domain.address(value.place, {0, 1});
    }
    new (&frames[v]) Frame(frame);
  }
  const auto run_step = [&](const Step& step, size_t n, std::byte* to, uint32_t flags) {
    const void* operands[kMaxOperands];
    uint32_t scalars = flags;
    for (uint32_t k = 0; k < step.n_operands; ++k) {
      operands[k] = frames[step.operands[k]].address;
      scalars |= (frames[step.operands[k]].scope != kPerElement ? 1u : 0u) << k;
    }
    step.loop(operands, to, n, scalars);
    frames[step.value].address = to;
  };
  for (const Step& step : steps_) {
    Frame& frame = frames[step.value];
    for (uint32_t k = 0; k < step.n_operands; ++k) frame.scope = std::max(frame.scope, frames[step.operands[k]].scope);
    frame.buffer = frame.scope == kPerElement ? slots + values_[step.value].place * slot_bytes : ones + step.value * 16;
    if (frame.scope == kOnce) run_step(step, 1, frame.buffer, 0);
  }
  // Steps [first, first + count): their common vector is the result of the one before, at first an operand.
  const auto run_links = [&](size_t first, size_t count, size_t n, std::byte* to, bool past_caches) {
    uint32_t carried = steps_[first].operands[0];
    if (frames[carried].scope != kPerElement) carried = steps_[first].operands[1];
    const auto* from = reinterpret_cast<const float*>(frames[carried].address);
    for (size_t i = first; i < first + count; ++i) {
      const Step& step = steps_[i];
      const bool swapped = step.n_operands == 2 && step.operands[0] != carried;
      const Frame* other = step.n_operands == 2 ? &frames[step.operands[swapped ? 0 : 1]] : nullptr;
      new (&links[i - first]) Link{step.link, swapped, other != nullptr && other->scope != kPerElement,
                                   other != nullptr ? reinterpret_cast<const float*>(other->address) : nullptr};
      carried = step.value;
    }
    chain_(from, std::span(links, count), reinterpret_cast<float*>(to), n, past_caches);
    frames[carried].address = to;
  };
  // While steps [first, last) compute, their share of the next tile comes from memory: a tile is too short a run of
  // addresses for the hardware to look ahead.
  const auto fetch_next = [&](size_t first, size_t last, size_t count) {
    for (size_t k = 0; k < inputs_.size(); ++k) {
      if (domain.access(k) != Access::kContiguous) continue;
      const size_t bytes = count * item_bytes(values_[inputs_[k]].dtype);
      const std::byte* next = frames[inputs_[k]].address + bytes;
      const size_t end = bytes * last / steps_.size();
      for (size_t at = bytes * first / steps_.size() / kLine * kLine; at < end; at += kLine) {
        __builtin_prefetch(next + at);
      }
    }
  };
  int64_t group = -1;
  for (int64_t index = begin; index < end; ++index) {
    const bool new_group = domain.group(index) != group;
    group = domain.group(index);
    const TileDomain::Tile tile = domain.tile(index);
    for (size_t k = 0; k < inputs_.size(); ++k) {
      Frame& frame = frames[inputs_[k]];
      if (frame.scope == kOnce) continue;
      if (domain.access(k) == Access::kGather) {
        domain.gather(k, tile, frame.buffer);
      } else if (domain.access(k) == Access::kGatherRows) {
        if (new_group) domain.gather_rows(k, group, frame.buffer);
        frame.address = frame.buffer + static_cast<size_t>(index - group) * domain.row_bytes(k);
      } else {
        frame.address = domain.address(k, tile);
      }
    }
    for (size_t i = 0; i < steps_.size(); ++i) {
      const size_t first = i;
      if (frames[steps_[i].value].scope == kPerElement) i += chains_[i] - 1;
      const Step& step = steps_[i];
      const Frame& frame = frames[step.value];
      if (frame.scope == kOnce) continue;
      if (stores == Stores::kStreaming) fetch_next(first, i + 1, tile.count);
      std::byte* to = frame.buffer;
      bool last = false;  // not read again
      if (writes_[i] < outputs_.size() && frame.scope == kPerElement) {
        last = i + 1 == steps_.size();
        to = outputs[writes_[i]].data + tile.start * static_cast<int64_t>(item_bytes(values_[step.value].dtype));
      }
      if (i > first) {
        run_links(first, i + 1 - first, tile.count, to, stores == Stores::kStreaming && last);
      } else {
        run_step(step, frame.scope == kPerElement ? tile.count : 1, to,
                 stores == Stores::kStreaming && last ? kStreamOut : 0);
      }
    }
    for (size_t k = 0; k < outputs_.size(); ++k) {
      const Value& value = values_[outputs_[k]];
      const Frame& frame = frames[outputs_[k]];
      std::byte* to = outputs[k].data + tile.start * static_cast<int64_t>(item_bytes(value.dtype));
      if (frame.address == to) continue;
      const void* from = frame.address;
      loop_table().casts[value.dtype][value.dtype](&from, to, tile.count, frame.scope != kPerElement ? 1u : 0u);
    }
  }
}

}  // namespace ferrule::cpu
