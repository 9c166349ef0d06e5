// Compiling expressions: in memory per device, then on disk, then by the run-time compiler.
#include "host/fusion.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "host/config.h"
#include "host/device.h"
#include "host/failure.h"
#include "host/fusion_compiler.h"
#include "host/fusion_program.h"
#include "host/handles.h"
#include "host/kernel_cache.h"
#include "host/runtime.h"

namespace ferrule::gpu {
namespace {

KernelCache& disk_cache() {
  static KernelCache cache(KernelCache::default_folder(plugin::config("cache_dir")));
  return cache;
}

// Once per process. A folder that was asked for and cannot be used is worth a warning.
void tell_problem() {
  static std::once_flag once;
  std::call_once(once, [] {
    const char* configured = plugin::config("cache_dir");
    const bool asked_for = configured != nullptr && *configured != '\0';
    if (asked_for && *configured != '/') {
      gpu::log(FRL_LOG_WARNING, "config cache_dir = \"%s\" ignored; expected an absolute folder", configured);
    }
    if (const std::string problem = disk_cache().problem(); !problem.empty()) {
      gpu::log(asked_for ? FRL_LOG_WARNING : FRL_LOG_INFO, "compiled kernels are not kept: %s", problem.c_str());
    }
  });
}

// The headers' texts decide what a source means, as much as the source itself.
std::string headers_digest() {
  uint64_t h = 0xcbf29ce484222325u;
  for (const EmbeddedHeader& header : embedded_headers()) {
    for (const char* c = header.text; *c != '\0'; ++c) h = (h ^ static_cast<unsigned char>(*c)) * 0x100000001b3u;
  }
  return std::to_string(h);
}

// The modules of a device by source.
class ModuleCache : public DeviceState, public FusedModules {
 public:
  explicit ModuleCache(Device& device) : device_(device) {}

  std::shared_ptr<const FusedModule> get(const std::string& source, FusedForm form) override {
    std::lock_guard lock(mutex_);
    if (const auto found = modules_.find(source); found != modules_.end()) return found->second;
    auto module = load(source, form);
    if (modules_.size() >= kMost) drop_unused();
    modules_.emplace(source, module);
    return module;
  }
  void trim() override {
    std::lock_guard lock(mutex_);
    drop_unused();
  }

 private:
  static constexpr size_t kMost = 512;

  void drop_unused() {
    std::erase_if(modules_, [](const auto& entry) { return entry.second.use_count() == 1; });
  }

  // From disk, where the driver takes what is there; otherwise compiled.
  std::shared_ptr<const FusedModule> load(const std::string& source, FusedForm form) {
    static const std::string kHeaders = headers_digest();
    const std::string key = std::string(device_.facts().architecture) + "\n" + runtime_compiler().version() + "\n" +
                            kHeaders + "\n" + source;
    if (const auto found = disk_cache().find(key)) {
      try {
        return std::make_shared<const FusedModule>(found->data(), form);
      } catch (const Failure& failure) {
        if (failure.error().code == FRL_DEVICE_LOST || failure.error().code == FRL_OUT_OF_MEMORY) throw;
        gpu::log(FRL_LOG_INFO, "a kept kernel is compiled again: %s", failure.error().message);
      }
    }
    const std::string binary = compiled(source);
    auto module = std::make_shared<const FusedModule>(binary.data(), form);
    tell_problem();
    disk_cache().store(key, binary);
    return module;
  }

  std::string compiled(const std::string& source) {
    RuntimeCompiler& compiler = runtime_compiler();
    const std::string architecture = device_.facts().architecture;
    std::string binary, log;
    if (!compiler.compile(source, architecture, &binary, &log)) {
      gpu::log(FRL_LOG_DEBUG, "a fused kernel that did not compile:\n%s", source.c_str());
      throw Failure(FRL_INTERNAL, "[fusion] the compiler refused a kernel for %s: %s", architecture.c_str(),
                    log.c_str());
    }
    return binary;
  }

  Device& device_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const FusedModule>> modules_;
};

frl_status compile(frl_device* device, const frl_expr* expr, frl_kernel** out_kernel, frl_error* error) {
  if (!valid(device)) return refuse_handle(error, "fusion", "device", device);
  if (expr == nullptr || out_kernel == nullptr) {
    return fail(error, FRL_INVALID_ARGUMENT, "[fusion] %s is NULL", expr == nullptr ? "expr" : "out_kernel");
  }
  *out_kernel = nullptr;
  if (frl_status status = check_process("fusion", error); status != FRL_OK) return status;
  if (expr->struct_size < offsetof(frl_expr, reduction)) {
    return fail(error, FRL_INVALID_ARGUMENT, "[fusion] got struct_size %u; expected at least %zu", expr->struct_size,
                offsetof(frl_expr, reduction));
  }
  return guarded("fusion", &device->device, error, [&] {
    frl_expr known{};
    std::memcpy(&known, expr, std::min(size_t{expr->struct_size}, sizeof known));
    Expression expression = read_expression(known);
    std::string why;
    if (!runtime_compiler().available(&why)) throw Failure(FRL_UNSUPPORTED, "[fusion] %s", why.c_str());
    device->device.activate();
    auto kernel = std::make_unique<frl_kernel>();
    kernel->name = "fused";
    kernel->min_inputs = kernel->max_inputs = static_cast<uint16_t>(expression.n_inputs);
    kernel->n_outputs = static_cast<uint16_t>(expression.n_outputs());
    kernel->device = &device->device;
    kernel->program = std::make_shared<FusedProgram>(std::move(expression), device->device.state<ModuleCache>());
    *out_kernel = kernel.release();
  });
}

void release(frl_device*, frl_kernel* kernel) {
  if (!valid(kernel) || process_is_exiting()) return;
  kernel->tag = 0;
  delete kernel;
}

}  // namespace

const frl_fusion_api* fusion_extension(Device&) {
  static constexpr frl_fusion_api kApi = {.struct_size = sizeof(frl_fusion_api),
                                          .max_nodes = Expression::kMaxNodes,
                                          .compile = compile,
                                          .release = release};
  return runtime_compiler().available(nullptr) ? &kApi : nullptr;
}

}  // namespace ferrule::gpu
