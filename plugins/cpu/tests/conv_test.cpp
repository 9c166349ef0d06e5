// Convolutions against a direct float64 (long double for f64) sum over the definition: dtypes, dimensions, groups,
// strides, paddings, dilations, flips, and the gradients.
#include "libraries/libraries.h"
#include "product_harness.h"

namespace ferrule::cpu::test {
namespace {

constexpr uint32_t kDtypes[] = {FRL_DTYPE_F16, FRL_DTYPE_BF16, FRL_DTYPE_F32, FRL_DTYPE_F64};

struct Case {
  Shape in, kernel;  // spatial
  int64_t n, c, o;   // c and o in total
  frl_conv_attrs attrs;
};

frl_conv_attrs plain_attrs(uint32_t n_spatial) {
  frl_conv_attrs a{};
  a.n_spatial = n_spatial, a.groups = 1;
  for (int i = 0; i < 3; ++i) a.stride[i] = a.kernel_dilation[i] = a.input_dilation[i] = 1;
  return a;
}

Shape output_extents(const Case& k) {
  Shape out;
  for (uint32_t i = 0; i < k.attrs.n_spatial; ++i) {
    const int64_t padded = (k.in[i] - 1) * k.attrs.input_dilation[i] + 1 + k.attrs.pad_lo[i] + k.attrs.pad_hi[i];
    const int64_t room = padded - (k.kernel[i] - 1) * k.attrs.kernel_dilation[i] - 1;
    out.push_back(room < 0 ? 0 : room / k.attrs.stride[i] + 1);
  }
  return out;
}

Shape with(int64_t first, const Shape& spatial, int64_t last) {
  Shape shape{first};
  shape.insert(shape.end(), spatial.begin(), spatial.end());
  shape.push_back(last);
  return shape;
}

// Calls fn(x index, w index, y index) for every product of the convolution, by the definition.
template <typename F>
void for_each_product(const Case& k, const HostTensor& w, const HostTensor& y, F&& fn) {
  const size_t spatial = k.in.size();
  const int64_t out_per_group = k.o / k.attrs.groups, in_per_group = k.c / k.attrs.groups;
  y.for_each([&](const Shape& yi) {
    w.for_each([&](const Shape& wi) {
      if (wi[0] != yi[spatial + 1]) return;
      Shape xi(spatial + 2);
      xi[0] = yi[0];
      xi[spatial + 1] = wi[0] / out_per_group * in_per_group + wi[spatial + 1];
      for (size_t i = 0; i < spatial; ++i) {
        const int64_t tap = k.attrs.flip ? k.kernel[i] - 1 - wi[i + 1] : wi[i + 1];
        const int64_t at = yi[i + 1] * k.attrs.stride[i] + tap * k.attrs.kernel_dilation[i] - k.attrs.pad_lo[i];
        if (at < 0 || at % k.attrs.input_dilation[i] != 0 || at / k.attrs.input_dilation[i] >= k.in[i]) return;
        xi[i + 1] = at / k.attrs.input_dilation[i];
      }
      fn(xi, wi, yi);
    });
  });
}

struct Sum {
  long double value = 0, magnitude = 0;
  int64_t terms = 0;
  void add(long double a, long double b) { value += a * b, magnitude += std::abs(a * b), ++terms; }
};

class Sums {
 public:
  explicit Sums(const HostTensor& like) : shape_(like.shape()) {
    int64_t size = 1;
    for (int64_t extent : shape_) size *= extent;
    sums_.resize(static_cast<size_t>(size));
  }
  Sum& at(const Shape& index) {
    int64_t offset = 0;
    for (size_t i = 0; i < index.size(); ++i) offset = offset * shape_[i] + index[i];
    return sums_[static_cast<size_t>(offset)];
  }
  void expect(const HostTensor& got, const std::string& what) {
    int bad = 0;
    got.for_each([&](const Shape& index) {
      const Sum& s = at(index);
      const Value value = got.value(index);
      if (!within_bound(value, s.value, s.magnitude, s.terms, got.dtype()) && ++bad <= 3) {
        ADD_FAILURE() << what << " at " << index_text(index) << ": got " << value.real() << ", expected " << s.value;
      }
    });
    EXPECT_EQ(bad, 0) << what;
  }

