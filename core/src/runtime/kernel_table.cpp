#include "runtime/kernel_table.h"

#include <array>
#include <cstring>

#include "ferrule/log.h"
#include "runtime/device_runtime.h"
#include "runtime/failure.h"

namespace ferrule::detail {
namespace {

constexpr int COLLAPSE = 1, FUSE = 2, NOFLAGS = 0;
constexpr size_t kCodes = FRL_OP_END_;

constexpr std::array<OpInfo, kCodes> kOps = [] {
  std::array<OpInfo, kCodes> ops{};
#define FRL_OP(code, name, version, min_in, max_in, n_out, attrs, profile, flags, domain, result, tolerance, ulp) \
  ops[code] = {#name, version, n_out, ((flags)&COLLAPSE) != 0, ((flags)&FUSE) != 0};
#include "ferrule/ops.def"
#undef FRL_OP
  return ops;
}();
static_assert(NOFLAGS == 0);

template <typename T>
void append(std::string& key, const T* values, size_t n) {
  key.append(reinterpret_cast<const char*>(values), n * sizeof(T));
}

// The bytes of every property that the answer depends on.
void write_key(const frl_call& call, uint32_t depends, std::string& key) {
  key.clear();
  auto add = [&](const frl_tensor& t) {
    if (t.dtype == FRL_NONE) return;
    if (depends & (FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | FRL_DEPENDS_STRIDES)) append(key, &t.ndim, 1);
    if (depends & FRL_DEPENDS_SHAPES) append(key, t.shape, t.ndim);
    if (depends & FRL_DEPENDS_STRIDES) append(key, t.strides, t.ndim);
    if (depends & FRL_DEPENDS_ALIGNMENT) key.push_back(static_cast<char>(t.byte_offset % 64));
    if ((depends & FRL_DEPENDS_INLINE) && (t.flags & FRL_TENSOR_INLINE)) append(key, t.value, 2);
  };
  for (uint16_t i = 0; i < call.n_inputs; ++i) add(call.inputs[i]);
  for (uint16_t i = 0; i < call.n_outputs; ++i) add(call.outputs[i]);
  if (depends & FRL_DEPENDS_ATTRS) key.append(static_cast<const char*>(call.attrs), call.attrs_size);
}

}  // namespace

const OpInfo* op_info(uint32_t code) { return code < kCodes && kOps[code].name ? &kOps[code] : nullptr; }

Kernel::~Kernel() {
  if (process_is_exiting()) return;
  for (auto& entry : classes_) {
    release(entry->single);
    for (auto& [key, answer] : entry->answers) {
      if (answer) release(*answer);
    }
  }
}

void Kernel::release(const Answer& answer) {
  if (answer.requirements.plan) device_.api().plan_release(handle_, answer.requirements.plan);
}

void Kernel::ask(const frl_call& call, Answer& answer) {
  PluginError plugin_error;
  answer.requirements.struct_size = sizeof(frl_requirements);
  frl_status status = device_.api().kernel_query(handle_, &call, &answer.requirements, &plugin_error);
  if (status != FRL_OK && status != FRL_UNSUPPORTED && status != FRL_INVALID_ARGUMENT) {
    check(status, plugin_error, "kernel_query");
  }
  if (status != FRL_OK) answer.requirements.support = 0;
  if (!answer.supported()) {
    answer.reason = plugin_error.message[0] ? plugin_error.message : "the backend gives no reason";
  }
}

const Answer& Kernel::query(const frl_call& call) {
  Class probe{};
  uint32_t inline_mask = 0;
  size_t at = 0;
  for (uint16_t i = 0; i < call.n_inputs; ++i) {
    probe.key[at++] = static_cast<uint8_t>(call.inputs[i].dtype);
    if (call.inputs[i].flags & FRL_TENSOR_INLINE) inline_mask |= 1u << i;
  }
  for (uint16_t i = 0; i < call.n_outputs; ++i) probe.key[at++] = static_cast<uint8_t>(call.outputs[i].dtype);
  probe.key[20] = static_cast<uint8_t>(call.n_inputs);
  probe.key[21] = static_cast<uint8_t>(call.math);
  probe.key[22] = static_cast<uint8_t>(inline_mask);
  probe.key[23] = static_cast<uint8_t>(inline_mask >> 8);
  Class* found = nullptr;
  for (auto& entry : classes_) {
    if (std::memcmp(entry->key, probe.key, sizeof probe.key) == 0) {
      found = entry.get();
      break;
    }
  }
  if (!found) {
    classes_.push_back(std::make_unique<Class>());
    found = classes_.back().get();
    std::memcpy(found->key, probe.key, sizeof probe.key);
  }
  if (found->asked && found->depends == 0) return found->single;
  if (!found->asked) {
    Answer answer;
    ask(call, answer);
    if (answer.requirements.depends != 0) {
      try {
        write_key(call, answer.requirements.depends, key_);
        found->answers[key_] = std::make_unique<Answer>(answer);
      } catch (...) {
        release(answer);
        throw;
      }
    }
    found->depends = answer.requirements.depends;
    found->asked = true;
    if (found->depends == 0) return found->single = std::move(answer);
  }
  write_key(call, found->depends, key_);
  auto& slot = found->answers[key_];
  if (!slot) {
    auto answer = std::make_unique<Answer>();
    ask(call, *answer);  // where this fails, the next call asks again
    slot = std::move(answer);
  }
  return *slot;
}

Kernel* KernelTable::find(uint32_t code) {
  if (entries_.size() <= code) entries_.resize(kCodes);
  Entry& entry = entries_[code];
  if (!entry.looked_up) {
    const OpInfo* op = op_info(code);
    if (!op) invalid("[kernel] no op has the code {}", code);
    PluginError plugin_error;
    frl_kernel* handle = nullptr;
    frl_status status = device_.api().kernel_find(device_.handle(), op->name, op->version, &handle, &plugin_error);
    if (status != FRL_OK && status != FRL_UNSUPPORTED) check(status, plugin_error, "kernel_find");
    if (status == FRL_OK)
      entry.kernel = std::make_unique<Kernel>(device_, handle);
    else
      log(LogLevel::debug, fmt::format("{} has no kernel for {}", device_.label(), op->name));
    entry.looked_up = true;
  }
  return entry.kernel.get();
}

}  // namespace ferrule::detail
