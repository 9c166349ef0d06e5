#include "runtime/compiled.h"

#include <algorithm>
#include <map>

#include "ferrule/log.h"
#include "runtime/evaluator.h"
#include "runtime/runtime.h"

namespace ferrule::detail {
namespace {

// More layouts than these are made alike before the launch.
constexpr size_t kMostRecordings = 8;

}  // namespace

Compiled::Compiled(Stream stream, std::shared_ptr<const Program> program, std::vector<uint32_t> wanted)
    : Primitive(stream), program_(std::move(program)), wanted_(std::move(wanted)) {}

Compiled::~Compiled() = default;

const StreamState* Compiled::stream_for(const Program& program, std::string& reason) {
  std::map<int, size_t> counts;
  const Stream* most = nullptr;
  for (const Program::Step& step : program.steps()) {
    const Stream& stream = step.primitive->stream();
    size_t n = ++counts[stream.index];
    if (!most || n > counts[most->index]) most = &stream;
  }
  if (!most) {
    reason = "it has no steps";
    return nullptr;
  }
  const StreamState& stream = Runtime::get().stream(*most);
  if (stream.device().graphs()) return &stream;
  reason = fmt::format("{} does not offer frl.graph", stream.device().label());
  return nullptr;
}

Executable* Compiled::find(StreamEvaluation& here, const std::vector<array>& inputs) {
  for (auto& recording : recordings_) {
    if (recording->fits(here, inputs, true)) return recording.get();
  }
  if (recordings_.size() < kMostRecordings) {
    std::string reason;
    std::unique_ptr<Executable> made = record_program(*program_, wanted_, here, inputs, reason);
    std::lock_guard lock(report_mutex_);
    if (!made) {
      report_.reason = reason;
      worthwhile_ = false;
      return nullptr;
    }
    report_.recorded = true;
    report_.layouts = recordings_.size() + 1;
    report_.segments = made->segments();
    report_.calls = made->calls();
    report_.arena_bytes = std::max(report_.arena_bytes, made->arena_bytes());
    report_.splits = made->splits();
    log(LogLevel::debug, fmt::format("compile: recorded {} calls in {} graphs, {} steps between them", report_.calls,
                                     report_.segments, report_.splits.size()));
    recordings_.push_back(std::move(made));
    return recordings_.back().get();
  }
  for (auto& recording : recordings_) {
    if (recording->fits(here, inputs, false)) return recording.get();
  }
  return nullptr;
}

// The steps as nodes of their own.
void Compiled::run_program(const std::vector<array>& inputs, std::vector<array>& outputs) {
  std::vector<array> made = program_->replay(inputs, wanted_);
  schedule(made);
  for (size_t i = 0; i < outputs.size(); ++i) share_data(*outputs[i].node(), *made[i].node());
}

void Compiled::eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) {
  auto& here = static_cast<StreamEvaluation&>(evaluation);
  if (here.recording()) throw CannotRecord("it is a compiled function itself");
  Executable* executable = worthwhile() ? find(here, inputs) : nullptr;
  if (executable) return executable->run(here, inputs, outputs);
  run_program(inputs, outputs);
}

void Compiled::report(CompiledProgram& to) const {
  std::lock_guard lock(report_mutex_);
  to.recorded = report_.recorded;
  to.reason = report_.reason;
  to.layouts = report_.layouts;
  to.segments = report_.segments;
  to.calls = report_.calls;
  to.arena_bytes = report_.arena_bytes;
  to.splits = report_.splits;
}

}  // namespace ferrule::detail
