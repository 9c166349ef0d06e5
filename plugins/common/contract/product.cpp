#include <cinttypes>

#include "common/contract.h"
#include "common/dtypes.h"

namespace ferrule::plugin {

const char* check_product(const frl_tensor* c, const frl_tensor& a, const frl_tensor& b, const frl_tensor& out,
                          std::span<char> reason) {
  if (out.dtype < FRL_DTYPE_F16 || out.dtype > FRL_DTYPE_C64) {
    return reject(reason, "got dtype %s; expected float16, bfloat16, float32, float64 or complex64",
                  dtype_name(out.dtype));
  }
  const uint32_t rank = out.ndim;
  if (rank < 2 || rank > FRL_MAX_DIMS) return reject(reason, "out: got rank %u; expected 2 to %d", rank, FRL_MAX_DIMS);
  if (element_count(out) == INT64_MAX) return reject(reason, "out: got more elements than 64 bits count");
  struct Named {
    const char* name;
    const frl_tensor* tensor;
  };
  for (const auto& [name, t] : {Named{"a", &a}, Named{"b", &b}, Named{"c", c}}) {
    if (!t) continue;
    if (const char* bad = check_dtype(t->dtype, out.dtype, name, reason)) return bad;
    if (t->ndim != rank) return reject(reason, "%s: got rank %u; expected %u", name, t->ndim, rank);
    if (element_count(*t) == INT64_MAX) return reject(reason, "%s: got more elements than 64 bits count", name);
    for (uint32_t i = 0; i + 2 < rank; ++i) {
      if (t->shape[i] != out.shape[i]) {
        return reject(reason, "%s: got batch extent %" PRId64 " on axis %u; expected %" PRId64, name, t->shape[i], i,
                      out.shape[i]);
      }
    }
  }
  const uint32_t row = rank - 2, column = rank - 1;
  if (const char* bad = check_equal(a.shape[row], out.shape[row], "rows of a", reason)) return bad;
  if (const char* bad = check_equal(b.shape[column], out.shape[column], "columns of b", reason)) return bad;
  if (const char* bad = check_equal(b.shape[row], a.shape[column], "rows of b", reason)) return bad;
  if (!c) return nullptr;
  if (const char* bad = check_equal(c->shape[row], out.shape[row], "rows of c", reason)) return bad;
  return check_equal(c->shape[column], out.shape[column], "columns of c", reason);
}

}  // namespace ferrule::plugin
