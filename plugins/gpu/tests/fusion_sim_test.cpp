// Fused kernels as they are generated, run on the simulated device: strides, broadcasts, tails, every way to share a
// reduction, and epilogues, against plain loops in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "fusion_cases.h"
#include "fusion_registry.h"
#include "host/command_list.h"
#include "host/device.h"
#include "host/fusion_program.h"

namespace ferrule::gpu::testing {
namespace {

class GeneratedModules : public FusedModules {
 public:
  std::shared_ptr<const FusedModule> get(const std::string& source, FusedForm form) override {
    const std::vector<FusionCase> cases = fusion_cases();
    for (size_t i = 0; i < cases.size(); ++i) {
      if (cases[i].form != form || fused_source(cases[i].expression, form).text != source) continue;
      const GeneratedKernels kernels = generated_kernels()[i];
      return std::make_shared<const FusedModule>(kernels.main, kernels.finish);
    }
    ADD_FAILURE() << "not generated:\n" << source;
    return nullptr;
  }
};

using Shape = std::vector<int64_t>;

Shape row_major(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  return strides;
}

class FusionSim : public ::testing::Test {
 protected:
  FusionSim() : device_(0) {}
  void SetUp() override { ASSERT_EQ(vendor::stream_create(&stream_, 0), vendor::kOk); }
  void TearDown() override { EXPECT_EQ(vendor::stream_destroy(stream_), vendor::kOk); }

  std::unique_ptr<FusedProgram> program(const std::string& name) {
    for (const FusionCase& c : fusion_cases()) {
      if (c.name == name) return std::make_unique<FusedProgram>(c.expression, modules_);
    }
    ADD_FAILURE() << name;
    return nullptr;
  }

  // Asks, gives the scratch that was asked for, and runs.
  void run(const FusedProgram& fused, const std::vector<Operand>& inputs, const std::vector<Operand>& outputs) {
    std::vector<frl_tensor> tensors;
    for (const auto* list : {&inputs, &outputs}) {
      for (const Operand& operand : *list) {
        frl_tensor t{};
        t.dtype = operand.dtype;
        t.ndim = static_cast<uint16_t>(operand.ndim);
        for (uint32_t d = 0; d < operand.ndim; ++d) {
          t.shape[d] = operand.shape[d];
          t.strides[d] = operand.strides[d];
        }
        t.flags = operand.value != nullptr ? FRL_TENSOR_INLINE : 0;
        tensors.push_back(t);
      }
    }
    frl_call asked{};
    asked.inputs = tensors.data();
    asked.outputs = tensors.data() + inputs.size();
    asked.n_inputs = static_cast<uint16_t>(inputs.size());
    asked.n_outputs = static_cast<uint16_t>(outputs.size());
    Answer answer{};
    char reason[256] = "";
    const char* refused = fused.query(device_, asked, answer, reason);
    ASSERT_EQ(refused, nullptr) << refused;
    scratch_bytes_ = answer.requirements.scratch_bytes;
    std::vector<std::byte> scratch(scratch_bytes_ + 1, std::byte{0xff});
    Call call{};
    call.inputs = inputs;
    call.outputs = outputs;
    call.scratch = scratch.data();
    call.scratch_bytes = scratch_bytes_;
    CommandList commands;
    commands.begin_call({}, {});
    fused.run(device_, call, commands);
    std::vector<void*> arguments;
    for (const Command& command : commands.commands()) {
      commands.arguments_of(command, arguments);
      const vendor::Status status = vendor::launch(command.function, command.shape, arguments.data(), stream_);
      ASSERT_EQ(status, vendor::kOk) << vendor::describe(status);
    }
    EXPECT_EQ(vendor::stream_synchronize(stream_), vendor::kOk);
  }

