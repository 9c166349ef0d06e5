// The copy family and random bits.
#include <cinttypes>

#include "common/contract.h"
#include "common/dtypes.h"

namespace ferrule::plugin {

const char* check_fill(const frl_call& call, std::span<char> reason) {
  const frl_tensor& value = call.inputs[0];
  if (value.ndim != 0) return reject(reason, "value: got %u dimensions; expected 0", value.ndim);
  return check_dtype(value.dtype, call.outputs[0].dtype, "value", reason);
}

const char* check_arange(const frl_call& call, std::span<char> reason) {
  const frl_tensor& out = call.outputs[0];
  if (out.ndim != 1) return reject(reason, "out: got %u dimensions; expected 1", out.ndim);
  if (!in_domain(out.dtype, Domain::kInteger) && !in_domain(out.dtype, Domain::kFloating))
    return reject(reason, "out: got dtype %s; expected a real number", dtype_name(out.dtype));
  return nullptr;
}

const char* check_pad(const frl_call& call, std::span<char> reason) {
  const frl_tensor &x = call.inputs[0], &value = call.inputs[1], &out = call.outputs[0];
  const auto& attrs = *static_cast<const frl_pad_attrs*>(call.attrs);
  if (const char* bad = check_dtype(value.dtype, x.dtype, "value", reason)) return bad;
  if (const char* bad = check_dtype(out.dtype, x.dtype, "out", reason)) return bad;
  if (value.ndim != 0) return reject(reason, "value: got %u dimensions; expected 0", value.ndim);
  if (x.ndim != out.ndim) return reject(reason, "out: got rank %u; expected %u", out.ndim, x.ndim);
  for (uint32_t d = 0; d < x.ndim; ++d) {
    const int64_t low = attrs.low[d], high = attrs.high[d];
    if (low < 0 || low > out.shape[d] || high < 0 || out.shape[d] - low - x.shape[d] != high) {
      return reject(reason,
                    "axis %u: got %" PRId64 " + %" PRId64 " + %" PRId64 " for an output of %" PRId64
                    "; expected their sum, none negative",
                    d, low, x.shape[d], high, out.shape[d]);
    }
  }
  return nullptr;
}

const char* check_random_bits(const frl_call& call, std::span<char> reason) {
  const frl_tensor &keys = call.inputs[0], &out = call.outputs[0];
  if (const char* bad = check_dtype(keys.dtype, FRL_DTYPE_U32, "keys", reason)) return bad;
  if (out.dtype != FRL_DTYPE_U8 && out.dtype != FRL_DTYPE_U16 && out.dtype != FRL_DTYPE_U32)
    return reject(reason, "out: got dtype %s; expected uint8, uint16 or uint32", dtype_name(out.dtype));
  if (keys.ndim != 2 || keys.shape[1] != 2) return reject(reason, "keys: got another shape than [n, 2]");
  if (out.ndim != 2 || out.shape[0] != keys.shape[0])
    return reject(reason, "out: got another shape than [%" PRId64 ", m]", keys.shape[0]);
  return nullptr;
}

}  // namespace ferrule::plugin
