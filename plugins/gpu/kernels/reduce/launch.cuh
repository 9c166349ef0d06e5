// Launches a planned reduction by one policy. Included by the files that instantiate policies.
#pragma once

#include "host/command_list.h"
#include "host/kernel.h"
#include "kernels/reduce/general.cuh"
#include "kernels/reduce/plan.h"
#include "kernels/reduce/rows.cuh"

namespace ferrule::gpu {

template <typename Policy>
void launch_reduce(const Policy& policy, const ReducePlan& plan, const Call& call, CommandList& commands) {
  using Acc = typename Policy::Acc;
  const auto* x = call.inputs[0].as<typename Policy::Element>();
  auto* out = call.outputs[0].as<typename Policy::Out>() + plan.out_offset;
  if (x) x += plan.x_offset;
  Acc* partials = plan.shape.splits > 1 ? static_cast<Acc*>(call.scratch) : nullptr;
  switch (plan.strategy) {
    case ReduceStrategy::kRows:
      commands.launch<reduce_rows<Policy>>(plan.launch, policy, x, out, partials, plan.shape);
      break;
    case ReduceStrategy::kColumns:
      commands.launch<reduce_columns<Policy>>(plan.launch, policy, x, out, partials, plan.shape);
      break;
    case ReduceStrategy::kGeneral:
      commands.launch<reduce_general<Policy>>(plan.launch, policy, x, out, partials, plan.shape);
      break;
  }
  if (partials)
    commands.launch<reduce_partials<Policy>>(plan.last_launch, policy, partials, out, plan.shape.splits,
                                             plan.last_group, plan.shape.outputs, plan.shape.kept);
}

}  // namespace ferrule::gpu
