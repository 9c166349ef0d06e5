#include "op_list.h"

#include "ferrule/plugin.h"

namespace ferrule::tools {
namespace {

constexpr uint32_t bit(uint32_t dtype) { return 1u << dtype; }

// The words of ops.def.
enum Kind { BOOL, UNSIGNED, SIGNED, FLOAT, COMPLEX };
constexpr uint32_t kind_mask(Kind kind) {
  uint32_t mask = 0;
#define FRL_DTYPE(code, NAME, name, bytes, dtype_kind) \
  if (kind == dtype_kind) mask |= bit(code);
#include "ferrule/dtypes.def"
#undef FRL_DTYPE
  return mask;
}
constexpr uint32_t B = kind_mask(BOOL), INTS = kind_mask(UNSIGNED) | kind_mask(SIGNED), FLT = kind_mask(FLOAT),
                   CPLX = kind_mask(COMPLEX), BITS = B | INTS, INEXACT = FLT | CPLX, RNUM = INTS | FLT,
                   REALS = RNUM | B, NUM = RNUM | CPLX, ALL = NUM | B;
constexpr uint32_t NOFLAGS = 0, COLLAPSE = 1, FUSE = 2;
constexpr Result SAME = Result::same, BOOLEAN = Result::boolean, INDEX = Result::index, REAL = Result::real,
                 ANY = Result::any, SUM = Result::sum;
#define RESULT_SAME SAME
#define RESULT_BOOL BOOLEAN
#define RESULT_INDEX INDEX
#define RESULT_REAL REAL
#define RESULT_ANY ANY
#define RESULT_SUM SUM

constexpr OpInfo kOps[] = {
#define FRL_OP(code, name, version, min_in, max_in, n_out, attrs, profile, flags, domain, result, tolerance, ulp) \
  {code, #name, version, min_in, max_in, n_out, #attrs, #profile, ((flags)&COLLAPSE) != 0, domain, RESULT_##result},
#include "ferrule/ops.def"
#undef FRL_OP
};

constexpr DtypeInfo kDtypes[] = {
#define FRL_DTYPE(code, NAME, name, bytes, kind) {code, #name, bytes},
#include "ferrule/dtypes.def"
#undef FRL_DTYPE
};
static_assert((COLLAPSE & FUSE) == NOFLAGS);

}  // namespace

std::span<const OpInfo> all_ops() { return kOps; }
std::span<const DtypeInfo> all_dtypes() { return kDtypes; }
const DtypeInfo& dtype_info(uint32_t code) { return kDtypes[code - 1]; }

uint32_t result_dtype(const OpInfo& op, uint32_t dtype) {
  switch (op.result) {
    case Result::same:
    case Result::any:
      return dtype;
    case Result::boolean:
      return FRL_DTYPE_BOOL;
    case Result::index:
      return FRL_DTYPE_U32;
    case Result::real:
      return dtype == FRL_DTYPE_C64 ? static_cast<uint32_t>(FRL_DTYPE_F32) : dtype;
    case Result::sum:
      break;
  }
  if (dtype == FRL_DTYPE_BOOL || dtype == FRL_DTYPE_I8 || dtype == FRL_DTYPE_I16) return FRL_DTYPE_I32;
  return dtype == FRL_DTYPE_U8 || dtype == FRL_DTYPE_U16 ? static_cast<uint32_t>(FRL_DTYPE_U32) : dtype;
}

}  // namespace ferrule::tools
