// The arena in which a stream's calls wait: a ring of variable-length records, one producer and one consumer. Nothing
// is allocated per call. A record never wraps: a filler takes the rest of the ring instead.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace ferrule::cpu {

class Stream;

// The head of every record; the call's data follow it in the ring.
struct Record {
  uint32_t bytes;                               // of the whole record, a multiple of kRecordAlignment
  uint32_t work;                                // 1: dropped when the stream has failed; 0: bookkeeping, always run
  void (*run)(Stream& stream, Record& record);  // NULL: a filler
};

constexpr uint32_t kRecordAlignment = 64;

class Ring {
 public:
  static constexpr uint64_t kBytes = uint64_t{256} << 10;
  static constexpr uint32_t kMaxRecord = kBytes / 4;

  Ring() : storage_(static_cast<std::byte*>(::operator new (kBytes, std::align_val_t{kRecordAlignment}))) {}
  ~Ring() { ::operator delete (storage_, std::align_val_t{kRecordAlignment}); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Producer: space for a record of `bytes` (at most kMaxRecord), or nullptr when the ring is full.
  Record* reserve(uint32_t bytes) {
    bytes = (bytes + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
    uint64_t position = write_;
    uint64_t to_end = kBytes - position % kBytes;
    uint64_t filler = to_end < bytes ? to_end : 0;
    if (position + filler + bytes - seen_head_ > kBytes) {
      seen_head_ = head_.load(std::memory_order_acquire);
      if (position + filler + bytes - seen_head_ > kBytes) return nullptr;
    }
    if (filler != 0) new (at(position)) Record{static_cast<uint32_t>(filler), 0, nullptr};
    auto* record = new (at(position + filler)) Record{bytes, 1, nullptr};
    write_ = position + filler + bytes;
    return record;
  }
  // Producer: the consumer may see what was reserved.
  void publish() { tail_.store(write_, std::memory_order_release); }
  // Producer: nothing is queued or running, and the consumer's writes are visible.
  uint64_t used() const { return write_ - head_.load(std::memory_order_acquire); }
  bool idle() const { return head_.load(std::memory_order_acquire) == write_; }

  // Consumer: the oldest record, or nullptr.
  Record* front() {
    uint64_t position = head_.load(std::memory_order_relaxed);
    for (;;) {
      if (position == tail_.load(std::memory_order_acquire)) return nullptr;
      auto* record = std::launder(reinterpret_cast<Record*>(at(position)));
      if (record->run != nullptr) return record;
      position += record->bytes;
      head_.store(position, std::memory_order_release);
    }
  }
  // Consumer: gives the front's space back.
  void pop(const Record& front) {
    head_.store(head_.load(std::memory_order_relaxed) + front.bytes, std::memory_order_release);
  }
  bool empty() const { return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire); }

 private:
  std::byte* at(uint64_t position) { return storage_ + position % kBytes; }

  std::byte* const storage_;
  alignas(64) uint64_t write_ = 0;  // producer's
  uint64_t seen_head_ = 0;
  alignas(64) std::atomic<uint64_t> tail_{0};  // published
  alignas(64) std::atomic<uint64_t> head_{0};  // consumed
};

}  // namespace ferrule::cpu
