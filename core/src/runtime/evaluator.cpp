#include "runtime/evaluator.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "ferrule/log.h"
#include "ferrule/primitive.h"
#include "ferrule/transforms.h"
#include "runtime/evaluation.h"
#include "runtime/failure.h"
#include "runtime/fallback.h"
#include "runtime/host_copies.h"
#include "runtime/runtime.h"

namespace ferrule::detail {
namespace {

// One evaluation at a time: marks in nodes, plan caches and the order of submission need no other lock. Recursive,
// because a decomposition may build and evaluate small arrays.
std::recursive_mutex& evaluation_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

// How deep decompositions may nest; each step leads to simpler ops, so more means a cycle.
constexpr int kMaxDecompositions = 16;

// Set while a compiled function is recorded, under the lock.
Recording* active_recording = nullptr;

class RecordingScope {
 public:
  explicit RecordingScope(Recording* recording) : before_(std::exchange(active_recording, recording)) {}
  ~RecordingScope() { active_recording = before_; }
  RecordingScope(const RecordingScope&) = delete;
  RecordingScope& operator=(const RecordingScope&) = delete;

 private:
  Recording* before_;
};

// What recorded nodes stand for is not known before the recording is launched.
void require_value(const Node& node) {
  if (is_recorded(node)) throw CannotRecord("it needs a value on the host");
}

class Evaluator {
 public:
  explicit Evaluator(int depth) : depth_(depth) {
    stack_.reserve(kUsual);
    tape_.reserve(kUsual);
  }

  void run(const std::vector<array>& outputs) {
    order(outputs);
    for (Node* node : tape_) run_node(*node);
  }
  const std::vector<StreamState*>& streams() const { return streams_; }
  void run_step(Primitive& primitive, const std::vector<array>& inputs, std::vector<array>& outputs);

 private:
  void order(const std::vector<array>& outputs);
  void visit(Node& node);
  void run_node(Node& node);
  void run_primitive(Primitive& primitive, StreamState& stream, bool retain, const std::vector<array>& inputs,
                     std::vector<array>& outputs);
  StreamState& stream_of(const Stream& id);

