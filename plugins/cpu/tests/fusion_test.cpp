// frl.fusion/1 of the cpu backend: expressions against float64 evaluation and, bit for bit, against the single kernels
// run node by node.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "elementwise/loop_table.h"
#include "elementwise/op_info.h"
#include "elementwise_reference.h"
#include "fusion.h"
#include "handles.h"
#include "registry.h"
#include "streaming.h"

namespace ferrule::cpu::test {
namespace {

// An expression under construction.
struct Expression {
  std::vector<frl_expr_node> nodes;
  std::vector<uint32_t> outputs;
  uint32_t n_inputs = 0;

  uint32_t input(uint32_t dtype) { return add({FRL_EXPR_INPUT, dtype, n_inputs++, 0, 0, 0, {0, 0}}); }
  uint32_t constant(float value) {
    return add({FRL_EXPR_CONSTANT, FRL_DTYPE_F32, 0, 0, 0, 0, {std::bit_cast<uint32_t>(value), 0}});
  }
  uint32_t op(uint32_t code, uint32_t dtype, uint32_t a, uint32_t b = 0, uint32_t c = 0) {
    return add({code, dtype, a, b, c, 0, {0, 0}});
  }
  uint32_t add(const frl_expr_node& node) {
    nodes.push_back(node);
    return static_cast<uint32_t>(nodes.size() - 1);
  }
  frl_expr expr() const {
    frl_expr e{};
    e.struct_size = sizeof e;
    e.n_nodes = static_cast<uint32_t>(nodes.size());
    e.n_inputs = n_inputs;
    e.n_outputs = static_cast<uint32_t>(outputs.size());
    e.nodes = nodes.data();
    e.outputs = outputs.data();
    return e;
  }
};

class Compiled {
 public:
  explicit Compiled(const Expression& expression) {
    const frl_expr expr = expression.expr();
    error_.struct_size = sizeof error_;
    status_ = fusion_extension()->compile(nullptr, &expr, &kernel_, &error_);
  }
  ~Compiled() {
    if (kernel_ != nullptr) fusion_extension()->release(nullptr, kernel_);
  }
  frl_status status() const { return status_; }
  const char* message() const { return error_.message; }
  frl_kernel* kernel() const { return kernel_; }
  void run(const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs) const {
    Call call{};
    call.inputs = inputs.data();
    call.outputs = outputs.data();
    call.n_inputs = static_cast<uint32_t>(inputs.size());
    call.n_outputs = static_cast<uint32_t>(outputs.size());
    call.plan = static_cast<const frl_plan*>(kernel_->program);
    kernel_->kernel.run(call);
  }

