#include "src/library.h"

#include <dlfcn.h>

#include "host/config.h"

namespace ferrule::gpu {
namespace {

// Where the toolkit's installers put it, for systems whose search path does not know.
constexpr const char* kFolders[] = {"/usr/local/cuda/lib64", "/usr/local/cuda-13/lib64", "/usr/local/cuda-12/lib64",
                                    "/usr/lib/x86_64-linux-gnu", "/usr/lib/wsl/lib"};

void* open_in(const std::string& folder, const char* name) {
  return dlopen((folder + "/" + name).c_str(), RTLD_NOW | RTLD_LOCAL);
}

}  // namespace

Library::Library(const char* title, std::initializer_list<const char*> names) : title_(title) {
  std::string looked_for, why;
  const char* configured = config("library_path");
  for (const char* name : names) {
    if (configured != nullptr && *configured != '\0') handle_ = open_in(configured, name);
    if (handle_ == nullptr) handle_ = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr && why.empty()) {
      const char* text = dlerror();
      why = text != nullptr ? text : "unknown error";
    }
    for (const char* folder : kFolders) {
      if (handle_ == nullptr) handle_ = open_in(folder, name);
    }
    if (handle_ != nullptr) return;
    looked_for += looked_for.empty() ? name : std::string(", ") + name;
  }
  missing_ = std::string(title) + " was not found; looked for " + looked_for + " (" + why +
             "). Install it or name its folder in FERRULE_CUDA_LIBRARY_PATH";
}

void* Library::find(const char* symbol) {
  if (handle_ == nullptr) return nullptr;
  void* address = dlsym(handle_, symbol);
  if (address == nullptr && missing_.empty()) missing_ = std::string(title_) + " has no function " + symbol;
  return address;
}

}  // namespace ferrule::gpu
