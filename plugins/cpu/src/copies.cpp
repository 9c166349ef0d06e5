// copy_in with FRL_COPY_CONSUME reads the source before it returns: straight into place when the stream is idle, into
// the queue's record when small, into a staging block otherwise.
#include "copies.h"

#include <cstring>
#include <exception>
#include <new>

#include "bytes.h"
#include "common/copies.h"
#include "handles.h"
#include "profiler.h"
#include "runtime.h"
#include "stream.h"

namespace ferrule::cpu {
namespace {

struct CopyRecord {
  Record head;
  std::byte* dst;
  const std::byte* src;
  uint64_t bytes;
};

struct FillRecord {
  Record head;
  std::byte* dst;
  uint64_t bytes, pattern;
  uint32_t pattern_bytes;
};

constexpr uint64_t kMaxPayload = Ring::kMaxRecord - sizeof(CopyRecord);

void run_copy(Stream& stream, Record& record) {
  auto& self = reinterpret_cast<CopyRecord&>(record);
  const ProfileScope profile(stream, "copy", 2 * self.bytes);
  copy_bytes(self.dst, self.src, self.bytes);
}

void run_staged_copy(Stream& stream, Record& record) {
  auto& self = reinterpret_cast<CopyRecord&>(record);
  if (!stream.failed()) {
    const ProfileScope profile(stream, "copy", 2 * self.bytes);
    copy_bytes(self.dst, self.src, self.bytes);
  }
  ::operator delete(const_cast<std::byte*>(self.src));
}

void run_fill(Stream& stream, Record& record) {
  auto& self = reinterpret_cast<FillRecord&>(record);
  const ProfileScope profile(stream, "fill", self.bytes);
  fill_bytes(self.dst, self.bytes, self.pattern, self.pattern_bytes);
}

frl_status check_range(const char* slot, const frl_buffer* buffer, uint64_t offset, uint64_t bytes, frl_error* error) {
  if (!valid(buffer)) return bad_handle(error, slot, "buffer", buffer);
  return plugin::check_range(slot, buffer->bytes, offset, bytes, error);
}

frl_status check_stream(const char* slot, const frl_stream* stream, frl_error* error) {
  if (!valid(stream)) return bad_handle(error, slot, "stream", stream);
  return check_process(slot, error);
}

frl_status no_memory(const char* slot, const std::exception& e, frl_error* error) {
  return fail(error, FRL_OUT_OF_MEMORY, "[%s] %s", slot, e.what());
}

frl_status queue_copy(const char* slot, frl_stream* stream, std::byte* dst, const std::byte* src, uint64_t bytes,
                      frl_error* error) {
  try {
    auto* record = stream->reserve<CopyRecord>(sizeof(CopyRecord), run_copy);
    record->dst = dst;
    record->src = src;
    record->bytes = bytes;
    stream->submit();
  } catch (const std::exception& e) {
    return no_memory(slot, e, error);
  }
  return FRL_OK;
}

frl_status consume_copy(frl_stream* stream, std::byte* dst, const std::byte* src, uint64_t bytes, frl_error* error) {
  if (stream->idle()) {
    if (!stream->failed()) std::memcpy(dst, src, bytes);
    return FRL_OK;
  }
  try {
    if (bytes <= kMaxPayload) {
      auto* record = stream->reserve<CopyRecord>(static_cast<uint32_t>(sizeof(CopyRecord) + bytes), run_copy);
      auto* payload = reinterpret_cast<std::byte*>(record + 1);
      std::memcpy(payload, src, bytes);
      record->dst = dst;
      record->src = payload;
      record->bytes = bytes;
    } else {
      auto* staging = static_cast<std::byte*>(::operator new(bytes));
      CopyRecord* record = nullptr;
      try {
        record = stream->reserve<CopyRecord>(sizeof(CopyRecord), run_staged_copy);
      } catch (...) {
        ::operator delete(staging);
        throw;
      }
      std::memcpy(staging, src, bytes);
      record->head.work = 0;  // frees the staging block even when the stream has failed
      record->dst = dst;
      record->src = staging;
      record->bytes = bytes;
    }
    stream->submit();
  } catch (const std::exception& e) {
    return no_memory("copy_in", e, error);
  }
  return FRL_OK;
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
  std::byte* to = dst->data + dst_offset;
  auto* from = static_cast<const std::byte*>(src);
  if ((flags & FRL_COPY_CONSUME) != 0) return consume_copy(stream, to, from, bytes, error);
  return queue_copy("copy_in", stream, to, from, bytes, error);
}

frl_status copy_out(frl_stream* stream, void* dst, frl_buffer* src, uint64_t src_offset, uint64_t bytes,
                    frl_error* error) {
  if (frl_status status = check_stream("copy_out", stream, error); status != FRL_OK) return status;
  if (frl_status status = check_range("copy_out", src, src_offset, bytes, error); status != FRL_OK) return status;
  if (bytes == 0) return FRL_OK;
  if (dst == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[copy_out] dst is NULL");
  return queue_copy("copy_out", stream, static_cast<std::byte*>(dst), src->data + src_offset, bytes, error);
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
  return queue_copy("copy", stream, dst->data + dst_offset, src->data + src_offset, bytes, error);
}

frl_status fill(frl_stream* stream, frl_buffer* dst, uint64_t offset, uint64_t bytes, uint64_t pattern,
                uint32_t pattern_bytes, frl_error* error) {
  if (frl_status status = check_stream("fill", stream, error); status != FRL_OK) return status;
  if (frl_status status = check_range("fill", dst, offset, bytes, error); status != FRL_OK) return status;
  if (frl_status status = plugin::check_pattern(offset, bytes, pattern_bytes, error); status != FRL_OK) return status;
  if (bytes == 0) return FRL_OK;
  try {
    auto* record = stream->reserve<FillRecord>(sizeof(FillRecord), run_fill);
    record->dst = dst->data + offset;
    record->bytes = bytes;
    record->pattern = pattern;
    record->pattern_bytes = pattern_bytes;
    stream->submit();
  } catch (const std::exception& e) {
    return no_memory("fill", e, error);
  }
  return FRL_OK;
}

}  // namespace ferrule::cpu
