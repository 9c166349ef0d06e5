#include "machine/module.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "machine/running.h"

namespace ferrule::gpu::sim {
namespace {

bool write_all(int file, const char* from, size_t bytes) {
  while (bytes > 0) {
    const ssize_t put = ::write(file, from, bytes);
    if (put <= 0) return false;
    from += put;
    bytes -= static_cast<size_t>(put);
  }
  return true;
}

}  // namespace

std::string module_image(const std::string& library) {
  const uint64_t bytes = library.size();
  return std::string(reinterpret_cast<const char*>(&bytes), sizeof bytes) + library;
}

Status load_module(void** out, const void* image) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, image, sizeof bytes);
  char path[] = "/tmp/ferrule_sim_XXXXXX";
  const int file = mkstemp(path);
  if (file < 0) return failed(Status::kInvalidModule, "the compiled kernels cannot be written to /tmp");
  const bool written = write_all(file, static_cast<const char*>(image) + sizeof bytes, bytes);
  (void)close(file);
  void* library = written ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
  const char* why = written ? dlerror() : "the disk is full";
  (void)unlink(path);
  if (library == nullptr) return failed(Status::kInvalidModule, "the compiled kernels cannot be loaded: %s", why);
  using Connect = void (*)(const Machine*);
  const auto connect = reinterpret_cast<Connect>(dlsym(library, "ferrule_sim_connect"));
  if (connect == nullptr) {
    (void)dlclose(library);
    return failed(Status::kInvalidModule, "the image is no library of the simulated device");
  }
  connect(&machine());
  *out = library;
  return Status::kOk;
}

Status find_kernel(const void** out, void* module, const char* name) {
  using Get = const void* (*)();
  const auto get = reinterpret_cast<Get>(dlsym(module, (std::string("ferrule_sim_kernel_") + name).c_str()));
  if (get == nullptr) return failed(Status::kInvalidModule, "the compiled kernels hold no \"%s\"", name);
  *out = get();
  return Status::kOk;
}

void unload_module(void* module) { (void)dlclose(module); }

}  // namespace ferrule::gpu::sim
