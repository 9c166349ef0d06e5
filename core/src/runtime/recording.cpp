#include "runtime/recording.h"

#include "runtime/device_runtime.h"

namespace ferrule::detail {

Recording::~Recording() = default;

std::shared_ptr<Storage> Recording::make(Kind kind, uint32_t index, uint64_t bytes) {
  auto number = static_cast<uint32_t>(ranges_.size());
  ranges_.push_back(std::make_unique<Range>(Range{kind, index, bytes, {}, {}}));
  Range& range = *ranges_.back();
  range.chunk.buffer = FRL_SLOT(number);
  range.chunk.bytes = bytes;
  range.block.chunk = &range.chunk;
  range.block.bytes = bytes;
  range.block.stream = &stream_;
  if (kind == Kind::temporary) {
    if (events_.capacity() < 2 * ++n_temporaries_) events_.reserve(4 * n_temporaries_);  // its end has room, too
    events_.push_back({number, true});
  }
  if (kind == Kind::input && donated_.size() <= index) donated_.resize(index + 1);
  return std::make_shared<Storage>(stream_.device(), static_cast<BlockOwner&>(*this), &range.block);
}

uint32_t Recording::range_of(const Storage& storage) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(storage.buffer()) >> 1);
}

void Recording::free(Block* block, std::vector<StreamUse>) {
  auto number = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(block->chunk->buffer) >> 1);
  if (ranges_[number]->kind == Kind::temporary) events_.push_back({number, false});
}

uint32_t Recording::constant(const std::shared_ptr<Storage>& storage) {
  for (size_t i = 0; i < constants_.size(); ++i) {
    if (constants_[i] == storage) return constant_ranges_[i];
  }
  auto number = static_cast<uint32_t>(ranges_.size());
  auto range = std::make_unique<Range>(
      Range{Kind::constant, static_cast<uint32_t>(constants_.size()), storage->bytes(), {}, {}});
  ranges_.push_back(std::move(range));
  constants_.push_back(storage);
  constant_ranges_.push_back(number);
  return number;
}

void Recording::add(const Kernel& kernel, const frl_plan* plan, const char* what, const frl_call& call,
                    const std::vector<array>& inputs, const std::vector<array>& outputs) {
  Call entry{kernel.handle(), plan, what, call, {}, {}};
  entry.tensors.assign(call.inputs, call.inputs + call.n_inputs);
  entry.tensors.insert(entry.tensors.end(), call.outputs, call.outputs + call.n_outputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Node& node = *inputs[i].node();
    if (!node.storage || node.is_inline || is_recorded(node)) continue;
    entry.tensors[i].buffer = FRL_SLOT(constant(node.storage));
    entry.tensors[i].byte_offset -= node.storage->offset();
  }
  for (const array& output : outputs) {
    if (output.node()->storage && !is_recorded(*output.node())) {
      throw CannotRecord(fmt::format("{} writes to memory of an earlier evaluation", what));
    }
  }
  const auto* attributes = static_cast<const std::byte*>(call.attrs);
  if (attributes) entry.attributes.assign(attributes, attributes + call.attrs_size);
  calls.push_back(std::move(entry));
}

void Recording::note_donation(const Storage& storage) {
  const Range& range = *ranges_[range_of(storage)];
  if (range.kind == Kind::input) donated_[range.index] = true;
}

void Recording::undo(const Mark& mark) {
  calls.resize(mark.calls);
  donated_ = mark.donated;
}

}  // namespace ferrule::detail
