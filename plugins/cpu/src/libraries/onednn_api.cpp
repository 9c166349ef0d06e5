// Opening oneDNN.
#include "onednn_api.h"

#ifdef FERRULE_CPU_HAS_ONEDNN
#include <dlfcn.h>

#include <cstring>

#include "config.h"
#include "libraries.h"

namespace ferrule::cpu::onednn {
namespace {

bool fill(Api& a, void* handle) {
#define FERRULE_FUNCTION(name)                                       \
  a.name = reinterpret_cast<decltype(a.name)>(dlsym(handle, #name)); \
  if (!a.name) return false;
  FERRULE_ONEDNN_FUNCTIONS(FERRULE_FUNCTION)
#undef FERRULE_FUNCTION
  a.omp_set_num_threads = reinterpret_cast<decltype(a.omp_set_num_threads)>(dlsym(handle, "omp_set_num_threads"));
  a.omp_get_max_threads = reinterpret_cast<decltype(a.omp_get_max_threads)>(dlsym(handle, "omp_get_max_threads"));
  return true;
}

const Api* open() {
  // The C API of one major is stable; structs of another would be laid out differently.
  static_assert(DNNL_VERSION_MAJOR == 2, "libraries/ speaks the C API of oneDNN 2");
  static constexpr const char* kNames[] = {"libdnnl.so.2", nullptr};
  void* handle = open_library(kNames);
  if (!handle) return nullptr;
  static Api table;
  if (!fill(table, handle)) {
    log(FRL_LOG_WARNING, "oneDNN is not used: it lacks a function of version %d.%d", DNNL_VERSION_MAJOR,
        DNNL_VERSION_MINOR);
    return nullptr;
  }
  const dnnl_version_t* version = table.dnnl_version();
  if (version->major != DNNL_VERSION_MAJOR) {
    log(FRL_LOG_WARNING, "oneDNN is not used: got version %d.%d, expected %d", version->major, version->minor,
        DNNL_VERSION_MAJOR);
    return nullptr;
  }
  // A configured instruction set binds the library too. (Refused if someone else in the process used oneDNN before.)
  const char* target = target_name();
  if (std::strcmp(target, "avx2") == 0) table.dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2);
  if (std::strcmp(target, "baseline") == 0) table.dnnl_set_max_cpu_isa(dnnl_cpu_isa_sse41);
  if (table.dnnl_engine_create(&table.engine, dnnl_cpu, 0) != dnnl_success ||
      table.dnnl_stream_create(&table.stream, table.engine, dnnl_stream_default_flags) != dnnl_success) {
    log(FRL_LOG_WARNING, "oneDNN is not used: it made no cpu engine");
    return nullptr;
  }
  log(FRL_LOG_DEBUG, "opened oneDNN %d.%d.%d", version->major, version->minor, version->patch);
  return &table;
}

}  // namespace

const Api* api() {
  static const Api* const table = open();
  return table;
}

}  // namespace ferrule::cpu::onednn
#endif
