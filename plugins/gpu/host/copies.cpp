// Fills, copies on the device and small consumed sources are kernels and batch with the rest; copies from and to host
// memory submit what came before and then go to the vendor's stream.
#include "host/copies.h"

#include "common/copies.h"
#include "host/bytes.h"
#include "host/failure.h"
#include "host/handles.h"
#include "host/profiler.h"
#include "host/runtime.h"
#include "host/staging.h"
#include "host/stream.h"

namespace ferrule::gpu {
namespace {

// From here on the copy engine's bandwidth outweighs what a kernel saves in latency.
constexpr uint64_t kVendorCopyBytes = uint64_t{1} << 20;

frl_status check_range(const char* slot, const frl_buffer* buffer, uint64_t offset, uint64_t bytes, frl_error* error) {
  if (!valid(buffer)) return refuse_handle(error, slot, "buffer", buffer);
  return plugin::check_range(slot, buffer->bytes, offset, bytes, error);
}

ByteRange range_of(const void* data, uint64_t bytes) {
  const auto begin = reinterpret_cast<uint64_t>(data);
  return {begin, begin + bytes};
}

// Kernels of the stream's device reach the buffer.
bool is_local(const Stream& stream, const frl_buffer* buffer) {
  return buffer->pinned || buffer->device == stream.device().index();
}

// From or to another device of this plugin: directly where the two can, else as the vendor does it.
void peer_copy(Stream& stream, const frl_buffer* a, const frl_buffer* b, void* to, const void* from, uint64_t bytes) {
  for (const frl_buffer* buffer : {a, b}) {
    if (!is_local(stream, buffer)) stream.device().allow_peer(buffer->device);
  }
  if (!stream.submit()) return;
  const Profiler::Scope scope(stream.device().profiler(), stream.handle(), "copy", FRL_PROFILE_COPY, bytes);
  check(vendor::copy_async(to, from, bytes, stream.handle()), "copying between devices");
}

// Appends one call, whole or not at all.
template <typename Append>
void append(Stream& stream, std::span<const ByteRange> reads, const ByteRange& write, const char* name, uint64_t bytes,
            const Append& body) {
  CommandList& commands = stream.commands();
  const CommandList::Mark before = commands.mark();
  try {
    commands.begin_call(reads, {&write, 1}, {name, FRL_PROFILE_COPY, bytes});
    body(commands);
  } catch (...) {
    commands.truncate(before);
    throw;
  }
  stream.appended();
}

void append_copy(Stream& stream, void* to, const void* from, uint64_t bytes) {
  const ByteRange read = range_of(from, bytes);
  append(stream, {&read, 1}, range_of(to, bytes), "copy", bytes, [&](CommandList& commands) {
    if (bytes < kVendorCopyBytes) {
      copy_bytes(commands, to, from, bytes);
    } else {
      commands.copy(to, from, bytes);
    }
  });
}

void host_copy(Stream& stream, const char* slot, void* to, const void* from, uint64_t bytes) {
  if (!stream.submit()) return;  // dropped; the failure reaches the next event
  const Profiler::Scope scope(stream.device().profiler(), stream.handle(), slot, FRL_PROFILE_COPY, bytes);
  check(vendor::copy_async(to, from, bytes, stream.handle()), "copying between host and device");
}

}  // namespace

frl_status copy_in(frl_stream* stream, frl_buffer* dst, uint64_t dst_offset, const void* src, uint64_t bytes,
                   uint32_t flags, frl_error* error) {
  if (frl_status status = check_stream("copy_in", stream, error); status != FRL_OK) return status;
  if (frl_status status = check_range("copy_in", dst, dst_offset, bytes, error); status != FRL_OK) return status;
  if ((flags & ~FRL_COPY_CONSUME) != 0) {
    return fail(error, FRL_INVALID_ARGUMENT, "[copy_in] got flags %#x; expected FRL_COPY_CONSUME or 0", flags);
  }
  if (bytes == 0) return FRL_OK;
  if (src == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[copy_in] src is NULL");
  return guarded("copy_in", &stream->device(), error, [&] {
    stream->device().activate();
    std::byte* to = dst->data + dst_offset;
    const bool consume = (flags & FRL_COPY_CONSUME) != 0;
    if (consume && bytes <= kMaxPutBytes && is_local(*stream, dst)) {
      return append(*stream, {}, range_of(to, bytes), "copy_in", bytes,
                    [&](CommandList& commands) { put_bytes(commands, to, src, bytes); });
    }
    if (!consume) return host_copy(*stream, "copy_in", to, src, bytes);
    if (bytes > Staging::kLargest) {
      host_copy(*stream, "copy_in", to, src, bytes);
      check(vendor::stream_synchronize(stream->handle()), "waiting for a stream");
      return;
    }
    if (!stream->submit()) return;
    const Profiler::Scope scope(stream->device().profiler(), stream->handle(), "copy_in", FRL_PROFILE_COPY, bytes);
    stream->device().staging().copy_in(to, src, bytes, stream->handle());
  });
}

frl_status copy_out(frl_stream* stream, void* dst, frl_buffer* src, uint64_t src_offset, uint64_t bytes,
                    frl_error* error) {
  if (frl_status status = check_stream("copy_out", stream, error); status != FRL_OK) return status;
  if (frl_status status = check_range("copy_out", src, src_offset, bytes, error); status != FRL_OK) return status;
  if (bytes == 0) return FRL_OK;
  if (dst == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[copy_out] dst is NULL");
  return guarded("copy_out", &stream->device(), error, [&] {
    stream->device().activate();
    host_copy(*stream, "copy_out", dst, src->data + src_offset, bytes);
  });
}

frl_status copy(frl_stream* stream, frl_buffer* dst, uint64_t dst_offset, frl_buffer* src, uint64_t src_offset,
                uint64_t bytes, frl_error* error) {
  if (frl_status status = check_stream("copy", stream, error); status != FRL_OK) return status;
  if (frl_status status = check_range("copy", dst, dst_offset, bytes, error); status != FRL_OK) return status;
  if (frl_status status = check_range("copy", src, src_offset, bytes, error); status != FRL_OK) return status;
  if (bytes == 0) return FRL_OK;
  if (dst == src && dst_offset < src_offset + bytes && src_offset < dst_offset + bytes) {
    return fail(error, FRL_INVALID_ARGUMENT, "[copy] the source and destination ranges overlap");
  }
  return guarded("copy", &stream->device(), error, [&] {
    stream->device().activate();
    std::byte *to = dst->data + dst_offset, *from = src->data + src_offset;
    if (is_local(*stream, dst) && is_local(*stream, src)) [[likely]] {
      append_copy(*stream, to, from, bytes);
    } else {
      peer_copy(*stream, dst, src, to, from, bytes);
    }
  });
}

frl_status fill(frl_stream* stream, frl_buffer* dst, uint64_t offset, uint64_t bytes, uint64_t pattern,
                uint32_t pattern_bytes, frl_error* error) {
  if (frl_status status = check_stream("fill", stream, error); status != FRL_OK) return status;
  if (frl_status status = check_range("fill", dst, offset, bytes, error); status != FRL_OK) return status;
  if (frl_status status = plugin::check_pattern(offset, bytes, pattern_bytes, error); status != FRL_OK) return status;
  if (!is_local(*stream, dst)) {
    return fail(error, FRL_INVALID_ARGUMENT, "[fill] got a buffer of device %u and a stream of device %u", dst->device,
                stream->device().index());
  }
  if (bytes == 0) return FRL_OK;
  return guarded("fill", &stream->device(), error, [&] {
    stream->device().activate();
    std::byte* to = dst->data + offset;
    append(*stream, {}, range_of(to, bytes), "fill", bytes,
           [&](CommandList& commands) { fill_bytes(commands, to, bytes, pattern, pattern_bytes); });
  });
}

}  // namespace ferrule::gpu
