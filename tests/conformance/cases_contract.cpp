// Calls that break an op's contract: the query answers with a status and words, never with support or a crash; then a
// good call works as before.
#include <gtest/gtest.h>

#include <functional>

#include <fmt/format.h>

#include "catalog.h"
#include "samples.h"

namespace ferrule::conformance {
namespace {

// Buffers stay NULL in a query, so a broken call is nothing but numbers.
struct BrokenCall {
  std::vector<frl_tensor> in, out;
  frl_call call{};
};

void describe_into(const Launch& launch, BrokenCall& b) {
  for (auto [from, to] : {std::pair{&launch.inputs, &b.in}, std::pair{&launch.outputs, &b.out}})
    for (const Operand& o : *from) {
      frl_tensor t{};
      t.dtype = o.tensor.dtype;
      t.ndim = static_cast<uint16_t>(o.tensor.shape.size());
      for (size_t i = 0; i < o.tensor.shape.size(); ++i) {
        t.shape[i] = o.tensor.shape[i];
        t.strides[i] = o.layout.strides[i];
      }
      to->push_back(t);
    }
  b.in.reserve(b.in.size() + 2);
  b.call.inputs = b.in.data();
  b.call.outputs = b.out.data();
  b.call.n_inputs = static_cast<uint16_t>(b.in.size());
  b.call.n_outputs = static_cast<uint16_t>(b.out.size());
  b.call.attrs = launch.attrs.empty() ? nullptr : launch.attrs.data();
  b.call.attrs_size = static_cast<uint32_t>(launch.attrs.size());
}

struct Breakage {
  const char* name;
  std::function<bool(const Op&, BrokenCall&)> apply;  // false: does not apply to this op
};

const std::vector<Breakage>& breakages() {
  static std::vector<std::byte> garbage(1024, std::byte{0x7f});
  static const std::vector<Breakage> list = {
      {"too_few_inputs",
       [](const Op& op, BrokenCall& b) {
         if (op.min_inputs == 0) return false;
         b.call.n_inputs = static_cast<uint16_t>(op.min_inputs - 1);
         return true;
       }},
      {"too_many_inputs",
       [](const Op& op, BrokenCall& b) {
         while (b.in.size() <= op.max_inputs) b.in.push_back(b.out[0]);
         b.call.inputs = b.in.data();
         b.call.n_inputs = static_cast<uint16_t>(b.in.size());
         return true;
       }},
      {"no_outputs",
       [](const Op&, BrokenCall& b) {
         b.call.n_outputs = 0;
         return true;
       }},
      {"unknown_input_dtype",
       [](const Op&, BrokenCall& b) {
         if (b.in.empty()) return false;
         b.in[0].dtype = 77;
         return true;
       }},
      {"absent_first_input",
       [](const Op& op, BrokenCall& b) {
         if (op.min_inputs == 0) return false;
         b.in[0].dtype = FRL_NONE;
         return true;
       }},
      {"unknown_output_dtype",
       [](const Op&, BrokenCall& b) {
         b.out[0].dtype = 0xffffffffu;
         return true;
       }},
      {"rank_11",
       [](const Op&, BrokenCall& b) {
         b.out[0].ndim = FRL_MAX_DIMS + 1;
         return true;
       }},
      {"input_rank_65535",
       [](const Op&, BrokenCall& b) {
         if (b.in.empty()) return false;
         b.in[0].ndim = 65535;
         return true;
       }},
      {"negative_extent",
       [](const Op&, BrokenCall& b) {
         b.out[0].shape[0] = -3;
         return true;
       }},
      {"wrong_output_shape",
       [](const Op& op, BrokenCall& b) {
         // A longer output is just as legal for fill, arange and random_bits.
         if (op.code == FRL_OP_fill || op.code == FRL_OP_arange || op.code == FRL_OP_random_bits) return false;
         b.out[0].shape[b.out[0].ndim - 1] += 1;
         return true;
       }},
      {"attributes_missing",
       [](const Op& op, BrokenCall& b) {
         if (op.attrs_size == 0) return false;
         b.call.attrs = nullptr;
         b.call.attrs_size = 0;
         return true;
       }},
      {"attributes_too_small",
       [](const Op& op, BrokenCall& b) {
         if (op.attrs_size == 0) return false;
         b.call.attrs_size = op.attrs_size - 1;
         return true;
       }},
      {"attributes_garbage",
       [](const Op& op, BrokenCall& b) {
         // eps, alpha and right may hold any bits.
         const bool any = op.code == FRL_OP_addmm || op.code == FRL_OP_arange || op.code == FRL_OP_searchsorted ||
                          (op.code >= FRL_OP_rms_norm && op.code <= FRL_OP_layer_norm_vjp);
         if (op.attrs_size == 0 || any) return false;
         b.call.attrs = garbage.data();
         return true;
       }},
  };
  return list;
}

void check_refused(Context& context, const Op& op, uint32_t dtype, const Breakage& breakage) {
  const Backend::Found& found = context.backend.kernel(op);
  if (!found.kernel) {
    ADD_FAILURE() << "unsupported, but part of a claimed profile: no kernel: " << found.reason;
    return;
  }
  Launch launch;
  ASSERT_TRUE(sample_call(op, dtype, launch));
  BrokenCall broken;
  describe_into(launch, broken);
  ASSERT_TRUE(breakage.apply(op, broken));
  Error error;
  frl_requirements answer{};
  answer.struct_size = sizeof answer;
  const frl_status status = context.backend.api().kernel_query(found.kernel, &broken.call, &answer, error);
  if (status == FRL_OK && answer.support == 0)
    EXPECT_NE(error.text(), "") << "refused without a reason";
  else if (status == FRL_OK)
    ADD_FAILURE() << "the query accepted the call (support = " << answer.support << "); expected INVALID_ARGUMENT or "
                  << "UNSUPPORTED";
  else
    EXPECT_TRUE((status == FRL_INVALID_ARGUMENT || status == FRL_UNSUPPORTED) && !error.text().empty())
        << "answered " << describe(status, error);
  if (status == FRL_OK && answer.plan) context.backend.api().plan_release(found.kernel, answer.plan);
  const Outcome after = context.runner.run(launch);
  EXPECT_EQ(after.status, Outcome::DONE) << "a good call afterwards: " << after.message;
}

}  // namespace

void add_contract_cases(Catalog& catalog) {
  for (const Op& op : all_ops()) {
    uint32_t dtype = FRL_DTYPE_F32;
    for (uint32_t code : {FRL_DTYPE_F32, FRL_DTYPE_I32, FRL_DTYPE_C64, FRL_DTYPE_BOOL})
      if (op.takes(code)) {
        dtype = code;
        break;
      }
    Launch launch;
    if (!sample_call(op, dtype, launch)) continue;
    for (const Breakage& b : breakages()) {
      BrokenCall broken;
      describe_into(launch, broken);
      if (!b.apply(op, broken)) continue;
      catalog.add(fmt::format("contract/{}/{}/{}", op.name, conformance::dtype(dtype).short_name, b.name), op.profile,
                  [&op, &b, dtype](Context& context) { check_refused(context, op, dtype, b); });
    }
  }
}

}  // namespace ferrule::conformance