  Device device_;
  GeneratedModules modules_;
  vendor::Stream stream_ = nullptr;
  uint64_t scratch_bytes_ = 0;
};

std::vector<float> numbers(int64_t n, uint32_t seed) {
  std::vector<float> list(static_cast<size_t>(n));
  for (float& x : list) {
    seed = seed * 1664525u + 1013904223u;
    x = static_cast<float>(seed >> 16) / 32768.0f - 1.0f;
  }
  return list;
}

Operand operand(void* data, uint32_t dtype, const Shape& shape, const Shape& strides) {
  return {data, dtype, static_cast<uint32_t>(shape.size()), shape.data(), strides.data(), nullptr};
}

float half_value(uint16_t h) {
  const int exponent = (h >> 10) & 31, mantissa = h & 1023;
  const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                        : std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25);
  return (h & 0x8000) != 0 ? -magnitude : magnitude;
}

struct MapCase {
  const char* name;
  Shape shape, x_strides, y_strides, out_strides;
  int64_t x_offset;
};

class FusionSimMap : public FusionSim, public ::testing::WithParamInterface<MapCase> {};

TEST_P(FusionSimMap, ComputesEveryElement) {
  const MapCase& c = GetParam();
  std::vector<float> x = numbers(20000, 1), y = numbers(20000, 2), out(20000, -7.0f);
  std::vector<uint16_t> half(20000, 0x7e00);
  float* first = x.data() + c.x_offset;
  run(*program("map"),
      {operand(first, FRL_DTYPE_F32, c.shape, c.x_strides), operand(y.data(), FRL_DTYPE_F32, c.shape, c.y_strides)},
      {operand(out.data(), FRL_DTYPE_F32, c.shape, c.out_strides),
       operand(half.data(), FRL_DTYPE_F16, c.shape, c.out_strides)});
  for (int64_t i = 0; i < c.shape[0]; ++i) {
    for (int64_t j = 0; j < c.shape[1]; ++j) {
      const float a = first[i * c.x_strides[0] + j * c.x_strides[1]];
      const float b = y[static_cast<size_t>(i * c.y_strides[0] + j * c.y_strides[1])];
      const auto at = static_cast<size_t>(i * c.out_strides[0] + j * c.out_strides[1]);
      const float product = a * 1.5f, want = a > b ? product + 0.5f : b;
      ASSERT_EQ(out[at], want) << i << ", " << j;
      ASSERT_NEAR(half_value(half[at]), want, std::fabs(want) / 2048 + 1e-7) << i << ", " << j;
      out[at] = -7.0f;
    }
  }
  for (const float rest : out) ASSERT_EQ(rest, -7.0f) << "written outside";
}

INSTANTIATE_TEST_SUITE_P(Layouts, FusionSimMap,
                         ::testing::Values(MapCase{"contiguous", {1, 4096}, {0, 1}, {0, 1}, {0, 1}, 0},
                                           MapCase{"tail", {1, 10007}, {0, 1}, {0, 1}, {0, 1}, 0},
                                           MapCase{"scalar", {1, 10007}, {0, 1}, {0, 0}, {0, 1}, 0},
                                           MapCase{"only_scalars", {1, 1003}, {0, 0}, {0, 0}, {0, 1}, 0},
                                           MapCase{"unaligned", {1, 1003}, {0, 1}, {0, 1}, {0, 1}, 1},
                                           MapCase{"row", {40, 52}, {52, 1}, {0, 1}, {52, 1}, 0},
                                           MapCase{"column", {40, 52}, {52, 1}, {1, 0}, {52, 1}, 0},
                                           MapCase{"odd", {37, 53}, {53, 1}, {0, 1}, {53, 1}, 0},
                                           MapCase{"transposed", {40, 52}, {1, 40}, {52, 1}, {52, 1}, 0},
                                           MapCase{"reversed", {40, 52}, {-52, -1}, {52, 1}, {52, 1}, 2079},
                                           MapCase{"sliced_out", {40, 52}, {52, 1}, {52, 1}, {104, 2}, 0}),
                         [](const auto& info) { return info.param.name; });

struct ReduceCase {
  int64_t rows, columns;
  bool transposed;
  int64_t offset;
};

class FusionSimReduce : public FusionSim, public ::testing::WithParamInterface<std::tuple<uint32_t, ReduceCase>> {};

// out = z - w * sum(x * y) over `axes`, and the sum itself; y is broadcast over the kept axis.
TEST_P(FusionSimReduce, SumsProductsAndGoesOn) {
  const uint32_t axes = std::get<0>(GetParam());
  const ReduceCase& c = std::get<1>(GetParam());
  const Shape shape = {c.rows, c.columns};
  const Shape reduced = {(axes & 1u) != 0 ? 1 : c.rows, (axes & 2u) != 0 ? 1 : c.columns};
  const Shape x_strides = c.transposed ? Shape{1, c.rows} : Shape{c.columns, 1};
  const Shape y_strides = {(axes & 1u) != 0 ? (axes == 3 ? c.columns : 1) : 0, (axes & 2u) != 0 ? 1 : 0};
  const int64_t results = reduced[0] * reduced[1];
  std::vector<float> x = numbers(c.rows * c.columns + 4, 3), y = numbers(c.rows * c.columns, 4);
  std::vector<float> z = numbers(results, 5), out(static_cast<size_t>(results)), sums(static_cast<size_t>(results));
  float* first = x.data() + c.offset;
  const uint64_t w_value[2] = {0x40200000u, 0};  // 2.5
  Operand w{nullptr, FRL_DTYPE_F32, 0, nullptr, nullptr, w_value};
  const Shape out_strides = row_major(reduced);
  run(*program("product_" + std::to_string(axes)),
      {operand(first, FRL_DTYPE_F32, shape, x_strides), operand(y.data(), FRL_DTYPE_F32, shape, y_strides),
       operand(z.data(), FRL_DTYPE_F32, reduced, out_strides), w},
      {operand(out.data(), FRL_DTYPE_F32, reduced, out_strides),
       operand(sums.data(), FRL_DTYPE_F32, reduced, out_strides)});
  std::vector<double> want(static_cast<size_t>(results)), scale(static_cast<size_t>(results));
  for (int64_t i = 0; i < c.rows; ++i) {
    for (int64_t j = 0; j < c.columns; ++j) {
      const double term = double{first[i * x_strides[0] + j * x_strides[1]]} *
                          y[static_cast<size_t>(i * y_strides[0] + j * y_strides[1])];
      const auto r = static_cast<size_t>(((axes & 1u) != 0 ? 0 : i) * out_strides[0] + ((axes & 2u) != 0 ? 0 : j));
      want[r] += term;
      scale[r] += std::fabs(term);
    }
  }
  for (size_t r = 0; r < want.size(); ++r) {
    ASSERT_NEAR(sums[r], want[r], scale[r] * 1e-6 + 1e-6) << r;
    ASSERT_EQ(out[r], z[r] - sums[r] * 2.5f) << r;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, FusionSimReduce,
    ::testing::Combine(::testing::Values(1u, 2u, 3u),
                       ::testing::Values(ReduceCase{1000, 100, false, 0}, ReduceCase{53, 101, false, 0},
                                         ReduceCase{64, 64, false, 1}, ReduceCase{1, 1, false, 0},
                                         ReduceCase{130, 60, true, 0}, ReduceCase{3, 7000, false, 0},
                                         ReduceCase{7000, 3, false, 0})));

TEST_F(FusionSim, SharesLongRowsAmongBlocks) {
  const int64_t rows = 2, columns = 100001;
  const Shape shape = {rows, columns}, strides = {columns, 1}, reduced = {rows, 1}, ones = {1, 1}, y_strides = {0, 0};
  std::vector<float> x(static_cast<size_t>(rows * columns), 1.0f), y = {2.0f}, z = {10.0f, 20.0f}, out(2), sums(2);
  const uint64_t w_value[2] = {0x3f800000u, 0};
  Operand w{nullptr, FRL_DTYPE_F32, 0, nullptr, nullptr, w_value};
  run(*program("product_2"),
      {operand(x.data(), FRL_DTYPE_F32, shape, strides), operand(y.data(), FRL_DTYPE_F32, shape, y_strides),
       operand(z.data(), FRL_DTYPE_F32, reduced, ones), w},
      {operand(out.data(), FRL_DTYPE_F32, reduced, ones), operand(sums.data(), FRL_DTYPE_F32, reduced, ones)});
  EXPECT_GT(scratch_bytes_, 0u);
  EXPECT_EQ(sums, (std::vector<float>{200002.0f, 200002.0f}));
  EXPECT_EQ(out, (std::vector<float>{10.0f - 200002.0f, 20.0f - 200002.0f}));
}

TEST_F(FusionSim, SharesLongColumnsAmongBlocks) {
  const int64_t rows = 200000, columns = 12;
  const Shape shape = {rows, columns}, strides = {columns, 1}, reduced = {1, columns}, kept = {columns, 1},
              none = {0, 0};
  std::vector<float> x(static_cast<size_t>(rows * columns)), y = {1.0f}, z(12, 0.0f), out(12), sums(12);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 12);
  const uint64_t w_value[2] = {0x3f800000u, 0};
  Operand w{nullptr, FRL_DTYPE_F32, 0, nullptr, nullptr, w_value};
  run(*program("product_1"),
      {operand(x.data(), FRL_DTYPE_F32, shape, strides), operand(y.data(), FRL_DTYPE_F32, shape, none),
       operand(z.data(), FRL_DTYPE_F32, reduced, kept), w},
      {operand(out.data(), FRL_DTYPE_F32, reduced, kept), operand(sums.data(), FRL_DTYPE_F32, reduced, kept)});
  EXPECT_GT(scratch_bytes_, 0u);
  for (size_t k = 0; k < 12; ++k) EXPECT_EQ(sums[k], 200000.0f * static_cast<float>(k)) << k;
}

TEST_F(FusionSim, ReducesHalfPrecisionAndSmallIntegers) {
  const Shape shape = {5, 300}, strides = {300, 1}, kept = {5, 1}, ones = {1, 1};
  std::vector<uint16_t> h(1500), most(5);
  for (size_t i = 0; i < h.size(); ++i) h[i] = static_cast<uint16_t>((i * 37) % 0x7c00);
  run(*program("max_f16"), {operand(h.data(), FRL_DTYPE_F16, shape, strides)},
      {operand(most.data(), FRL_DTYPE_F16, kept, ones)});
  for (size_t r = 0; r < 5; ++r) {
    EXPECT_EQ(most[r],
              *std::max_element(h.begin() + static_cast<long>(r) * 300, h.begin() + static_cast<long>(r + 1) * 300));
  }
  const Shape narrow = {6, 40}, narrow_strides = {40, 1}, across = {1, 40}, across_strides = {40, 1};
  std::vector<int8_t> b(240);
  std::vector<int32_t> products(40);
  for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<int8_t>(static_cast<int>(i % 11) - 5);
  run(*program("prod_i8"), {operand(b.data(), FRL_DTYPE_I8, narrow, narrow_strides)},
      {operand(products.data(), FRL_DTYPE_I32, across, across_strides)});
  for (size_t k = 0; k < 40; ++k) {
    int32_t want = 1;
    for (size_t i = 0; i < 6; ++i) want *= b[i * 40 + k];
    EXPECT_EQ(products[k], want) << k;
  }
}

}  // namespace
}  // namespace ferrule::gpu::testing
