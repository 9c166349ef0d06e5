// ops.def as data: what each op is called, takes and gives, and how it is judged.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "dtypes.h"

namespace ferrule::conformance {

enum class Profile { ABI, RUNTIME, BASE, TRAIN, INFER, SCIENCE };  // ABI: what needs no device
enum class Tolerance { EXACT, ULP, SUM, COMPOSITE, FACTOR };
enum class Result { SAME, BOOL, INDEX, REAL, ANY, SUM };

struct Op {
  uint32_t code;
  const char* name;
  uint32_t version, min_inputs, max_inputs, outputs;
  uint32_t attrs_size;
  Profile profile;
  bool collapse, fuse;
  uint32_t domain;  // bit per dtype code
  Result result;
  Tolerance tolerance;
  int ulp;

  bool takes(uint32_t dtype) const { return (domain >> dtype) & 1u; }
  uint32_t result_dtype(uint32_t dtype) const;  // for ANY: the operand's
};

std::span<const Op> all_ops();
const Op& op(std::string_view name);  // a name of ops.def
const Op* find_op(uint32_t code);     // nullptr when unknown
const char* profile_name(Profile profile);

}  // namespace ferrule::conformance
