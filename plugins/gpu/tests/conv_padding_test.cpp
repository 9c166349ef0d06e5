// Padding never meets a factor (numerics.md, conv): the own kernels leave it out, and repair_padding finds what a library
// made of 0 * inf. Both against plain sums, on the simulated device.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <tuple>
#include <vector>

#include "direct_run.h"
#include "kernels/conv/own_conv.h"

namespace ferrule::gpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Two images of 7 x 6 pixels, a kernel of 3 x 3, in two groups.
struct Conv {
  ConvProblem p{};
  std::vector<float> x, w, y;

  Conv(ConvOp op, int64_t stride) {
    p.op = op, p.dtype = FRL_DTYPE_F32, p.n_spatial = 2, p.n = 2, p.groups = 2, p.in_channels = 4, p.out_channels = 3;
    for (int d = 0; d < 3; ++d) {
      p.in[d] = p.kernel[d] = p.out[d] = p.stride[d] = p.kernel_dilation[d] = p.input_dilation[d] = 1;
    }
    p.in[1] = 7, p.in[2] = 6, p.kernel[1] = p.kernel[2] = 3;
    for (int d = 1; d < 3; ++d) {
      p.stride[d] = stride, p.pad[d] = p.pad_after[d] = 1;
      p.out[d] = (p.in[d] + 2 - 3) / stride + 1;
    }
    p.x_channel = p.y_channel = 1;
    p.x_spatial[2] = p.channels(), p.x_spatial[1] = 6 * p.channels(), p.x_batch = 42 * p.channels();
    p.y_spatial[2] = p.outputs(), p.y_spatial[1] = p.out[2] * p.outputs(), p.y_batch = p.out_pixels() * p.outputs();
    std::mt19937 random(5);
    const auto fill = [&](std::vector<float>& v, int64_t count) {
      v.resize(static_cast<size_t>(count));
      for (float& f : v) f = static_cast<float>(random() % 5) - 2;
    };
    fill(x, p.n * 42 * p.channels());
    fill(w, p.outputs() * 9 * p.in_channels);
    fill(y, p.n * p.out_pixels() * p.outputs());
  }
  std::vector<float>& first() { return p.op == ConvOp::kInputGrad ? y : x; }
  std::vector<float>& second() { return p.op == ConvOp::kWeightGrad ? y : w; }
  size_t out_size() const {
    return p.op == ConvOp::kForward ? y.size() : p.op == ConvOp::kInputGrad ? x.size() : w.size();
  }

  // The output, every product of x, w and y counted once. `padding`: the zeros that a library multiplies as well.
  std::vector<float> sums(bool padding) const {
    std::vector<float> out(out_size(), 0.0f);
    const auto product = [&](int64_t xi, int64_t wi, int64_t yi) {
      const auto at = [](const std::vector<float>& v, int64_t i) { return v[static_cast<size_t>(i)]; };
      if (p.op == ConvOp::kForward) out[static_cast<size_t>(yi)] += (xi < 0 ? 0 : at(x, xi)) * at(w, wi);
      if (p.op == ConvOp::kInputGrad && xi >= 0) out[static_cast<size_t>(xi)] += (yi < 0 ? 0 : at(y, yi)) * at(w, wi);
      if (p.op == ConvOp::kWeightGrad) out[static_cast<size_t>(wi)] += (xi < 0 ? 0 : at(x, xi)) * at(y, yi);
    };
    for (int64_t n = 0; n < p.n; ++n)
      for (int64_t o = 0; o < p.outputs(); ++o)
        for (int64_t i = 0; i < p.in_channels; ++i)
          for (int64_t ky = 0; ky < 3; ++ky)
            for (int64_t kx = 0; kx < 3; ++kx) {
              const int64_t channel = o / p.out_channels * p.in_channels + i;
              const int64_t wi = (o * 9 + ky * 3 + kx) * p.in_channels + i;
              for (int64_t oy = 0; oy < p.out[1]; ++oy)
                for (int64_t ox = 0; ox < p.out[2]; ++ox) {
                  const int64_t iy = oy * p.stride[1] + ky - 1, ix = ox * p.stride[2] + kx - 1;
                  const bool inside = iy >= 0 && iy < 7 && ix >= 0 && ix < 6;
                  const int64_t xi = inside ? ((n * 7 + iy) * 6 + ix) * p.channels() + channel : -1;
                  const int64_t yi = ((n * p.out[1] + oy) * p.out[2] + ox) * p.outputs() + o;
                  if (inside || padding) product(xi, wi, yi);
                }
              if (!padding || p.op != ConvOp::kInputGrad) continue;
              for (int64_t iy = 0; iy < 7; ++iy)  // taps of an input pixel that no output pixel stands for
                for (int64_t ix = 0; ix < 6; ++ix) {
                  const int64_t sy = iy + 1 - ky, sx = ix + 1 - kx;
                  const bool stands = sy >= 0 && sx >= 0 && sy % p.stride[1] == 0 && sx % p.stride[2] == 0 &&
                                      sy / p.stride[1] < p.out[1] && sx / p.stride[2] < p.out[2];
                  if (!stands) product(((n * 7 + iy) * 6 + ix) * p.channels() + channel, wi, -1);
                }
            }
    return out;
  }
};

