// kernel_launch: the hot path. A call is resolved to host pointers and copied into one record of the stream's queue:
// LaunchRecord, tensors, shapes and strides, inline values, attributes.
#include "launch.h"

#include <cstring>
#include <exception>
#include <new>

#include "common/check.h"
#include "graph.h"
#include "libraries/onednn_use.h"
#include "profiler.h"
#include "registry.h"
#include "runtime.h"

namespace ferrule::cpu {
namespace {

struct LaunchRecord {
  Record head;
  const Kernel* kernel;
  Call call;
};

void run_kernel(Stream& stream, Record& record) {
  auto& self = reinterpret_cast<LaunchRecord&>(record);
  run_one(stream, *self.kernel, self.call);
}

frl_status bad_tensor(const char* op, const char* side, uint32_t index, const frl_tensor& tensor, frl_error* error) {
  if (tensor.ndim > FRL_MAX_DIMS) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] %s %u has %u dimensions; expected at most %u", op, side, index,
                tensor.ndim, FRL_MAX_DIMS);
  }
  if (tensor.buffer == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] %s %u has no buffer; expected one, or an inline value", op, side,
                index);
  }
  if (!valid(tensor.buffer)) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] %s %u: got a buffer that is not of this plugin", op, side, index);
  }
  return fail(error, FRL_INVALID_ARGUMENT, "[%s] %s %u begins at byte %llu of a buffer of %llu bytes", op, side, index,
              static_cast<unsigned long long>(tensor.byte_offset),
              static_cast<unsigned long long>(tensor.buffer->bytes));
}

// What can be told from a tensor at no cost; the reach of its strides is the caller's promise.
bool tensor_ok(const frl_tensor& tensor, bool input) {
  if (tensor.ndim > FRL_MAX_DIMS) return false;
  if (tensor.buffer != nullptr) [[likely]] {
    return valid(tensor.buffer) && tensor.byte_offset < tensor.buffer->bytes;
  }
  if (input && ((tensor.flags & FRL_TENSOR_INLINE) != 0 || tensor.dtype == FRL_NONE)) return true;
  return plugin::is_empty(tensor);
}

// Writes tensors, their shapes and their inline values into a record.
class Packer {
 public:
  Packer(Tensor* tensors, int64_t* numbers) : tensors_(tensors), numbers_(numbers) {}

  void add(const frl_tensor& from) {
    Tensor& to = *tensors_++;
    to.dtype = from.dtype;
    to.ndim = from.ndim;
    to.shape = numbers_;
    to.strides = numbers_ + from.ndim;
    for (uint32_t i = 0; i < from.ndim; ++i) numbers_[i] = from.shape[i];
    for (uint32_t i = 0; i < from.ndim; ++i) numbers_[from.ndim + i] = from.strides[i];
    numbers_ += 2 * from.ndim;
    if (from.buffer != nullptr) {
      to.data = from.buffer->data + from.byte_offset;
    } else if ((from.flags & FRL_TENSOR_INLINE) != 0) {
      std::memcpy(numbers_, from.value, sizeof from.value);
      to.data = reinterpret_cast<std::byte*>(numbers_);
      numbers_ += 2;
    } else {
      to.data = nullptr;
    }
  }
  int64_t* end() const { return numbers_; }

 private:
  Tensor* tensors_;
  int64_t* numbers_;
};

}  // namespace

void run_one(Stream& stream, const Kernel& kernel, const Call& call) {
  frl_error error{};
  error.struct_size = sizeof error;
  try {
    const ProfileScope profile(stream, kernel, call);
    kernel.run(call);
    return;
  } catch (const std::bad_alloc&) {
    fail(&error, FRL_OUT_OF_MEMORY, "[%s] no memory for the kernel's working space", kernel.name);
  } catch (const std::exception& e) {
    fail(&error, FRL_INTERNAL, "[%s] %s", kernel.name, e.what());
  } catch (...) {
    fail(&error, FRL_INTERNAL, "[%s] unknown exception", kernel.name);
  }
  stream.set_failure(error);
}