 private:
  Shape shape_;
  std::vector<Sum> sums_;
};

std::string describe(const Case& k, uint32_t dtype) {
  const auto list = [&](const int64_t* v) { return index_text(Shape(v, v + k.attrs.n_spatial)); };
  return "dtype " + std::to_string(dtype) + " n " + std::to_string(k.n) + " in " + index_text(k.in) + " kernel " +
         index_text(k.kernel) + " c " + std::to_string(k.c) + " o " + std::to_string(k.o) + " groups " +
         std::to_string(k.attrs.groups) + " stride " + list(k.attrs.stride) + " pad " + list(k.attrs.pad_lo) +
         list(k.attrs.pad_hi) + " dilation " + list(k.attrs.kernel_dilation) + list(k.attrs.input_dilation) + " flip " +
         std::to_string(k.attrs.flip);
}

std::vector<int> reversed_axes(size_t rank) {
  std::vector<int> order;
  for (size_t i = rank; i-- > 0;) order.push_back(static_cast<int>(i));
  return order;
}

// The op's output against the definition; `strided`: inputs with reversed axes and spaced elements.
void check(const Case& k, uint32_t dtype, std::mt19937& rng, bool strided = false) {
  const Shape out = output_extents(k);
  const std::vector<int> order = strided ? reversed_axes(k.in.size() + 2) : std::vector<int>{};
  const int64_t step = strided ? -2 : 1;
  HostTensor x(dtype, with(k.n, k.in, k.c), order, step),
      w(dtype, with(k.o, k.kernel, k.c / k.attrs.groups), order, step);
  HostTensor y(dtype, with(k.n, out, k.o), order, step);
  x.randomize(rng), w.randomize(rng), y.randomize(rng);
  const std::string what = describe(k, dtype);
  Sums sums_y(y), sums_x(x), sums_w(w);
  for_each_product(k, w, y, [&](const Shape& xi, const Shape& wi, const Shape& yi) {
    const long double xv = x.value(xi).real(), wv = w.value(wi).real(), yv = y.value(yi).real();
    sums_y.at(yi).add(xv, wv);
    sums_x.at(xi).add(yv, wv);
    sums_w.at(wi).add(xv, yv);
  });
  for (const char* libraries : {"none", "onednn"}) {
    set_libraries_for_tests(libraries);
    HostTensor out_y(dtype, y.shape()), out_x(dtype, x.shape()), out_w(dtype, w.shape());
    ASSERT_EQ(run_kernel(find_kernel(conv_kernels(), "conv"), {&x, &w}, out_y, &k.attrs), "") << what << libraries;
    sums_y.expect(out_y, "conv " + what + libraries);
    ASSERT_EQ(run_kernel(find_kernel(conv_kernels(), "conv_input_grad"), {&y, &w}, out_x, &k.attrs), "")
        << what << libraries;
    sums_x.expect(out_x, "input_grad " + what + libraries);
    ASSERT_EQ(run_kernel(find_kernel(conv_kernels(), "conv_weight_grad"), {&x, &y}, out_w, &k.attrs), "")
        << what << libraries;
    sums_w.expect(out_w, "weight_grad " + what + libraries);
  }
  set_libraries_for_tests(nullptr);
}

TEST(Conv, RandomProblemsInEveryDtypeAndDimension) {
  std::mt19937 rng(1);
  const auto pick = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(rng() % static_cast<unsigned>(high - low + 1));
  };
  for (int round = 0; round < 120; ++round) {
    Case k;
    const auto spatial = static_cast<uint32_t>(pick(1, 3));
    k.attrs = plain_attrs(spatial);
    k.attrs.flip = static_cast<uint32_t>(pick(0, 1));
    k.attrs.groups = pick(0, 2) == 0 ? pick(2, 3) : 1;
    k.n = pick(1, 3), k.c = k.attrs.groups * pick(1, 5), k.o = k.attrs.groups * pick(1, 6);
    for (uint32_t i = 0; i < spatial; ++i) {
      k.in.push_back(pick(3, spatial == 1 ? 40 : spatial == 2 ? 9 : 5));
      k.kernel.push_back(pick(1, 3));
      k.attrs.stride[i] = pick(1, 3);
      k.attrs.kernel_dilation[i] = pick(1, 2);
      k.attrs.input_dilation[i] = pick(0, 2) == 0 ? 2 : 1;
      k.attrs.pad_lo[i] = pick(-1, 3), k.attrs.pad_hi[i] = pick(-1, 3);
    }
    bool valid = true;
    for (int64_t extent : output_extents(k)) valid = valid && extent > 0;
    if (valid) check(k, kDtypes[round % 4], rng, round % 5 == 0);
  }
}

TEST(Conv, ChannelsAcrossPanels) {
  std::mt19937 rng(2);
  for (uint32_t dtype : kDtypes) {
    Case k{{9, 7}, {3, 3}, 2, 17, 35, plain_attrs(2)};
    for (int i = 0; i < 2; ++i) k.attrs.pad_lo[i] = k.attrs.pad_hi[i] = 1;
    check(k, dtype, rng);
  }
}

TEST(Conv, LongSumsAreCut) {
  std::mt19937 rng(3);
  Case k{{3, 3}, {3, 3}, 1, 150, 4, plain_attrs(2)};
  for (int i = 0; i < 2; ++i) k.attrs.pad_lo[i] = k.attrs.pad_hi[i] = 1;
  check(k, FRL_DTYPE_F32, rng);
  check(k, FRL_DTYPE_F16, rng);
}

TEST(Conv, BatchesThatALibraryTakes) {
  std::mt19937 rng(7);
  for (uint32_t dtype : {FRL_DTYPE_F32, FRL_DTYPE_BF16}) {
    for (int64_t c : {1, 6, 128}) {
      for (int64_t stride : {1, 2}) {
        Case k{{7, 6}, {3, 2}, 5, c, 19, plain_attrs(2)};
        k.attrs.stride[0] = k.attrs.stride[1] = stride;
        k.attrs.pad_lo[0] = k.attrs.pad_lo[1] = k.attrs.pad_hi[0] = 1;
        check(k, dtype, rng);
      }
    }
    Case grouped{{5, 6, 7}, {2, 3, 1}, 4, 8, 12, plain_attrs(3)};
    grouped.attrs.groups = 4, grouped.attrs.stride[1] = 2, grouped.attrs.kernel_dilation[0] = 2;
    check(grouped, dtype, rng);
    Case line{{60}, {5}, 6, 4, 33, plain_attrs(1)};
    line.attrs.pad_lo[0] = 2, line.attrs.pad_hi[0] = 1, line.attrs.stride[0] = 2;
    check(line, dtype, rng);
  }
}

TEST(Conv, Depthwise) {
  std::mt19937 rng(4);
  for (uint32_t dtype : kDtypes) {
    Case k{{10, 11}, {3, 2}, 2, 37, 37, plain_attrs(2)};
    k.attrs.groups = 37;
    k.attrs.stride[1] = 2, k.attrs.pad_lo[0] = 1;
    check(k, dtype, rng);
    k.attrs.flip = 1;
    check(k, dtype, rng, true);
  }
}

TEST(Conv, OneByOneIsAProduct) {
  std::mt19937 rng(5);
  for (uint32_t dtype : kDtypes) {
    check({{6, 5}, {1, 1}, 3, 20, 33, plain_attrs(2)}, dtype, rng);
    check({{30}, {1}, 2, 7, 5, plain_attrs(1)}, dtype, rng, true);
  }
}

TEST(Conv, BoxesAreTiled) {
  std::mt19937 rng(6);
  Case wide{{2500}, {3}, 1, 25, 2, plain_attrs(1)};  // one long dimension: tiles along it
  wide.attrs.pad_lo[0] = 2;
  check(wide, FRL_DTYPE_F32, rng);
  Case deep{{5, 40, 60}, {2, 1, 2}, 1, 8, 1, plain_attrs(3)};
  check(deep, FRL_DTYPE_F32, rng);
}

TEST(Conv, PaddingNeverMeetsInfiniteFactors) {
  for (const char* libraries : {"none", "onednn"}) {
    set_libraries_for_tests(libraries);
    for (uint32_t dtype : kDtypes) {
      Case k{{4}, {3}, 2, 1, 1, plain_attrs(1)};
      k.attrs.pad_lo[0] = k.attrs.pad_hi[0] = 1;
      HostTensor x(dtype, {2, 4, 1}), w(dtype, {1, 3, 1}), y(dtype, {2, 4, 1}), g(dtype, {2, 4, 1}),
          gw(dtype, {1, 3, 1});
      for (HostTensor* t : {&x, &w, &g})
        t->for_each([&](const Shape& index) { write_element(t->at(index), dtype, 1.0); });
      write_element(w.at({0, 0, 0}), dtype, INFINITY);
      write_element(g.at({0, 0, 0}), dtype, INFINITY);
      ASSERT_EQ(run_kernel(find_kernel(conv_kernels(), "conv"), {&x, &w}, y, &k.attrs), "");
      EXPECT_EQ(y.value({0, 0, 0}).real(), 2.0L) << libraries;  // the infinite weight lies over padding
      EXPECT_TRUE(std::isinf(y.value({0, 1, 0}).real())) << libraries;
      ASSERT_EQ(run_kernel(find_kernel(conv_kernels(), "conv_weight_grad"), {&x, &g}, gw, &k.attrs), "");
      EXPECT_EQ(gw.value({0, 0, 0}).real(), 6.0L) << libraries;  // the infinite gradient's window begins in padding
      EXPECT_TRUE(std::isinf(gw.value({0, 1, 0}).real())) << libraries;
    }
  }
  set_libraries_for_tests(nullptr);
}

TEST(Conv, EmptySumsAreZero) {
  const frl_conv_attrs attrs = plain_attrs(2);
  for (uint32_t dtype : kDtypes) {
    HostTensor x(dtype, {2, 5, 5, 0}), w(dtype, {4, 3, 3, 0}), y(dtype, {2, 3, 3, 4});
    ASSERT_EQ(run_kernel(find_kernel(conv_kernels(), "conv"), {&x, &w}, y, &attrs), "");
    y.for_each([&](const Shape& index) { EXPECT_EQ(y.value(index).real(), 0.0L); });
    HostTensor none(dtype, {0, 5, 5, 2}), grad(dtype, {0, 3, 3, 4}), gw(dtype, {4, 3, 3, 2});
    ASSERT_EQ(run_kernel(find_kernel(conv_kernels(), "conv_weight_grad"), {&none, &grad}, gw, &attrs), "");
    gw.for_each([&](const Shape& index) { EXPECT_EQ(gw.value(index).real(), 0.0L); });
  }
}

TEST(Conv, MalformedCallsAreRefusedWithAReason) {
  const Kernel& conv = find_kernel(conv_kernels(), "conv");
  HostTensor x(FRL_DTYPE_F32, {1, 5, 5, 2}), w(FRL_DTYPE_F32, {4, 3, 3, 2}), y(FRL_DTYPE_F32, {1, 3, 3, 4});
  frl_conv_attrs attrs = plain_attrs(2);
  ASSERT_EQ(run_kernel(conv, {&x, &w}, y, &attrs), "");
  attrs.stride[0] = 0;
  EXPECT_NE(run_kernel(conv, {&x, &w}, y, &attrs), "");
  attrs.stride[0] = 2;
  EXPECT_NE(run_kernel(conv, {&x, &w}, y, &attrs), "");
  attrs = plain_attrs(2), attrs.groups = 3;
  EXPECT_NE(run_kernel(conv, {&x, &w}, y, &attrs), "");
  attrs = plain_attrs(3);
  EXPECT_NE(run_kernel(conv, {&x, &w}, y, &attrs), "");
  HostTensor f64(FRL_DTYPE_F64, {4, 3, 3, 2});
  attrs = plain_attrs(2);
  EXPECT_NE(run_kernel(conv, {&x, &f64}, y, &attrs), "");
}

}  // namespace
}  // namespace ferrule::cpu::test