void expect_same(const std::vector<float>& got, const std::vector<float>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    const bool same = std::isnan(want[i]) ? std::isnan(got[i]) : got[i] == want[i];
    ASSERT_TRUE(same) << "element " << i << ": got " << got[i] << ", expected " << want[i];
  }
}

class ConvPadding : public testing::TestWithParam<std::tuple<ConvOp, int64_t>> {
 protected:
  Device device_{0};
  Conv conv_{std::get<0>(GetParam()), std::get<1>(GetParam())};

  // Infinite factors where padding lies: in two weights, or in gradients at an image's border.
  void make_infinite() {
    std::vector<float>& factor = conv_.second();
    factor[3] = kInfinity;
    factor[factor.size() - 2] = -kInfinity;
    factor[factor.size() / 2] = kInfinity;
  }
  std::vector<float> run_own() {
    std::vector<float> out(conv_.out_size(), -77.0f);
    std::vector<double> scratch(own_conv_scratch(device_, conv_.p) / sizeof(double));
    CommandList commands;
    run_own_conv(device_, conv_.p, conv_.first().data(), conv_.second().data(), out.data(), scratch.data(),
                 scratch.size() * sizeof(double), commands);
    test::run_now(commands);
    return out;
  }
  std::vector<float> repair(std::vector<float> out) {
    CommandList commands;
    repair_padding(device_, conv_.p, conv_.first().data(), conv_.second().data(), out.data(), commands);
    EXPECT_EQ(commands.size(), 1u);
    test::run_now(commands);
    return out;
  }
};

TEST_P(ConvPadding, OwnKernelsComputeFiniteSums) { expect_same(run_own(), conv_.sums(false)); }

TEST_P(ConvPadding, OwnKernelsLeaveItOut) {
  make_infinite();
  expect_same(run_own(), conv_.sums(false));
}

TEST_P(ConvPadding, RepairReplacesWhatALibraryMadeOfIt) {
  make_infinite();
  const std::vector<float> library = conv_.sums(true);
  ASSERT_TRUE(std::any_of(library.begin(), library.end(), [](float f) { return std::isnan(f); }));
  expect_same(repair(library), conv_.sums(false));
}

TEST_P(ConvPadding, RepairKeepsFiniteResults) { expect_same(repair(conv_.sums(true)), conv_.sums(false)); }

INSTANTIATE_TEST_SUITE_P(Ops, ConvPadding,
                         testing::Combine(testing::Values(ConvOp::kForward, ConvOp::kInputGrad, ConvOp::kWeightGrad),
                                          testing::Values(1, 2)));

}  // namespace
}  // namespace ferrule::gpu
