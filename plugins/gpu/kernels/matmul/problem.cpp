// Reading and checking of matmul and addmm calls.
#include "kernels/matmul/problem.h"

#include "common/contract.h"

namespace ferrule::gpu {
namespace {

struct View {
  const int64_t *shape, *strides;
};

MatrixStrides matrix_strides(int64_t rows, int64_t columns, int64_t row, int64_t column) {
  if (rows == 1 && columns == 1) return {1, 1};
  if (rows == 1) return {column == 1 ? columns : 1, column};
  if (columns == 1) return {row, row == 1 ? rows : 1};
  return {row, column};
}

// Appends a batch dimension outside those that are there, or merges it into the outermost of them.
void add_batch_dim(MatrixProduct& p, const BatchDim& dim) {
  if (dim.extent == 1) return;
  if (p.n_batch_dims > 0) {
    BatchDim& inner = p.batch[p.n_batch_dims - 1];
    if (dim.a == inner.a * inner.extent && dim.b == inner.b * inner.extent &&
        (!p.has_c || dim.c == inner.c * inner.extent)) {
      inner.extent *= dim.extent;
      return;
    }
  }
  p.batch[p.n_batch_dims++] = dim;
}

// Batches that share b are more rows of one product where a's (and c's) rows go on evenly.
bool fold_rows(MatrixProduct& p, const BatchDim& dim) {
  if (dim.b != 0 || (p.m != 1 && dim.a != p.m * p.a.row)) return false;
  if (p.has_c && p.m != 1 && dim.c != p.m * p.c.row) return false;
  if (p.m == 1) p.a.row = dim.a, p.c.row = dim.c;
  p.m *= dim.extent;
  return true;
}

MatrixProduct read(uint32_t dtype, uint32_t rank, const int64_t* out_shape, const View* c, const View& a, const View& b,
                   const frl_addmm_attrs* attributes) {
  MatrixProduct p{};
  p.dtype = dtype;
  p.m = out_shape[rank - 2], p.n = out_shape[rank - 1], p.k = a.shape[rank - 1];
  p.alpha = attributes ? attributes->alpha : 1.0f;
  p.beta = attributes ? attributes->beta : 0.0f;
  p.has_c = c != nullptr && p.beta != 0.0f;
  p.a = {a.strides[rank - 2], a.strides[rank - 1]};
  p.b = {b.strides[rank - 2], b.strides[rank - 1]};
  if (p.has_c) p.c = {c->strides[rank - 2], c->strides[rank - 1]};
  bool folding = true;
  for (uint32_t i = rank - 2; i-- > 0;) {
    const BatchDim dim{out_shape[i], a.strides[i], b.strides[i], p.has_c ? c->strides[i] : 0};
    folding = folding && (dim.extent == 1 || fold_rows(p, dim));
    if (!folding) add_batch_dim(p, dim);
  }
  p.a = matrix_strides(p.m, p.k, p.a.row, p.a.column);
  p.b = matrix_strides(p.k, p.n, p.b.row, p.b.column);
  if (p.has_c) p.c = matrix_strides(p.m, p.n, p.c.row, p.c.column);
  return p;
}

}  // namespace

const char* check_product(const frl_call& call, const ProductOperands& operands, std::span<char> reason) {
  return plugin::check_product(operands.c < 0 ? nullptr : &call.inputs[operands.c], call.inputs[operands.a],
                               call.inputs[operands.b], call.outputs[0], reason);
}

MatrixProduct read_product(const frl_call& call, const ProductOperands& operands, uint32_t contiguous) {
  int64_t dense[3][FRL_MAX_DIMS];
  uint32_t used = 0;
  const auto view = [&](uint32_t index) -> View {
    const frl_tensor& t = call.inputs[index];
    if (!((contiguous >> index) & 1)) return {t.shape, t.strides};
    int64_t* strides = dense[used++];
    uint64_t step = 1;
    for (uint32_t i = t.ndim; i-- > 0;) {
      strides[i] = static_cast<int64_t>(step);
      step *= static_cast<uint64_t>(t.shape[i]);
    }
    return {t.shape, strides};
  };
  const frl_tensor& out = call.outputs[0];
  const View a = view(operands.a), b = view(operands.b);
  if (operands.c < 0) return read(out.dtype, out.ndim, out.shape, nullptr, a, b, nullptr);
  const View c = view(static_cast<uint32_t>(operands.c));
  return read(out.dtype, out.ndim, out.shape, &c, a, b, static_cast<const frl_addmm_attrs*>(call.attrs));
}

MatrixProduct read_product(const Call& call, const ProductOperands& operands) {
  const auto view = [&](uint32_t index) { return View{call.inputs[index].shape, call.inputs[index].strides}; };
  const Operand& out = call.outputs[0];
  const View a = view(operands.a), b = view(operands.b);
  if (operands.c < 0) return read(out.dtype, out.ndim, out.shape, nullptr, a, b, nullptr);
  const View c = view(static_cast<uint32_t>(operands.c));
  return read(out.dtype, out.ndim, out.shape, &c, a, b, &call.attributes<frl_addmm_attrs>());
}

}  // namespace ferrule::gpu
