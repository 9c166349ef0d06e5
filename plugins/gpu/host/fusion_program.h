// A compiled expression: the query and launches of its kernels. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "host/fusion_expression.h"
#include "host/fusion_source.h"
#include "host/loop_nest.h"
#include "host/program.h"
#include "vendor/host.h"

namespace ferrule::gpu {

// The loaded kernels of one source; unloaded with the last program that uses them.
class FusedModule {
 public:
  // Throws Failure. The device is current.
  FusedModule(const void* image, FusedForm form);
  // Of kernels that came with the program, for tests.
  FusedModule(vendor::Function main, vendor::Function finish);
  ~FusedModule();
  FusedModule(const FusedModule&) = delete;
  FusedModule& operator=(const FusedModule&) = delete;

  vendor::Function main = nullptr, finish = nullptr;

 private:
  vendor::Module module_{};
  bool loaded_ = false;
};

// What the geometry of a launch depends on.
struct OperandView {
  const int64_t* shape;
  const int64_t* strides;  // nullptr: one element for all
  uint32_t ndim;
};

// How the results of a reduction are shared among threads. Does not depend on addresses.
struct ReducePlan {
  LoopNest kept, reduced;  // operands: inputs, then outputs
  bool rows = true;        // neighbouring threads share a result; otherwise they have neighbouring results
  uint32_t width = 0;      // Reduction::width of kernels/fusion/reduce.h
  uint32_t splits = 1;     // per 32-bit piece of the reduced nest
  uint32_t pieces = 1;
  uint64_t results = 0;

  uint32_t all_splits() const { return splits * pieces; }
};
ReducePlan plan_reduction(const Expression& expression, std::span<const OperandView> inputs,
                          std::span<const OperandView> outputs, uint32_t lanes, uint32_t multiprocessors);

// Where programs find their compiled kernels. Any thread; throws Failure.
class FusedModules {
 public:
  virtual ~FusedModules() = default;
  virtual std::shared_ptr<const FusedModule> get(const std::string& source, FusedForm form) = 0;
};

class FusedProgram : public Program {
 public:
  // Compiles the form that is most likely needed. `modules` outlives the program.
  FusedProgram(Expression expression, FusedModules& modules);

  const char* query(Device& device, const frl_call& call, Answer& answer, std::span<char> reason) const override;
  void run(Device& device, const Call& call, CommandList& commands) const override;

 private:
  const char* query_reduction(Device& device, const frl_call& call, Answer& answer, std::span<char> reason) const;
  void run_map(const Call& call, CommandList& commands) const;
  void run_reduction(Device& device, const Call& call, CommandList& commands) const;

  // Compiled when a query or a run first needs it.
  const FusedModule& module(FusedForm form) const;

  const Expression expression_;
  FusedModules& modules_;
  uint32_t lanes_ = 1;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const FusedModule> forms_[4];
};

}  // namespace ferrule::gpu
