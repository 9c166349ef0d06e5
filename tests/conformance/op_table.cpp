#include "op_table.h"

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace ferrule::conformance {
namespace {

constexpr uint32_t bit(uint32_t code) { return 1u << code; }
constexpr uint32_t B = bit(FRL_DTYPE_BOOL);
constexpr uint32_t INTS = bit(FRL_DTYPE_U8) | bit(FRL_DTYPE_U16) | bit(FRL_DTYPE_U32) | bit(FRL_DTYPE_U64) |
                          bit(FRL_DTYPE_I8) | bit(FRL_DTYPE_I16) | bit(FRL_DTYPE_I32) | bit(FRL_DTYPE_I64);
constexpr uint32_t FLT = bit(FRL_DTYPE_F16) | bit(FRL_DTYPE_BF16) | bit(FRL_DTYPE_F32) | bit(FRL_DTYPE_F64);
constexpr uint32_t CPLX = bit(FRL_DTYPE_C64);
constexpr uint32_t BITS = INTS | B;
constexpr uint32_t INEXACT = FLT | CPLX;
constexpr uint32_t RNUM = INTS | FLT;
constexpr uint32_t REALS = RNUM | B;
constexpr uint32_t NUM = RNUM | CPLX;
constexpr uint32_t ALL = NUM | B;
constexpr uint32_t NOFLAGS = 0, COLLAPSE = 1, FUSE = 2;

struct frl_none_attrs {};
template <typename T>
constexpr uint32_t attrs_size = static_cast<uint32_t>(sizeof(T));
template <>
constexpr uint32_t attrs_size<frl_none_attrs> = 0;

constexpr std::array kOps = {
#define FRL_OP(code, name, version, min_in, max_in, n_out, attrs, profile, flags, domain, result, tolerance, ulp) \
  Op{code,                                                                                                        \
     #name,                                                                                                       \
     version,                                                                                                     \
     min_in,                                                                                                      \
     max_in,                                                                                                      \
     n_out,                                                                                                       \
     attrs_size<frl_##attrs##_attrs>,                                                                             \
     Profile::profile,                                                                                            \
     ((flags)&COLLAPSE) != 0,                                                                                     \
     ((flags)&FUSE) != 0,                                                                                         \
     domain,                                                                                                      \
     Result::result,                                                                                              \
     Tolerance::tolerance,                                                                                        \
     ulp},
#include "ferrule/ops.def"
#undef FRL_OP
};

}  // namespace

uint32_t Op::result_dtype(uint32_t dtype_code) const {
  switch (result) {
    case Result::BOOL:
      return FRL_DTYPE_BOOL;
    case Result::INDEX:
      return FRL_DTYPE_U32;
    case Result::REAL:
      return part(dtype_code);
    case Result::SUM:
      if (dtype_code == FRL_DTYPE_BOOL || dtype_code == FRL_DTYPE_I8 || dtype_code == FRL_DTYPE_I16)
        return FRL_DTYPE_I32;
      if (dtype_code == FRL_DTYPE_U8 || dtype_code == FRL_DTYPE_U16) return FRL_DTYPE_U32;
      return dtype_code;
    default:
      return dtype_code;
  }
}

std::span<const Op> all_ops() { return kOps; }

const Op& op(std::string_view name) {
  for (const Op& o : kOps)
    if (name == o.name) return o;
  throw std::logic_error("no op named " + std::string(name) + " in ops.def");
}

const Op* find_op(uint32_t code) {
  for (const Op& o : kOps)
    if (o.code == code) return &o;
  return nullptr;
}

const char* profile_name(Profile profile) {
  switch (profile) {
    case Profile::ABI:
      return "abi";
    case Profile::RUNTIME:
      return "runtime";
    case Profile::BASE:
      return "base";
    case Profile::TRAIN:
      return "train";
    case Profile::INFER:
      return "infer";
    default:
      return "science";
  }
}

}  // namespace ferrule::conformance
