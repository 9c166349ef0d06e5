#include "common/op_table.h"

#include <cstring>

#include "common/error.h"
#include "common/op_list.h"

namespace ferrule::plugin {
namespace {

frl_status check_tensor(const char* op, const char* side, uint32_t index, const frl_tensor& tensor, frl_error* error) {
  if (tensor.dtype >= FRL_DTYPE_END_) {
    return fail(error, FRL_UNSUPPORTED, "[%s] %s %u has dtype code %u; expected one below %u", op, side, index,
                tensor.dtype, static_cast<uint32_t>(FRL_DTYPE_END_));
  }
  if (tensor.ndim > FRL_MAX_DIMS) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] %s %u has %u dimensions; expected at most %u", op, side, index,
                tensor.ndim, FRL_MAX_DIMS);
  }
  for (uint32_t i = 0; i < tensor.ndim; ++i) {
    if (tensor.shape[i] < 0) {
      return fail(error, FRL_INVALID_ARGUMENT, "[%s] %s %u has extent %lld on axis %u; expected 0 or more", op, side,
                  index, static_cast<long long>(tensor.shape[i]), i);
    }
  }
  return FRL_OK;
}

}  // namespace

const OpInfo* find_op(const char* name) {
  for (const OpInfo& op : kOps) {
    if (std::strcmp(op.name, name) == 0) return &op;
  }
  return nullptr;
}

const OpInfo* find_op(uint32_t code) {
  for (const OpInfo& op : kOps) {
    if (op.code == code) return &op;
  }
  return nullptr;
}

uint32_t result_dtype(uint32_t code, uint32_t dtype) {
  const OpInfo* op = find_op(code);
  if (op == nullptr) return FRL_NONE;
  switch (op->result) {
    case OpResult::SAME:
      return dtype;
    case OpResult::BOOL:
      return FRL_DTYPE_BOOL;
    case OpResult::INDEX:
      return FRL_DTYPE_U32;
    case OpResult::REAL:
      return dtype == FRL_DTYPE_C64 ? uint32_t{FRL_DTYPE_F32} : dtype;
    case OpResult::ANY:
      return FRL_NONE;
    case OpResult::SUM:
      if (dtype == FRL_DTYPE_BOOL || dtype == FRL_DTYPE_I8 || dtype == FRL_DTYPE_I16) return FRL_DTYPE_I32;
      if (dtype == FRL_DTYPE_U8 || dtype == FRL_DTYPE_U16) return FRL_DTYPE_U32;
      return dtype;
  }
  return FRL_NONE;
}

frl_status check_call(const OpInfo& op, const frl_call& call, frl_error* error) {
  if (call.n_inputs < op.min_inputs || call.n_inputs > op.max_inputs) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] got %u inputs; expected %u to %u", op.name, call.n_inputs,
                op.min_inputs, op.max_inputs);
  }
  if (call.n_outputs != op.n_outputs) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] got %u outputs; expected %u", op.name, call.n_outputs, op.n_outputs);
  }
  if ((call.inputs == nullptr && call.n_inputs != 0) || call.outputs == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] the list of %s is NULL", op.name,
                call.outputs == nullptr ? "outputs" : "inputs");
  }
  if (call.attrs_size != op.attrs_size || (call.attrs == nullptr) != (op.attrs_size == 0)) {
    return fail(error, FRL_INVALID_ARGUMENT, "[%s] got %s attributes of %u bytes; expected %u bytes", op.name,
                call.attrs == nullptr ? "NULL" : "", call.attrs_size, op.attrs_size);
  }
  for (uint32_t i = 0; i < call.n_inputs; ++i) {
    if (frl_status status = check_tensor(op.name, "input", i, call.inputs[i], error); status != FRL_OK) return status;
  }
  for (uint32_t i = 0; i < call.n_outputs; ++i) {
    if (frl_status status = check_tensor(op.name, "output", i, call.outputs[i], error); status != FRL_OK) return status;
    if (call.outputs[i].dtype == FRL_NONE) {
      return fail(error, FRL_INVALID_ARGUMENT, "[%s] output %u has no dtype", op.name, i);
    }
  }
  return FRL_OK;
}

}  // namespace ferrule::plugin
