// Copies whose source and destination run along different axes, by blocks that fit into the first-level cache.
#pragma once

#include "copy/cast.h"
#include "copy/layout.h"

namespace ferrule::cpu {

// The axis along which the source runs, if that is not the destination's innermost one and blocks pay; else -1.
int find_source_axis(const CopyLayout& layout);

// `axis` is find_source_axis's answer. `row` converts rows; NULL when the dtypes are equal and the destination's rows
// are contiguous.
void copy_transposed(const CopyLayout& layout, int axis, uint32_t src_item, uint32_t dst_item, CastRowFn row);

}  // namespace ferrule::cpu
