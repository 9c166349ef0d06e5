// cuBLASLt speaks of column-major matrices, so out^T = b^T @ a^T is asked for: its first matrix is our b. Reductions of
// split products stay in the accumulation type, which also makes them repeatable.
#include "src/cublaslt_product.h"

#include <algorithm>
#include <array>

#include "common/dtypes.h"
#include "host/config.h"
#include "host/failure.h"
#include "kernels/tuning.h"
#include "src/tuner.h"

namespace ferrule::gpu {
namespace {

constexpr int kAskedAlgorithms = 8;
constexpr int64_t kMaxCalls = 64;

cudaDataType_t data_type(uint32_t dtype) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return CUDA_R_16F;
    case FRL_DTYPE_BF16:
      return CUDA_R_16BF;
    case FRL_DTYPE_F32:
      return CUDA_R_32F;
    case FRL_DTYPE_F64:
      return CUDA_R_64F;
    default:
      return CUDA_C_32F;
  }
}

bool is_bias(const MatrixProduct& p) {
  const bool real = p.dtype == FRL_DTYPE_F16 || p.dtype == FRL_DTYPE_BF16 || p.dtype == FRL_DTYPE_F32;
  return p.has_c && real && p.beta == 1.0f && p.c.row == 0 && p.c.column == 1;
}

const void* offset(const void* p, int64_t elements, uint32_t item) {
  return p == nullptr ? p : static_cast<const char*>(p) + elements * static_cast<int64_t>(item);
}

bool aligned(const void* p, uint32_t alignment) { return reinterpret_cast<uintptr_t>(p) % alignment == 0; }

// Elements from the first to the last that the strides reach, both included.
uint64_t span(const MatrixStrides& s, int64_t rows, int64_t columns) {
  return static_cast<uint64_t>((rows - 1) * s.row + (columns - 1) * s.column + 1);
}

}  // namespace

LtProduct::Layouts LtProduct::takes(const MatrixProduct& p) {
  return {p.a.rows_contiguous(p.k) || p.a.columns_contiguous(p.m),
          p.b.rows_contiguous(p.n) || p.b.columns_contiguous(p.k), !p.has_c || is_bias(p) || p.c.rows_contiguous(p.n)};
}

std::shared_ptr<const LtProduct> LtProduct::make(Device& device, const MatrixProduct& p,
                                                 const ProductAlignment& alignment, uint32_t math) {
  auto& library = device.state<LtState>();
  device.activate();
  const std::shared_ptr<LtProduct> plan(new LtProduct);
  plan->api_ = &library.api(), plan->handle_ = library.handle();
  plan->product_ = p, plan->alignment_ = alignment;
  plan->type_ = plan->scale_ = data_type(p.dtype);
  plan->compute_ = CUBLAS_COMPUTE_32F;
  plan->bias_ = is_bias(p);
  const float beta = p.has_c && !plan->bias_ ? p.beta : 0.0f;
  if (p.dtype == FRL_DTYPE_F64) {
    plan->compute_ = CUBLAS_COMPUTE_64F;
    plan->alpha_.f64 = static_cast<double>(p.alpha), plan->beta_.f64 = static_cast<double>(beta);
  } else {
    // The imaginary parts are zero also where the elements are real.
    plan->alpha_.c64[0] = p.alpha, plan->beta_.c64[0] = beta;
    if (p.dtype != FRL_DTYPE_C64) plan->scale_ = CUDA_R_32F;
    if (p.dtype == FRL_DTYPE_F32 && (math & FRL_MATH_ALLOW_TF32)) plan->compute_ = CUBLAS_COMPUTE_32F_FAST_TF32;
  }
  // The longest batch dimension goes into the call.
  uint32_t inner = 0;
  for (uint32_t i = 1; i < p.n_batch_dims; ++i) {
    if (p.batch[i].extent > p.batch[inner].extent) inner = i;
  }
  int64_t out_step = p.m * p.n;
  plan->calls_ = {Offsets{}};
  for (uint32_t i = 0; i < p.n_batch_dims; ++i) {
    const BatchDim& dim = p.batch[i];
    if (i == inner) {
      plan->batch_ = dim, plan->batches_ = dim.extent, plan->batch_out_ = out_step;
    } else {
      if (static_cast<int64_t>(plan->calls_.size()) * dim.extent > kMaxCalls) {
        throw Failure(FRL_UNSUPPORTED, "got batches that need more than %lld calls of cuBLASLt",
                      static_cast<long long>(kMaxCalls));
      }
      const std::vector<Offsets> before = plan->calls_;
      for (int64_t k = 1; k < dim.extent; ++k) {
        for (const Offsets& o : before) {
          plan->calls_.push_back({o.a + k * dim.a, o.b + k * dim.b, o.c + k * dim.c, o.out + k * out_step});
        }
      }
    }
    out_step *= dim.extent;
  }
  if (plan->batches_ > INT32_MAX || std::max({p.m, p.n, p.k}) > INT32_MAX) {
    throw Failure(FRL_UNSUPPORTED, "got extents beyond 31 bits, which cuBLASLt does not take");
  }
  // Of a bias only the alignment is looked at here.
  plan->desc_ = plan->describe(plan->bias_ ? reinterpret_cast<const void*>(uintptr_t{alignment.c}) : nullptr);
  const MatrixStrides dense{p.n, 1};
  plan->a_ = plan->layout(p.a, p.m, p.k, plan->batch_.a);
  plan->b_ = plan->layout(p.b, p.k, p.n, plan->batch_.b);
  plan->out_ = plan->layout(dense, p.m, p.n, plan->batch_out_);
  const bool reads_c = p.has_c && !plan->bias_;
  plan->c_ = reads_c ? plan->layout(p.c, p.m, p.n, plan->batch_.c) : plan->layout(dense, p.m, p.n, plan->batch_out_);
  plan->find_algorithms(alignment);
  if (tuning_enabled() && plan->algorithms_.size() > 1) plan->tune(device);
  plan->workspace_bytes_ = plan->algorithms_.front().workspaceSize;
  return plan;
}

