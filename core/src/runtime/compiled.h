// Compiled: the primitive behind the outputs of a compiled function whose device offers frl.graph. Its evaluation finds
// the recording for the inputs' layouts, or makes one, and runs it. One per program; any thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ferrule/compile.h"
#include "ferrule/primitive.h"
#include "runtime/executable.h"
#include "runtime/program.h"

namespace ferrule::detail {

class Compiled final : public Primitive {
 public:
  // `wanted`: the program's values that are this primitive's outputs.
  Compiled(Stream stream, std::shared_ptr<const Program> program, std::vector<uint32_t> wanted);
  ~Compiled() override;

  // The stream that most of a program's steps run on, when its device offers frl.graph; else nullptr, and why.
  static const StreamState* stream_for(const Program& program, std::string& reason);

  const char* name() const override { return "Compiled"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override;
  // False once it has turned out that there is nothing to gain: the program's own steps do.
  bool worthwhile() const { return worthwhile_.load(std::memory_order_relaxed); }
  void report(CompiledProgram& to) const;

 private:
  Executable* find(StreamEvaluation& here, const std::vector<array>& inputs);
  void run_program(const std::vector<array>& inputs, std::vector<array>& outputs);

  std::shared_ptr<const Program> program_;
  std::vector<uint32_t> wanted_;
  std::atomic<bool> worthwhile_{true};
  // With the evaluator's lock held:
  std::vector<std::unique_ptr<Executable>> recordings_;
  mutable std::mutex report_mutex_;  // guards what follows
  CompiledProgram report_;
};

}  // namespace ferrule::detail