  static constexpr size_t kUsual = 64;
  struct Frame {
    Node* node;
    size_t next_input;
  };
  int depth_;
  uint64_t mark_ = 0;
  std::vector<Frame> stack_;
  std::vector<Node*> tape_;
  std::vector<StreamState*> streams_;
  std::vector<array> single_output_;  // kept from node to node
  StreamState* last_stream_ = nullptr;
};

void Evaluator::visit(Node& node) {
  if (node.evaluated() || node.mark == mark_) return;
  if (!node.primitive) {
    fail(
        ErrorCode::invalid_state,
        "[eval] got an array without a value; expected none of the arguments of a function that compile() traces to be "
        "evaluated");
  }
  node.mark = mark_;
  if (node.siblings) {  // one visit computes all outputs
    for (auto& output : node.siblings->outputs) {
      if (auto sibling = output.node.lock()) sibling->mark = mark_;
    }
  }
  stack_.push_back({&node, 0});
}

void Evaluator::order(const std::vector<array>& outputs) {
  static uint64_t marks = 0;
  mark_ = ++marks;
  for (const array& output : outputs) {
    visit(*output.node());
    while (!stack_.empty()) {
      Frame& frame = stack_.back();
      const std::vector<array>& inputs = frame.node->operands();
      if (frame.next_input < inputs.size()) {
        visit(*inputs[frame.next_input++].node());
      } else {
        tape_.push_back(frame.node);
        stack_.pop_back();
      }
    }
  }
}

StreamState& Evaluator::stream_of(const Stream& id) {
  if (last_stream_ && last_stream_->id() == id) return *last_stream_;
  last_stream_ = &Runtime::get().stream(id);
  if (std::find(streams_.begin(), streams_.end(), last_stream_) == streams_.end()) streams_.push_back(last_stream_);
  return *last_stream_;
}

bool needs_localizing(const array& a, StreamState& stream) {
  const Node& node = *a.node();
  return !node.is_inline && node.size != 0 &&
         (!node.storage || &node.storage->stream() != &stream || stream.has_failures());
}

// `inputs` themselves where they are on the stream already; otherwise `local`, filled.
const std::vector<array>* localized(const std::vector<array>& inputs, StreamState& stream, std::vector<array>& local) {
  if (std::none_of(inputs.begin(), inputs.end(), [&](const array& a) { return needs_localizing(a, stream); })) {
    return &inputs;
  }
  StreamEvaluation evaluation(stream, false);
  for (const array& input : inputs) local.push_back(evaluation.localize(input));
  return &local;
}

void Evaluator::run_step(Primitive& primitive, const std::vector<array>& inputs, std::vector<array>& outputs) {
  StreamState& stream = stream_of(primitive.stream());
  std::vector<array> local;
  run_primitive(primitive, stream, false, *localized(inputs, stream, local), outputs);
  for (array& output : outputs) output.node()->set_evaluated();
}

void Evaluator::run_node(Node& node) {
  Primitive& primitive = *node.primitive;
  StreamState& stream = stream_of(primitive.stream());
  bool retain = node.tracer && Tracing::depth() > 0;

  std::vector<array> local;
  const std::vector<array>* inputs = localized(node.operands(), stream, local);
  if (!node.siblings) {
    // A handle that does not own: the node is kept alive by its consumers.
    single_output_.clear();
    single_output_.emplace_back(std::shared_ptr<Node>(std::shared_ptr<Node>(), &node));
    run_primitive(primitive, stream, retain, *inputs, single_output_);
    node.set_evaluated();
    local.clear();
    if (!retain) node.drop_graph();
    return;
  }
  std::vector<array> outputs = array(std::shared_ptr<Node>(std::shared_ptr<Node>(), &node)).outputs();
  run_primitive(primitive, stream, retain, *inputs, outputs);
  local.clear();
  for (array& output : outputs) output.node()->set_evaluated();
  if (retain) return;
  for (array& output : outputs) output.node()->drop_graph();
}

void Evaluator::run_primitive(Primitive& primitive, StreamState& stream, bool retain, const std::vector<array>& inputs,
                              std::vector<array>& outputs) {
  if (active_recording && &stream != &active_recording->stream()) throw CannotRecord("it runs on another stream");
  Recording::Mark before;
  if (active_recording) before = active_recording->mark();
  std::string reason;
  try {
    StreamEvaluation evaluation(stream, !retain, active_recording);
    primitive.eval(evaluation, inputs, outputs);
    return;
  } catch (const UnsupportedKernel& unsupported) {
    reason = unsupported.what();
  }
  if (active_recording) active_recording->undo(before);
  for (array& output : outputs) output.node()->storage.reset();
  if (depth_ < kMaxDecompositions) {
    std::vector<array> simpler = primitive.decompose(inputs);
    if (!simpler.empty()) {
      Evaluator nested(depth_ + 1);
      nested.run(simpler);
      for (size_t i = 0; i < outputs.size(); ++i) share_data(*outputs[i].node(), *simpler[i].node());
      return;
    }
  }
  if (active_recording) throw CannotRecord(fmt::format("it falls back to cpu: {}", reason));
  run_on_cpu(primitive, stream, inputs, outputs, reason);
}

}  // namespace

void share_data(Node& to, const Node& from) {
  std::lock_guard lock(upload_mutex());
  to.is_inline = from.is_inline;
  to.contiguous = from.contiguous;
  to.strides = from.strides;
  to.value[0] = from.value[0];
  to.value[1] = from.value[1];
  to.byte_offset = from.byte_offset;
  to.storage = from.storage;
  to.host = from.host;
}

void run_step(Primitive& primitive, const std::vector<array>& inputs, std::vector<array>& outputs,
              Recording* recording) {
  RecordingScope scope(recording);
  Evaluator evaluator(0);
  evaluator.run_step(primitive, inputs, outputs);
}

void schedule(const std::vector<array>& outputs) {
  if (std::all_of(outputs.begin(), outputs.end(), [](const array& a) { return a.is_evaluated(); })) return;
  require_same_process();
  std::lock_guard lock(evaluation_mutex());
  Evaluator evaluator(0);
  auto finish = [&] {
    for (StreamState* stream : evaluator.streams()) {
      stream->mark();
      stream->device().allocator().end_batch(*stream);
    }
  };
  try {
    evaluator.run(outputs);
  } catch (...) {
    finish();
    throw;
  }
  finish();
}

namespace {

std::shared_ptr<Storage> storage_of(const Node& node) {
  std::lock_guard lock(upload_mutex());
  return node.storage;
}

// The node's host memory, which then stays as long as the node; nullptr where it has none.
const void* host_of(Node& node) {
  std::lock_guard lock(upload_mutex());
  if (!node.host) return nullptr;
  node.host_seen = true;
  return node.host->data;
}

}  // namespace

bool is_ready(const Node& node) {
  require_value(node);
  const auto storage = storage_of(node);
  return !storage || storage->stream().poll(storage->written_at());
}

void wait_ready(const Node& node) {
  require_value(node);
  if (const auto storage = storage_of(node)) storage->stream().host_wait(storage->written_at());
}

namespace {

// Row-major copy of a strided layout; elements of 1, 2, 4 or 8 bytes.
template <typename T>
void gather(const T* first, const Shape& shape, const Strides& strides, size_t axis, T*& out) {
  if (axis == shape.size()) {
    *out++ = *first;
    return;
  }
  for (int64_t i = 0; i < shape[axis]; ++i) gather(first + i * strides[axis], shape, strides, axis + 1, out);
}

void gather_bytes(const std::byte* first, const Node& node, void* out) {
  Strides strides = node.strides;
  strides.resize(node.shape.size());
  if (node.is_inline) std::fill(strides.begin(), strides.end(), 0);
  auto run = [&](auto word) {
    using T = decltype(word);
    T* to = static_cast<T*>(out);
    gather(reinterpret_cast<const T*>(first), node.shape, strides, 0, to);
  };
  switch (node.dtype.size()) {
    case 1:
      return run(uint8_t{});
    case 2:
      return run(uint16_t{});
    case 4:
      return run(uint32_t{});
    default:
      return run(uint64_t{});
  }
}

}  // namespace

const void* read_to_host(Node& node) {
  static std::mutex host_mutex;  // two readers of one array make one copy
  require_value(node);
  if (node.size == 0 || (node.is_inline && node.size == 1)) return node.value;
  require_same_process();
  if (const void* host = host_of(node)) return host;
  if (node.storage && node.storage->host()) {
    wait_ready(node);
    if (node.contiguous) return static_cast<std::byte*>(node.storage->host()) + node.byte_offset;
  }
  std::lock_guard lock(host_mutex);
  if (const void* host = host_of(node)) return host;
  if (node.size == 1) {
    if (!node.value_read) copy_element(node, node.value);
    node.value_read = true;
    return node.value;
  }
  auto result = allocate_host(node.bytes());
  if (node.is_inline) {
    gather_bytes(reinterpret_cast<const std::byte*>(node.value), node, result->data);
  } else if (void* host = node.storage->host()) {
    gather_bytes(static_cast<const std::byte*>(host) + node.byte_offset, node, result->data);
  } else {
    ByteSpan span = byte_span(node);
    auto bytes = node.contiguous ? result : allocate_host(span.bytes());
    copy_to_host(node, bytes);
    if (bytes != result) {
      gather_bytes(static_cast<const std::byte*>(bytes->data) - span.begin, node, result->data);
    }
  }
  std::lock_guard publish(upload_mutex());
  node.host = result;
  node.host_seen = true;
  return result->data;
}

void read_element(Node& node, void* to) {
  require_value(node);
  require_same_process();
  if (node.is_inline) {
    std::memcpy(to, node.value, node.dtype.size());
  } else if (const void* kept = host_of(node)) {
    std::memcpy(to, kept, node.dtype.size());
  } else if (const void* host = node.storage->host()) {
    wait_ready(node);
    std::memcpy(to, static_cast<const std::byte*>(host) + node.byte_offset, node.dtype.size());
  } else {
    copy_element(node, to);
  }
}

}  // namespace ferrule::detail

namespace ferrule {

void async_eval(std::vector<array> outputs) { detail::schedule(outputs); }

void eval(std::vector<array> outputs) {
  detail::schedule(outputs);
  for (const array& output : outputs) output.wait();
}

}  // namespace ferrule
