#include "host_tensor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "value.h"

namespace ferrule::cpu::testing {

HostTensor::HostTensor(uint32_t dtype, Shape shape) : dtype_(dtype), shape_(std::move(shape)), strides_(shape_.size()) {
  int64_t n = 1;
  for (size_t i = shape_.size(); i-- > 0;) {
    strides_[i] = n;
    n *= shape_[i];
  }
  storage_.assign(static_cast<size_t>(n * item_size(dtype)), std::byte{0xA5});
}

HostTensor HostTensor::permuted(const std::vector<int>& order) const {
  HostTensor out = *this;
  for (size_t i = 0; i < order.size(); ++i) {
    out.shape_[i] = shape_[static_cast<size_t>(order[i])];
    out.strides_[i] = strides_[static_cast<size_t>(order[i])];
  }
  return out;
}

HostTensor HostTensor::strided(int axis, int64_t step) const {
  const auto a = static_cast<size_t>(axis);
  const int64_t factor = std::abs(step);
  Shape wide = shape_;
  wide[a] *= factor;
  HostTensor out(dtype_, wide);
  out.shape_ = shape_;
  out.strides_[a] *= step;
  if (step < 0) out.offset_ = -out.strides_[a] * (shape_[a] - 1) * static_cast<int64_t>(item_size(dtype_));
  for (int64_t i = 0; i < size(); ++i) std::memcpy(out.element(i), element(i), item_size(dtype_));
  return out;
}

HostTensor HostTensor::broadcast(int axis, int64_t n) const {
  HostTensor out = *this;
  out.shape_[static_cast<size_t>(axis)] = n;
  out.strides_[static_cast<size_t>(axis)] = 0;
  return out;
}

int64_t HostTensor::size() const {
  int64_t n = 1;
  for (const int64_t extent : shape_) n *= extent;
  return n;
}

int64_t HostTensor::flat(const Shape& index) const {
  int64_t i = 0;
  for (size_t a = 0; a < shape_.size(); ++a) i = i * shape_[a] + index[a];
  return i;
}

std::byte* HostTensor::element(int64_t i) const {
  int64_t at = 0;
  for (size_t a = shape_.size(); a-- > 0;) {
    at += i % shape_[a] * strides_[a];
    i /= shape_[a];
  }
  return raw() + at * static_cast<int64_t>(item_size(dtype_));
}

std::complex<double> HostTensor::get_complex(int64_t i) const {
  std::complex<double> value;
  visit_any(dtype_, [&](auto type) {
    decltype(type) raw_value;
    std::memcpy(&raw_value, element(i), sizeof raw_value);
    if constexpr (std::is_same_v<decltype(type), Complex>)
      value = {raw_value.re, raw_value.im};
    else
      value = static_cast<double>(widen(raw_value));
  });
  return value;
}

int64_t HostTensor::get_int(int64_t i) const {
  int64_t value = 0;
  visit_any(dtype_, [&](auto type) {
    using T = decltype(type);
    T raw_value;
    std::memcpy(&raw_value, element(i), sizeof raw_value);
    if constexpr (std::is_integral_v<Compute<T>>) value = static_cast<int64_t>(widen(raw_value));
  });
  return value;
}

void HostTensor::set(int64_t i, std::complex<double> value) {
  visit_any(dtype_, [&](auto type) {
    using T = decltype(type);
    T raw_value;
    if constexpr (std::is_same_v<T, Complex>)
      raw_value = {static_cast<float>(value.real()), static_cast<float>(value.imag())};
    else
      raw_value = narrow<T>(static_cast<Compute<T>>(value.real()));
    std::memcpy(element(i), &raw_value, sizeof raw_value);
  });
}

void HostTensor::set_int(int64_t i, int64_t value) {
  visit_any(dtype_, [&](auto type) {
    using T = decltype(type);
    if constexpr (std::is_integral_v<Compute<T>>) {
      const T raw_value = narrow<T>(static_cast<Compute<T>>(value));
      std::memcpy(element(i), &raw_value, sizeof raw_value);
    }
  });
}

HostTensor& HostTensor::fill_random(uint32_t seed, double low, double high) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<double> draw(low, high);
  const bool is_unsigned = dtype_ >= FRL_DTYPE_U8 && dtype_ <= FRL_DTYPE_U64;
  for (int64_t i = 0; i < size(); ++i) {
    const double re = draw(rng), im = draw(rng);
    if (dtype_ == FRL_DTYPE_BOOL)
      set(i, re > (low + high) / 2 ? 1 : 0);
    else
      set(i, {is_unsigned ? std::abs(re) : re, im});
  }
  return *this;
}

