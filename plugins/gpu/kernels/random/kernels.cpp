// random_bits on the host side.
#include "common/check.h"
#include "common/dtypes.h"
#include "host/command_list.h"
#include "host/kernel.h"
#include "kernels/random/random.h"

namespace ferrule::gpu {
namespace {

const char* query_random_bits(Device&, const frl_call& call, Answer&, std::span<char> reason) {
  const frl_tensor &keys = call.inputs[0], &out = call.outputs[0];
  if (const char* bad = plugin::check_dtype(keys.dtype, FRL_DTYPE_U32, "keys", reason)) return bad;
  if (out.dtype != FRL_DTYPE_U8 && out.dtype != FRL_DTYPE_U16 && out.dtype != FRL_DTYPE_U32) {
    return plugin::reject(reason, "out: got dtype %s; expected uint8, uint16 or uint32", plugin::dtype_name(out.dtype));
  }
  if (keys.ndim != 2 || keys.shape[1] != 2) return plugin::reject(reason, "keys: got another shape than [n, 2]");
  if (out.ndim != 2 || out.shape[0] != keys.shape[0]) {
    return plugin::reject(reason, "out: got another shape than [%lld, m]", static_cast<long long>(keys.shape[0]));
  }
  return nullptr;
}

void run_random_bits(Device&, const Call& call, CommandList& commands) {
  const Operand &keys = call.inputs[0], &out = call.outputs[0];
  RandomBits args{};
  args.keys = keys.as<const uint32_t>();
  args.key_stride = keys.strides[0];
  args.word_stride = keys.strides[1];
  args.out = out.data;
  args.rows = static_cast<uint64_t>(out.shape[0]);
  args.row_bytes = static_cast<uint64_t>(out.shape[1]) * plugin::item_size(out.dtype);
  launch_random_bits(commands, args);
}

}  // namespace

std::span<const Kernel> random_kernels() {
  static constexpr Kernel kKernels[] = {{"random_bits", 1, query_random_bits, run_random_bits}};
  return kKernels;
}

}  // namespace ferrule::gpu
