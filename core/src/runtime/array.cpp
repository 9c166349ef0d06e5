// The array handle: construction from host values, reading back, and access to the node.
#include "ferrule/array.h"

#include <cstring>

#include "ferrule/primitive.h"
#include "ferrule/transforms.h"
#include "runtime/evaluator.h"
#include "runtime/failure.h"
#include "runtime/host_cast.h"
#include "runtime/node.h"

namespace ferrule {

using detail::Node;

namespace {

std::shared_ptr<Node> evaluated_node(const Shape& shape, Dtype dtype) {
  auto node = detail::make_node(shape, dtype);
  node->size = detail::element_count(shape);
  node->set_evaluated();
  return node;
}

}  // namespace

size_t array::checked_size(const Shape& shape) { return detail::element_count(shape); }

void array::check_count(size_t count, const Shape& shape) {
  if (count != detail::element_count(shape)) {
    detail::invalid("[array] the number of values does not fit the shape; got {} values; expected {} for shape {}",
                    count, detail::element_count(shape), detail::shape_text(shape));
  }
}

void array::init_scalar(const void* value, Dtype from, Dtype to) {
  node_ = evaluated_node({}, to);
  node_->is_inline = true;
  detail::host_cast(value, from, node_->value, to, 1);
}

void array::init_copy(const void* data, Dtype from, Shape shape, Dtype to) {
  node_ = evaluated_node(shape, to);
  if (node_->size == 0) return;
  node_->host = detail::allocate_host(node_->bytes());
  detail::host_cast(data, from, node_->host->data, to, node_->size);
}

array::array(void* data, Shape shape, Dtype dtype, void (*deleter)(void*)) : node_(evaluated_node(shape, dtype)) {
  node_->host = std::make_shared<detail::HostBlock>(data, deleter);
}

array::array(Shape shape, Dtype dtype, std::shared_ptr<Primitive> primitive, std::vector<array> inputs)
    : node_(detail::make_node(shape, dtype)) {
  node_->size = detail::element_count(shape);
  node_->primitive = std::move(primitive);
  if (detail::Tracing::depth() > 0) {
    for (const array& input : inputs) node_->tracer |= input.node_->tracer;
  }
  node_->inputs = std::move(inputs);
}

std::vector<array> array::make_arrays(const std::vector<Shape>& shapes, const std::vector<Dtype>& dtypes,
                                      const std::shared_ptr<Primitive>& primitive, const std::vector<array>& inputs) {
  std::vector<array> outputs;
  if (shapes.size() == 1) {
    outputs.emplace_back(shapes[0], dtypes[0], primitive, inputs);
    return outputs;
  }
  bool tracer = false;
  if (detail::Tracing::depth() > 0) {
    for (const array& input : inputs) tracer |= input.node_->tracer;
  }
  auto siblings = std::make_shared<detail::Siblings>();
  siblings->inputs = inputs;
  siblings->outputs.reserve(shapes.size());
  outputs.reserve(shapes.size());
  for (size_t i = 0; i < shapes.size(); ++i) {
    array output(shapes[i], dtypes[i], primitive, {});
    output.node_->tracer = tracer;
    output.node_->output_index = static_cast<uint32_t>(i);
    output.node_->siblings = siblings;
    siblings->outputs.push_back({shapes[i], dtypes[i], output.node_});
    outputs.push_back(std::move(output));
  }
  return outputs;
}

array& array::operator=(const array& other) & noexcept = default;
array& array::operator=(array&& other) & noexcept = default;
array::~array() = default;

const Shape& array::shape() const { return node_->shape; }
int64_t array::shape(int axis) const {
  int n = ndim();
  if (axis < -n || axis >= n) {
    detail::invalid("[shape] axis out of range; got {} for shape {}; expected {} to {}", axis,
                    detail::shape_text(shape()), -n, n - 1);
  }
  return node_->shape[static_cast<size_t>(axis < 0 ? axis + n : axis)];
}
Strides array::strides() const { return detail::row_major(node_->shape); }
Dtype array::dtype() const { return node_->dtype; }
size_t array::size() const { return node_->size; }

void array::eval() { ferrule::eval(std::vector<array>{*this}); }

bool array::is_evaluated() const { return node_->evaluated(); }
bool array::is_available() const { return node_->evaluated() && detail::is_ready(*node_); }
bool array::is_tracer() const { return node_->tracer && detail::Tracing::depth() > 0; }
void array::wait() const {
  if (node_->evaluated()) detail::wait_ready(*node_);
}
bool array::has_primitive() const { return node_->primitive != nullptr; }
Primitive& array::primitive() const { return *node_->primitive; }
const std::shared_ptr<Primitive>& array::primitive_ptr() const { return node_->primitive; }
const std::vector<array>& array::inputs() const { return node_->operands(); }
int array::output_index() const { return static_cast<int>(node_->output_index); }

std::vector<array> array::outputs() const {
  if (!node_->siblings) return {*this};
  std::vector<array> outputs;
  for (size_t i = 0; i < node_->siblings->outputs.size(); ++i) {
    auto& output = node_->siblings->outputs[i];
    auto node = output.node.lock();
    if (!node) {  // the handle died; a new node of the same primitive takes its place
      node = detail::make_node(output.shape, output.dtype);
      node->size = detail::element_count(output.shape);
      node->primitive = node_->primitive;
      node->tracer = node_->tracer;
      node->siblings = node_->siblings;
      node->output_index = static_cast<uint32_t>(i);
      output.node = node;
    }
    outputs.emplace_back(std::move(node));
  }
  return outputs;
}

void array::detach() {
  if (node_->evaluated()) node_->drop_graph();
}

void array::read_item(void* out, Dtype as) const {
  if (size() != 1) {
    detail::invalid("[item] got an array of shape {}; expected one element", detail::shape_text(shape()));
  }
  if (!node_->evaluated()) ferrule::eval(std::vector<array>{*this});
  std::byte value[16];
  detail::read_element(*node_, value);
  detail::host_cast(value, dtype(), out, as, 1);
}

const void* array::host_data(const Dtype* expected) const {
  if (expected && *expected != dtype()) {
    // double stands for float64 and unsigned char for bool: only the size and kind must fit
    bool bytes = expected->size() == 1 && dtype().size() == 1;
    if (!bytes) {
      detail::invalid("[data] got an element type for {}; expected one for {}", dtype_name(*expected),
                      dtype_name(dtype()));
    }
  }
  if (!node_->evaluated()) ferrule::eval(std::vector<array>{*this});
  return detail::read_to_host(*node_);
}

}  // namespace ferrule
