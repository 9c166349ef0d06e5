// A program recorded for one stream and one set of input layouts: graphs of frl.graph/1 for what could be recorded, the
// other steps in the ordinary way between them. A run allocates outputs and one arena, fills in bindings and launches.
// Used with the evaluator's lock held.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ferrule/compile.h"
#include "runtime/evaluation.h"
#include "runtime/program.h"

namespace ferrule::detail {

// A recorded graph. Destroyed when nothing launches it any more and its launches are done (StreamState::retain).
class Graph {
 public:
  Graph(DeviceRuntime& device, frl_graph* handle) : device_(device), api_(*device.graphs()), handle_(handle) {
    ++device.graph_count();
  }
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  frl_status launch(frl_stream* stream, const std::vector<frl_binding>& bindings, frl_error* plugin_error) const {
    return api_.graph_launch(stream, handle_, bindings.data(), static_cast<uint32_t>(bindings.size()), plugin_error);
  }

 private:
  DeviceRuntime& device_;
  const frl_graph_api& api_;
  frl_graph* handle_;
};

// What a recording depends on of an input's layout.
struct InputLayout {
  bool is_inline = false, contiguous = true;
  bool unique = false;    // large, and nobody else's: its memory may become an output's
  uint64_t misalign = 0;  // byte offset modulo the alignment of storages
  Strides strides;        // when not contiguous
};
InputLayout layout_of(const StreamEvaluation& here, const array& input);

class Executable {
 public:
  ~Executable();
  Executable(const Executable&) = delete;
  Executable& operator=(const Executable&) = delete;

  // Whether the inputs have the layouts of the recording. With `exact`, uniqueness counts as recorded; otherwise it is
  // enough that no donated input is in use elsewhere.
  bool fits(const StreamEvaluation& here, const std::vector<array>& inputs, bool exact) const;
  // Gives the outputs storage and submits the work. Inputs are on the stream's device.
  void run(StreamEvaluation& here, const std::vector<array>& inputs, std::vector<array>& outputs);

  size_t segments() const { return segments_.size(); }
  size_t calls() const { return calls_; }
  uint64_t arena_bytes() const { return arena_bytes_; }
  const std::vector<CompileSplit>& splits() const { return splits_; }

 private:
  friend class ProgramRecorder;
  explicit Executable(StreamState& stream) : stream_(stream) {}

  // Where an array of the program is found in a run.
  struct Value {
    enum class Kind : uint8_t {
      input,        // the array itself, as are
      result,       // what an ordinary step made, and
      constant,     // the program's constant
      owned,        // memory of an output
      arena,        // memory of this run
      stored,       // memory that existed at the recording
      input_view,   // memory of an input
      result_view,  // memory of a result
      scalar,       // the value of an inline input
      fixed,        // an inline value known at the recording
      empty,
      range  // a number of the recording; none of the above yet
    };
    Kind kind = Kind::empty;
    uint32_t index = 0;
    bool contiguous = true;  // the rest: for all but the first three
    uint64_t byte_offset = 0;
    Strides strides;
    uint64_t value[2] = {0, 0};
  };
  struct Slot {
    enum class Kind : uint8_t { input, scalar, result, stored, owned, arena };
    Kind kind;
    uint32_t index;
  };
  struct Segment {
    std::shared_ptr<Graph> graph;
    std::vector<Slot> slots;
    std::vector<frl_binding> bindings;  // those of stored slots are final
  };
  struct Operand {
    Value value;
    Shape shape;
    Dtype dtype;
  };
  struct Ordinary {
    std::shared_ptr<Primitive> primitive;
    std::vector<Operand> operands;
    std::vector<Shape> shapes;  // of the outputs
    std::vector<Dtype> dtypes;
    uint32_t first_result;
  };
  struct Action {
    bool is_segment;
    uint32_t index;
  };
  struct Frame {
    std::vector<std::shared_ptr<Storage>> owned;
    std::shared_ptr<Storage> arena;
    std::vector<array> results;
  };

  void launch(StreamEvaluation& here, Segment& segment, const std::vector<array>& inputs, const Frame& frame);
  void run_ordinary(StreamEvaluation& here, const Ordinary& step, const std::vector<array>& inputs, Frame& frame);
  void place(Node& to, const Value& value, const std::vector<array>& inputs, const Frame& frame) const;

  StreamState& stream_;
  std::vector<InputLayout> layouts_;
  std::vector<bool> donated_;
  std::vector<array> constants_;                  // of the program
  std::vector<std::shared_ptr<Storage>> stored_;  // memory that graphs read beside the program's values
  std::vector<uint64_t> owned_bytes_;
  uint64_t arena_bytes_ = 0;
  uint32_t n_results_ = 0;
  size_t calls_ = 0;
  std::vector<Segment> segments_;
  std::vector<Ordinary> ordinary_;
  std::vector<Action> actions_;
  std::vector<Value> outputs_;
  std::vector<CompileSplit> splits_;
};

// Records the program's computed outputs (`wanted`: values of the program) for inputs laid out like these. nullptr when
// there is too little to record; `reason` then says so.
std::unique_ptr<Executable> record_program(const Program& program, const std::vector<uint32_t>& wanted,
                                           StreamEvaluation& here, const std::vector<array>& inputs,
                                           std::string& reason);

}  // namespace ferrule::detail
