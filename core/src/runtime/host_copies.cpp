#include "runtime/host_copies.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/device_runtime.h"
#include "runtime/failure.h"
#include "runtime/staging.h"

namespace ferrule::detail {
namespace {

// Up to here a plugin reads the bytes itself before copy_in returns: cheaper than a block of staging.
constexpr uint64_t kConsumed = 4096;
// So many pieces of one transfer are on their way at once.
constexpr size_t kPieces = 4;

uint64_t submit_copy_in(StreamState& stream, frl_buffer* buffer, uint64_t offset, const void* bytes, uint64_t count,
                        uint32_t flags) {
  return stream.submit("copy_in", [api = &stream.device().api(), buffer, offset, bytes, count, flags](
                                      frl_stream* handle, frl_error* plugin_error) {
    return api->copy_in(handle, buffer, offset, bytes, count, flags, plugin_error);
  });
}

uint64_t submit_copy_out(StreamState& stream, void* to, frl_buffer* buffer, uint64_t offset, uint64_t count) {
  return stream.submit("copy_out", [api = &stream.device().api(), to, buffer, offset, count](frl_stream* handle,
                                                                                             frl_error* plugin_error) {
    return api->copy_out(handle, to, buffer, offset, count, plugin_error);
  });
}

uint64_t first_byte(const Node& node, ByteSpan span) {
  return node.storage->offset() + static_cast<uint64_t>(static_cast<int64_t>(node.byte_offset) + span.begin);
}

// A copy that was waited for came after the work that wrote the node; this says whether that failed. Does not wait.
void check_written(const Node& node) { node.storage->stream().host_wait(node.storage->written_at()); }

}  // namespace

ByteSpan byte_span(const Node& node) {
  int64_t low = 0, high = 0;
  for (size_t i = 0; i < node.shape.size(); ++i) {
    int64_t reach = (node.shape[i] - 1) * node.strides[i];
    (reach < 0 ? low : high) += reach;
  }
  auto item = static_cast<int64_t>(node.dtype.size());
  return {low * item, (high + 1) * item};
}

uint64_t copy_to_device(StreamState& stream, Storage& storage, const void* bytes, uint64_t count,
                        const std::shared_ptr<HostBlock>& keep) {
  // Work that is held back would read the bytes later.
  if ((count <= kConsumed || !keep) && !stream.holds_back()) {
    return submit_copy_in(stream, storage.buffer(), storage.offset(), bytes, count, FRL_COPY_CONSUME);
  }
  Staging& staging = stream.device().staging();
  if (!staging.offered()) {
    auto source = keep;
    if (!source) {
      source = allocate_host(count);
      std::memcpy(source->data, bytes, count);
    }
    uint64_t sequence = submit_copy_in(stream, storage.buffer(), storage.offset(), source->data, count, 0);
    stream.retain(std::move(source));
    return sequence;
  }
  std::array<uint64_t, kPieces> sequences{};
  uint64_t sequence = 0;
  size_t piece = 0;
  for (uint64_t at = 0; at < count; ++piece) {
    uint64_t length = std::min(count - at, Staging::kPiece);
    if (piece >= kPieces) stream.host_wait(sequences[piece % kPieces]);
    auto block = staging.take(length);
    std::memcpy(block->data, static_cast<const std::byte*>(bytes) + at, length);
    sequence = submit_copy_in(stream, storage.buffer(), storage.offset() + at, block->data, length, 0);
    sequences[piece % kPieces] = sequence;
    stream.retain(std::move(block));
    at += length;
  }
  return sequence;
}

uint64_t copy_between(StreamState& stream, Storage& to, const Node& from) {
  StreamState& source = from.storage->stream();
  ByteSpan span = byte_span(from);
  uint64_t begin = first_byte(from, span), count = span.bytes();
  if (stream.device().shares_host_memory() && from.storage->host()) {
    stream.wait_for(source, from.storage->written_at());
    const auto* bytes = static_cast<const std::byte*>(from.storage->host()) + (begin - from.storage->offset());
    uint64_t sequence = submit_copy_in(stream, to.buffer(), to.offset(), bytes, count, 0);
    from.storage->add_use(stream, sequence);
    return sequence;
  }
  if (stream.device().reaches(source.device())) {
    stream.wait_for(source, from.storage->written_at());
    const uint64_t sequence = stream.submit(
        "copy", [api = &stream.device().api(), target = to.buffer(), offset = to.offset(),
                 buffer = from.storage->buffer(), begin, count](frl_stream* handle, frl_error* plugin_error) {
          return api->copy(handle, target, offset, buffer, begin, count, plugin_error);
        });
    from.storage->add_use(stream, sequence);
    return sequence;
  }
  Staging& staging = source.device().staging().offered() ? source.device().staging() : stream.device().staging();
  std::array<std::shared_ptr<HostBlock>, kPieces> blocks;
  std::array<uint64_t, kPieces> arrived{};
  uint64_t sequence = 0;
  size_t piece = 0;
  for (uint64_t at = 0; at < count; ++piece) {
    uint64_t length = std::min(count - at, Staging::kPiece);
    auto& block = blocks[piece % kPieces];
    if (piece < kPieces)
      block = staging.take(length);
    else
      source.wait_for(stream, arrived[piece % kPieces]);
    uint64_t left = submit_copy_out(source, block->data, from.storage->buffer(), begin + at, length);
    source.retain(block);
    stream.wait_for(source, left);
    sequence = submit_copy_in(stream, to.buffer(), to.offset() + at, block->data, length, 0);
    stream.retain(block);
    arrived[piece % kPieces] = sequence;
    at += length;
  }
  return sequence;
}

void copy_to_host(const Node& node, const std::shared_ptr<HostBlock>& to) {
  StreamState& stream = node.storage->stream();
  ByteSpan span = byte_span(node);
  uint64_t begin = first_byte(node, span), count = span.bytes();
  Staging& staging = stream.device().staging();
  if (!staging.offered()) {
    uint64_t sequence = submit_copy_out(stream, to->data, node.storage->buffer(), begin, count);
    stream.retain(to);
    stream.host_wait(sequence);
    check_written(node);
    return;
  }
  struct Piece {
    std::shared_ptr<HostBlock> block;
    uint64_t sequence = 0, at = 0, length = 0;
  };
  std::array<Piece, kPieces> pieces;
  auto finish = [&](Piece& piece) {
    stream.host_wait(piece.sequence);
    std::memcpy(static_cast<std::byte*>(to->data) + piece.at, piece.block->data, piece.length);
    piece.length = 0;
  };
  size_t next = 0;
  for (uint64_t at = 0; at < count; ++next) {
    Piece& piece = pieces[next % kPieces];
    if (piece.length != 0) finish(piece);
    piece.at = at;
    uint64_t length = std::min(count - at, Staging::kPiece);
    if (!piece.block) piece.block = staging.take(length);
    piece.sequence = submit_copy_out(stream, piece.block->data, node.storage->buffer(), begin + at, length);
    stream.retain(piece.block);
    piece.length = length;
    at += length;
  }
  for (size_t i = 0; i < kPieces; ++i) {
    Piece& piece = pieces[(next + i) % kPieces];
    if (piece.length != 0) finish(piece);
  }
  check_written(node);
}

void copy_element(const Node& node, void* to) {
  StreamState& stream = node.storage->stream();
  auto block = stream.device().staging().take(node.dtype.size());
  uint64_t begin = node.storage->offset() + node.byte_offset;
  uint64_t sequence = submit_copy_out(stream, block->data, node.storage->buffer(), begin, node.dtype.size());
  stream.retain(block);
  stream.host_wait(sequence);
  check_written(node);
  std::memcpy(to, block->data, node.dtype.size());
}

}  // namespace ferrule::detail
