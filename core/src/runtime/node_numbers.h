// Numbers for graph nodes, 0, 1, ... in the order in which they are met. One flat table, because a gradient looks up every
// edge of its graph several times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace ferrule::detail {

struct Node;

class NodeNumbers {
 public:
  static constexpr uint32_t kNone = ~0u;

  NodeNumbers() : slots_(kFewest) {}
  uint32_t size() const { return size_; }
  // The node's number, or kNone.
  uint32_t find(const Node* node) const { return slots_[place(slots_, node)].number; }
  // The node's number, and whether it is new.
  std::pair<uint32_t, bool> add(const Node* node) {
    if (2 * (size_t{size_} + 1) > slots_.size()) grow();
    Slot& slot = slots_[place(slots_, node)];
    if (slot.node) return {slot.number, false};
    slot = {node, size_};
    return {size_++, true};
  }

 private:
  static constexpr size_t kFewest = 64;
  struct Slot {
    const Node* node = nullptr;
    uint32_t number = kNone;
  };

  // Where the node is, or the free slot where it belongs.
  static size_t place(const std::vector<Slot>& slots, const Node* node) {
    const size_t mask = slots.size() - 1;
    // nodes lie at multiples of 16: the multiplication brings the bits that differ to the top
    size_t at = static_cast<size_t>((reinterpret_cast<uintptr_t>(node) * 0x9e3779b97f4a7c15u) >> 32) & mask;
    while (slots[at].node && slots[at].node != node) at = (at + 1) & mask;
    return at;
  }
  void grow() {
    std::vector<Slot> wider(4 * slots_.size());
    for (const Slot& slot : slots_) {
      if (slot.node) wider[place(wider, slot.node)] = slot;
    }
    slots_ = std::move(wider);
  }

  std::vector<Slot> slots_;  // a power of two, at most half full
  uint32_t size_ = 0;
};

}  // namespace ferrule::detail
