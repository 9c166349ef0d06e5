#include "common/op_table.h"

#include <cstring>

#include "common/error.h"

namespace ferrule::plugin {
namespace {

struct NoAttrs {};
template <typename A>
constexpr uint32_t attrs_bytes() {
  return sizeof(A);
}
template <>
constexpr uint32_t attrs_bytes<NoAttrs>() {
  return 0;
}
using frl_none_attrs = NoAttrs;

// The vocabulary of ops.def.
enum DtypeSet : uint32_t {
  B = 1u << FRL_DTYPE_BOOL,
  CPLX = 1u << FRL_DTYPE_C64,
  FLT = 1u << FRL_DTYPE_F16 | 1u << FRL_DTYPE_BF16 | 1u << FRL_DTYPE_F32 | 1u << FRL_DTYPE_F64,
  INTS = 1u << FRL_DTYPE_U8 | 1u << FRL_DTYPE_U16 | 1u << FRL_DTYPE_U32 | 1u << FRL_DTYPE_U64 | 1u << FRL_DTYPE_I8 |
         1u << FRL_DTYPE_I16 | 1u << FRL_DTYPE_I32 | 1u << FRL_DTYPE_I64,
  BITS = INTS | B,
  RNUM = INTS | FLT,
  REALS = RNUM | B,
  NUM = RNUM | CPLX,
  INEXACT = FLT | CPLX,
  ALL = NUM | B,
};
enum Flags : uint32_t { NOFLAGS = 0, COLLAPSE = 1, FUSE = 2 };
enum class Result : uint8_t { SAME, BOOL, INDEX, REAL, ANY, SUM };

struct Entry {
  OpInfo info;
  Result result;
};

#define FRL_OP(code, name, version, min_in, max_in, n_out, attrs, profile, flags, domain, result, tolerance, ulp)     \
  {{#name, code, version, min_in, max_in, n_out, attrs_bytes<frl_##attrs##_attrs>(), domain, ((flags)&COLLAPSE) != 0, \
    ((flags)&FUSE) != 0},                                                                                             \
   Result::result},
constexpr Entry kOps[] = {
#include "ferrule/ops.def"
};
#undef FRL_OP

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
  for (const Entry& op : kOps) {
    if (std::strcmp(op.info.name, name) == 0) return &op.info;
  }
  return nullptr;
}

const OpInfo* find_op(uint32_t code) {
  for (const Entry& op : kOps) {
    if (op.info.code == code) return &op.info;
  }
  return nullptr;
}

uint32_t result_dtype(uint32_t code, uint32_t dtype) {
  for (const Entry& op : kOps) {
    if (op.info.code != code) continue;
    switch (op.result) {
      case Result::SAME:
        return dtype;
      case Result::BOOL:
        return FRL_DTYPE_BOOL;
      case Result::INDEX:
        return FRL_DTYPE_U32;
      case Result::REAL:
        return dtype == FRL_DTYPE_C64 ? uint32_t{FRL_DTYPE_F32} : dtype;
      case Result::ANY:
        return FRL_NONE;
      case Result::SUM:
        if (dtype == FRL_DTYPE_BOOL || dtype == FRL_DTYPE_I8 || dtype == FRL_DTYPE_I16) return FRL_DTYPE_I32;
        if (dtype == FRL_DTYPE_U8 || dtype == FRL_DTYPE_U16) return FRL_DTYPE_U32;
        return dtype;
    }
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
