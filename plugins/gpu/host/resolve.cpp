#include "host/resolve.h"

#include <cinttypes>

#include "common/check.h"
#include "common/slots.h"
#include "host/failure.h"
#include "host/profiler.h"
#include "host/registry.h"

namespace ferrule::gpu {
namespace {

// The operands of one call on the stack, and the ranges of memory that they reach.
class Resolver {
 public:
  Resolver(const frl_kernel& kernel, const Device& device) : kernel_(kernel), device_(device.index()) {}

  void add(const frl_tensor& from, const char* side, uint32_t index) {
    if (from.ndim > FRL_MAX_DIMS) {
      throw Failure(FRL_INVALID_ARGUMENT, "[%s] %s %u has %u dimensions; expected at most %u", kernel_.name, side,
                    index, from.ndim, FRL_MAX_DIMS);
    }
    Operand& to = operands_[n_operands_++];
    to = {nullptr, from.dtype, from.ndim, from.shape, from.strides, nullptr};
    const bool input = side[0] == 'i';
    if (from.buffer != nullptr) [[likely]] {
      if (!valid(from.buffer)) {
        throw Failure(FRL_INVALID_ARGUMENT, "[%s] %s %u: got a buffer that is not of this plugin", kernel_.name, side,
                      index);
      }
      if (reach(from, to, side, index) && input) {
        ++n_reads_;
      }
      return;
    }
    if (input && from.dtype == FRL_NONE) return;
    if (input && (from.flags & FRL_TENSOR_INLINE) != 0) {
      to.value = from.value;
      return;
    }
    if (!plugin::is_empty(from)) {
      throw Failure(FRL_INVALID_ARGUMENT, "[%s] %s %u has no buffer; expected one, or an inline value", kernel_.name,
                    side, index);
    }
  }

  void* add_scratch(const frl_call& call) {
    if (call.scratch_bytes == 0) return nullptr;
    const frl_buffer* buffer = call.scratch;
    if (!valid(buffer) || call.scratch_offset > buffer->bytes ||
        call.scratch_bytes > buffer->bytes - call.scratch_offset) {
      throw Failure(FRL_INVALID_ARGUMENT, "[%s] got %" PRIu64 " bytes of scratch that do not lie in a buffer",
                    kernel_.name, call.scratch_bytes);
    }
    const auto begin = reinterpret_cast<uint64_t>(buffer->data) + call.scratch_offset;
    ranges_[n_ranges_++] = {begin, begin + call.scratch_bytes};
    return reinterpret_cast<void*>(begin);
  }

  std::span<const Operand> operands() const { return {operands_, n_operands_}; }
  std::span<const ByteRange> reads() const { return {ranges_, n_reads_}; }
  std::span<const ByteRange> writes() const { return {ranges_ + n_reads_, n_ranges_ - n_reads_}; }

 private:
  // Sets the operand's address and notes its range; false for an operand without elements.
  bool reach(const frl_tensor& from, Operand& to, const char* side, uint32_t index) {
    int64_t low = 0, high = 0;  // in bytes, from the first element
    if (!plugin::byte_reach(from, low, high)) return false;
    const uint64_t bytes = from.buffer->bytes, offset = from.byte_offset;
    const auto before = static_cast<uint64_t>(-low), behind = static_cast<uint64_t>(high);
    if (before > offset || offset > bytes || behind > bytes - offset) [[unlikely]] {
      throw Failure(FRL_INVALID_ARGUMENT,
                    "[%s] %s %u reaches from %" PRIu64 " bytes before to %" PRIu64 " bytes behind byte %" PRIu64
                    " of a buffer of %" PRIu64 " bytes",
                    kernel_.name, side, index, before, behind, offset, bytes);
    }
    const uint64_t begin = offset - before, end = offset + behind;
    if (from.buffer->device != device_ && !from.buffer->pinned) [[unlikely]] {
      throw Failure(FRL_INVALID_ARGUMENT, "[%s] %s %u lies on device %u; expected device %u", kernel_.name, side, index,
                    from.buffer->device, device_);
    }
    const auto base = reinterpret_cast<uint64_t>(from.buffer->data);
    to.data = reinterpret_cast<void*>(base + from.byte_offset);
    ranges_[n_ranges_++] = {base + begin, base + end};
    return true;
  }

