// From a frl_call to device work: checks, addresses, the byte ranges it touches, and the kernel that runs it.
#pragma once

#include <memory>

#include "host/command_list.h"
#include "host/handles.h"

namespace ferrule::gpu {

constexpr uint32_t kMaxOperands = 64;

// Arity, lists and attributes; throws Failure (INVALID_ARGUMENT).
void check_form(const frl_kernel& kernel, const frl_call& call);

// What runs a call: a kernel (nullptr for a program) and the state of its query's answer.
struct Chosen {
  const Kernel* kernel;
  std::shared_ptr<const void> state;
};
// As the plan says; without one the only kernel, or what a query finds. Throws Failure.
Chosen choose(const frl_kernel& kernel, const frl_plan* plan, const frl_call& call);

// What a profiler counts of an operand in memory: each element once, axes along which it is broadcast once.
uint64_t operand_bytes(const Operand& operand);

// Appends one call to `commands`. Throws Failure (INVALID_ARGUMENT for operands that do not lie in their buffers),
// std::bad_alloc, and what the kernel throws; `commands` is then as before.
void append_call(const frl_kernel& kernel, const frl_plan* plan, const frl_call& call, Device& device,
                 CommandList& commands);

}  // namespace ferrule::gpu