 private:
  frl_kernel* kernel_ = nullptr;
  frl_status status_;
  frl_error error_{};
};

template <typename T>
Tensor flat(std::vector<T>& data, uint32_t dtype, const std::vector<int64_t>& shape,
            const std::vector<int64_t>& strides) {
  return {reinterpret_cast<std::byte*>(data.data()), dtype, static_cast<uint32_t>(shape.size()), shape.data(),
          strides.data()};
}

TEST(Fusion, GeluEqualsItsFloat64Evaluation) {
  Expression e;
  const uint32_t x = e.input(FRL_DTYPE_F32);
  const uint32_t scaled = e.op(FRL_OP_multiply, FRL_DTYPE_F32, x, e.constant(0.70710678f));
  const uint32_t erf = e.op(FRL_OP_erf, FRL_DTYPE_F32, scaled);
  const uint32_t half = e.op(FRL_OP_multiply, FRL_DTYPE_F32, x, e.constant(0.5f));
  e.outputs = {e.op(FRL_OP_multiply, FRL_DTYPE_F32, half, e.op(FRL_OP_add, FRL_DTYPE_F32, erf, e.constant(1.0f)))};
  const Compiled compiled(e);
  ASSERT_EQ(compiled.status(), FRL_OK) << compiled.message();
  const std::vector<int64_t> shape{100003}, strides{1};
  std::vector<float> in(100003), out(100003);
  for (size_t i = 0; i < in.size(); ++i) in[i] = (static_cast<float>(i) - 50000) / 5000;
  compiled.run({flat(in, FRL_DTYPE_F32, shape, strides)}, {flat(out, FRL_DTYPE_F32, shape, strides)});
  for (size_t i = 0; i < in.size(); ++i) {
    const double v = in[i];
    // 1 + erf is rounded at 1: an error of that size, times x / 2.
    ASSERT_NEAR(out[i], 0.5 * v * (1 + std::erf(v * 0.70710678118)), 1.5e-7 * std::fabs(v) + 1e-7) << "x = " << v;
  }
}

TEST(Fusion, ACallWithoutItsInputsIsRefusedByName) {
  Expression e;
  e.outputs = {e.op(FRL_OP_exp, FRL_DTYPE_F32, e.input(FRL_DTYPE_F32))};
  const Compiled compiled(e);
  ASSERT_EQ(compiled.status(), FRL_OK) << compiled.message();
  frl_requirements needs{};
  needs.struct_size = sizeof needs;
  frl_error error{};
  error.struct_size = sizeof error;
  const frl_call call{};
  EXPECT_EQ(kernel_query(compiled.kernel(), &call, &needs, &error), FRL_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "[fused] got 0 inputs; expected 1 to 1");
}

TEST(Fusion, NarrowNodesRoundToTheirDtypeOneByOne) {
  for (const uint32_t dtype : {uint32_t{FRL_DTYPE_F16}, uint32_t{FRL_DTYPE_BF16}}) {
    Expression e;
    const uint32_t a = e.input(dtype);
    const uint32_t b = e.input(dtype);
    const uint32_t product = e.op(FRL_OP_multiply, dtype, a, b);
    e.outputs = {e.op(FRL_OP_subtract, dtype, product, e.op(FRL_OP_add, dtype, product, a))};
    const Compiled compiled(e);
    ASSERT_EQ(compiled.status(), FRL_OK) << compiled.message();
    const LoopTable& table = loop_table();
    const auto convert = [&](uint32_t from, uint32_t to, const void* in, void* out, size_t n) {
      table.casts[from][to](&in, out, n, 0);
    };
    const auto rounded = [&](float value) {
      uint16_t bits;
      convert(FRL_DTYPE_F32, dtype, &value, &bits, 1);
      convert(dtype, FRL_DTYPE_F32, &bits, &value, 1);
      return value;
    };
    const std::vector<int64_t> shape{5000}, strides{1};
    std::vector<float> x(5000), y(5000), got(5000);
    for (size_t i = 0; i < x.size(); ++i) {
      x[i] = rounded(std::sin(static_cast<float>(i)) * 30);
      y[i] = rounded(std::cos(static_cast<float>(i) * 3) * 7);
    }
    std::vector<uint16_t> x_bits(5000), y_bits(5000), out(5000);
    convert(FRL_DTYPE_F32, dtype, x.data(), x_bits.data(), x.size());
    convert(FRL_DTYPE_F32, dtype, y.data(), y_bits.data(), y.size());
    compiled.run({flat(x_bits, dtype, shape, strides), flat(y_bits, dtype, shape, strides)},
                 {flat(out, dtype, shape, strides)});
    convert(dtype, FRL_DTYPE_F32, out.data(), got.data(), got.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const float p = rounded(x[i] * y[i]);
      ASSERT_EQ(got[i], rounded(p - rounded(p + x[i]))) << "dtype " << dtype << " at " << i;
    }
  }
}

TEST(Fusion, AnswersWhyAnExpressionIsRefused) {
  {
    Expression e;
    e.outputs = {e.op(FRL_OP_add, FRL_DTYPE_F32, e.input(FRL_DTYPE_F32), e.input(FRL_DTYPE_I32))};
    const Compiled compiled(e);
    EXPECT_EQ(compiled.status(), FRL_INVALID_ARGUMENT);
    EXPECT_STREQ(compiled.message(), "[fusion] node 2 (add): operand 1 is int32; expected float32");
  }
  {
    Expression e;
    e.outputs = {e.op(FRL_OP_matmul, FRL_DTYPE_F32, e.input(FRL_DTYPE_F32), 0)};
    const Compiled compiled(e);
    EXPECT_EQ(compiled.status(), FRL_UNSUPPORTED);
  }
  {
    Expression e;
    e.input(FRL_DTYPE_F32);
    e.outputs = {7};
    const Compiled compiled(e);
    EXPECT_EQ(compiled.status(), FRL_INVALID_ARGUMENT);
  }
  {
    Expression e;
    e.outputs = {e.op(FRL_OP_exp, FRL_DTYPE_F32, 0)};  // its own operand
    const Compiled compiled(e);
    EXPECT_EQ(compiled.status(), FRL_INVALID_ARGUMENT);
  }
  const Compiled nothing{Expression()};
  EXPECT_EQ(nothing.status(), FRL_INVALID_ARGUMENT);
}

TEST(Fusion, SingleOutputMayTakeAnInputsMemory) {
  Expression e;
  const uint32_t x = e.input(FRL_DTYPE_F32);
  const uint32_t y = e.op(FRL_OP_add, FRL_DTYPE_F32, x, e.constant(1.0f));
  e.outputs = {e.op(FRL_OP_multiply, FRL_DTYPE_F32, e.op(FRL_OP_square, FRL_DTYPE_F32, y), x)};
  const Compiled compiled(e);
  const std::vector<int64_t> shape{70001}, strides{1};
  std::vector<float> data(70001);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<float>(i % 50);
  compiled.run({flat(data, FRL_DTYPE_F32, shape, strides)}, {flat(data, FRL_DTYPE_F32, shape, strides)});
  for (size_t i = 0; i < data.size(); ++i) {
    const float v = static_cast<float>(i % 50);
    ASSERT_EQ(data[i], (v + 1) * (v + 1) * v);
  }
}

// Every op that a chain keeps in registers, between two others, with its other operand on either side, as an input and as
// a constant, for lengths around a vector and a block.
TEST(Fusion, ChainsEqualTheirOps) {
  using Binary = float (*)(float, float);
  const std::pair<uint32_t, Binary> binary[] = {{FRL_OP_add, [](float a, float b) { return a + b; }},
                                                {FRL_OP_subtract, [](float a, float b) { return a - b; }},
                                                {FRL_OP_multiply, [](float a, float b) { return a * b; }},
                                                {FRL_OP_divide, [](float a, float b) { return a / b; }},
                                                {FRL_OP_maximum, [](float a, float b) { return std::max(a, b); }},
                                                {FRL_OP_minimum, [](float a, float b) { return std::min(a, b); }},
                                                {FRL_OP_abs, [](float a, float) { return std::fabs(a); }},
                                                {FRL_OP_negative, [](float a, float) { return -a; }},
                                                {FRL_OP_square, [](float a, float) { return a * a; }},
                                                {FRL_OP_sqrt, [](float a, float) { return std::sqrt(a); }},
                                                {FRL_OP_rsqrt, [](float a, float) { return 1 / std::sqrt(a); }}};
  for (const auto& [op, function] : binary) {
    const bool takes_two = kFusableOps[op].min_inputs == 2;
    for (int variant = 0; variant < (takes_two ? 4 : 1); ++variant) {
      const bool swapped = (variant & 1) != 0, constant = (variant & 2) != 0;
      Expression e;
      const uint32_t x = e.input(FRL_DTYPE_F32), y = e.input(FRL_DTYPE_F32), c = e.constant(2.5f);
      const uint32_t first = e.op(FRL_OP_add, FRL_DTYPE_F32, x, e.constant(20.0f)), other = constant ? c : y;
      const uint32_t middle = swapped     ? e.op(op, FRL_DTYPE_F32, other, first)
                              : takes_two ? e.op(op, FRL_DTYPE_F32, first, other)
                                          : e.op(op, FRL_DTYPE_F32, first);
      e.outputs = {e.op(FRL_OP_subtract, FRL_DTYPE_F32, middle, y)};
      const Compiled compiled(e);
      ASSERT_EQ(compiled.status(), FRL_OK) << compiled.message();
      for (const int64_t n : {1, 7, 16, 129, 5000}) {
        const std::vector<int64_t> shape{n}, strides{1};
        std::vector<float> a(static_cast<size_t>(n)), b(a), out(a);
        for (size_t i = 0; i < a.size(); ++i) {
          a[i] = std::sin(static_cast<float>(i)) * 15;
          b[i] = std::cos(static_cast<float>(i)) * 30;
        }
        compiled.run({flat(a, FRL_DTYPE_F32, shape, strides), flat(b, FRL_DTYPE_F32, shape, strides)},
                     {flat(out, FRL_DTYPE_F32, shape, strides)});
        for (size_t i = 0; i < a.size(); ++i) {
          const float v = a[i] + 20.0f, w = constant ? 2.5f : b[i];
          const float expected = (swapped ? function(w, v) : function(v, w)) - b[i];
          ASSERT_EQ(out[i], expected) << kFusableOps[op].name << " variant " << variant << " at " << i << " of " << n;
        }
      }
    }
  }
}

// Results that go past the caches, into memory aligned for it and not; one chain, and steps that end in a single op.
TEST(Fusion, LargeResultsEqualTheirOps) {
  const int64_t n = static_cast<int64_t>(kStreamingBytes / sizeof(float)) + 12345;
  const std::vector<int64_t> shape{n}, strides{1};
  std::vector<float> a(static_cast<size_t>(n)), memory(a.size() + 17);
  for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 1009) - 500;
  for (const bool chain : {true, false}) {
    Expression e;
    const uint32_t x = e.input(FRL_DTYPE_F32);
    const uint32_t first = e.op(chain ? FRL_OP_abs : FRL_OP_ceil, FRL_DTYPE_F32, x);
    e.outputs = {e.op(FRL_OP_multiply, FRL_DTYPE_F32, first, chain ? e.constant(2.0f) : x)};
    const Compiled compiled(e);
    ASSERT_EQ(compiled.status(), FRL_OK) << compiled.message();
    const size_t past_line = reinterpret_cast<uintptr_t>(memory.data()) % 64 / sizeof(float);
    for (const size_t shift : {(16 - past_line) % 16, (17 - past_line) % 16}) {
      std::fill(memory.begin(), memory.end(), -1.0f);
      float* out = memory.data() + shift;
      const Tensor result{reinterpret_cast<std::byte*>(out), FRL_DTYPE_F32, 1, shape.data(), strides.data()};
      compiled.run({flat(a, FRL_DTYPE_F32, shape, strides)}, {result});
      for (size_t i = 0; i < a.size(); ++i) {
        if (out[i] != (chain ? std::fabs(a[i]) * 2 : a[i] * a[i])) FAIL() << "got " << out[i] << " at " << i;
      }
      EXPECT_EQ(out[a.size()], -1.0f);
    }
  }
}

// ---- random expressions, against the single kernels ----

struct Buffer {
  uint32_t dtype;
  std::vector<std::byte> bytes;
  std::vector<int64_t> shape, strides;
  Tensor tensor() { return {bytes.data(), dtype, static_cast<uint32_t>(shape.size()), shape.data(), strides.data()}; }
};

// The bits of each element, those of every f32 NaN alike: sign and payload of a computed NaN are no value.
std::vector<std::byte> comparable(const Buffer& buffer) {
  std::vector<std::byte> bytes = buffer.bytes;
  for (size_t i = 0; buffer.dtype == FRL_DTYPE_F32 && i < bytes.size(); i += sizeof(float)) {
    float x;
    std::memcpy(&x, &bytes[i], sizeof x);
    if (std::isnan(x)) x = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(&bytes[i], &x, sizeof x);
  }
  return bytes;
}

class RandomExpression {
 public:
  explicit RandomExpression(uint32_t seed) : random_(seed) {}

