#include "runtime/node.h"

#include <cstdlib>
#include <limits>
#include <new>

#include "ferrule/primitive.h"
#include "runtime/failure.h"

namespace ferrule::detail {
namespace {

// A chain of a million nodes must not be destroyed by a million nested destructors: inputs of a dying node go to a list
// that the outermost destructor on this thread works off.
thread_local std::vector<array>* dying = nullptr;

void destroy_inputs(std::vector<array>&& inputs) {
  if (inputs.empty()) return;
  if (dying) {
    try {
      for (array& input : inputs) dying->push_back(std::move(input));
    } catch (const std::bad_alloc&) {  // the rest is destroyed with its vector, one within the other
    }
    return;
  }
  std::vector<array> list = std::move(inputs);
  dying = &list;
  while (!list.empty()) {
    array last = std::move(list.back());
    list.pop_back();
  }
  dying = nullptr;
}

}  // namespace

Node::~Node() { destroy_inputs(std::move(inputs)); }
Siblings::~Siblings() { destroy_inputs(std::move(inputs)); }

void Node::drop_graph() {
  destroy_inputs(std::move(inputs));
  inputs.clear();
  primitive.reset();
  siblings.reset();
}

std::shared_ptr<HostBlock> allocate_host(uint64_t bytes) {
  constexpr uint64_t kAlignment = 64;
  uint64_t rounded = (std::max<uint64_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  std::unique_ptr<void, void (*)(void*)> data(nullptr, std::free);
  if (rounded >= bytes) data.reset(std::aligned_alloc(kAlignment, rounded));
  if (!data) fail(ErrorCode::out_of_memory, "[host memory] not enough; got a request of {} bytes", bytes);
  auto block = std::make_shared<HostBlock>(data.get(), std::free);
  (void)data.release();
  return block;
}

std::mutex& upload_mutex() {
  static std::mutex mutex;
  return mutex;
}

uint64_t element_count(const Shape& shape) {
  uint64_t n = 1;
  bool empty = false;
  for (int64_t extent : shape) {
    if (extent < 0) invalid("[shape] negative extent; got {}; expected at least 0", shape_text(shape));
    empty |= extent == 0;
  }
  if (empty) return 0;
  constexpr uint64_t kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) / 8;
  for (int64_t extent : shape) {
    if (__builtin_mul_overflow(n, static_cast<uint64_t>(extent), &n) || n > kMost) {
      invalid("[shape] too many elements; got {}; expected at most 2^60", shape_text(shape));
    }
  }
  return n;
}

Strides row_major(const Shape& shape) {
  Strides strides;
  strides.resize(shape.size());
  int64_t step = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = step;
    step *= std::max<int64_t>(shape[i], 1);
  }
  return strides;
}

bool is_row_major(const Shape& shape, const Strides& strides) {
  int64_t step = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != step) return false;
    step *= shape[i];
  }
  return true;
}

int& Tracing::depth() {
  thread_local int depth = 0;
  return depth;
}

array make_placeholder(const Shape& shape, Dtype dtype) {
  auto node = make_node(shape, dtype);
  node->size = element_count(shape);
  node->tracer = true;
  return array(std::move(node));
}

}  // namespace ferrule::detail
