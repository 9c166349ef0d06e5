// What calls of the simulated vendor return. A kernel that broke a rule gives kKernelFault; its text is kept per thread
// for describe() of vendor/host.h.
#pragma once

#include <cstdint>

namespace ferrule::gpu::sim {

enum class Status : int32_t {
  kOk,
  kNotReady,
  kOutOfMemory,
  kInvalidValue,
  kInvalidPointer,
  kInvalidDevice,
  kInvalidHandle,
  kLaunchLimits,
  kSharedMemoryLimit,
  kKernelFault,
  kCopyOutOfBounds,
  kMemoryCorrupted,
  kNoCompiler,
  kInvalidModule,
  kCaptureForbids,
  kCaptureInvalid,
  kInjected,
  kLost,
};

const char* describe(Status s);
// Keeps the text that describes the calling thread's last failure of kind `s`, and returns s. printf-style.
Status failed(Status s, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace ferrule::gpu::sim