Tensor HostTensor::view() const {
  return {raw(), dtype_, static_cast<uint32_t>(shape_.size()), shape_.data(), strides_.data()};
}

frl_tensor HostTensor::abi() const {
  frl_tensor t{};
  t.dtype = dtype_;
  t.ndim = static_cast<uint16_t>(shape_.size());
  std::copy(shape_.begin(), shape_.end(), t.shape);
  std::copy(strides_.begin(), strides_.end(), t.strides);
  return t;
}

const Kernel& find_kernel(std::string_view name) {
  for (const auto family :
       {reduce_kernels(), index_kernels(), random_kernels(), scan_kernels(), sort_kernels(), row_kernels()})
    for (const Kernel& kernel : family)
      if (name == kernel.name) return kernel;
  throw std::runtime_error("no kernel named " + std::string(name));
}

namespace {

std::string query(std::string_view name, const std::vector<HostTensor>& inputs, const std::vector<HostTensor*>& outputs,
                  const void* attrs, frl_requirements& answer) {
  std::vector<frl_tensor> in, out;
  for (const auto& t : inputs) in.push_back(t.abi());
  for (const auto* t : outputs) out.push_back(t->abi());
  frl_call call{};
  call.inputs = in.data();
  call.outputs = out.data();
  call.n_inputs = static_cast<uint16_t>(in.size());
  call.n_outputs = static_cast<uint16_t>(out.size());
  call.attrs = attrs;
  answer = {};
  answer.struct_size = sizeof answer;
  char reason[256] = "";
  const char* refused = find_kernel(name).query(call, answer, std::span<char>(reason));
  return refused ? refused : "";
}

}  // namespace

std::string refusal(std::string_view name, const std::vector<HostTensor>& inputs,
                    const std::vector<HostTensor*>& outputs, const void* attrs) {
  frl_requirements answer;
  return query(name, inputs, outputs, attrs, answer);
}

void run_kernel(std::string_view name, const std::vector<HostTensor>& inputs, std::vector<HostTensor*> outputs,
                const void* attrs) {
  frl_requirements answer;
  const std::string refused = query(name, inputs, outputs, attrs, answer);
  ASSERT_EQ(refused, "") << name;
  ASSERT_GT(answer.support, 0) << name;
  std::vector<HostTensor> contiguous = inputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (((answer.contiguous_inputs >> i) & 1u) == 0 || inputs[i].dtype() == FRL_NONE) continue;
    contiguous[i] = HostTensor(inputs[i].dtype(), inputs[i].shape());
    const size_t bytes = item_size(inputs[i].dtype());
    const HostTensor packed = inputs[i].strided(0, 1);
    if (packed.size() > 0) std::memcpy(contiguous[i].raw(), packed.raw(), static_cast<size_t>(packed.size()) * bytes);
  }
  std::vector<Tensor> in, out;
  for (const auto& t : contiguous) in.push_back(t.view());
  for (const auto* t : outputs) out.push_back(t->view());
  std::vector<std::byte> scratch(answer.scratch_bytes);
  Call call{};
  call.inputs = in.data();
  call.outputs = out.data();
  call.n_inputs = static_cast<uint32_t>(in.size());
  call.n_outputs = static_cast<uint32_t>(out.size());
  call.attrs = attrs;
  call.scratch = scratch.data();
  call.scratch_bytes = scratch.size();
  find_kernel(name).run(call);
}

bool is_float(uint32_t dtype) { return dtype >= FRL_DTYPE_F16; }

double unit_roundoff(uint32_t dtype) {
  switch (dtype) {
    case FRL_DTYPE_F16:
      return 0x1p-11;
    case FRL_DTYPE_BF16:
      return 0x1p-8;
    case FRL_DTYPE_F32:
    case FRL_DTYPE_C64:
      return 0x1p-24;
    case FRL_DTYPE_F64:
      return 0x1p-53;
    default:
      return 0;
  }
}

}  // namespace ferrule::cpu::testing
