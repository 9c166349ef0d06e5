// cuDNN 9's backend API: functions bound when the library is opened, descriptors by ownership. Any thread, but for the
// handle: see CudnnState.
#pragma once

#include <cudnn_graph.h>

#include <mutex>
#include <utility>

#include "host/device.h"
#include "src/library.h"

namespace ferrule::gpu {

struct Cudnn {
  decltype(&::cudnnGetVersion) GetVersion;
  decltype(&::cudnnGetErrorString) GetErrorString;
  decltype(&::cudnnCreate) Create;
  decltype(&::cudnnDestroy) Destroy;
  decltype(&::cudnnSetStream) SetStream;
  decltype(&::cudnnBackendCreateDescriptor) BackendCreateDescriptor;
  decltype(&::cudnnBackendDestroyDescriptor) BackendDestroyDescriptor;
  decltype(&::cudnnBackendFinalize) BackendFinalize;
  decltype(&::cudnnBackendSetAttribute) BackendSetAttribute;
  decltype(&::cudnnBackendGetAttribute) BackendGetAttribute;
  decltype(&::cudnnBackendExecute) BackendExecute;
};

// The library, opened by the first caller. nullptr where it is missing or not of major version 9; *out_why then says so.
const Cudnn* cudnn(const char** out_why);

// Throws Failure with the library's text.
void check_cudnn(const Cudnn& api, cudnnStatus_t status, const char* what);
// What a failed library call on a stream is to the stream.
vendor::Status to_status(cudnnStatus_t status);

class CudnnDescriptor {
 public:
  CudnnDescriptor() = default;
  CudnnDescriptor(const Cudnn& api, cudnnBackendDescriptorType_t type);  // throws Failure
  CudnnDescriptor(CudnnDescriptor&& other) noexcept : api_(other.api_), descriptor_(other.descriptor_) {
    other.descriptor_ = nullptr;
  }
  CudnnDescriptor& operator=(CudnnDescriptor&& other) noexcept {
    std::swap(api_, other.api_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~CudnnDescriptor() {
    if (descriptor_ != nullptr) (void)api_->BackendDestroyDescriptor(descriptor_);
  }

  cudnnBackendDescriptor_t get() const { return descriptor_; }
  // Throws Failure.
  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count, const void* values);
  void set(cudnnBackendAttributeName_t name, const CudnnDescriptor& value) {
    set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.descriptor_);
  }
  void set(cudnnBackendAttributeName_t name, int64_t value) { set(name, CUDNN_TYPE_INT64, 1, &value); }
  void finalize();
  // CUDNN_STATUS_SUCCESS, or why the library does not support what the descriptor says.
  cudnnStatus_t try_finalize() { return api_->BackendFinalize(descriptor_); }

 private:
  const Cudnn* api_ = nullptr;
  cudnnBackendDescriptor_t descriptor_ = nullptr;
};

// The device's handle, made at first use; throws Failure. It serves one thread at a time: hold mutex() around its use.
class CudnnState : public DeviceState {
 public:
  explicit CudnnState(Device& device);
  ~CudnnState() override;
  const Cudnn& api() const { return *api_; }
  cudnnHandle_t handle() const { return handle_; }
  std::mutex& mutex() { return mutex_; }

 private:
  const Cudnn* api_ = nullptr;
  cudnnHandle_t handle_ = nullptr;
  std::mutex mutex_;
};

}  // namespace ferrule::gpu
