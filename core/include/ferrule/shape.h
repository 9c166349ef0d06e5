// Shapes and strides: vectors of 64-bit extents with room for kMaxDims entries in place, so that making and copying one
// never allocates.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

#include "ferrule/error.h"

namespace ferrule {

inline constexpr int kMaxDims = 10;

template <typename T>
class DimVector {
 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;
  using size_type = size_t;

  DimVector() = default;
  DimVector(std::initializer_list<T> list) : DimVector(list.begin(), list.end()) {}
  explicit DimVector(size_t n, T value = T{}) {
    require(n);
    size_ = static_cast<uint32_t>(n);
    std::fill(begin(), end(), value);
  }
  template <typename It, typename = std::enable_if_t<!std::is_integral_v<It>>>
  DimVector(It first, It last) {
    for (; first != last; ++first) push_back(static_cast<T>(*first));
  }
  template <typename U>
  DimVector(const std::vector<U>& v) : DimVector(v.begin(), v.end()) {}  // NOLINT(google-explicit-constructor)
  DimVector(const DimVector& other) : size_(other.size_) { std::copy(other.begin(), other.end(), data_); }
  DimVector& operator=(const DimVector& other) {
    size_ = other.size_;
    std::copy(other.data_, other.data_ + other.size_, data_);
    return *this;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  const T* cbegin() const { return begin(); }
  const T* cend() const { return end(); }
  auto rbegin() const { return std::reverse_iterator(end()); }
  auto rend() const { return std::reverse_iterator(begin()); }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  T& front() { return data_[0]; }
  const T& front() const { return data_[0]; }
  T& back() { return data_[size_ - 1]; }
  const T& back() const { return data_[size_ - 1]; }

  void clear() { size_ = 0; }
  void resize(size_t n, T value = T{}) {
    require(n);
    for (size_t i = size_; i < n; ++i) data_[i] = value;
    size_ = static_cast<uint32_t>(n);
  }
  void push_back(T value) {
    require(size_ + size_t{1});
    data_[size_++] = value;
  }
  void pop_back() { --size_; }
  T* insert(const T* at, T value) {
    require(size_ + size_t{1});
    T* p = data_ + (at - data_);
    std::copy_backward(p, end(), end() + 1);
    ++size_;
    *p = value;
    return p;
  }
  template <typename It, typename = std::enable_if_t<!std::is_integral_v<It>>>
  void insert(const T* at, It first, It last) {
    auto i = at - data_;
    for (; first != last; ++first, ++i) insert(data_ + i, static_cast<T>(*first));
  }
  T* erase(const T* at) { return erase(at, at + 1); }
  T* erase(const T* first, const T* last) {
    T* p = data_ + (first - data_);
    std::copy(last, static_cast<const T*>(end()), p);
    size_ -= static_cast<uint32_t>(last - first);
    return p;
  }
  friend bool operator==(const DimVector& a, const DimVector& b) {
    return a.size_ == b.size_ && std::equal(a.begin(), a.end(), b.begin());
  }

 private:
  static void require(size_t n) {
    if (n > static_cast<size_t>(kMaxDims)) {
      throw error(ErrorCode::invalid_argument,
                  "[shape] too many dimensions; got " + std::to_string(n) + "; expected at most 10");
    }
  }
  uint32_t size_ = 0;
  T data_[kMaxDims];
};

using ShapeElem = int64_t;
using Shape = DimVector<int64_t>;
using Strides = DimVector<int64_t>;

}  // namespace ferrule
