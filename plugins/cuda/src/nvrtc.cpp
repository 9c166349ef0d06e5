#include "nvrtc.h"

#include <cstddef>
#include <vector>

#include "src/library.h"

namespace ferrule::gpu {

RuntimeCompiler& runtime_compiler() {
  static cuda::Nvrtc nvrtc;
  return nvrtc;
}

}  // namespace ferrule::gpu

namespace ferrule::cuda {
namespace {

constexpr int kSuccess = 0;

}  // namespace

void Nvrtc::open() {
  // Stays open: compiled code does not depend on it, but its threads might.
  gpu::Library library("NVRTC", {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"});
  library.bind(call_.version, "nvrtcVersion");
  library.bind(call_.error_string, "nvrtcGetErrorString");
  library.bind(call_.create, "nvrtcCreateProgram");
  library.bind(call_.destroy, "nvrtcDestroyProgram");
  library.bind(call_.compile, "nvrtcCompileProgram");
  library.bind(call_.cubin_size, "nvrtcGetCUBINSize");
  library.bind(call_.cubin, "nvrtcGetCUBIN");
  library.bind(call_.log_size, "nvrtcGetProgramLogSize");
  library.bind(call_.log, "nvrtcGetProgramLog");
  if (!library.missing().empty()) {
    why_not_ = library.missing() + "; expressions are not fused without it";
  } else if (call_.version(&major_, &minor_) != kSuccess || major_ < 12) {
    why_not_ = "found NVRTC " + std::to_string(major_) + "." + std::to_string(minor_) + "; expected 12.0 or newer";
  } else {
    opened_ = true;
  }
}

bool Nvrtc::available(std::string* why) {
  std::call_once(once_, [this] { open(); });
  if (!opened_ && why != nullptr) *why = why_not_;
  return opened_;
}

std::string Nvrtc::version() { return "nvrtc " + std::to_string(major_) + "." + std::to_string(minor_); }

std::string Nvrtc::log_of(Program* program) const {
  size_t bytes = 0;
  if (call_.log_size(program, &bytes) != kSuccess || bytes <= 1) return {};
  std::string text(bytes, '\0');
  if (call_.log(program, text.data()) != kSuccess) return {};
  text.resize(bytes - 1);
  return text;
}

bool Nvrtc::compile(const std::string& source, const std::string& architecture, std::string* binary, std::string* log) {
  if (!available(log)) return false;
  std::vector<const char*> names, texts;
  for (const gpu::EmbeddedHeader& header : gpu::embedded_headers()) {
    names.push_back(header.name);
    texts.push_back(header.text);
  }
  Program* program = nullptr;
  Result result =
      call_.create(&program, source.c_str(), "fused.cu", static_cast<int>(names.size()), texts.data(), names.data());
  if (result != kSuccess) {
    *log = std::string("nvrtcCreateProgram: ") + call_.error_string(result);
    return false;
  }
  const std::string target = "--gpu-architecture=" + architecture;
  // No contraction, subnormals kept, divisions and roots correctly rounded: docs/numerics.md.
  std::vector<const char*> options = {target.c_str(),
                                      "--std=c++20",
                                      "--fmad=false",
                                      "--ftz=false",
                                      "--prec-div=true",
                                      "--prec-sqrt=true",
                                      "-DFERRULE_RUNTIME_COMPILED=1",
                                      "-DGPU_KEEP(w)=asm(\"\" : \"+r\"(w))"};
  result = call_.compile(program, static_cast<int>(options.size()), options.data());
  *log = log_of(program);
  size_t bytes = 0;
  if (result == kSuccess) result = call_.cubin_size(program, &bytes);
  if (result == kSuccess) {
    binary->resize(bytes);
    result = call_.cubin(program, binary->data());
  }
  if (result != kSuccess) *log = std::string(call_.error_string(result)) + "\n" + *log;
  (void)call_.destroy(&program);
  return result == kSuccess;
}

}  // namespace ferrule::cuda
