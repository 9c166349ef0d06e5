// cuBLASLt's functions, bound when the library is opened, and its objects by ownership. Any thread.
#pragma once

#include <cublasLt.h>

#include <memory>

#include "host/device.h"
#include "src/library.h"

namespace ferrule::gpu {

struct CublasLt {
  decltype(&::cublasLtCreate) Create;
  decltype(&::cublasLtDestroy) Destroy;
  decltype(&::cublasLtGetStatusString) GetStatusString;
  decltype(&::cublasLtMatmul) Matmul;
  decltype(&::cublasLtMatmulAlgoGetHeuristic) MatmulAlgoGetHeuristic;
  decltype(&::cublasLtMatmulDescCreate) MatmulDescCreate;
  decltype(&::cublasLtMatmulDescDestroy) MatmulDescDestroy;
  decltype(&::cublasLtMatmulDescSetAttribute) MatmulDescSetAttribute;
  decltype(&::cublasLtMatrixLayoutCreate) MatrixLayoutCreate;
  decltype(&::cublasLtMatrixLayoutDestroy) MatrixLayoutDestroy;
  decltype(&::cublasLtMatrixLayoutSetAttribute) MatrixLayoutSetAttribute;
  decltype(&::cublasLtMatmulPreferenceCreate) MatmulPreferenceCreate;
  decltype(&::cublasLtMatmulPreferenceDestroy) MatmulPreferenceDestroy;
  decltype(&::cublasLtMatmulPreferenceSetAttribute) MatmulPreferenceSetAttribute;
};

// The library, opened by the first caller. nullptr where it is missing; *out_why then says so.
const CublasLt* cublaslt(const char** out_why);

// Throws Failure with the library's text.
void check_lt(const CublasLt& api, cublasStatus_t status, const char* what);
// What a failed library call on a stream is to the stream.
vendor::Status to_status(cublasStatus_t status);

// Objects, destroyed through the bound functions.
template <typename T, cublasStatus_t (*CublasLt::*kDestroy)(T)>
class LtObject {
 public:
  LtObject() = default;
  explicit LtObject(const CublasLt& api) : api_(&api) {}
  LtObject(LtObject&& other) noexcept : api_(other.api_), object_(other.object_) { other.object_ = nullptr; }
  LtObject& operator=(LtObject&& other) noexcept {
    std::swap(api_, other.api_);
    std::swap(object_, other.object_);
    return *this;
  }
  ~LtObject() {
    if (object_ != nullptr) (void)(api_->*kDestroy)(object_);
  }
  T get() const { return object_; }
  T* out() { return &object_; }

 private:
  const CublasLt* api_ = nullptr;
  T object_ = nullptr;
};
using LtDesc = LtObject<cublasLtMatmulDesc_t, &CublasLt::MatmulDescDestroy>;
using LtLayout = LtObject<cublasLtMatrixLayout_t, &CublasLt::MatrixLayoutDestroy>;
using LtPreference = LtObject<cublasLtMatmulPreference_t, &CublasLt::MatmulPreferenceDestroy>;

// The device's handle, made at first use; throws Failure. The library lets threads share it.
class LtState : public DeviceState {
 public:
  explicit LtState(Device& device);
  ~LtState() override;
  const CublasLt& api() const { return *api_; }
  cublasLtHandle_t handle() const { return handle_; }

 private:
  const CublasLt* api_ = nullptr;
  cublasLtHandle_t handle_ = nullptr;
};

}  // namespace ferrule::gpu
