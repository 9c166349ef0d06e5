#include "catalog.h"

#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ferrule::conformance {

std::string case_id(const char* family, const Op& op, uint32_t dtype_code, const std::string& layout,
                    const Shape& shape) {
  return fmt::format("{}/{}/{}/{}/{}", family, op.name, dtype(dtype_code).short_name, layout, to_text(shape));
}

bool run(Context& context, Launch& launch) {
  const Outcome outcome = context.runner.run(launch);
  const auto uses_f64 = [&] {
    for (const Operand& o : launch.inputs)
      if (o.tensor.dtype == FRL_DTYPE_F64) return true;
    for (const Operand& o : launch.outputs)
      if (o.tensor.dtype == FRL_DTYPE_F64) return true;
    return false;
  };
  switch (outcome.status) {
    case Outcome::DONE:
      return true;
    case Outcome::NOT_OFFERED:
      [&] { GTEST_SKIP() << "not offered: " << outcome.message; }();
      return false;
    case Outcome::UNSUPPORTED:
      if ((context.backend.info().flags & FRL_DEVICE_NO_F64) && uses_f64())
        [&] { GTEST_SKIP() << "the device has no float64: " << outcome.message; }();
      else
        ADD_FAILURE() << "unsupported, but part of a claimed profile: " << outcome.message;
      return false;
    default:
      ADD_FAILURE() << outcome.message;
      return false;
  }
}

void check_output(Context& context, const Tensor& got, const Wants& wants, const std::string& name) {
  const Verdict verdict = judge(got, wants, context.backend.flushes_subnormals());
  if (is_inexact(got.dtype))
    testing::Test::RecordProperty("max_ulps", fmt::format("{:.4g}", static_cast<double>(verdict.max_ulps)));
  if (verdict.wrong)
    ADD_FAILURE() << name << ": " << verdict.wrong << " of " << got.size() << " elements are wrong; " << verdict.first;
}

void check(Context& context, Launch& launch, const std::vector<Wants>& wants) {
  if (!run(context, launch)) return;
  for (size_t i = 0; i < wants.size(); ++i)
    check_output(context, launch.outputs[i].tensor, wants[i],
                 wants.size() > 1 ? fmt::format("output {}", i) : "output");
}

Catalog full_catalog() {
  Catalog catalog;
  for (auto* add :
       {add_abi_cases,      add_memory_cases, add_stream_cases, add_thread_cases,   add_copy_cases,   add_unary_cases,
        add_binary_cases,   add_reduce_cases, add_matmul_cases, add_index_cases,    add_random_cases, add_scan_cases,
        add_sort_cases,     add_row_cases,    add_conv_cases,   add_contract_cases, add_fusion_cases, add_graph_cases,
        add_profiler_cases, add_repeat_cases, add_large_cases})
    add(catalog);
  return catalog;
}

}  // namespace ferrule::conformance