  void check() {
    static const std::vector<int64_t> kShapes[] = {{513}, {37, 41}, {9, 300}, {3, 5, 7, 2}, {1}};
    shape_ = kShapes[pick(std::size(kShapes))];
    const uint32_t n_inputs = 1 + pick(4);
    for (uint32_t i = 0; i < n_inputs; ++i) add_input();
    const uint32_t n_ops = 1 + pick(14);
    for (uint32_t i = 0; i < n_ops; ++i) add_node();
    const auto n = static_cast<uint32_t>(expression_.nodes.size());
    expression_.outputs = {n - 1};
    for (uint32_t k = pick(3); k > 0; --k) expression_.outputs.push_back(pick(n));
    const Compiled compiled(expression_);
    ASSERT_EQ(compiled.status(), FRL_OK) << compiled.message();
    std::vector<Buffer> results;
    std::vector<Tensor> inputs, outputs;
    for (Buffer& input : inputs_) inputs.push_back(input.tensor());
    for (const uint32_t node : expression_.outputs) results.push_back(contiguous(expression_.nodes[node].dtype));
    for (Buffer& result : results) outputs.push_back(result.tensor());
    compiled.run(inputs, outputs);
    for (size_t k = 0; k < results.size(); ++k) {
      EXPECT_TRUE(comparable(results[k]) == comparable(values_[expression_.outputs[k]]))
          << "output " << k << " differs";
    }
  }

