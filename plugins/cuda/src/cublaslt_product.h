// One matrix product planned with cuBLASLt: descriptors, algorithm and workspace, found once and launched many times.
// Immutable after it is made, so any thread may launch it; launches share its ownership.
#pragma once

#include <memory>
#include <vector>

#include "host/command_list.h"
#include "kernels/matmul/own_product.h"
#include "src/cublaslt_api.h"

namespace ferrule::gpu {

// Powers of two that the operands' addresses are multiples of, in bytes.
struct ProductAlignment {
  uint32_t a, b, c, out;
};

class LtProduct : public std::enable_shared_from_this<LtProduct> {
 public:
  // Whether the library takes the operands as they lie; otherwise which of them have to be row-contiguous.
  struct Layouts {
    bool a, b, c;
  };
  static Layouts takes(const MatrixProduct& product);

  // Throws Failure where the library or an algorithm is missing.
  static std::shared_ptr<const LtProduct> make(Device& device, const MatrixProduct& product,
                                               const ProductAlignment& alignment, uint32_t math);

  uint64_t workspace_bytes() const { return workspace_bytes_; }
  bool fits(const ProductPointers& at) const;
  // Appends the product's library calls; `workspace` has workspace_bytes().
  void launch(CommandList& commands, const ProductPointers& at, void* workspace) const;

 private:
  // A scalar in the scale type.
  union Scalar {
    float f32;
    double f64;
    float c64[2];
  };
  // One call per index over the dimensions that the library's one batch dimension leaves over.
  struct Offsets {
    int64_t a, b, c, out;
  };

  LtProduct() = default;
  LtDesc describe(const void* bias) const;
  LtLayout layout(const MatrixStrides& strides, int64_t rows, int64_t columns, int64_t batch_stride) const;
  void find_algorithms(const ProductAlignment& alignment);
  void tune(Device& device);
  cublasStatus_t call(const cublasLtMatmulHeuristicResult_t& algorithm, cublasLtMatmulDesc_t desc,
                      const ProductPointers& at, const Offsets& offsets, void* workspace, vendor::Stream stream) const;
  cublasStatus_t call_all(const cublasLtMatmulHeuristicResult_t& algorithm, const ProductPointers& at, void* workspace,
                          vendor::Stream stream) const;

  const CublasLt* api_ = nullptr;
  cublasLtHandle_t handle_ = nullptr;
  MatrixProduct product_{};
  ProductAlignment alignment_{};
  cudaDataType_t type_{};
  cublasComputeType_t compute_{};
  cudaDataType_t scale_{};
  Scalar alpha_{}, beta_{};
  bool bias_ = false;    // c is one row, added by the epilogue
  int64_t batches_ = 1;  // of one call
  BatchDim batch_{1, 0, 0, 0};
  int64_t batch_out_ = 0;
  std::vector<Offsets> calls_;
  LtDesc desc_;
  LtLayout a_, b_, c_, out_;
  std::vector<cublasLtMatmulHeuristicResult_t> algorithms_;
  uint64_t workspace_bytes_ = 0;
};

}  // namespace ferrule::gpu
