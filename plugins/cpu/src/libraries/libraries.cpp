// The list of allowed libraries, and opening one.
#include "libraries.h"

#include <dlfcn.h>

#include <atomic>
#include <string_view>

#include "config.h"

namespace ferrule::cpu {
namespace {

std::atomic<const char*> g_test_list{nullptr};

}  // namespace

bool library_allowed(const char* name) {
  const char* list = g_test_list.load(std::memory_order_relaxed);
  if (!list) list = config("cpu.libraries");
  if (!list || !*list) return true;
  std::string_view rest = list;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    if (rest.substr(0, comma) == name) return true;
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
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
