// Calls the cpu plugin's products and convolutions directly, on host tensors with any strides, and judges sums against
// float64 by the scaled bound of RELIABILITY: |y - ref| <= max(8, sqrt(K)) * u * sum|a||b| + one ulp of the output.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernel.h"
#include "matmul/element.h"

namespace ferrule::cpu::test {

using Value = std::complex<long double>;
using Shape = std::vector<int64_t>;

inline Value read_element(const std::byte* p, uint32_t dtype) {
  const auto as = [p]<typename S>(S value) { return std::memcpy(&value, p, sizeof(S)), value; };
  switch (dtype) {
    case FRL_DTYPE_F16:
      return to_real(as(F16{}));
    case FRL_DTYPE_BF16:
      return to_real(as(Bf16{}));
    case FRL_DTYPE_F32:
      return as(0.0f);
    case FRL_DTYPE_F64:
      return as(0.0);
    default: {
      const C64 c = as(C64{});
      return {c.re, c.im};
    }
  }
}

inline void write_element(std::byte* p, uint32_t dtype, std::complex<double> v) {
  const auto put = [p](auto value) { std::memcpy(p, &value, sizeof(value)); };
  switch (dtype) {
    case FRL_DTYPE_F16:
      return put(from_real<F16>(static_cast<float>(v.real())));
    case FRL_DTYPE_BF16:
      return put(from_real<Bf16>(static_cast<float>(v.real())));
    case FRL_DTYPE_F32:
      return put(static_cast<float>(v.real()));
    case FRL_DTYPE_F64:
      return put(v.real());
    default:
      return put(C64{static_cast<float>(v.real()), static_cast<float>(v.imag())});
  }
}

// One ulp of the output dtype at |x|.
inline long double ulp_at(long double x, uint32_t dtype) {
  const int digits = dtype == FRL_DTYPE_F16 ? 11 : dtype == FRL_DTYPE_BF16 ? 8 : dtype == FRL_DTYPE_F64 ? 53 : 24;
  const int least = dtype == FRL_DTYPE_F16    ? -24
                    : dtype == FRL_DTYPE_F64  ? -1074
                    : dtype == FRL_DTYPE_BF16 ? -133
                                              : -149;
  int exponent = least + digits;
  if (x != 0.0L) std::frexp(std::abs(x), &exponent);
  return std::ldexp(1.0L, std::max(exponent - digits, least));
}

inline long double unit_roundoff(uint32_t dtype) { return dtype == FRL_DTYPE_F64 ? 0x1p-53L : 0x1p-24L; }

// A tensor over its own storage. `order` lists the axes from outermost to innermost in memory; `step` spaces the
// elements of the innermost one, negative reverses every axis; axes in `broadcast` have stride 0.
class HostTensor {
 public:
  HostTensor(uint32_t dtype, Shape shape, std::vector<int> order = {}, int64_t step = 1, uint32_t broadcast = 0)
      : dtype_(dtype), shape_(std::move(shape)), strides_(shape_.size(), 0) {
    if (order.empty()) {
      for (size_t i = 0; i < shape_.size(); ++i) order.push_back(static_cast<int>(i));
    }
    int64_t stride = std::abs(step);
    for (size_t i = order.size(); i-- > 0;) {
      const auto axis = static_cast<size_t>(order[i]);
      if (broadcast >> axis & 1u) continue;
      strides_[axis] = stride;
      stride *= std::max<int64_t>(shape_[axis], 1);
    }
    storage_.assign(static_cast<size_t>((stride + 8) * element_bytes(dtype)), std::byte{0xff});
    if (step >= 0) return;
    for (size_t i = 0; i < shape_.size(); ++i) {
      if (shape_[i] > 0) origin_ += strides_[i] * (shape_[i] - 1);
      strides_[i] = -strides_[i];
    }
  }

  template <typename Rng>
  HostTensor& randomize(Rng& rng, double low = -1.0, double high = 1.0) {
    std::uniform_real_distribution<double> uniform(low, high);
    for_each([&](const Shape& index) { write_element(at(index), dtype_, {uniform(rng), uniform(rng)}); });
    return *this;
  }