  const frl_kernel& kernel_;
  uint32_t device_;
  uint32_t n_operands_ = 0, n_ranges_ = 0, n_reads_ = 0;
  Operand operands_[kMaxOperands];
  ByteRange ranges_[kMaxOperands + 1];
};

}  // namespace

uint64_t operand_bytes(const Operand& operand) {
  uint64_t bytes = plugin::item_size(operand.dtype);
  for (uint32_t i = 0; i < operand.ndim; ++i) {
    if (operand.strides[i] != 0 || operand.shape[i] == 0) bytes *= static_cast<uint64_t>(operand.shape[i]);
  }
  return bytes;
}

void check_form(const frl_kernel& kernel, const frl_call& call) {
  const uint32_t n_in = call.n_inputs, n_out = call.n_outputs;
  if (n_in < kernel.min_inputs || n_in > kernel.max_inputs || n_out != kernel.n_outputs ||
      n_in + n_out > kMaxOperands || (call.inputs == nullptr && n_in != 0) || (call.outputs == nullptr && n_out != 0)) {
    throw Failure(FRL_INVALID_ARGUMENT, "[%s] got %u inputs and %u outputs; expected %u to %u and %u", kernel.name,
                  n_in, n_out, kernel.min_inputs, kernel.max_inputs, kernel.n_outputs);
  }
  if (call.attrs_size != kernel.attrs_size || (kernel.attrs_size != 0 && call.attrs == nullptr)) {
    throw Failure(FRL_INVALID_ARGUMENT, "[%s] got attributes of %u bytes; expected %u", kernel.name, call.attrs_size,
                  kernel.attrs_size);
  }
}

Chosen choose(const frl_kernel& kernel, const frl_plan* plan, const frl_call& call) {
  if (plan != nullptr) return {plan->kernel, plan->state};
  const bool stateless = !kernel.has_state.load(std::memory_order_relaxed);
  if (stateless && kernel.program != nullptr) return {nullptr, nullptr};
  if (stateless && kernel.chain.size() == 1) return {kernel.chain.front(), nullptr};
  Answer answer{};
  answer.requirements.struct_size = sizeof(frl_requirements);
  char text[256] = "";
  const Kernel* chosen = nullptr;
  if (const char* reason = ask(kernel, call, answer, &chosen, text)) {
    throw Failure(FRL_UNSUPPORTED, "[%s] %s", kernel.name, reason);
  }
  return {chosen, std::move(answer.state)};
}

void append_call(const frl_kernel& kernel, const frl_plan* plan, const frl_call& call, Device& device,
                 CommandList& commands) {
  check_form(kernel, call);
  Resolver resolver(kernel, device);
  for (uint32_t i = 0; i < call.n_inputs; ++i) resolver.add(call.inputs[i], "input", i);
  for (uint32_t i = 0; i < call.n_outputs; ++i) resolver.add(call.outputs[i], "output", i);
  Call resolved{};
  resolved.scratch = resolver.add_scratch(call);
  resolved.scratch_bytes = call.scratch_bytes;
  resolved.inputs = resolver.operands().first(call.n_inputs);
  resolved.outputs = resolver.operands().subspan(call.n_inputs);
  resolved.math = call.math;
  resolved.attrs = call.attrs;
  Chosen chosen = choose(kernel, plan, call);
  resolved.state = chosen.state.get();

  CommandList::CallInfo info{kernel.name, FRL_PROFILE_KERNEL, 0};
  if (device.profiler().active()) [[unlikely]] {
    for (const Operand& operand : resolver.operands())
      info.bytes += operand.data != nullptr ? operand_bytes(operand) : 0;
  }
  const CommandList::Mark before = commands.mark();
  try {
    commands.begin_call(resolver.reads(), resolver.writes(), info);
    if (chosen.state != nullptr) commands.keep(std::move(chosen.state));
    if (kernel.program != nullptr) {
      commands.keep(kernel.program);
      kernel.program->run(device, resolved, commands);
    } else {
      chosen.kernel->run(device, resolved, commands);
    }
  } catch (...) {
    commands.truncate(before);
    throw;
  }
}

}  // namespace ferrule::gpu
