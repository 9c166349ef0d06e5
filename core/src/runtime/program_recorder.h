// From a program to an Executable: its steps run once in recording mode, in order; what cannot be recorded stays an
// ordinary step; temporaries get their place in the arena; each run of recorded calls becomes a graph. A call that the
// backend's recorder refuses makes its step an ordinary one, and everything is done again: nothing was executed yet.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/executable.h"

namespace ferrule::detail {

class ProgramRecorder {
 public:
  ProgramRecorder(const Program& program, const std::vector<uint32_t>& wanted, StreamEvaluation& here,
                  const std::vector<array>& inputs);
  std::unique_ptr<Executable> record(std::string& reason);

 private:
  using Value = Executable::Value;
  using Slot = Executable::Slot;

  // Where a range of the recording lies at run time.
  struct Place {
    Slot slot{};
    uint64_t offset = 0;  // in the slot's memory
  };
  // Ordinary step `index` comes before call `call`.
  struct Break {
    size_t call;
    uint32_t index;
  };
  struct Attempt {
    explicit Attempt(StreamState& stream) : recording(stream), made(new Executable(stream)) {}
    Recording recording;
    std::unique_ptr<Executable> made;
    std::vector<array> values;             // of the program, dropped after their last use
    std::vector<array> held;               // inputs that must not be donated
    std::map<uint32_t, uint32_t> results;  // values made by ordinary steps
    std::vector<size_t> step_of_call;
    std::vector<Break> breaks;
    std::vector<Place> places;  // one per range
  };

  void start(Attempt& attempt);
  void run_steps(Attempt& attempt);
  // False: the step cannot be recorded, and nothing of it was.
  bool record_step(Attempt& attempt, size_t index, const std::vector<array>& operands, std::string& reason);
  void keep_ordinary(Attempt& attempt, size_t index, const std::vector<array>& operands, const std::string& reason);
  Value value_of(Attempt& attempt, uint32_t number, const array& a);
  void plan_memory(Attempt& attempt);
  void settle(Attempt& attempt, Value& value);
  bool emit(Attempt& attempt);
  bool emit_segment(Attempt& attempt, size_t first, size_t last);
  void finish(Attempt& attempt);

  const Program& program_;
  const std::vector<uint32_t>& wanted_;
  StreamEvaluation& here_;
  const std::vector<array>& inputs_;
  std::vector<InputLayout> layouts_;
  std::vector<size_t> last_use_;            // step, per value; past the end for outputs
  std::map<size_t, std::string> ordinary_;  // steps known not to be recordable, and why
  bool donate_ = true;
};

}  // namespace ferrule::detail
