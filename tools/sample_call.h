// One legal call of each op of ops.def, small (to ask a backend what it supports) or large (to time it).
#pragma once
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "ferrule/plugin.h"
#include "op_list.h"

namespace ferrule::tools {

struct SampleSize {
  int64_t rows = 4, columns = 16;              // of elementwise, reduction, row and indexing ops
  int64_t matrix = 8;                          // M = N = K of matrix products
  int64_t batch = 2, image = 8, channels = 8;  // of convolutions: kernel 3, stride 1
};

// Values that an operand must hold for the call to be legal and typical.
enum class Contents { random, ones, indices, ascending, bits };

struct SampleCall {
  std::vector<frl_tensor> inputs, outputs;  // without buffers
  std::vector<Contents> contents;           // per input
  int64_t index_limit = 1;                  // indices lie in [0, index_limit)
  std::vector<uint64_t> attrs;              // storage of the attribute struct
  uint32_t attrs_size = 0;
  double operations = 0;  // multiplications and additions of products; 0 for all other ops

  frl_call call() const;
  // Each input read once, each output written once.
  uint64_t bytes() const;
  std::string shapes() const;  // "1024x1024, 1024x1024"
};

int64_t element_count(const frl_tensor& tensor);
uint64_t byte_count(const frl_tensor& tensor);

// Nothing for provisional ops, whose operands may still change, and for dtypes that the op does not take.
std::optional<SampleCall> make_sample(const OpInfo& op, uint32_t dtype, const SampleSize& size);

}  // namespace ferrule::tools
