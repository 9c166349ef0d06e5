// The own matrix products on the simulated device, one test per path: the plan that a problem gets is checked, and each
// element against a plain sum. Operands are small integers, so that every type and order of summation gives one answer.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

#include "direct_run.h"
#include "functors/types.h"
#include "kernels/matmul/own_product.h"
#include "kernels/matmul/plan.h"

namespace ferrule::gpu {
namespace {

using Path = ProductPlan::Path;

template <typename T>
constexpr uint32_t kDtype = FRL_NONE;
template <>
constexpr uint32_t kDtype<Half> = FRL_DTYPE_F16;
template <>
constexpr uint32_t kDtype<Bfloat> = FRL_DTYPE_BF16;
template <>
constexpr uint32_t kDtype<float> = FRL_DTYPE_F32;
template <>
constexpr uint32_t kDtype<double> = FRL_DTYPE_F64;
template <>
constexpr uint32_t kDtype<Complex> = FRL_DTYPE_C64;

template <typename T>
T make(int value) {
  if constexpr (is_complex<T>) {
    return {static_cast<float>(value), static_cast<float>(1 - value)};
  } else {
    return narrow<T>(static_cast<Compute<T>>(value));
  }
}

// An operand of rows x columns per batch, at any strides, in memory of its own.
template <typename T>
struct Matrix {
  std::vector<T> data;
  MatrixStrides strides;
  int64_t batch_stride, offset;

  Matrix(int64_t rows, int64_t columns, int64_t batches, bool swapped, int64_t gap, int64_t first, uint32_t seed)
      : strides(swapped ? MatrixStrides{1, rows + gap} : MatrixStrides{columns + gap, 1}),
        batch_stride(batches == 1 ? 0 : (rows + gap) * (columns + gap)),
        offset(first) {
    data.resize(static_cast<size_t>((rows + gap) * (columns + gap) * batches + first));
    std::mt19937 random(seed);
    for (T& element : data) element = make<T>(static_cast<int>(random() % 3) - 1);
  }
  const T* at() const { return data.data() + offset; }
  const T& at(int64_t batch, int64_t row, int64_t column) const {
    return at()[batch * batch_stride + row * strides.row + column * strides.column];
  }
};

struct Form {
  int64_t m, k, n, batches = 1;
  bool swapped_a = false, swapped_b = false, shared_b = false;
  int64_t gap = 0, offset = 0;
  float alpha = 1, beta = 0;
};

template <typename T>
struct Product : public testing::Test {
  Device device{0};

  static Compute<T> plain_sum(const Form& f, const Matrix<T>& a, const Matrix<T>& b, const Matrix<T>& c, int64_t batch,
                              int64_t i, int64_t j) {
    double re = 0, im = 0;
    for (int64_t l = 0; l < f.k; ++l) {
      const auto x = widen<T>(a.at(batch, i, l)), y = widen<T>(b.at(batch, l, j));
      if constexpr (is_complex<T>) {
        re += double{x.re} * double{y.re} - double{x.im} * double{y.im};
        im += double{x.re} * double{y.im} + double{x.im} * double{y.re};
      } else {
        re += static_cast<double>(x) * static_cast<double>(y);
      }
    }
    const auto z = widen<T>(c.at(batch, i, j));
    const auto alpha = static_cast<double>(f.alpha), beta = static_cast<double>(f.beta);
    if constexpr (is_complex<T>) {
      return {static_cast<float>(alpha * re + beta * double{z.re}),
              static_cast<float>(alpha * im + beta * double{z.im})};
    } else {
      return static_cast<Compute<T>>(alpha * re + beta * static_cast<double>(z));
    }
  }