LtDesc LtProduct::describe(const void* bias) const {
  LtDesc desc(*api_);
  check_lt(*api_, api_->MatmulDescCreate(desc.out(), compute_, scale_), "describing a product");
  const auto set = [&](cublasLtMatmulDescAttributes_t attribute, const auto& value) {
    check_lt(*api_, api_->MatmulDescSetAttribute(desc.get(), attribute, &value, sizeof value), "describing a product");
  };
  const MatrixProduct& p = product_;
  const auto as_is = [](bool rows) { return static_cast<int32_t>(rows ? CUBLAS_OP_N : CUBLAS_OP_T); };
  set(CUBLASLT_MATMUL_DESC_TRANSA, as_is(p.b.rows_contiguous(p.n)));
  set(CUBLASLT_MATMUL_DESC_TRANSB, as_is(p.a.rows_contiguous(p.k)));
  if (bias_) {
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, static_cast<uint32_t>(CUBLASLT_EPILOGUE_BIAS));
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    if (batches_ > 1) set(CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE, batch_.c);
  }
  return desc;
}

// A row-major matrix is the column-major transpose of itself.
LtLayout LtProduct::layout(const MatrixStrides& s, int64_t rows, int64_t columns, int64_t batch_stride) const {
  const bool by_rows = s.rows_contiguous(columns);
  LtLayout layout(*api_);
  check_lt(*api_,
           api_->MatrixLayoutCreate(layout.out(), type_, static_cast<uint64_t>(by_rows ? columns : rows),
                                    static_cast<uint64_t>(by_rows ? rows : columns), by_rows ? s.row : s.column),
           "describing a matrix");
  const auto set = [&](cublasLtMatrixLayoutAttribute_t attribute, const auto& value) {
    check_lt(*api_, api_->MatrixLayoutSetAttribute(layout.get(), attribute, &value, sizeof value),
             "describing a matrix");
  };
  if (batches_ > 1) {
    set(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<int32_t>(batches_));
    set(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, batch_stride);
  }
  return layout;
}

void LtProduct::find_algorithms(const ProductAlignment& alignment) {
  LtPreference preference(*api_);
  check_lt(*api_, api_->MatmulPreferenceCreate(preference.out()), "stating preferences");
  const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
    check_lt(*api_, api_->MatmulPreferenceSetAttribute(preference.get(), attribute, &value, sizeof value),
             "stating preferences");
  };
  set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t{tuning::kLibraryWorkspaceBytes});
  set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment.b);
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment.a);
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, product_.has_c && !bias_ ? alignment.c : alignment.out);
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment.out);
  std::array<cublasLtMatmulHeuristicResult_t, kAskedAlgorithms> found{};
  int count = 0;
  const cublasStatus_t status =
      api_->MatmulAlgoGetHeuristic(handle_, desc_.get(), b_.get(), a_.get(), c_.get(), out_.get(), preference.get(),
                                   kAskedAlgorithms, found.data(), &count);
  if (status != CUBLAS_STATUS_NOT_SUPPORTED) check_lt(*api_, status, "choosing an algorithm");
  for (int i = 0; i < count; ++i) {
    if (found[i].state == CUBLAS_STATUS_SUCCESS && found[i].workspaceSize <= tuning::kLibraryWorkspaceBytes) {
      algorithms_.push_back(found[i]);
    }
  }
  if (algorithms_.empty()) {
    throw Failure(FRL_UNSUPPORTED, "cuBLASLt has no algorithm for %s %lld x %lld x %lld, %lld batches",
                  plugin::dtype_name(product_.dtype), static_cast<long long>(product_.m),
                  static_cast<long long>(product_.k), static_cast<long long>(product_.n),
                  static_cast<long long>(batches_));
  }
}

