// The list of allowed libraries, and opening one.
#include "libraries.h"

#include <dlfcn.h>

#include <atomic>
#include <cstring>

#include "config.h"

namespace ferrule::cpu {
namespace {

std::atomic<const char*> g_test_list{nullptr};

}  // namespace

bool library_allowed(const char* name) {
  const char* list = g_test_list.load(std::memory_order_relaxed);
  if (!list) list = config("cpu.libraries");
  if (!list || !*list) return true;
  if (std::strcmp(list, name) == 0) return true;
  static std::atomic<bool> warned{false};
  if (std::strcmp(list, "none") != 0 && !warned.exchange(true)) {
    log(FRL_LOG_WARNING, "config cpu.libraries = \"%s\" is taken as none; expected onednn or none", list);
  }
  return false;
}

void* open_library(const char* const* names) {
  for (const char* const* name = names; *name; ++name) {
    if (void* handle = dlopen(*name, RTLD_NOW | RTLD_LOCAL)) return handle;
    const char* why = dlerror();
    log(FRL_LOG_DEBUG, "cannot open %s: %s", *name, why ? why : "no reason given");
  }
  return nullptr;
}

void set_libraries_for_tests(const char* list) { g_test_list.store(list); }

}  // namespace ferrule::cpu
