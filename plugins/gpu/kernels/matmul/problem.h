// A matmul or addmm call in one form: batch dimensions merged and folded away where strides allow. Shared by the own
// kernels and the vendors' libraries. Pure functions of a call that passed plugin::check_call.
#pragma once

#include <cstdint>
#include <span>

#include "ferrule/plugin.h"
#include "host/kernel.h"

namespace ferrule::gpu {

inline constexpr uint32_t kMaxBatchDims = FRL_MAX_DIMS - 2;

// Strides of a matrix, in elements. Those of axes of extent 1 are chosen so that one of the two orders below holds.
struct MatrixStrides {
  int64_t row, column;

  // Rows (columns) lie one after the other, elements of one side by side.
  bool rows_contiguous(int64_t columns) const { return column == 1 && row >= columns; }
  bool columns_contiguous(int64_t rows) const { return row == 1 && column >= rows; }
};

struct BatchDim {
  int64_t extent;
  int64_t a, b, c;  // strides in elements
};

// out[i] = alpha * a[i] @ b[i] + beta * c[i] for each batch i. out is row-contiguous: [batch.., m, n].
struct MatrixProduct {
  uint32_t dtype;
  int64_t m, n, k;
  MatrixStrides a, b, c;  // c: meaningless unless has_c
  bool has_c;             // c takes part: an addmm whose beta is not 0
  float alpha, beta;
  uint32_t n_batch_dims;  // innermost first
  BatchDim batch[kMaxBatchDims];

  int64_t batches() const {
    int64_t count = 1;
    for (uint32_t i = 0; i < n_batch_dims; ++i) count *= batch[i].extent;
    return count;
  }
};

// Where the operands of an op stand among its inputs.
struct ProductOperands {
  int32_t c;  // -1: none
  uint32_t a, b;
};
inline constexpr ProductOperands kMatmulOperands{-1, 0, 1}, kAddmmOperands{0, 1, 2};

// What an answer about these ops depends on, whichever kernel gives it.
inline constexpr uint32_t kProductDepends =
    FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | FRL_DEPENDS_STRIDES | FRL_DEPENDS_ALIGNMENT | FRL_DEPENDS_ATTRS;

// nullptr, or why the call breaks the op's contract.
const char* check_product(const frl_call& call, const ProductOperands& operands, std::span<char> reason);
// Of a call that passed the check. Inputs whose bit is set in `contiguous` are read as row-contiguous.
MatrixProduct read_product(const frl_call& call, const ProductOperands& operands, uint32_t contiguous = 0);
MatrixProduct read_product(const Call& call, const ProductOperands& operands);

}  // namespace ferrule::gpu
