// Making and running oneDNN's primitives.
#include "onednn_primitive.h"

#ifdef FERRULE_CPU_HAS_ONEDNN
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>

#include "libraries.h"
#include "onednn_use.h"

namespace ferrule::cpu::onednn {
namespace {

// A thread's scratchpad, as large as the largest primitive that ran on it needed.
class Scratchpad {
 public:
  ~Scratchpad() { std::free(memory_); }
  void* at_least(size_t bytes) {
    if (bytes > bytes_) {
      std::free(memory_);
      bytes_ = 0;
      memory_ = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
      if (!memory_) throw std::bad_alloc();
      bytes_ = bytes;
    }
    return memory_;
  }

 private:
  void* memory_ = nullptr;
  size_t bytes_ = 0;
};

void check(dnnl_status_t status, const char* what) {
  if (status == dnnl_out_of_memory) throw std::bad_alloc();
  if (status != dnnl_success) {
    throw std::runtime_error(std::string("oneDNN failed to ") + what + ": status " +
                             std::to_string(static_cast<int>(status)));
  }
}

}  // namespace

SingleThread::SingleThread() {
  if (!api()->omp_set_num_threads || !api()->omp_get_max_threads) return;
  before_ = api()->omp_get_max_threads();
  if (before_ != 1) api()->omp_set_num_threads(1);
}

SingleThread::~SingleThread() {
  if (before_ != 1) api()->omp_set_num_threads(before_);
}

UserScratchpad::UserScratchpad() {
  check(api()->dnnl_primitive_attr_create(&attr_), "make attributes");
  check(api()->dnnl_primitive_attr_set_scratchpad_mode(attr_, dnnl_scratchpad_mode_user), "set the scratchpad mode");
}

UserScratchpad::~UserScratchpad() { api()->dnnl_primitive_attr_destroy(attr_); }

Primitive::Primitive(dnnl_primitive_desc_t desc, const int (&arguments)[3], const dnnl_memory_desc_t (&operands)[3]) {
  for (int i = 0; i < 3; ++i) arguments_[i] = arguments[i], operands_[i] = operands[i];
  if (const dnnl_memory_desc_t* md = api()->dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0)) {
    scratchpad_ = *md;
    scratchpad_bytes_ = api()->dnnl_memory_desc_get_size(md);
  }
  if (api()->dnnl_primitive_create(&primitive_, desc) != dnnl_success) primitive_ = nullptr;
  api()->dnnl_primitive_desc_destroy(desc);
  end_uses_at_exit();
}

struct Primitive::Operands {
  dnnl_memory_t memory[4] = {};  // the operands and the scratchpad
  ~Operands() {
    const Use use;
    if (!use) return;
    for (dnnl_memory_t m : memory) {
      if (m) api()->dnnl_memory_destroy(m);
    }
  }
};

Primitive::~Primitive() {
  const Use use;
  if (use && primitive_) api()->dnnl_primitive_destroy(primitive_);
}

std::unique_ptr<Primitive::Operands> Primitive::take() const {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Operands> operands = std::move(idle_.back());
      idle_.pop_back();
      return operands;
    }
  }
  auto operands = std::make_unique<Operands>();
  for (int i = 0; i < (scratchpad_bytes_ ? 4 : 3); ++i) {
    if (i < 3 && arguments_[i] == 0) continue;
    const dnnl_memory_desc_t& desc = i < 3 ? operands_[i] : scratchpad_;
    check(api()->dnnl_memory_create(&operands->memory[i], &desc, api()->engine, nullptr), "describe an operand");
  }
  return operands;
}

void Primitive::run(const void* source, const void* weights, void* destination) const {
  thread_local Scratchpad scratchpad;
  const SingleThread single;
  std::unique_ptr<Operands> operands = take();
  void* const data[4] = {const_cast<void*>(source), const_cast<void*>(weights), destination,
                         scratchpad_bytes_ ? scratchpad.at_least(scratchpad_bytes_) : nullptr};
  dnnl_exec_arg_t arguments[4];
  int count = 0;
  for (int i = 0; i < 4; ++i) {
    if (!operands->memory[i]) continue;
    check(api()->dnnl_memory_set_data_handle(operands->memory[i], data[i]), "place an operand");
    arguments[count++] = {i < 3 ? arguments_[i] : DNNL_ARG_SCRATCHPAD, operands->memory[i]};
  }
  check(api()->dnnl_primitive_execute(primitive_, api()->stream, count, arguments), "run a primitive");
  if (!has_run_.load(std::memory_order_relaxed) && !has_run_.exchange(true)) end_uses_at_exit();
  std::lock_guard lock(mutex_);
  idle_.push_back(std::move(operands));
}

bool available() { return library_allowed("onednn") && api() != nullptr; }

bool native_bf16() {
  static const bool native = api() && api()->dnnl_get_effective_cpu_isa() >= dnnl_cpu_isa_avx512_core_bf16;
  return native;
}

void run(const Primitive& primitive, const void* source, const void* weights, void* destination) {
  primitive.run(source, weights, destination);
}

}  // namespace ferrule::cpu::onednn

#else
#include "onednn.h"

namespace ferrule::cpu::onednn {
class Primitive {};
bool available() { return false; }
bool native_bf16() { return false; }
void run(const Primitive&, const void*, const void*, void*) {}
}  // namespace ferrule::cpu::onednn
#endif
