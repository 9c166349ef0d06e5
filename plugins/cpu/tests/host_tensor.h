// Host arrays of any dtype and layout for kernel tests, and a way to call a kernel on them as the stream would.
// Elements are read and written as double or complex<double>, so that references are computed independently.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel.h"

namespace ferrule::cpu::testing {

using Shape = std::vector<int64_t>;

class HostTensor {
 public:
  // Row-major, every byte 0xA5.
  HostTensor(uint32_t dtype, Shape shape);
  // The same elements seen with axes permuted (no copy is shared: storage moves along).
  HostTensor permuted(const std::vector<int>& order) const;
  // Every second element of an axis, from a storage twice as long; or the axis reversed.
  HostTensor strided(int axis, int64_t step) const;
  // Extent 1 on an axis becomes n by a zero stride.
  HostTensor broadcast(int axis, int64_t n) const;

  uint32_t dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t size() const;
  // i counts elements in row-major order of the shape.
  double get(int64_t i) const { return get_complex(i).real(); }
  std::complex<double> get_complex(int64_t i) const;
  int64_t get_int(int64_t i) const;  // exact for 64-bit integers
  void set(int64_t i, std::complex<double> value);
  void set_int(int64_t i, int64_t value);
  int64_t flat(const Shape& index) const;

  HostTensor& fill_random(uint32_t seed, double low, double high);

  Tensor view() const;
  frl_tensor abi() const;
  std::byte* raw() const { return const_cast<std::byte*>(storage_.data()) + offset_; }

 private:
  std::byte* element(int64_t i) const;

  uint32_t dtype_;
  Shape shape_, strides_;
  std::vector<std::byte> storage_;
  int64_t offset_ = 0;  // bytes
};

const Kernel& find_kernel(std::string_view name);

// Queries, makes inputs contiguous where the answer asks for it, runs. Fails the test when the query refuses.
void run_kernel(std::string_view name, const std::vector<HostTensor>& inputs, std::vector<HostTensor*> outputs,
                const void* attrs = nullptr);
// The reason for a refusal; empty when the call is supported.
std::string refusal(std::string_view name, const std::vector<HostTensor>& inputs,
                    const std::vector<HostTensor*>& outputs, const void* attrs = nullptr);

inline constexpr uint32_t kAllDtypes[] = {FRL_DTYPE_BOOL, FRL_DTYPE_U8,  FRL_DTYPE_U16, FRL_DTYPE_U32, FRL_DTYPE_U64,
                                          FRL_DTYPE_I8,   FRL_DTYPE_I16, FRL_DTYPE_I32, FRL_DTYPE_I64, FRL_DTYPE_F16,
                                          FRL_DTYPE_BF16, FRL_DTYPE_F32, FRL_DTYPE_F64, FRL_DTYPE_C64};
inline constexpr uint32_t kRealDtypes[] = {FRL_DTYPE_BOOL, FRL_DTYPE_U8,  FRL_DTYPE_U16, FRL_DTYPE_U32, FRL_DTYPE_U64,
                                           FRL_DTYPE_I8,   FRL_DTYPE_I16, FRL_DTYPE_I32, FRL_DTYPE_I64, FRL_DTYPE_F16,
                                           FRL_DTYPE_BF16, FRL_DTYPE_F32, FRL_DTYPE_F64};
inline constexpr uint32_t kFloatDtypes[] = {FRL_DTYPE_F16, FRL_DTYPE_BF16, FRL_DTYPE_F32, FRL_DTYPE_F64};

bool is_float(uint32_t dtype);
// Long samples are slow to check, and the code under test depends on the width at most: four dtypes stand for all.
inline bool takes_long_samples(uint32_t dtype) {
  return dtype == FRL_DTYPE_U8 || dtype == FRL_DTYPE_BF16 || dtype == FRL_DTYPE_F32 || dtype == FRL_DTYPE_I64;
}
// Half the distance between 1 and the next value; 0 for integers.
double unit_roundoff(uint32_t dtype);

}  // namespace ferrule::cpu::testing
