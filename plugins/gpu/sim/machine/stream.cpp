#include "machine/stream.h"

#include <cstring>
#include <map>
#include <random>
#include <utility>

#include "machine/config.h"
#include "machine/faults.h"
#include "machine/memory.h"

namespace ferrule::gpu::sim {
namespace {

constexpr size_t kArgumentAlignment = 16;

Status copy(void* to, const void* from, size_t bytes) {
  if (bytes == 0) return Status::kOk;
  if (to == nullptr || from == nullptr) return failed(Status::kInvalidValue, "copy: got a null address");
  for (const void* p : {static_cast<const void*>(to), from}) {
    if (range_is_inside(p, bytes)) continue;
    return failed(Status::kCopyOutOfBounds, "copy of %zu bytes %s %p; expected it to end inside the allocation", bytes,
                  p == to ? "to" : "from", p);
  }
  std::memmove(to, from, bytes);
  return Status::kOk;
}

}  // namespace

Work Work::launch(const Kernel& kernel, const Shape& shape, void* const* arguments) {
  Work work{.kind = Kind::kKernel, .kernel = &kernel, .shape = shape};
  for (uint32_t i = 0; i < kernel.n_arguments; ++i) {
    const size_t offset = work.argument_bytes.size(), bytes = kernel.argument_bytes[i];
    work.argument_offsets.push_back(offset);
    work.argument_bytes.resize((offset + bytes + kArgumentAlignment - 1) / kArgumentAlignment * kArgumentAlignment);
    std::memcpy(work.argument_bytes.data() + offset, arguments[i], bytes);
  }
  return work;
}

Status Work::admit() const {
  if (kind == Kind::kCall) return Status::kOk;
  return count_call(kind == Kind::kKernel ? Fault::kLaunch : Fault::kCopy);
}

Status Work::run() {
  if (kind == Kind::kCall) return call();
  if (kind == Kind::kCopy) return copy(to, from, bytes);
  std::vector<void*> arguments;
  for (const size_t offset : argument_offsets) arguments.push_back(argument_bytes.data() + offset);
  return execute(*kernel, shape, arguments.data());
}

Node* Graph::add(Work work, std::vector<Node*> after) {
  nodes.push_back(std::make_unique<Node>(Node{std::move(work), std::move(after)}));
  return nodes.back().get();
}

Status Stream::submit(Work work) {
  if (capture == nullptr) {
    const Status status = work.admit();
    return status != Status::kOk ? status : work.run();
  }
  last = {capture->add(std::move(work), last)};
  return Status::kOk;
}

std::vector<GraphExec::Item> GraphExec::items_of(const Graph& graph) {
  std::map<const Node*, size_t> numbers;
  std::vector<Item> items;
  for (const auto& node : graph.nodes) {
    Item item{node.get(), node->work, {}};
    for (const Node* before : node->after) item.after.push_back(numbers.at(before));
    numbers.emplace(node.get(), items.size());
    items.push_back(std::move(item));
  }
  return items;
}

GraphExec::GraphExec(const Graph& graph) : items_(items_of(graph)) {}

bool GraphExec::update(const Graph& graph) {
  std::vector<Item> items = items_of(graph);
  if (items.size() != items_.size()) return false;
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].work.kind != items_[i].work.kind || items[i].after != items_[i].after) return false;
  }
  for (size_t i = 0; i < items.size(); ++i) items_[i].work = std::move(items[i].work);
  return true;
}

bool GraphExec::set(const Node& node, Work work) {
  for (Item& item : items_) {
    if (item.node != &node) continue;
    if (item.work.kind != work.kind) return false;
    item.work = std::move(work);
    return true;
  }
  return false;
}

Status GraphExec::run() {
  for (const Item& item : items_) {
    if (const Status status = item.work.admit(); status != Status::kOk) return status;
  }
  std::vector<size_t> missing(items_.size());
  std::vector<std::vector<size_t>> next(items_.size());
  std::vector<size_t> ready;
  for (size_t i = 0; i < items_.size(); ++i) {
    missing[i] = items_[i].after.size();
    for (const size_t before : items_[i].after) next[before].push_back(i);
    if (missing[i] == 0) ready.push_back(i);
  }
  std::mt19937_64 random(config().seed);
  while (!ready.empty()) {
    if (config().seed != 0) std::swap(ready[random() % ready.size()], ready.back());
    const size_t chosen = ready.back();
    ready.pop_back();
    const Status status = items_[chosen].work.run();
    if (status != Status::kOk) return status;
    for (const size_t i : next[chosen]) {
      if (--missing[i] == 0) ready.push_back(i);
    }
  }
  return Status::kOk;
}

}  // namespace ferrule::gpu::sim