  // Computes the product and checks all of it; returns the plan that was taken.
  ProductPlan check(const Form& f, bool scratch_given = true) {
    const Matrix<T> a(f.m, f.k, f.batches, f.swapped_a, f.gap, f.offset, 1),
        b(f.k, f.n, f.shared_b ? 1 : f.batches, f.swapped_b, f.gap, f.offset, 2),
        c(f.m, f.n, f.batches, f.swapped_a, f.gap, f.offset, 3);
    MatrixProduct p{};
    p.dtype = kDtype<T>, p.m = f.m, p.n = f.n, p.k = f.k;
    p.a = a.strides, p.b = b.strides, p.c = c.strides;
    p.has_c = f.beta != 0, p.alpha = f.alpha, p.beta = f.beta;
    if (f.batches > 1) {
      p.n_batch_dims = 1;
      p.batch[0] = {f.batches, a.batch_stride, b.batch_stride, c.batch_stride};
    }
    std::vector<T> out(static_cast<size_t>(f.batches * f.m * f.n), make<T>(7));
    std::vector<double> scratch(scratch_given ? own_product_scratch(device, p) / sizeof(double) : 0);
    CommandList commands;
    run_own_product(device, p, {a.at(), b.at(), p.has_c ? c.at() : nullptr, out.data()}, scratch.data(),
                    scratch.size() * sizeof(double), commands);
    test::run_now(commands);
    int wrong = 0;
    for (int64_t at = 0; at < static_cast<int64_t>(out.size()) && wrong < 5; ++at) {
      const int64_t batch = at / (f.m * f.n), i = at / f.n % f.m, j = at % f.n;
      const T want = narrow<T>(plain_sum(f, a, b, c, batch, i, j));
      const bool same = std::memcmp(&want, &out[static_cast<size_t>(at)], sizeof(T)) == 0;
      wrong += !same;
      EXPECT_TRUE(same) << "element " << batch << ", " << i << ", " << j << " of " << f.m << " x " << f.k << " x "
                        << f.n;
    }
    return plan_product(p, device.facts().multiprocessors, scratch.size() * sizeof(double));
  }
};

using Types = testing::Types<Half, Bfloat, float, double, Complex>;
struct Names {
  template <typename T>
  static std::string GetName(int) {
    return is_same<T, Half>     ? "f16"
           : is_same<T, Bfloat> ? "bf16"
           : is_same<T, float>  ? "f32"
           : is_same<T, double> ? "f64"
                                : "c64";
  }
};
TYPED_TEST_SUITE(Product, Types, Names);

TYPED_TEST(Product, RowsStreamPastEveryNumberOfVectors) {
  for (int64_t vectors = 1; vectors <= 8; ++vectors) {
    EXPECT_EQ(this->check({70, 333, vectors, 1, false, true}).path, Path::kRows);
    EXPECT_EQ(this->check({vectors, 320, 70, 1, false, true}).path, Path::kRows);
  }
}

TYPED_TEST(Product, ShortRowsTakeFourLanes) {
  const ProductPlan plan = this->check({1000, 8, 1});
  EXPECT_EQ(plan.path, Path::kRows);
  EXPECT_EQ(plan.lanes, 4u);
}

TYPED_TEST(Product, FewLongRowsTakeABlockEach) {
  const ProductPlan plan = this->check({13, 2048, 3, 1, false, true});
  EXPECT_EQ(plan.path, Path::kRows);
  EXPECT_EQ(plan.lanes, 256u);
}

TYPED_TEST(Product, ColumnsStreamPastEveryNumberOfVectors) {
  for (int64_t vectors = 1; vectors <= 8; ++vectors) {
    EXPECT_EQ(this->check({vectors, 301, 200}).path, Path::kColumns);
    EXPECT_EQ(this->check({203, 301, vectors, 1, true}).path, Path::kColumns);
  }
}

TYPED_TEST(Product, WideColumnsTakeAWarpOfLanes) {
  const ProductPlan plan = this->check({1, 40, 4500});
  EXPECT_EQ(plan.path, Path::kColumns);
  EXPECT_EQ(plan.lanes, 32u);
}

TYPED_TEST(Product, DeepColumnsSplitK) {
  const ProductPlan plan = this->check({2, 2048, 70, 1, false, false, false, 0, 0, 2, -1});
  EXPECT_EQ(plan.path, Path::kColumns);
  EXPECT_GT(plan.splits, 1);
}

TYPED_TEST(Product, SmallTilesTakeAnyLayout) {
  for (bool swapped_a : {false, true}) {
    for (bool swapped_b : {false, true}) {
      for (int64_t gap : {0, 1, 4}) {
        const ProductPlan plan = this->check({65, 37, 70, 1, swapped_a, swapped_b, false, gap, gap % 2});
        EXPECT_EQ(plan.path, Path::kTile);
        EXPECT_FALSE(plan.large_tile);
      }
    }
  }
}

TYPED_TEST(Product, DeepTilesSplitK) {
  const ProductPlan plan = this->check({20, 1030, 36, 1, false, false, false, 0, 0, 1, 1});
  EXPECT_EQ(plan.path, Path::kTile);
  EXPECT_GT(plan.splits, 1);
}

TYPED_TEST(Product, WithoutScratchNothingIsSplit) {
  EXPECT_EQ(this->check({20, 1030, 36}, false).splits, 1);
  EXPECT_EQ(this->check({2, 2048, 70}, false).splits, 1);
}

TYPED_TEST(Product, LargeTilesTakeAnyLayout) {
  for (bool swapped : {false, true}) {
    const ProductPlan plan = this->check({257, 40, 260, 1, swapped, !swapped, false, swapped ? 3 : 0});
    EXPECT_EQ(plan.path, Path::kTile);
    EXPECT_EQ(plan.large_tile, sizeof(TypeParam) <= 4);
  }
}

TYPED_TEST(Product, BatchesMayShareAnOperand) {
  this->check({9, 33, 40, 5, false, false, true});
  this->check({9, 33, 40, 5, true, false, false, 1, 0, -1, 2});
  this->check({1, 33, 40, 5, false, true});
  this->check({40, 33, 1, 5, true, false, true});
}

TYPED_TEST(Product, WithoutTermsIsZeroPlusC) {
  this->check({20, 0, 30, 2, false, false, false, 0, 0, 1, 2});
  this->check({1, 0, 30});
  this->check({30, 0, 1});
}

}  // namespace
}  // namespace ferrule::gpu
