// ferrule::array: a handle to a node of the lazy graph. Copying a handle is cheap and shares the node. Building a graph
// needs no lock as long as one handle is not written by two threads at once; evaluation may be started from any thread.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ferrule/device.h"
#include "ferrule/dtype.h"
#include "ferrule/error.h"
#include "ferrule/shape.h"

#pragma GCC visibility push(default)
namespace ferrule {

class array;
class Primitive;
namespace detail {
struct Node;
// The dtype in which host values of T are handed over (double stays float64 until converted to the target).
template <typename T>
constexpr Dtype host_dtype() {
  if constexpr (std::is_same_v<T, double>)
    return float64;
  else
    return dtype_of<T>();
}
}  // namespace detail

class array {
 public:
  // A scalar (shape {}). The dtype defaults to that of T: bool -> bool_, int -> int32, float and double -> float32.
  template <typename T, typename = std::enable_if_t<std::is_arithmetic_v<T> || std::is_same_v<T, float16_t> ||
                                                    std::is_same_v<T, bfloat16_t>>>
  explicit array(T value, Dtype dtype = dtype_of<T>()) {
    init_scalar(&value, detail::host_dtype<T>(), dtype);
  }
  explicit array(const std::complex<float>& value, Dtype dtype = complex64) { init_scalar(&value, complex64, dtype); }

  // Copies shape's product of elements from an iterator, converting to `dtype`.
  template <typename It, typename T = typename std::iterator_traits<It>::value_type>
  explicit array(It data, Shape shape, Dtype dtype = dtype_of<T>()) {
    size_t n = checked_size(shape);
    if constexpr (std::is_pointer_v<It>) {
      init_copy(data, detail::host_dtype<std::remove_cv_t<T>>(), std::move(shape), dtype);
    } else {
      auto buffer = std::make_unique<T[]>(n);
      for (size_t i = 0; i < n; ++i, ++data) buffer[i] = *data;
      init_copy(buffer.get(), detail::host_dtype<T>(), std::move(shape), dtype);
    }
  }

  // A vector. {1, 2, 3} of ints gives int32, of floats float32.
  template <typename T>
  explicit array(std::initializer_list<T> data, Dtype dtype = dtype_of<T>())
      : array(data.begin(), Shape{static_cast<int64_t>(data.size())}, dtype) {}
  template <typename T>
  array(std::initializer_list<T> data, Shape shape, Dtype dtype = dtype_of<T>()) {
    check_count(data.size(), shape);
    init_copy(data.begin(), detail::host_dtype<T>(), std::move(shape), dtype);
  }
  explicit array(std::initializer_list<float> data) : array(data, float32) {}

  // Takes over host memory of shape's product of `dtype` elements; deleter runs when nothing needs it any more.
  array(void* data, Shape shape, Dtype dtype, void (*deleter)(void*));

  // A graph node: primitive applied to inputs. For those who write primitives.
  array(Shape shape, Dtype dtype, std::shared_ptr<Primitive> primitive, std::vector<array> inputs);
  // The outputs of a primitive with several.
  static std::vector<array> make_arrays(const std::vector<Shape>& shapes, const std::vector<Dtype>& dtypes,
                                        const std::shared_ptr<Primitive>& primitive, const std::vector<array>& inputs);

  array(const array&) noexcept = default;
  array(array&&) noexcept = default;
  array& operator=(const array& other) & noexcept;
  array& operator=(array&& other) & noexcept;
  // Assignment to a temporary is a mistake.
  array& operator=(const array&) && = delete;
  array& operator=(array&&) && = delete;
  ~array();

  const Shape& shape() const;
  // The extent of one axis; negative counts from the end.
  int64_t shape(int axis) const;
  // Strides in elements of what data() returns, which is row-contiguous.
  Strides strides() const;
  Dtype dtype() const;
  int ndim() const { return static_cast<int>(shape().size()); }
  size_t size() const;
  size_t itemsize() const { return dtype().size(); }
  size_t nbytes() const { return size() * itemsize(); }

  // Computes this array and all it depends on (transforms.h). Blocks until a host read is possible.
  void eval();
  // The value of an array of size 1, converted to T; evaluates it. Throws for other sizes.
  template <typename T>
  T item() const {
    T value;
    read_item(&value, detail::host_dtype<T>());
    return value;
  }
  // The elements in row-major order, read-only, valid as long as this array's node lives; evaluates. T must be the
  // host type of dtype(). The array stays where it is: memory of other devices is copied out once and kept.
  template <typename T>
  const T* data() const {
    return static_cast<const T*>(host_data(host_type<T>()));
  }
  const void* data() const { return host_data(nullptr); }

  // Identity of the node.
  std::uintptr_t id() const { return reinterpret_cast<std::uintptr_t>(node_.get()); }
  bool is_available() const;     // computed, and the work is done
  bool is_evaluated() const;     // computed, or queued on a device
  bool is_tracer() const;        // stands for an argument of a transform being traced
  void wait() const;             // blocks until queued work on this array is done; throws what failed
  bool has_primitive() const;    // part of the graph, not data
  Primitive& primitive() const;  // has_primitive() only
  const std::shared_ptr<Primitive>& primitive_ptr() const;
  const std::vector<array>& inputs() const;
  std::vector<array> outputs() const;  // all outputs of this array's primitive, this one included
  int output_index() const;
  // Forgets the graph behind an evaluated array.
  void detach();

  const std::shared_ptr<detail::Node>& node() const { return node_; }
  explicit array(std::shared_ptr<detail::Node> node) : node_(std::move(node)) {}

 private:
  template <typename T>
  static const Dtype* host_type() {
    static constexpr Dtype kDtype = detail::host_dtype<T>();
    return &kDtype;
  }
  static size_t checked_size(const Shape& shape);
  static void check_count(size_t count, const Shape& shape);
  void init_scalar(const void* value, Dtype from, Dtype to);
  void init_copy(const void* data, Dtype from, Shape shape, Dtype to);
  void read_item(void* out, Dtype as) const;
  const void* host_data(const Dtype* expected) const;

  std::shared_ptr<detail::Node> node_;
};

// Prints the values (evaluates): array([1, 2, 3], dtype=int32), long arrays abridged.
std::ostream& operator<<(std::ostream& os, const array& a);
std::string to_string(const array& a);

}  // namespace ferrule
#pragma GCC visibility pop