 private:
  uint32_t pick(uint32_t n) { return static_cast<uint32_t>(random_() % n); }

  Buffer contiguous(uint32_t dtype) const {
    Buffer buffer{dtype, {}, shape_, std::vector<int64_t>(shape_.size())};
    int64_t n = 1;
    for (size_t i = shape_.size(); i-- > 0;) {
      buffer.strides[i] = n;
      n *= shape_[i];
    }
    buffer.bytes.resize(static_cast<size_t>(n) * item_bytes(dtype));
    return buffer;
  }

  void add_input() {
    constexpr uint32_t kInputDtypes[] = {FRL_DTYPE_F32, FRL_DTYPE_F32, FRL_DTYPE_F16, FRL_DTYPE_BF16,
                                         FRL_DTYPE_I32, FRL_DTYPE_U8,  FRL_DTYPE_F64, FRL_DTYPE_BOOL};
    Buffer buffer = contiguous(kInputDtypes[pick(std::size(kInputDtypes))]);
    const uint32_t form = pick(4);
    if (form == 0) std::fill(buffer.strides.begin(), buffer.strides.end(), 0);
    if (form == 1) buffer.strides[pick(static_cast<uint32_t>(shape_.size()))] = 0;
    if (form == 2) std::reverse(buffer.strides.begin(), buffer.strides.end());  // some walk of the buffer
    if (form == 2) {
      int64_t reach = 1;
      for (size_t i = 0; i < shape_.size(); ++i) reach += (shape_[i] - 1) * buffer.strides[i];
      buffer.bytes.resize(std::max(buffer.bytes.size(), static_cast<size_t>(reach) * item_bytes(buffer.dtype)));
    }
    const size_t item = item_bytes(buffer.dtype);
    for (size_t i = 0; i < buffer.bytes.size() / item; ++i) {
      const float value = static_cast<float>(pick(64)) / 4 - (buffer.dtype == FRL_DTYPE_U8 ? 0.0f : 6.0f);
      const void* from = &value;
      std::byte* to = buffer.bytes.data() + i * item;
      loop_table().casts[FRL_DTYPE_F32][buffer.dtype](&from, to, 1, 0);
    }
    expression_.input(buffer.dtype);
    inputs_.push_back(buffer);
    // The value of the node, contiguous: `maximum` of the input with itself moves it.
    values_.push_back(single(FRL_OP_maximum, buffer.dtype, {&inputs_.back(), &inputs_.back()}));
  }

