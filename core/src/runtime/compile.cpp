// compile(): a function is traced once per set of input shapes and dtypes into a Program, which is simplified and fused.
// On devices that offer frl.graph a call makes one node that replays a recording (compiled.h); elsewhere the program's
// nodes are made anew.
#include "ferrule/compile.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>

#include "ferrule/primitive.h"
#include "ferrule/transforms.h"
#include "runtime/compiled.h"
#include "runtime/failure.h"
#include "runtime/node.h"
#include "runtime/program.h"
#include "runtime/runtime.h"
#include "runtime/stream_state.h"

namespace ferrule {
namespace detail {
namespace {

std::atomic<CompileMode>& mode() {
  static std::atomic<CompileMode> value{secure_getenv("FERRULE_DISABLE_COMPILE") ? CompileMode::disabled
                                                                                 : CompileMode::enabled};
  return value;
}

bool graphs_enabled() {
  static const bool enabled = [] {
    const char* text = secure_getenv("FERRULE_GRAPH");
    std::string_view value = text ? text : "on";
    if (value != "on" && value != "off" && !value.empty())
      invalid("[FERRULE_GRAPH] got '{}'; expected on or off", value);
    return value != "off";
  }();
  return enabled;
}

// A traced function for one combination of shapes, dtypes, stream and mode.
class CompiledTrace {
 public:
  CompiledTrace(const ArrayFn& fun, const std::vector<array>& inputs, int stream, CompileMode mode);

  bool fits(const std::vector<array>& inputs, int stream, CompileMode mode) const {
    if (stream != stream_ || mode != mode_ || inputs.size() != shapes_.size()) return false;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Node& node = *inputs[i].node();
      if (node.dtype != dtypes_[i] || node.shape != shapes_[i]) return false;
    }
    return true;
  }
  std::vector<array> call(const std::vector<array>& inputs) const;
  CompiledProgram report() const;

 private:
  // An output is an input, a constant, or one of those that Compiled computes.
  struct Output {
    enum class Kind : uint8_t { input, constant, computed } kind;
    uint32_t index;
  };

  std::vector<Shape> shapes_;
  std::vector<Dtype> dtypes_;
  int stream_;
  CompileMode mode_;
  std::shared_ptr<const Program> program_;
  std::shared_ptr<Compiled> compiled_;  // nullptr: the program's own steps
  std::string reason_;                  // why
  std::vector<Output> outputs_;
  std::vector<Shape> computed_shapes_;
  std::vector<Dtype> computed_dtypes_;
};

CompiledTrace::CompiledTrace(const ArrayFn& fun, const std::vector<array>& inputs, int stream, CompileMode mode)
    : stream_(stream), mode_(mode) {
  for (const array& input : inputs) {
    shapes_.push_back(input.shape());
    dtypes_.push_back(input.dtype());
  }
  auto program = std::make_shared<Program>(trace(fun, inputs));
  if (mode != CompileMode::no_simplify) program->simplify();
  if (mode != CompileMode::no_fuse) {
    program->fuse();
    program->fuse_products();
  }
  program_ = program;

  std::vector<uint32_t> computed;
  const auto n_constants = static_cast<uint32_t>(program->constants().size());
  for (uint32_t v : program->outputs()) {
    if (v < program->n_inputs()) {
      outputs_.push_back({Output::Kind::input, v});
    } else if (v < program->n_inputs() + n_constants) {
      outputs_.push_back({Output::Kind::constant, v - program->n_inputs()});
    } else {
      auto at = std::find(computed.begin(), computed.end(), v);
      outputs_.push_back({Output::Kind::computed, static_cast<uint32_t>(at - computed.begin())});
      if (at != computed.end()) continue;
      computed.push_back(v);
      computed_shapes_.push_back(program->shape(v));
      computed_dtypes_.push_back(program->dtype(v));
    }
  }
  if (!graphs_enabled()) {
    reason_ = "FERRULE_GRAPH=off";
    return;
  }
  for (const array& constant : program->constants()) {
    if (!constant.is_tracer()) continue;
    reason_ = "it refers to an array that is being differentiated";
    return;
  }
  if (const StreamState* main = Compiled::stream_for(*program, reason_)) {
    compiled_ = std::make_shared<Compiled>(main->id(), program_, std::move(computed));
  }
}

std::vector<array> CompiledTrace::call(const std::vector<array>& inputs) const {
  if (!compiled_ || !compiled_->worthwhile()) return program_->replay(inputs);
  std::vector<array> computed = array::make_arrays(computed_shapes_, computed_dtypes_, compiled_, inputs);
  if (outputs_.size() == 1) return computed;
  std::vector<array> outputs;
  outputs.reserve(outputs_.size());
  for (const Output& output : outputs_) {
    outputs.push_back(output.kind == Output::Kind::input      ? inputs[output.index]
                      : output.kind == Output::Kind::constant ? program_->constants()[output.index]
                                                              : computed[output.index]);
  }
  return outputs;
}

CompiledProgram CompiledTrace::report() const {
  CompiledProgram report;
  for (size_t i = 0; i < shapes_.size(); ++i) {
    report.inputs += fmt::format("{}{} {}", i == 0 ? "" : ", ", dtype_name(dtypes_[i]), shape_text(shapes_[i]));
  }
  report.steps = program_->size();
  report.reason = reason_;
  if (compiled_) compiled_->report(report);
  return report;
}

// Every trace alive, for compile_report.
struct Traces {
  std::mutex mutex;
  std::vector<std::weak_ptr<const CompiledTrace>> known;

