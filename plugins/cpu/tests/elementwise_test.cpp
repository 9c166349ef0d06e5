// Elementwise kernels through their queries and run functions: layouts, dtypes and values, against float64. The loops
// of each instruction set are swept by elementwise_loops_test.cpp.
#include <gtest/gtest.h>

#include <bit>
#include <complex>
#include <cstring>
#include <numeric>
#include <vector>

#include "elementwise/loop_table.h"
#include "elementwise_reference.h"
#include "kernel.h"

namespace ferrule::cpu::test {
namespace {

const Kernel& find(const char* name) {
  for (const Kernel& kernel : elementwise_kernels()) {
    if (std::strcmp(kernel.name, name) == 0) return kernel;
  }
  throw std::runtime_error(std::string("no kernel named ") + name);
}

uint32_t code_of(const char* op) {
#define FRL_OP(code, name, ...) \
  if (std::strcmp(op, #name) == 0) return code;
#include "ferrule/ops.def"
#undef FRL_OP
  return 0;
}

// An operand over a vector: shape, strides in elements, offset of index 0.
template <typename T>
struct Operand {
  std::vector<T>* data;
  uint32_t dtype;
  std::vector<int64_t> shape, strides;
  int64_t offset = 0;
  Tensor tensor() const {
    return {reinterpret_cast<std::byte*>(data->data() + offset), dtype, static_cast<uint32_t>(shape.size()),
            shape.data(), strides.data()};
  }
};

std::vector<int64_t> row_major(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t step = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

const char* ask(const char* name, const frl_call& call, frl_requirements& answer) {
  static char reason[256];
  return find(name).query(call, answer, std::span<char>(reason));
}

void run(const char* name, std::vector<Tensor> inputs, Tensor output) {
  Call call{};
  call.inputs = inputs.data();
  call.outputs = &output;
  call.n_inputs = static_cast<uint32_t>(inputs.size());
  call.n_outputs = 1;
  find(name).run(call);
}

// The element of an operand at a flat index of its shape.
template <typename T>
T at(const Operand<T>& operand, int64_t flat) {
  int64_t place = operand.offset;
  for (size_t i = operand.shape.size(); i-- > 0;) {
    place += flat % operand.shape[i] * operand.strides[i];
    flat /= operand.shape[i];
  }
  return (*operand.data)[static_cast<size_t>(place)];
}

struct Layout {
  const char* name;
  std::vector<int64_t> shape, a, b;
  int64_t a_offset, b_offset;
};

// a and b are drawn from buffers of 4096 * 5 elements.
const Layout kLayouts[] = {
    {"contiguous", {4095}, {1}, {1}, 0, 0},
    {"offset", {3, 1000}, {1000, 1}, {1000, 1}, 3, 1},
    {"transposed", {70, 200}, {1, 70}, {200, 1}, 0, 0},
    {"both_transposed", {17, 33}, {1, 17}, {1, 17}, 0, 0},
    {"scalar", {1234}, {1}, {0}, 0, 7},
    {"scalar_first", {1234}, {0}, {1}, 5, 0},
    {"both_scalars", {321}, {0}, {0}, 5, 6},
    {"row_broadcast", {30, 500}, {500, 1}, {0, 1}, 0, 0},
    {"column_broadcast", {30, 500}, {500, 1}, {1, 0}, 0, 0},
    {"short_rows", {500, 10}, {10, 1}, {0, 1}, 0, 0},
    {"reversed", {2000}, {-1}, {1}, 1999, 0},
    {"reversed_rows", {6, 300}, {-300, 1}, {300, -1}, 1500, 299},
    {"sliced", {40, 150}, {400, 2}, {150, 1}, 1, 0},
    {"outer_broadcast", {5, 40, 30}, {0, 30, 1}, {1200, 1, 40}, 0, 0},
    {"ten_dims",
     {2, 1, 2, 3, 2, 1, 2, 2, 3, 2},
     {0, 9, 1, 2, 0, 5, 6, 12, 24, 72},
     {144, 1, 72, 24, 12, 3, 6, 3, 1, 0},
     0,
     0},
    {"size_one", {1, 1}, {77, 0}, {5, 3}, 2, 2},
    {"zero_dims", {}, {}, {}, 2, 2},
};

class Layouts : public testing::TestWithParam<Layout> {};

template <typename T, typename F>
void check_layout(const char* op, const Layout& layout, uint32_t dtype, F expected) {
  std::vector<T> x(4096 * 5), y(4096 * 5);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<T>(static_cast<float>(i % 251) - 100);
    y[i] = static_cast<T>(static_cast<float>(i % 13) + 1);
  }
  const Operand<T> a{&x, dtype, layout.shape, layout.a, layout.a_offset};
  const Operand<T> b{&y, dtype, layout.shape, layout.b, layout.b_offset};
  const int64_t n = a.tensor().size();
  std::vector<T> result(static_cast<size_t>(n) + 8, static_cast<T>(42));
  const Operand<T> out{&result, dtype, layout.shape, row_major(layout.shape)};
  run(op, {a.tensor(), b.tensor()}, out.tensor());
  for (int64_t i = 0; i < n; ++i) {
    ASSERT_EQ(result[static_cast<size_t>(i)], expected(at(a, i), at(b, i))) << op << " at element " << i;
  }
  for (size_t i = static_cast<size_t>(n); i < result.size(); ++i)
    ASSERT_EQ(result[i], static_cast<T>(42)) << "written past the end";
}

TEST_P(Layouts, SubtractInEveryItemSize) {
  check_layout<float>("subtract", GetParam(), FRL_DTYPE_F32, [](float x, float y) { return x - y; });
  check_layout<double>("subtract", GetParam(), FRL_DTYPE_F64, [](double x, double y) { return x - y; });
  check_layout<int8_t>("subtract", GetParam(), FRL_DTYPE_I8,
                       [](int8_t x, int8_t y) { return static_cast<int8_t>(x - y); });
  check_layout<uint16_t>("subtract", GetParam(), FRL_DTYPE_U16,
                         [](uint16_t x, uint16_t y) { return static_cast<uint16_t>(x - y); });
  check_layout<int64_t>("subtract", GetParam(), FRL_DTYPE_I64, [](int64_t x, int64_t y) { return x - y; });
  check_layout<std::complex<float>>("subtract", GetParam(), FRL_DTYPE_C64, [](auto x, auto y) { return x - y; });
}

TEST_P(Layouts, NarrowFloatsAreComputedInF32) {
  const LoopTable& table = loop_table();
  const Layout& layout = GetParam();
  for (const uint32_t dtype : {uint32_t{FRL_DTYPE_F16}, uint32_t{FRL_DTYPE_BF16}}) {
    std::vector<float> wide(4096 * 5);
    for (size_t i = 0; i < wide.size(); ++i) wide[i] = static_cast<float>(i % 509) / 16 - 7;
    std::vector<uint16_t> x(wide.size());
    const void* in = wide.data();
    table.casts[FRL_DTYPE_F32][dtype](&in, x.data(), x.size(), 0);
    const Operand<uint16_t> a{&x, dtype, layout.shape, layout.a, layout.a_offset};
    const Operand<uint16_t> b{&x, dtype, layout.shape, layout.b, layout.b_offset};
    const int64_t n = a.tensor().size();
    std::vector<uint16_t> result(static_cast<size_t>(n));
    const Operand<uint16_t> out{&result, dtype, layout.shape, row_major(layout.shape)};
    run("multiply", {a.tensor(), b.tensor()}, out.tensor());
    const auto widen = [&](uint16_t bits) {
      float value;
      const void* from = &bits;
      table.casts[dtype][FRL_DTYPE_F32](&from, &value, 1, 0);
      return value;
    };
    for (int64_t i = 0; i < n; ++i) {
      const double truth = static_cast<double>(widen(at(a, i))) * widen(at(b, i));
      const double error =
          ulp_error(dtype == FRL_DTYPE_F16 ? kF16 : kBF16, widen(result[static_cast<size_t>(i)]), truth, 0);
      ASSERT_LE(error, 0.5) << "dtype " << dtype << " at element " << i;
    }
  }
}

TEST_P(Layouts, SelectTakesBitsOfOneOperand) {
  const Layout& layout = GetParam();
  std::vector<uint8_t> conditions(4096 * 5);
  std::vector<uint32_t> x(conditions.size()), y(conditions.size());
  for (size_t i = 0; i < x.size(); ++i) {
    conditions[i] = static_cast<uint8_t>(i % 3 == 0 ? 0 : i % 255);
    x[i] = 0x7fa00000u + static_cast<uint32_t>(i);  // NaN payloads
    y[i] = static_cast<uint32_t>(i);
  }
  const Operand<uint8_t> condition{&conditions, FRL_DTYPE_BOOL, layout.shape, layout.b, layout.b_offset};
  const Operand<uint32_t> a{&x, FRL_DTYPE_F32, layout.shape, layout.a, layout.a_offset};
  const Operand<uint32_t> b{&y, FRL_DTYPE_F32, layout.shape, layout.b, layout.b_offset};
  const int64_t n = a.tensor().size();
  std::vector<uint32_t> result(static_cast<size_t>(n));
  const Operand<uint32_t> out{&result, FRL_DTYPE_F32, layout.shape, row_major(layout.shape)};
  run("select", {condition.tensor(), a.tensor(), b.tensor()}, out.tensor());
  for (int64_t i = 0; i < n; ++i) {
    ASSERT_EQ(result[static_cast<size_t>(i)], at(condition, i) != 0 ? at(a, i) : at(b, i)) << "at element " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Elementwise, Layouts, testing::ValuesIn(kLayouts),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Elementwise, LargeCallsAreCutIntoTasksAndCoverEveryElement) {
  const std::vector<int64_t> shape{300001};
  std::vector<float> x(300001), y(300001), result(300001);
  std::iota(x.begin(), x.end(), 0.0f);
  std::fill(y.begin(), y.end(), 0.5f);
  const Operand<float> a{&x, FRL_DTYPE_F32, shape, {1}}, b{&y, FRL_DTYPE_F32, shape, {1}},
      out{&result, FRL_DTYPE_F32, shape, {1}};
  run("add", {a.tensor(), b.tensor()}, out.tensor());
  for (size_t i = 0; i < result.size(); ++i) ASSERT_EQ(result[i], x[i] + 0.5f);
}

TEST(Elementwise, OutputMayTakeAnOperandsMemory) {
  const std::vector<int64_t> shape{1003};
  std::vector<float> x(1003), y(1003, 2.0f);
  std::iota(x.begin(), x.end(), 1.0f);
  const Operand<float> a{&x, FRL_DTYPE_F32, shape, {1}}, b{&y, FRL_DTYPE_F32, shape, {1}};
  run("divide", {b.tensor(), a.tensor()}, a.tensor());
  for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(x[i], 2.0f / static_cast<float>(i + 1));
}

template <typename T>
T scalar(const char* op, T x, T y, uint32_t dtype) {
  std::vector<T> a{x}, b{y}, result{T{}};
  const Operand<T> left{&a, dtype, {}, {}}, right{&b, dtype, {}, {}}, out{&result, dtype, {}, {}};
  run(op, {left.tensor(), right.tensor()}, out.tensor());
  return result[0];
}

TEST(Elementwise, IntegerDivisionFloorsAndNeverTraps) {
  const auto divide = [](int32_t x, int32_t y) { return scalar<int32_t>("floor_divide", x, y, FRL_DTYPE_I32); };
  const auto remainder = [](int32_t x, int32_t y) { return scalar<int32_t>("remainder", x, y, FRL_DTYPE_I32); };
  EXPECT_EQ(divide(-7, 2), -4);
  EXPECT_EQ(divide(7, -2), -4);
  EXPECT_EQ(divide(-8, 2), -4);
  EXPECT_EQ(divide(5, 0), 0);
  EXPECT_EQ(divide(INT32_MIN, -1), INT32_MIN);
  EXPECT_EQ(remainder(-7, 2), 1);
  EXPECT_EQ(remainder(7, -2), -1);
  EXPECT_EQ(remainder(5, 0), 5);
  EXPECT_EQ(remainder(INT32_MIN, -1), 0);
  EXPECT_EQ(scalar<int64_t>("floor_divide", INT64_MIN, -1, FRL_DTYPE_I64), INT64_MIN);
  EXPECT_EQ(scalar<int8_t>("floor_divide", INT8_MIN, -1, FRL_DTYPE_I8), INT8_MIN);
}

TEST(Elementwise, IntegerPowerWrapsAndNegativeExponentsGiveZero) {
  EXPECT_EQ(scalar<int32_t>("power", 3, 5, FRL_DTYPE_I32), 243);
  EXPECT_EQ(scalar<int32_t>("power", 0, 0, FRL_DTYPE_I32), 1);
  EXPECT_EQ(scalar<int32_t>("power", 1, -1, FRL_DTYPE_I32), 0);
  EXPECT_EQ(scalar<uint8_t>("power", 2, 10, FRL_DTYPE_U8), 0);
  EXPECT_EQ(scalar<int32_t>("power", 3, 40, FRL_DTYPE_I32), static_cast<int32_t>(12157665459056928801ull));
}

TEST(Elementwise, ShiftsBeyondTheWidthGiveZeroOrTheSign) {
  EXPECT_EQ(scalar<int32_t>("left_shift", 1, 31, FRL_DTYPE_I32), INT32_MIN);
  EXPECT_EQ(scalar<int32_t>("left_shift", 1, 32, FRL_DTYPE_I32), 0);
  EXPECT_EQ(scalar<int32_t>("left_shift", 1, -1, FRL_DTYPE_I32), 0);
  EXPECT_EQ(scalar<int32_t>("right_shift", -8, 1, FRL_DTYPE_I32), -4);
  EXPECT_EQ(scalar<int32_t>("right_shift", -8, 32, FRL_DTYPE_I32), -1);
  EXPECT_EQ(scalar<int32_t>("right_shift", 8, -1, FRL_DTYPE_I32), 0);
  EXPECT_EQ(scalar<int32_t>("right_shift", -8, -1, FRL_DTYPE_I32), -1);
  EXPECT_EQ(scalar<uint8_t>("right_shift", 200, 7, FRL_DTYPE_U8), 1);
  EXPECT_EQ(scalar<uint64_t>("left_shift", 3, 63, FRL_DTYPE_U64), 1ull << 63);
}

TEST(Elementwise, QueryRefusesWhatTheOpDoesNotTake) {
  frl_tensor tensors[3] = {};
  for (frl_tensor& tensor : tensors) tensor.dtype = FRL_DTYPE_F32;
  frl_call call{};
  call.inputs = tensors;
  call.outputs = &tensors[2];
  call.n_inputs = 2;
  call.n_outputs = 1;
  frl_requirements answer{};
  EXPECT_EQ(ask("add", call, answer), nullptr);
  EXPECT_EQ(answer.inline_ok, 3u);
  EXPECT_EQ(answer.reuse_input_for_output, 3u);
  EXPECT_STREQ(ask("bitwise_and", call, answer), "got operands of dtype float32, which the op does not take");
  EXPECT_STREQ(ask("less", call, answer), "got an output of dtype float32; expected bool");
  tensors[1].dtype = FRL_DTYPE_F64;
  EXPECT_STREQ(ask("add", call, answer), "got operands of dtype float32 and float64; expected one dtype");
}

TEST(Elementwise, EveryOpHasALoopForEveryDtypeOfItsDomain) {
  const LoopTable& table = loop_table();
  for (const Kernel& kernel : elementwise_kernels()) {
    for (uint32_t dtype = 1; dtype < kDtypes; ++dtype) {
      frl_tensor tensors[4] = {};
      for (frl_tensor& tensor : tensors) tensor.dtype = dtype;
      const bool is_select = std::strcmp(kernel.name, "select") == 0;
      if (is_select) tensors[0].dtype = FRL_DTYPE_BOOL;
      frl_call call{};
      call.inputs = tensors;
      call.outputs = &tensors[3];
      call.n_outputs = 1;
      frl_requirements answer{};
      bool taken = false;
      for (const uint32_t result : {dtype, uint32_t{FRL_DTYPE_BOOL}, uint32_t{FRL_DTYPE_F32}}) {
        tensors[3].dtype = result;
        taken = taken || ask(kernel.name, call, answer) == nullptr;
      }
      if (!taken) continue;
      const uint32_t code = code_of(kernel.name);
      EXPECT_NE(table.ops[code][compute_dtype(dtype)], nullptr) << kernel.name << " of dtype " << dtype;
    }
  }
}

}  // namespace
}  // namespace ferrule::cpu::test
