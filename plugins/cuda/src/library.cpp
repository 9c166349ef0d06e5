#include "src/library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <iterator>
#include <vector>

#include "host/config.h"

namespace ferrule::gpu {
namespace {

// Where the toolkit's installers put it, for systems whose search path does not know; after $CUDA_HOME and $CUDA_PATH.
constexpr const char* kFolders[] = {"/usr/local/cuda/lib64", "/usr/local/cuda-13/lib64", "/usr/local/cuda-12/lib64",
                                    "/usr/lib/x86_64-linux-gnu", "/usr/lib/wsl/lib"};

void* open_in(const std::string& folder, const char* name) {
  return dlopen((folder + "/" + name).c_str(), RTLD_NOW | RTLD_LOCAL);
}

// Never relative: that would be whatever lies in the folder in which the program happens to run.
const char* configured_folder() {
  const char* folder = config("library_path");
  if (folder == nullptr || *folder == '\0' || *folder == '/') return folder == nullptr ? "" : folder;
  log(FRL_LOG_WARNING, "config cuda.library_path = \"%s\" ignored; expected an absolute folder", folder);
  return "";
}

}  // namespace

Library::Library(const char* title, std::initializer_list<const char*> names) : title_(title) {
  std::string looked_for, why;
  const char* configured = configured_folder();
  std::vector<std::string> folders;
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"}) {
    const char* root = ::secure_getenv(variable);
    if (root != nullptr && root[0] == '/') folders.push_back(std::string(root) + "/lib64");
  }
  folders.insert(folders.end(), std::begin(kFolders), std::end(kFolders));
  for (const char* name : names) {
    if (*configured != '\0') handle_ = open_in(configured, name);
    if (handle_ == nullptr) handle_ = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr && why.empty()) {
      const char* text = dlerror();
      why = text != nullptr ? text : "unknown error";
    }
    for (const std::string& folder : folders) {
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