frl_status kernel_launch(frl_stream* stream, frl_kernel* kernel, const frl_plan* plan, const frl_call* call,
                         frl_error* error) {
  const bool recording = !valid(stream) && is_recorder(stream);
  if (!valid(stream) && !recording) return bad_handle(error, "kernel_launch", "stream", stream);
  if (!valid(kernel)) return bad_handle(error, "kernel_launch", "kernel", kernel);
  if (call == nullptr) return fail(error, FRL_INVALID_ARGUMENT, "[kernel_launch] call is NULL");
  if (frl_status status = check_process("kernel_launch", error); status != FRL_OK) return status;
  onednn::end_uses_before_exit();
  const char* op = kernel->kernel.name;
  const uint32_t n_in = call->n_inputs, n_out = call->n_outputs;
  if (n_in < kernel->op.min_inputs || n_in > kernel->op.max_inputs || n_out != kernel->op.n_outputs) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] got %u inputs and %u outputs; expected %u to %u and %u", op, n_in,
                n_out, kernel->op.min_inputs, kernel->op.max_inputs, kernel->op.n_outputs);
  }
  if (call->attrs_size != kernel->op.attrs_size || (kernel->op.attrs_size != 0 && call->attrs == nullptr)) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] got attributes of %u bytes; expected %u", op, call->attrs_size,
                kernel->op.attrs_size);
  }
  if (recording) [[unlikely]]
    return record_launch(stream, kernel, plan, call, error);
  size_t bytes = sizeof(LaunchRecord) + kernel->op.attrs_size + 8 + (n_in + n_out) * sizeof(Tensor);
  for (uint32_t i = 0; i < n_in; ++i) {
    const frl_tensor& tensor = call->inputs[i];
    if (!tensor_ok(tensor, true)) [[unlikely]]
      return bad_tensor(op, "input", i, tensor, error);
    bytes += tensor.ndim * 2 * sizeof(int64_t) + (tensor.buffer == nullptr ? sizeof tensor.value : 0);
  }
  for (uint32_t i = 0; i < n_out; ++i) {
    const frl_tensor& tensor = call->outputs[i];
    if (!tensor_ok(tensor, false)) [[unlikely]]
      return bad_tensor(op, "output", i, tensor, error);
    bytes += tensor.ndim * 2 * sizeof(int64_t);
  }
  std::byte* scratch = nullptr;
  if (call->scratch_bytes != 0) {
    const frl_buffer* buffer = call->scratch;
    if (!valid(buffer) || call->scratch_offset > buffer->bytes ||
        call->scratch_bytes > buffer->bytes - call->scratch_offset) {
      return fail(error, FRL_INVALID_ARGUMENT, "[%s] got %llu bytes of scratch that do not lie in a buffer", op,
                  static_cast<unsigned long long>(call->scratch_bytes));
    }
    scratch = buffer->data + call->scratch_offset;
  }

  LaunchRecord* record = nullptr;
  try {
    record = stream->reserve<LaunchRecord>(static_cast<uint32_t>(bytes), run_kernel);
  } catch (const std::exception& e) {
    return fail(error, FRL_OUT_OF_MEMORY, "[%s] cannot start the stream's thread: %s", op, e.what());
  }
  auto* tensors = reinterpret_cast<Tensor*>(record + 1);
  Packer packer(tensors, reinterpret_cast<int64_t*>(tensors + n_in + n_out));
  for (uint32_t i = 0; i < n_in; ++i) packer.add(call->inputs[i]);
  for (uint32_t i = 0; i < n_out; ++i) packer.add(call->outputs[i]);
  if (kernel->op.attrs_size != 0) std::memcpy(packer.end(), call->attrs, kernel->op.attrs_size);
  record->kernel = &kernel->kernel;
  record->call = {.inputs = tensors,
                  .outputs = tensors + n_in,
                  .n_inputs = n_in,
                  .n_outputs = n_out,
                  .math = call->math,
                  .attrs = kernel->op.attrs_size != 0 ? packer.end() : nullptr,
                  .scratch = scratch,
                  .scratch_bytes = call->scratch_bytes,
                  .plan = kernel->program != nullptr ? static_cast<const frl_plan*>(kernel->program) : plan};
  stream->submit();
  return FRL_OK;
}

}  // namespace ferrule::cpu
