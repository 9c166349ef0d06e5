// The compiled kernel of every elementwise op and operand dtype. Each .cu file of this folder fills its part.
#pragma once

#include "kernels/elementwise/launch.h"

namespace ferrule::gpu::elementwise {

inline constexpr uint32_t kOpCodes = FRL_OP_reduce_sum;  // the elementwise ops have lower codes

struct Table {
  Entry ops[kOpCodes][FRL_DTYPE_END_];
};

void add_float_unary(Table& table);
void add_half_unary(Table& table);
void add_double_unary(Table& table);
void add_complex_unary(Table& table);
void add_integer_unary(Table& table);
void add_float_binary(Table& table);
void add_half_binary(Table& table);
void add_double_binary(Table& table);
void add_complex_binary(Table& table);
void add_integer_binary(Table& table);
void add_integer_order(Table& table);
void add_select(Table& table);

// By op and dtype of the data operands; `vectors` is null where the op does not take the dtype.
const Table& table();

}  // namespace ferrule::gpu::elementwise
