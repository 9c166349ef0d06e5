#include "machine/status.h"

#include <cstdarg>
#include <cstdio>

namespace ferrule::gpu::sim {
namespace {

thread_local struct {
  Status status = Status::kOk;
  char text[512];
} last;

const char* general(Status s) {
  switch (s) {
    case Status::kOk:
      return "no error";
    case Status::kNotReady:
      return "the work is not finished";
    case Status::kOutOfMemory:
      return "out of simulated device memory";
    case Status::kInvalidValue:
      return "invalid argument";
    case Status::kInvalidPointer:
      return "the pointer was not allocated by this call's counterpart, or is freed already";
    case Status::kInvalidDevice:
      return "there is no such simulated device";
    case Status::kInvalidHandle:
      return "the handle is null";
    case Status::kLaunchLimits:
      return "the launch exceeds the limits of grid or block";
    case Status::kSharedMemoryLimit:
      return "the launch exceeds the limit of shared memory";
    case Status::kKernelFault:
      return "a kernel broke a rule of the device";
    case Status::kCopyOutOfBounds:
      return "a copy exceeds an allocation of device memory";
    case Status::kMemoryCorrupted:
      return "memory beside an allocation was overwritten";
    case Status::kNoCompiler:
      return "the simulated device has no run-time compiler (FERRULE_SIM_COMPILER names none)";
    case Status::kInvalidModule:
      return "the compiled kernels cannot be loaded";
    case Status::kCaptureForbids:
      return "the call is not permitted while the stream is captured";
    case Status::kCaptureInvalid:
      return "the stream is not captured, or is captured already";
    case Status::kInjected:
      return "a failure that FERRULE_SIM_FAIL asked for";
    case Status::kLost:
      return "the simulated device is lost (FERRULE_SIM_FAIL)";
  }
  return "unknown status";
}

}  // namespace

const char* describe(Status s) { return s != Status::kOk && s == last.status ? last.text : general(s); }

Status failed(Status s, const char* format, ...) {
  last.status = s;
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(last.text, sizeof last.text, format, arguments);
  va_end(arguments);
  return s;
}

}  // namespace ferrule::gpu::sim
