// random_bits on the host side.
#include "common/contract.h"
#include "common/dtypes.h"
#include "host/command_list.h"
#include "host/kernel.h"
#include "kernels/random/random.h"

namespace ferrule::gpu {
namespace {

const char* query_random_bits(Device&, const frl_call& call, Answer&, std::span<char> reason) {
  return plugin::check_random_bits(call, reason);
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
