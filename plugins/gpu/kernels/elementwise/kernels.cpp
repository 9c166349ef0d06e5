// The elementwise kernels on the host side: one query and one run function serve every op of the table.
#include <vector>

#include "common/check.h"
#include "common/op_table.h"
#include "kernels/elementwise/table.h"

namespace ferrule::gpu {
namespace elementwise {

const Table& table() {
  static const Table kTable = [] {
    Table t;
    add_float_unary(t);
    add_half_unary(t);
    add_double_unary(t);
    add_complex_unary(t);
    add_integer_unary(t);
    add_float_binary(t);
    add_half_binary(t);
    add_double_binary(t);
    add_complex_binary(t);
    add_integer_binary(t);
    add_integer_order(t);
    add_select(t);
    return t;
  }();
  return kTable;
}

namespace {

template <uint32_t Code>
const char* query(Device&, const frl_call& call, Answer& answer, std::span<char> reason) {
  const uint32_t first = Code == FRL_OP_select ? 1 : 0;
  const uint32_t dtype = call.inputs[first].dtype;
  for (uint32_t i = 0; i < call.n_inputs; ++i) {
    const uint32_t expected = i < first ? uint32_t{FRL_DTYPE_BOOL} : dtype;
    if (const char* bad = plugin::check_dtype(call.inputs[i].dtype, expected, "input", reason)) return bad;
  }
  if (dtype >= FRL_DTYPE_END_ || table().ops[Code][dtype].vectors == nullptr) {
    return plugin::reject(reason, "got dtype %s, which the op does not take", plugin::dtype_name(dtype));
  }
  if (const char* bad =
          plugin::check_dtype(call.outputs[0].dtype, plugin::result_dtype(Code, dtype), "output", reason)) {
    return bad;
  }
  if (const char* bad = check_operands(call, reason)) return bad;
  answer_any_layout(call, answer.requirements);
  return nullptr;
}

template <uint32_t Code>
void run(Device&, const Call& call, CommandList& commands) {
  const uint32_t dtype = call.inputs[Code == FRL_OP_select ? 1 : 0].dtype;
  launch(commands, table().ops[Code][dtype], call.inputs, call.outputs[0]);
}

// Whether an op of ops.def belongs here.
constexpr bool is_elementwise(uint32_t code) {
  return code == FRL_OP_select || (code >= FRL_OP_abs && code <= FRL_OP_right_shift);
}

template <uint32_t Code>
void add(std::vector<Kernel>& list, const char* name, uint32_t version) {
  if constexpr (is_elementwise(Code)) list.push_back({name, version, query<Code>, run<Code>});
}

}  // namespace
}  // namespace elementwise

std::span<const Kernel> elementwise_kernels() {
  static const std::vector<Kernel> kKernels = [] {
    std::vector<Kernel> list;
#define FRL_OP(code, name, version, min_in, max_in, n_out, attrs, profile, flags, domain, result, tolerance, ulp) \
  elementwise::add<code>(list, #name, version);
#include "ferrule/ops.def"
#undef FRL_OP
    return list;
  }();
  return kKernels;
}

}  // namespace ferrule::gpu
