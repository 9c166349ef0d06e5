// Copies between host memory and devices, and between devices: through pinned staging where the device has memory of its
// own, in pieces where they are large. Nothing here waits for a device but the reads, and an upload of more than a few
// pieces for staging memory.
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/node.h"
#include "runtime/stream_state.h"

namespace ferrule::detail {

// The bytes from the first to the last that a layout reaches, relative to the element at index 0.
struct ByteSpan {
  int64_t begin, end;
  uint64_t bytes() const { return static_cast<uint64_t>(end - begin); }
};
ByteSpan byte_span(const Node& node);

// Fills the storage with `count` host bytes; returns the sequence on `stream`. `keep` holds the bytes for as long as
// they are read; without it they are read before the call returns, which is for small values.
uint64_t copy_to_device(StreamState& stream, Storage& storage, const void* bytes, uint64_t count,
                        const std::shared_ptr<HostBlock>& keep);
// The bytes that `from` reaches, into `to`, which belongs to another device; both asynchronous. Returns the sequence on
// `stream`.
uint64_t copy_between(StreamState& stream, Storage& to, const Node& from);
// Of an evaluated node with storage that the host cannot see: the bytes that it reaches. Waits; throws what failed.
void copy_to_host(const Node& node, const std::shared_ptr<HostBlock>& to);
// The same for a node of one element, without memory of its own.
void copy_element(const Node& node, void* to);

}  // namespace ferrule::detail