// Puts the fastest algorithm first. Where memory is short the library's own order stays.
void LtProduct::tune(Device& device) try {
  const MatrixProduct& p = product_;
  const uint32_t item = plugin::item_size(p.dtype);
  Offsets last{};
  for (const Offsets& o : calls_) {
    last = {std::max(last.a, o.a), std::max(last.b, o.b), std::max(last.c, o.c), std::max(last.out, o.out)};
  }
  const auto bytes = [&](uint64_t elements, int64_t batch_stride, int64_t offset) {
    return (elements + static_cast<uint64_t>((batches_ - 1) * batch_stride + offset)) * item;
  };
  const TuningBuffer a(bytes(span(p.a, p.m, p.k), batch_.a, last.a)), b(bytes(span(p.b, p.k, p.n), batch_.b, last.b)),
      c(p.has_c ? bytes(span(p.c, p.m, p.n), batch_.c, last.c) : 0),
      out(static_cast<uint64_t>(p.batches() * p.m * p.n) * item);
  uint64_t most = 0;
  for (const auto& algorithm : algorithms_) most = std::max<uint64_t>(most, algorithm.workspaceSize);
  const TuningBuffer workspace(most);
  const ProductPointers at{a.data(), b.data(), p.has_c ? c.data() : nullptr, out.data()};
  const size_t best = fastest(device, algorithms_.size(), [&](size_t i, vendor::Stream stream) {
    return to_status(call_all(algorithms_[i], at, workspace.data(), stream));
  });
  if (best < algorithms_.size()) std::swap(algorithms_.front(), algorithms_[best]);
} catch (const Failure& failure) {
  if (failure.error().code != FRL_OUT_OF_MEMORY) throw;
}

bool LtProduct::fits(const ProductPointers& at) const {
  return aligned(at.a, alignment_.a) && aligned(at.b, alignment_.b) && aligned(at.out, alignment_.out) &&
         (at.c == nullptr || aligned(at.c, alignment_.c));
}

cublasStatus_t LtProduct::call(const cublasLtMatmulHeuristicResult_t& algorithm, cublasLtMatmulDesc_t desc,
                               const ProductPointers& at, const Offsets& o, void* workspace,
                               vendor::Stream stream) const {
  const uint32_t item = plugin::item_size(product_.dtype);
  void* out = const_cast<void*>(offset(at.out, o.out, item));
  const void* c = product_.has_c && !bias_ ? offset(at.c, o.c, item) : out;
  return api_->Matmul(handle_, desc, &alpha_, offset(at.b, o.b, item), b_.get(), offset(at.a, o.a, item), a_.get(),
                      &beta_, c, c_.get(), out, out_.get(), &algorithm.algo, workspace, algorithm.workspaceSize,
                      stream);
}

cublasStatus_t LtProduct::call_all(const cublasLtMatmulHeuristicResult_t& algorithm, const ProductPointers& at,
                                   void* workspace, vendor::Stream stream) const try {
  const uint32_t item = plugin::item_size(product_.dtype);
  for (const Offsets& o : calls_) {
    // A bias's address is part of the description, which launches share.
    const LtDesc own = bias_ ? describe(offset(at.c, o.c, item)) : LtDesc();
    const cublasStatus_t status = call(algorithm, bias_ ? own.get() : desc_.get(), at, o, workspace, stream);
    if (status != CUBLAS_STATUS_SUCCESS) return status;
  }
  return CUBLAS_STATUS_SUCCESS;
} catch (const Failure&) {
  return CUBLAS_STATUS_ALLOC_FAILED;  // describing allocates host memory
}

void LtProduct::launch(CommandList& commands, const ProductPointers& at, void* workspace) const {
  commands.library([plan = shared_from_this(), at, workspace](vendor::Stream stream) -> vendor::Status {
    const cublasStatus_t status = plan->call_all(plan->algorithms_.front(), at, workspace, stream);
    if (status != CUBLAS_STATUS_SUCCESS) {
      log(FRL_LOG_ERROR, "cuBLASLt failed to launch a product: %s", plan->api_->GetStatusString(status));
    }
    return to_status(status);
  });
}

}  // namespace ferrule::gpu
