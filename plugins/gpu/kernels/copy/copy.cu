// Copies that move bits: one kernel per element size.
#include "kernels/copy/copy.h"

#include "kernels/elementwise/elementwise.cuh"

namespace ferrule::gpu::copy {
namespace {

template <typename T>
struct Same {
  static GPU_DEVICE T apply(T x) { return x; }
};
template <typename T>
const elementwise::Entry& same() {
  static const elementwise::Entry kEntry = elementwise::entry_of<Same<T>, elementwise::Cost::kLight, T, T>();
  return kEntry;
}

}  // namespace

const elementwise::Entry& same_size(uint32_t item_bytes) {
  switch (item_bytes) {
    case 1:
      return same<uint8_t>();
    case 2:
      return same<uint16_t>();
    case 4:
      return same<uint32_t>();
    default:
      return same<uint64_t>();
  }
}

}  // namespace ferrule::gpu::copy