  template <typename F>
  void for_each(F&& f) const {
    for (int64_t extent : shape_) {
      if (extent == 0) return;
    }
    Shape index(shape_.size(), 0);
    for (;;) {
      f(static_cast<const Shape&>(index));
      size_t i = shape_.size();
      while (i-- > 0) {
        if (++index[i] < shape_[i]) break;
        index[i] = 0;
      }
      if (i == static_cast<size_t>(-1)) return;
    }
  }

  std::byte* at(const Shape& index) {
    int64_t offset = origin_;
    for (size_t i = 0; i < index.size(); ++i) offset += index[i] * strides_[i];
    return storage_.data() + offset * element_bytes(dtype_);
  }
  Value value(const Shape& index) const { return read_element(const_cast<HostTensor*>(this)->at(index), dtype_); }

  uint32_t dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  const std::vector<std::byte>& storage() const { return storage_; }

  Tensor tensor() {
    return {storage_.data() + origin_ * element_bytes(dtype_), dtype_, static_cast<uint32_t>(shape_.size()),
            shape_.data(), strides_.data()};
  }
  frl_tensor abi() const {
    frl_tensor t{};
    t.dtype = dtype_;
    t.ndim = static_cast<uint16_t>(shape_.size());
    for (size_t i = 0; i < shape_.size(); ++i) t.shape[i] = shape_[i], t.strides[i] = strides_[i];
    return t;
  }

 private:
  uint32_t dtype_;
  Shape shape_, strides_;
  int64_t origin_ = 0;
  std::vector<std::byte> storage_;
};

inline const Kernel& find_kernel(std::span<const Kernel> kernels, const std::string& name) {
  for (const Kernel& kernel : kernels) {
    if (name == kernel.name) return kernel;
  }
  throw std::runtime_error("no kernel " + name);
}

// Queries and runs; the reason when the query refuses, else an empty string. Checks that inputs stay unchanged.
inline std::string run_kernel(const Kernel& kernel, std::vector<HostTensor*> inputs, HostTensor& output,
                              const void* attrs = nullptr, uint32_t math = 0) {
  std::vector<frl_tensor> abi;
  std::vector<Tensor> tensors;
  std::vector<std::vector<std::byte>> before;
  for (HostTensor* t : inputs) {
    abi.push_back(t->abi());
    tensors.push_back(t->tensor());
    before.push_back(t->storage());
  }
  const frl_tensor out_abi = output.abi();
  const Tensor out = output.tensor();
  frl_call call{};
  call.inputs = abi.data(), call.outputs = &out_abi;
  call.n_inputs = static_cast<uint16_t>(abi.size()), call.n_outputs = 1;
  call.math = math, call.attrs = attrs;
  frl_requirements requirements{};
  requirements.struct_size = sizeof(requirements);
  char reason[256] = "";
  if (const char* why = kernel.query(call, requirements, std::span<char>(reason, sizeof(reason))))
    return *why ? why : "refused without a reason";
  // Scratch is poisoned, exact in size and guarded.
  const auto bytes = static_cast<size_t>(requirements.scratch_bytes);
  std::vector<std::byte> scratch(bytes + 128, std::byte{0xfe});
  std::byte* aligned = scratch.data() + (64 - reinterpret_cast<uintptr_t>(scratch.data()) % 64);
  kernel.run({tensors.data(), &out, static_cast<uint32_t>(tensors.size()), 1, math, attrs, bytes ? aligned : nullptr,
              bytes, requirements.plan});
  for (std::byte* p = aligned + bytes; p < scratch.data() + scratch.size(); ++p) {
    if (*p != std::byte{0xfe}) return "wrote beyond its scratch";
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i]->storage() != before[i]) return "changed input " + std::to_string(i);
  }
  return "";
}

// One output element against its reference; `magnitude` is sum|a||b|, k the number of products.
inline bool within_bound(Value got, Value ref, long double magnitude, int64_t k, uint32_t dtype) {
  const long double scale = std::max(8.0L, std::sqrt(static_cast<long double>(k))) * unit_roundoff(dtype) * magnitude;
  const auto close = [&](long double a, long double b) { return std::abs(a - b) <= scale + ulp_at(b, dtype); };
  return close(got.real(), ref.real()) && close(got.imag(), ref.imag());
}

inline std::string index_text(const Shape& index) {
  std::string text = "[";
  for (int64_t i : index) text += std::to_string(i) + " ";
  return text + "]";
}

}  // namespace ferrule::cpu::test
