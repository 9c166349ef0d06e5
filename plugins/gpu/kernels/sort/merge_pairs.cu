// As merge.cu, with indices.
#include "kernels/sort/merge.cuh"

namespace ferrule::gpu::sort {

void launch_merge_pairs(const Order& order, void* scratch, CommandList& commands) {
  const bool wide = order.code.item == 8, tile = order.length <= kWidestTile;
  if (wide) return tile ? launch_tile_of<Pair64>(order, commands) : launch_merge_of<Pair64>(order, scratch, commands);
  return tile ? launch_tile_of<Pair32>(order, commands) : launch_merge_of<Pair32>(order, scratch, commands);
}

}  // namespace ferrule::gpu::sort
