#include "runtime/storage.h"

#include "runtime/device_runtime.h"

namespace ferrule::detail {

Storage::~Storage() {
  if (!process_is_exiting()) owner_.free(block_, std::move(uses_));
}

void Storage::add_use(StreamState& stream, uint64_t sequence) {
  if (&stream == block_->stream) return;
  for (StreamUse& use : uses_) {
    if (use.stream == &stream) {
      use.sequence = sequence;
      return;
    }
  }
  uses_.push_back({&stream, sequence});
}

}  // namespace ferrule::detail
