#include "nvrtc.h"

#include <dlfcn.h>

#include <cstddef>
#include <cstdlib>
#include <vector>

namespace ferrule::gpu {

RuntimeCompiler& runtime_compiler() {
  static cuda::Nvrtc nvrtc;
  return nvrtc;
}

}  // namespace ferrule::gpu

namespace ferrule::cuda {
namespace {

constexpr int kSuccess = 0;

// Newest first. By name through the loader's own search, then in the toolkit's folders.
void* open_library(std::string* tried) {
  static constexpr const char* kNames[] = {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"};
  std::vector<std::string> folders = {""};
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"}) {
    const char* root = ::secure_getenv(variable);
    if (root != nullptr && root[0] == '/') folders.push_back(std::string(root) + "/lib64/");
  }
  folders.push_back("/usr/local/cuda/lib64/");
  for (const std::string& folder : folders) {
    for (const char* name : kNames) {
      const std::string path = folder + name;
      if (void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
      *tried += tried->empty() ? "" : ", ";
      *tried += path;
    }
  }
  return nullptr;
}

template <typename F>
bool find(void* library, const char* name, F& function, std::string* missing) {
  function = reinterpret_cast<F>(::dlsym(library, name));
  if (function == nullptr) *missing = name;
  return function != nullptr;
}

}  // namespace

void Nvrtc::open() {
  std::string tried, missing;
  void* library = open_library(&tried);  // stays open: compiled code does not depend on it, but its threads might
  if (library == nullptr) {
    why_not_ = "NVRTC was not found (tried " + tried + "); expressions are not fused without it";
    return;
  }
  opened_ = find(library, "nvrtcVersion", call_.version, &missing) &&
            find(library, "nvrtcGetErrorString", call_.error_string, &missing) &&
            find(library, "nvrtcCreateProgram", call_.create, &missing) &&
            find(library, "nvrtcDestroyProgram", call_.destroy, &missing) &&
            find(library, "nvrtcCompileProgram", call_.compile, &missing) &&
            find(library, "nvrtcGetCUBINSize", call_.cubin_size, &missing) &&
            find(library, "nvrtcGetCUBIN", call_.cubin, &missing) &&
            find(library, "nvrtcGetProgramLogSize", call_.log_size, &missing) &&
            find(library, "nvrtcGetProgramLog", call_.log, &missing);
  if (!opened_) {
    why_not_ = "the NVRTC that was found lacks " + missing + "; expected that of CUDA 12 or newer";
  } else if (call_.version(&major_, &minor_) != kSuccess || major_ < 12) {
    opened_ = false;
    why_not_ = "found NVRTC " + std::to_string(major_) + "." + std::to_string(minor_) + "; expected 12.0 or newer";
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
