// Short and middling lines: tiles in shared memory, merged in passes. Keys up to 32 bits share the kernels of 32.
#include "kernels/sort/merge.cuh"

namespace ferrule::gpu::sort {

void launch_merge_pairs(const Order& order, void* scratch, CommandList& commands);  // merge_pairs.cu

void launch_merge(const Order& order, void* scratch, CommandList& commands) {
  if (order.indices) return launch_merge_pairs(order, scratch, commands);
  const bool wide = order.code.item == 8, tile = order.length <= kWidestTile;
  if (wide)
    return tile ? launch_tile_of<uint64_t>(order, commands) : launch_merge_of<uint64_t>(order, scratch, commands);
  return tile ? launch_tile_of<uint32_t>(order, commands) : launch_merge_of<uint32_t>(order, scratch, commands);
}

uint64_t merge_bytes(const Order& order) {
  if (order.length <= kWidestTile) return 0;
  const uint64_t total = order.n_lines * order.length;
  const uint64_t key = order.code.item == 8 ? 8 : 4;
  Scratch counted;
  counted.take_bytes(total * (order.indices ? 2 * key : key));
  counted.take_bytes(total * (order.indices ? 2 * key : key));
  return counted.bytes();
}

}  // namespace ferrule::gpu::sort
