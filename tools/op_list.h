// ops.def and dtypes.def as tables for the tools.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace ferrule::tools {

enum class Result { same, boolean, index, real, any, sum };

struct OpInfo {
  uint32_t code;
  std::string_view name;
  uint32_t version;
  uint32_t min_inputs, max_inputs, outputs;
  std::string_view attrs, profile;
  bool elementwise;  // COLLAPSE: all operands have one shape
  uint32_t domain;   // bit c: dtype code c
  Result result;

  bool takes(uint32_t dtype) const { return (domain >> dtype & 1u) != 0; }
};

struct DtypeInfo {
  uint32_t code;
  std::string_view name;
  uint32_t bytes;
};

std::span<const OpInfo> all_ops();
std::span<const DtypeInfo> all_dtypes();
const DtypeInfo& dtype_info(uint32_t code);

// The dtype of the op's first output for data operands of `dtype`.
uint32_t result_dtype(const OpInfo& op, uint32_t dtype);

}  // namespace ferrule::tools