  void add_node() {
    const uint32_t a = pick(static_cast<uint32_t>(values_.size()));
    const uint32_t dtype = values_[a].dtype;
    uint32_t b = pick(static_cast<uint32_t>(values_.size()));
    if (values_[b].dtype != dtype) b = a;
    constexpr uint32_t kCodes[] = {FRL_OP_add,   FRL_OP_multiply, FRL_OP_subtract,  FRL_OP_maximum, FRL_OP_less,
                                   FRL_OP_equal, FRL_OP_exp,      FRL_OP_divide,    FRL_OP_square,  FRL_OP_tanh,
                                   FRL_OP_abs,   FRL_OP_sign,     FRL_OP_remainder, FRL_OP_select,  FRL_OP_floor};
    const uint32_t code = kCodes[pick(std::size(kCodes))];
    const OpInfo& op = kFusableOps[code];
    if (((op.domain >> dtype) & 1u) == 0) return;
    if (code == FRL_OP_select) {
      uint32_t condition = 0;
      while (condition < values_.size() && values_[condition].dtype != FRL_DTYPE_BOOL) ++condition;
      if (condition == values_.size()) return;
      expression_.op(code, dtype, condition, a, b);
      values_.push_back(single(code, dtype, {&values_[condition], &values_[a], &values_[b]}));
      return;
    }
    const uint32_t result = result_dtype(code, dtype);
    expression_.op(code, result, a, b);
    std::vector<Buffer*> operands{&values_[a]};
    if (op.min_inputs == 2) operands.push_back(&values_[b]);
    values_.push_back(single(code, result, operands));
  }

  Buffer single(uint32_t code, uint32_t dtype, const std::vector<Buffer*>& operands) {
    Buffer result = contiguous(dtype);
    std::vector<Tensor> inputs;
    for (Buffer* operand : operands) inputs.push_back(operand->tensor());
    const Tensor output = result.tensor();
    Call call{};
    call.inputs = inputs.data();
    call.outputs = &output;
    call.n_inputs = static_cast<uint32_t>(inputs.size());
    call.n_outputs = 1;
    for (const Kernel& kernel : elementwise_kernels()) {
      if (std::strcmp(kernel.name, kFusableOps[code].name) == 0) kernel.run(call);
    }
    return result;
  }

  std::mt19937 random_;
  std::vector<int64_t> shape_;
  Expression expression_;
  std::vector<Buffer> inputs_, values_;
};

TEST(Fusion, RandomExpressionsEqualTheirOpsOneByOne) {
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomExpression(seed).check();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace ferrule::cpu::test
