// compile(): a function is traced once per set of input shapes and dtypes into a Program, which is simplified, fused
// and replayed by making its nodes anew.
#include "ferrule/compile.h"

#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "ferrule/primitive.h"
#include "ferrule/transforms.h"
#include "runtime/failure.h"
#include "runtime/node.h"
#include "runtime/program.h"

namespace ferrule {
namespace detail {
namespace {

std::atomic<CompileMode>& mode() {
  static std::atomic<CompileMode> value{secure_getenv("FERRULE_DISABLE_COMPILE") ? CompileMode::disabled
                                                                                 : CompileMode::enabled};
  return value;
}

// What a trace depends on, beside the function.
struct Signature {
  std::vector<Shape> shapes;
  std::vector<Dtype::Val> dtypes;
  int stream;
  CompileMode mode;
  bool operator==(const Signature&) const = default;
};

Signature signature_of(const std::vector<array>& inputs) {
  Signature signature;
  for (const array& input : inputs) {
    signature.shapes.push_back(input.shape());
    signature.dtypes.push_back(input.dtype());
  }
  signature.stream = to_stream({}).index;
  signature.mode = mode();
  return signature;
}

class CompiledFunction {
 public:
  explicit CompiledFunction(ArrayFn fun) : fun_(std::move(fun)) {}

  std::vector<array> operator()(const std::vector<array>& inputs) {
    bool traced = mode() == CompileMode::disabled;
    // Inside another transform the function itself is called: its ops are what gets differentiated or compiled.
    for (const array& input : inputs) traced |= input.is_tracer();
    if (traced) return fun_(inputs);
    return program(inputs)->replay(inputs);
  }

 private:
  std::shared_ptr<const Program> program(const std::vector<array>& inputs) {
    Signature signature = signature_of(inputs);
    std::lock_guard lock(mutex_);
    for (auto& [known, program] : programs_) {
      if (known == signature) return program;
    }
    auto program = std::make_shared<Program>(trace(fun_, inputs));
    if (signature.mode != CompileMode::no_simplify) program->simplify();
    if (signature.mode != CompileMode::no_fuse) program->fuse();
    programs_.emplace_back(std::move(signature), program);
    return program;
  }

  ArrayFn fun_;
  std::mutex mutex_;
  std::vector<std::pair<Signature, std::shared_ptr<const Program>>> programs_;
};

using FunctionPointer = std::vector<array> (*)(const std::vector<array>&);

// Compiling the same function again finds the programs made before.
std::shared_ptr<CompiledFunction> shared_by_pointer(FunctionPointer fun) {
  static std::mutex mutex;
  static std::map<FunctionPointer, std::shared_ptr<CompiledFunction>> known;
  std::lock_guard lock(mutex);
  auto& entry = known[fun];
  if (!entry) entry = std::make_shared<CompiledFunction>(fun);
  return entry;
}

}  // namespace
}  // namespace detail

ArrayFn compile(ArrayFn fun, bool) {
  if (auto* pointer = fun.target<detail::FunctionPointer>()) return compile(*pointer);
  auto compiled = std::make_shared<detail::CompiledFunction>(std::move(fun));
  return [compiled](const std::vector<array>& inputs) { return (*compiled)(inputs); };
}

ArrayFn compile(std::vector<array> (*fun)(const std::vector<array>&), bool) {
  auto compiled = detail::shared_by_pointer(fun);
  return [compiled](const std::vector<array>& inputs) { return (*compiled)(inputs); };
}

void disable_compile() { detail::mode() = CompileMode::disabled; }
void enable_compile() { detail::mode() = CompileMode::enabled; }
void set_compile_mode(CompileMode mode) { detail::mode() = mode; }

}  // namespace ferrule
