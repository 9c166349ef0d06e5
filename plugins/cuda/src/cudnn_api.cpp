#include "src/cudnn_api.h"

#include <string>

#include "host/failure.h"
#include "host/runtime.h"

namespace ferrule::gpu {
namespace {

struct Opened {
  Library library{"cuDNN 9", {"libcudnn.so.9", "libcudnn.so"}};
  Cudnn api{};
  std::string why;

  Opened() {
    library.bind(api.GetVersion, "cudnnGetVersion");
    library.bind(api.GetErrorString, "cudnnGetErrorString");
    library.bind(api.Create, "cudnnCreate");
    library.bind(api.Destroy, "cudnnDestroy");
    library.bind(api.SetStream, "cudnnSetStream");
    library.bind(api.BackendCreateDescriptor, "cudnnBackendCreateDescriptor");
    library.bind(api.BackendDestroyDescriptor, "cudnnBackendDestroyDescriptor");
    library.bind(api.BackendFinalize, "cudnnBackendFinalize");
    library.bind(api.BackendSetAttribute, "cudnnBackendSetAttribute");
    library.bind(api.BackendGetAttribute, "cudnnBackendGetAttribute");
    library.bind(api.BackendExecute, "cudnnBackendExecute");
    why = library.missing();
    if (why.empty() && api.GetVersion() / 10000 != 9) {
      why = "got cuDNN of version number " + std::to_string(api.GetVersion()) + "; expected version 9";
    }
  }
};

}  // namespace

const Cudnn* cudnn(const char** out_why) {
  static const Opened opened;
  *out_why = opened.why.c_str();
  return opened.why.empty() ? &opened.api : nullptr;
}

void check_cudnn(const Cudnn& api, cudnnStatus_t status, const char* what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  // Families of statuses share their thousands.
  const frl_status code = status / 1000 == CUDNN_STATUS_NOT_SUPPORTED / 1000 ? FRL_UNSUPPORTED : FRL_INTERNAL;
  throw Failure(code, "[cuDNN] %s failed: %s", what, api.GetErrorString(status));
}

vendor::Status to_status(cudnnStatus_t status) {
  if (status == CUDNN_STATUS_SUCCESS) return cudaSuccess;
  const cudaError_t sticky = cudaPeekAtLastError();
  if (sticky != cudaSuccess) return sticky;
  return status / 1000 == CUDNN_STATUS_NOT_SUPPORTED / 1000 ? cudaErrorNotSupported : cudaErrorUnknown;
}

CudnnDescriptor::CudnnDescriptor(const Cudnn& api, cudnnBackendDescriptorType_t type) : api_(&api) {
  check_cudnn(api, api.BackendCreateDescriptor(type, &descriptor_), "making a descriptor");
}

void CudnnDescriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
                          const void* values) {
  check_cudnn(*api_, api_->BackendSetAttribute(descriptor_, name, type, count, values), "filling a descriptor");
}

void CudnnDescriptor::finalize() { check_cudnn(*api_, try_finalize(), "completing a descriptor"); }

CudnnState::CudnnState(Device& device) {
  const char* why = nullptr;
  api_ = cudnn(&why);
  if (api_ == nullptr) throw Failure(FRL_UNSUPPORTED, "%s", why);
  device.activate();
  check_cudnn(*api_, api_->Create(&handle_), "creating a handle");
}

CudnnState::~CudnnState() {
  if (handle_ != nullptr && !driver_is_gone()) (void)api_->Destroy(handle_);
}

}  // namespace ferrule::gpu
