// The kernels of one device: found once by op, and what their queries answered, cached under the properties each answer
// depends on. Used with the evaluator's lock held.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ferrule/plugin.h"

namespace ferrule::detail {

class DeviceRuntime;

// Static facts of an op, from ops.def.
struct OpInfo {
  const char* name;
  uint32_t version;
  uint32_t outputs;
  bool collapse, fuse;
};
// nullptr for unknown codes.
const OpInfo* op_info(uint32_t code);

inline constexpr size_t kMaxOperands = 16;

// The answer to one class of calls; `reason` is set when the call is not supported.
struct Answer {
  frl_requirements requirements{};
  std::string reason;
  bool supported() const { return requirements.support != 0; }
};

class Kernel {
 public:
  Kernel(DeviceRuntime& device, frl_kernel* handle) : device_(device), handle_(handle) {}
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  frl_kernel* handle() const { return handle_; }
  // Asks the plugin once per class of calls. The call's tensors have their final shapes and strides.
  const Answer& query(const frl_call& call);

 private:
  // dtypes, arity, inline flags and math mode: what always counts.
  struct Class {
    uint8_t key[24];
    uint32_t depends = 0;
    bool asked = false;
    Answer single;  // when depends is 0
    std::unordered_map<std::string, std::unique_ptr<Answer>> answers;
  };
  void ask(const frl_call& call, Answer& answer);
  void release(const Answer& answer);

  DeviceRuntime& device_;
  frl_kernel* handle_;
  std::vector<std::unique_ptr<Class>> classes_;
  std::string key_;  // kept from query to query
};

class KernelTable {
 public:
  explicit KernelTable(DeviceRuntime& device) : device_(device) {}
  // The kernel of an op at its current version; nullptr when the backend has none.
  Kernel* find(uint32_t code);

 private:
  struct Entry {
    bool looked_up = false;
    std::unique_ptr<Kernel> kernel;
  };
  DeviceRuntime& device_;
  std::vector<Entry> entries_;
};

}  // namespace ferrule::detail
