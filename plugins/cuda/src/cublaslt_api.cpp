#include "src/cublaslt_api.h"

#include "host/failure.h"
#include "host/runtime.h"

namespace ferrule::gpu {
namespace {

struct Opened {
  Library library{"cuBLASLt", {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"}};
  CublasLt api{};

  Opened() {
    library.bind(api.Create, "cublasLtCreate");
    library.bind(api.Destroy, "cublasLtDestroy");
    library.bind(api.GetStatusString, "cublasLtGetStatusString");
    library.bind(api.Matmul, "cublasLtMatmul");
    library.bind(api.MatmulAlgoGetHeuristic, "cublasLtMatmulAlgoGetHeuristic");
    library.bind(api.MatmulDescCreate, "cublasLtMatmulDescCreate");
    library.bind(api.MatmulDescDestroy, "cublasLtMatmulDescDestroy");
    library.bind(api.MatmulDescSetAttribute, "cublasLtMatmulDescSetAttribute");
    library.bind(api.MatrixLayoutCreate, "cublasLtMatrixLayoutCreate");
    library.bind(api.MatrixLayoutDestroy, "cublasLtMatrixLayoutDestroy");
    library.bind(api.MatrixLayoutSetAttribute, "cublasLtMatrixLayoutSetAttribute");
    library.bind(api.MatmulPreferenceCreate, "cublasLtMatmulPreferenceCreate");
    library.bind(api.MatmulPreferenceDestroy, "cublasLtMatmulPreferenceDestroy");
    library.bind(api.MatmulPreferenceSetAttribute, "cublasLtMatmulPreferenceSetAttribute");
  }
};

}  // namespace

const CublasLt* cublaslt(const char** out_why) {
  static const Opened opened;
  *out_why = opened.library.missing().c_str();
  return opened.library.missing().empty() ? &opened.api : nullptr;
}

void check_lt(const CublasLt& api, cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const frl_status code = status == CUBLAS_STATUS_ALLOC_FAILED    ? FRL_OUT_OF_MEMORY
                          : status == CUBLAS_STATUS_NOT_SUPPORTED ? FRL_UNSUPPORTED
                                                                  : FRL_INTERNAL;
  throw Failure(code, "[cuBLASLt] %s failed: %s", what, api.GetStatusString(status));
}

vendor::Status to_status(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return cudaSuccess;
    case CUBLAS_STATUS_ALLOC_FAILED:
      return cudaErrorMemoryAllocation;
    case CUBLAS_STATUS_NOT_SUPPORTED:
    case CUBLAS_STATUS_ARCH_MISMATCH:
      return cudaErrorNotSupported;
    case CUBLAS_STATUS_INVALID_VALUE:
      return cudaErrorInvalidValue;
    default: {
      const cudaError_t sticky = cudaPeekAtLastError();
      return sticky != cudaSuccess ? sticky : cudaErrorUnknown;
    }
  }
}

LtState::LtState(Device& device) {
  const char* why = nullptr;
  api_ = cublaslt(&why);
  if (api_ == nullptr) throw Failure(FRL_UNSUPPORTED, "%s", why);
  device.activate();
  check_lt(*api_, api_->Create(&handle_), "creating a handle");
}

LtState::~LtState() {
  if (handle_ != nullptr && !driver_is_gone()) (void)api_->Destroy(handle_);
}

}  // namespace ferrule::gpu
