// select moves bits: one kernel per element size.
#include "functors/types.h"
#include "kernels/elementwise/functions.cuh"

namespace ferrule::gpu::elementwise {
namespace {

template <typename T>
struct Select {
  static GPU_DEVICE T apply(Bool condition, T x, T y) { return condition.byte != 0 ? x : y; }
};

template <typename T>
void add_size(Table& table) {
  const Entry entry = entry_of<Select<T>, Cost::kLight, T, Bool, T, T>();
  for (uint32_t dtype = 1; dtype < FRL_DTYPE_END_; ++dtype) {
    if (plugin::item_size(dtype) == sizeof(T)) table.ops[FRL_OP_select][dtype] = entry;
  }
}

}  // namespace

void add_select(Table& table) {
  add_size<uint8_t>(table);
  add_size<uint16_t>(table);
  add_size<uint32_t>(table);
  add_size<uint64_t>(table);
}

}  // namespace ferrule::gpu::elementwise
