// Turns a call's shapes and strides into the shortest list of kept and reduced axes.
#include <utility>

#include "reduce/reduce.h"

namespace ferrule::cpu {

ReducePlan plan_reduce(const Tensor& x, const Tensor& out, uint32_t axes) {
  ReducePlan plan;
  for (uint32_t i = 0; i < x.ndim; ++i) {
    if (x.shape[i] == 1) continue;
    if ((axes >> i) & 1u)
      plan.reduced.push({x.shape[i], {x.strides[i]}});
    else
      plan.kept.push({x.shape[i], {x.strides[i], out.strides[i]}});
  }
  sort_axes(plan.kept);
  sort_axes(plan.reduced);
  merge_axes(plan.kept);
  merge_axes(plan.reduced);
  return plan;
}

}  // namespace ferrule::cpu
