// ops.def as constants: one OpInfo per op. Most callers want the look-ups of op_table.h.
#pragma once

#include <type_traits>

#include "common/op_table.h"

namespace ferrule::plugin {

namespace op_list {

struct NoAttrs {};
using frl_none_attrs = NoAttrs;
template <typename A>
constexpr uint32_t attrs_bytes() {
  return std::is_same_v<A, NoAttrs> ? 0 : sizeof(A);
}

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

#define FRL_OP(code, name, version, min_in, max_in, n_out, attrs, profile, flags, domain, result, tolerance, ulp) \
  {#name,                                                                                                         \
   code,                                                                                                          \
   version,                                                                                                       \
   min_in,                                                                                                        \
   max_in,                                                                                                        \
   n_out,                                                                                                         \
   attrs_bytes<frl_##attrs##_attrs>(),                                                                            \
   domain,                                                                                                        \
   ((flags)&COLLAPSE) != 0,                                                                                       \
   ((flags)&FUSE) != 0,                                                                                           \
   OpResult::result},
inline constexpr OpInfo kOps[] = {
#include "ferrule/ops.def"
};
#undef FRL_OP

}  // namespace op_list

using op_list::kOps;

}  // namespace ferrule::plugin