  void add(const std::shared_ptr<const CompiledTrace>& trace) {
    std::lock_guard lock(mutex);
    std::erase_if(known, [](const auto& each) { return each.expired(); });
    known.push_back(trace);
  }
};
Traces& traces() {
  static Traces instance;
  return instance;
}

class CompiledFunction {
 public:
  explicit CompiledFunction(ArrayFn fun) : fun_(std::move(fun)) {}

  std::vector<array> operator()(const std::vector<array>& inputs) {
    bool traced = mode() == CompileMode::disabled;
    // Inside another transform the function itself is called: its ops are what gets differentiated or compiled.
    for (const array& input : inputs) traced |= input.is_tracer();
    if (traced) return fun_(inputs);
    return find(inputs)->call(inputs);
  }

 private:
  // Of more combinations than these the one that was used longest ago goes.
  static constexpr size_t kMostTraces = 256;
  struct Known {
    std::shared_ptr<const CompiledTrace> trace;
    uint64_t last_use;
  };

  std::shared_ptr<const CompiledTrace> find(const std::vector<array>& inputs) {
    int stream = to_stream({}).index;
    CompileMode now = mode();
    if (auto known = find_known(inputs, stream, now)) return known;
    std::lock_guard tracing(tracing_mutex_);
    if (auto known = find_known(inputs, stream, now)) return known;
    auto made = std::make_shared<const CompiledTrace>(fun_, inputs, stream, now);
    traces().add(made);
    std::shared_ptr<const CompiledTrace> dropped;  // destroyed without the lock
    std::lock_guard lock(mutex_);
    known_.push_back({made, ++uses_});
    if (known_.size() > kMostTraces) {
      auto oldest = std::min_element(known_.begin(), known_.end(),
                                     [](const Known& a, const Known& b) { return a.last_use < b.last_use; });
      dropped = std::move(oldest->trace);
      known_.erase(oldest);
    }
    return made;
  }

  std::shared_ptr<const CompiledTrace> find_known(const std::vector<array>& inputs, int stream, CompileMode now) {
    std::lock_guard lock(mutex_);
    for (Known& known : known_) {
      if (!known.trace->fits(inputs, stream, now)) continue;
      known.last_use = ++uses_;
      return known.trace;
    }
    return nullptr;
  }

  ArrayFn fun_;
  std::recursive_mutex tracing_mutex_;  // each combination is traced once; the function may call itself
  std::mutex mutex_;                    // guards what follows
  std::vector<Known> known_;
  uint64_t uses_ = 0;
};

using FunctionPointer = std::vector<array> (*)(const std::vector<array>&);

// Compiling the same function again finds the programs made before.
std::shared_ptr<CompiledFunction> shared_by_pointer(FunctionPointer fun) {
  Runtime::get();  // made first, so that it outlives the programs and their recorded graphs
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

std::vector<CompiledProgram> compile_report() {
  std::vector<std::shared_ptr<const detail::CompiledTrace>> alive;
  {
    std::lock_guard lock(detail::traces().mutex);
    for (const auto& each : detail::traces().known) {
      if (auto trace = each.lock()) alive.push_back(std::move(trace));
    }
  }
  std::vector<CompiledProgram> report;
  for (const auto& trace : alive) report.push_back(trace->report());
  return report;
}

void disable_compile() { detail::mode() = CompileMode::disabled; }
void enable_compile() { detail::mode() = CompileMode::enabled; }
void set_compile_mode(CompileMode mode) { detail::mode() = mode; }

}  // namespace ferrule
