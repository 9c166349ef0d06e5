/* Compiled, not run, as C11 and as C++20 by gcc and by clang with every warning an error: the public headers stand
 * alone, the layouts are the released ones, and each op of the list has its attribute struct. */
#include "ferrule/op_attrs.h" /* first: it stands alone */
#include "ferrule/plugin.h"
#include "layout_pins.h"

/* Each attribute struct that ops.def names exists. */
typedef struct frl_none_attrs {
  uint32_t none;
} frl_none_attrs;
#define FRL_OP(code, name, version, min_in, max_in, n_out, attrs, profile, flags, domain, result, tolerance, ulp) \
  FRL_PIN_ASSERT(sizeof(frl_##attrs##_attrs) > 0, #name);                                                         \
  FRL_PIN_ASSERT((min_in) <= (max_in) && (n_out) >= 1, "arity of " #name);
#include "ferrule/ops.def"
#undef FRL_OP

/* A code that is used twice is a duplicate case; so is a name, as an enumerator in plugin.h. */
int frl_op_codes_are_unique(uint32_t op_code);
int frl_op_codes_are_unique(uint32_t op_code) {
  switch (op_code) {
#define FRL_OP(code, name, version, min_in, max_in, n_out, attrs, profile, flags, domain, result, tolerance, ulp) \
  case code:                                                                                                      \
    return 1;
#include "ferrule/ops.def"
#undef FRL_OP
    default:
      return 0;
  }
}

/* dtype codes begin at 1 without a gap, so that tables may be indexed by them. */
enum {
#define FRL_DTYPE(code, NAME, name, bytes, kind) FRL_DTYPE_ORDER_##NAME,
#include "ferrule/dtypes.def"
#undef FRL_DTYPE
  FRL_DTYPE_COUNT
};
#define FRL_DTYPE(code, NAME, name, bytes, kind) \
  FRL_PIN_ASSERT((int)FRL_DTYPE_##NAME == (int)FRL_DTYPE_ORDER_##NAME + 1, "code of " #name);
#include "ferrule/dtypes.def"
#undef FRL_DTYPE
FRL_PIN_ASSERT((int)FRL_DTYPE_END_ == (int)FRL_DTYPE_COUNT + 1, "dtype codes");

FRL_PIN_ASSERT(FRL_ABI_MAJOR == 1u, "the major changes only with every layout");
FRL_PIN_ASSERT(sizeof(((frl_manifest_head*)0)->name) == 32, "the manifest head is frozen");

/* The entry macro compiles in both languages as well. */
static frl_status FRL_CALL header_test_open(const frl_host_api* host, const frl_plugin_api** out_api,
                                            frl_error* error) {
  (void)host, (void)out_api, (void)error;
  return FRL_UNSUPPORTED;
}
FRL_DEFINE_PLUGIN("header_test", "Tests", "1.0", FRL_ROLE_BACKEND, 0u, header_test_open)
