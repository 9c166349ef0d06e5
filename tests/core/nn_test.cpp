// Layers, activations, losses and the module tree against recorded values of mlx.nn.
#include <ferrule/ferrule.h>
#include <ferrule/nn.h>
#include <gtest/gtest.h>

#include "oracle.h"
#include "temp_dir.h"

namespace fr = ferrule;
namespace nn = ferrule::nn;

namespace {

constexpr double kTolerance = 3e-6;

struct Net : nn::Module {
  nn::Sequential layers;
  Net() {
    layers.add<nn::Linear>(5, 8).add<nn::LayerNorm>(8).add(nn::gelu).add<nn::Linear>(8, 3);
    add_module("net", layers);
  }
  fr::array forward(const fr::array& x) override { return layers(x); }
};

std::vector<std::string> names(const nn::Parameters& parameters) {
  std::vector<std::string> out;
  for (const auto& [name, value] : parameters) out.push_back(name);
  return out;
}

TEST(Nn, ActivationsFollowMlx) {
  fr::array x = recorded_array("act/x");
#define CHECK_ACTIVATION(f) expect_recorded(nn::f(x), "act/" #f, kTolerance)
  CHECK_ACTIVATION(relu);
  CHECK_ACTIVATION(relu2);
  CHECK_ACTIVATION(relu6);
  CHECK_ACTIVATION(leaky_relu);
  CHECK_ACTIVATION(elu);
  CHECK_ACTIVATION(celu);
  CHECK_ACTIVATION(selu);
  CHECK_ACTIVATION(gelu);
  CHECK_ACTIVATION(gelu_approx);
  CHECK_ACTIVATION(gelu_fast_approx);
  CHECK_ACTIVATION(silu);
  CHECK_ACTIVATION(mish);
  CHECK_ACTIVATION(hardswish);
  CHECK_ACTIVATION(hard_tanh);
  CHECK_ACTIVATION(hard_shrink);
  CHECK_ACTIVATION(softshrink);
  CHECK_ACTIVATION(softplus);
  CHECK_ACTIVATION(softsign);
  CHECK_ACTIVATION(log_sigmoid);
  CHECK_ACTIVATION(sigmoid);
  CHECK_ACTIVATION(tanh);
  CHECK_ACTIVATION(step);
  CHECK_ACTIVATION(log_softmax);
  CHECK_ACTIVATION(softmax);
  CHECK_ACTIVATION(softmin);
  CHECK_ACTIVATION(glu);
#undef CHECK_ACTIVATION
  expect_recorded(nn::prelu(x, fr::array(0.25f)), "act/prelu", kTolerance);
}

TEST(Nn, ActivationsKeepHalfPrecision) {
  for (fr::Dtype d : {fr::float16, fr::bfloat16}) {
    fr::array x = fr::astype(recorded_array("act/x"), d);
    for (auto f : {nn::relu, nn::gelu, nn::gelu_approx, nn::silu, nn::mish, nn::hardswish, nn::softplus}) {
      EXPECT_EQ(f(x).dtype(), d);
    }
    EXPECT_EQ(nn::elu(x).dtype(), d);
    EXPECT_EQ(nn::leaky_relu(x).dtype(), d);
  }
}

TEST(Nn, CrossEntropyFollowsMlx) {
  fr::array logits = recorded_array("loss/logits"), classes = recorded_array("loss/classes");
  fr::array probs = recorded_array("loss/probs"), weights = recorded_array("loss/weights");
  using R = nn::Reduction;
  expect_recorded(nn::cross_entropy(logits, classes), "loss/cross_entropy", kTolerance);
  expect_recorded(nn::cross_entropy(logits, classes, std::nullopt, -1, 0.0, R::mean), "loss/cross_entropy_mean",
                  kTolerance);
  expect_recorded(nn::cross_entropy(logits, classes, weights, -1, 0.0, R::sum), "loss/cross_entropy_weighted_sum",
                  kTolerance);
  expect_recorded(nn::cross_entropy(logits, classes, std::nullopt, -1, 0.1), "loss/cross_entropy_smoothed", kTolerance);
  expect_recorded(nn::cross_entropy(logits, probs), "loss/cross_entropy_probs", kTolerance);
  expect_recorded(nn::cross_entropy(logits, probs, std::nullopt, -1, 0.2), "loss/cross_entropy_probs_smoothed",
                  kTolerance);
  expect_recorded(nn::cross_entropy(logits, fr::array({0, 3, 1, 2, 0}), std::nullopt, 0), "loss/cross_entropy_axis0",
                  kTolerance);
}

TEST(Nn, LossesFollowMlx) {
  fr::array a = recorded_array("loss/a"), b = recorded_array("loss/b"), t = recorded_array("loss/t");
  using R = nn::Reduction;
  expect_recorded(nn::binary_cross_entropy(a, t), "loss/bce_logits", kTolerance);
  expect_recorded(nn::binary_cross_entropy(recorded_array("loss/p"), t, std::nullopt, false, R::none), "loss/bce_probs",
                  kTolerance);
  expect_recorded(nn::l1_loss(a, b), "loss/l1_loss", kTolerance);
  expect_recorded(nn::l1_loss(a, b, R::sum), "loss/l1_loss_sum", kTolerance);
  expect_recorded(nn::mse_loss(a, b), "loss/mse_loss", kTolerance);
  expect_recorded(nn::mse_loss(a, b, R::sum), "loss/mse_loss_sum", kTolerance);
  expect_recorded(nn::smooth_l1_loss(a, b), "loss/smooth_l1_loss", kTolerance);
  expect_recorded(nn::smooth_l1_loss(a, b, 0.5, R::none), "loss/smooth_l1_loss_beta", kTolerance);
  expect_recorded(nn::hinge_loss(a, b), "loss/hinge_loss", kTolerance);
  expect_recorded(nn::huber_loss(a, b), "loss/huber_loss", kTolerance);
  expect_recorded(nn::huber_loss(a, b, 0.3), "loss/huber_loss_delta", kTolerance);
  expect_recorded(nn::log_cosh_loss(a, b), "loss/log_cosh_loss", kTolerance);
  fr::array logp = recorded_array("loss/logp");
  expect_recorded(nn::nll_loss(logp, recorded_array("loss/classes")), "loss/nll_loss", kTolerance);
  expect_recorded(nn::kl_div_loss(logp, fr::log(recorded_array("loss/probs"))), "loss/kl_div_loss", kTolerance);
  expect_recorded(nn::gaussian_nll_loss(a, b, fr::abs(t) + 0.1f, true), "loss/gaussian_nll_loss", kTolerance);
  expect_recorded(nn::cosine_similarity_loss(a, b), "loss/cosine_similarity_loss", kTolerance);
  expect_recorded(nn::margin_ranking_loss(a, b, fr::sign(t - 0.6f), 0.1), "loss/margin_ranking_loss", kTolerance);
  expect_recorded(nn::triplet_loss(a, b, t), "loss/triplet_loss", kTolerance);
}

TEST(Nn, LossesRefuseShapesThatDoNotFit) {
  fr::array a = fr::zeros({3, 4}), b = fr::zeros({4, 3});
  EXPECT_THROW(nn::mse_loss(a, b), fr::error);
  EXPECT_THROW(nn::l1_loss(a, b), fr::error);
  EXPECT_THROW(nn::binary_cross_entropy(a, b), fr::error);
  EXPECT_THROW(nn::cross_entropy(a, fr::array({0, 1})), fr::error);
  EXPECT_THROW(nn::cross_entropy(a, b), fr::error);
  EXPECT_THROW(nn::cross_entropy(a, fr::array({0, 1, 2}), std::nullopt, 5), fr::error);
  EXPECT_THROW(nn::cross_entropy(a, fr::array({0, 1, 2}), std::nullopt, -1, 1.0), fr::error);
  EXPECT_THROW(nn::cross_entropy(a, fr::array({0, 1, 2}), fr::ones({2})), fr::error);
}

// Same seed, same order of drawing: the very weights of mlx.nn (embedding: to the accuracy of erfinv).
TEST(Nn, LayersBeginAndActAsInMlx) {
  fr::random::seed(3);
  nn::Linear linear(5, 3);
  nn::Conv2d conv(3, 4, 3, 2, 1);
  nn::Conv1d conv1(4, 6, 3, 1, 0, 2, 2);
  nn::Embedding embedding(7, 4);
  expect_recorded(linear.weight, "layer/linear/weight", 0);
  expect_recorded(*linear.bias, "layer/linear/bias", 0);
  expect_recorded(conv.weight, "layer/conv2d/weight", 0);
  expect_recorded(*conv.bias, "layer/conv2d/bias", 0);
  expect_recorded(conv1.weight, "layer/conv1d/weight", 0);
  expect_recorded(embedding.weight, "layer/embedding/weight", kTolerance);
  expect_recorded(conv(recorded_array("layer/x")), "layer/conv2d/out", kTolerance);
  expect_recorded(conv1(recorded_array("layer/xl")), "layer/conv1d/out", kTolerance);
  expect_recorded(linear(recorded_array("layer/xf")), "layer/linear/out", kTolerance);
  expect_recorded(embedding(fr::array({1, 6, 0, 1}, {2, 2})), "layer/embedding/out", kTolerance);
  expect_recorded(embedding.as_linear(fr::ones({2, 4})), "layer/embedding/linear", kTolerance);
}

TEST(Nn, NormsAndPoolsFollowMlx) {
  fr::array x = recorded_array("layer/x"), xf = recorded_array("layer/xf");
  expect_recorded(nn::LayerNorm(5)(xf), "layer/layer_norm", kTolerance);
  expect_recorded(nn::RMSNorm(5)(xf), "layer/rms_norm", kTolerance);
  expect_recorded(nn::MaxPool2d(2)(x), "layer/max_pool", 0);
  expect_recorded(nn::MaxPool2d(3, nn::Pair(2), 1)(x), "layer/max_pool_overlap", 0);
  expect_recorded(nn::AvgPool2d(2)(x), "layer/avg_pool", kTolerance);
  expect_recorded(nn::AvgPool2d({3, 2}, nn::Pair(2, 1), {1, 0})(x), "layer/avg_pool_overlap", kTolerance);
}

// Small windows are pooled without a reduction; ties share the gradient as a reduction's do.
TEST(Nn, MaxPoolHasTheGradientOfAReduction) {
  fr::array x = fr::astype(fr::random::randint(0, 4, {2, 4, 6, 3}, fr::int32, fr::random::key(1)), fr::float32);
  fr::array weight = fr::random::normal({2, 2, 3, 3}, fr::random::key(2));
  auto pooled = fr::grad(std::function<fr::array(const fr::array&)>(
      [&](const fr::array& a) { return fr::sum(nn::MaxPool2d(2)(a) * weight); }));
  auto reduced = fr::grad(std::function<fr::array(const fr::array&)>([&](const fr::array& a) {
    return fr::sum(fr::max(fr::reshape(a, {2, 2, 2, 3, 2, 3}), std::vector<int>{2, 4}) * weight);
  }));
  fr::array got = pooled(x), expected = reduced(x);
  EXPECT_EQ(got.shape(), x.shape());
  EXPECT_TRUE(fr::allclose(got, expected, 1e-6, 1e-7).item<bool>());
}

TEST(Nn, DropoutActsOnlyInTraining) {
  fr::array x = recorded_array("layer/xf");
  nn::Dropout dropout(0.4f);
  fr::random::seed(11);
  expect_recorded(dropout(x), "layer/dropout", kTolerance);
  dropout.eval();
  EXPECT_TRUE(fr::array_equal(dropout(x), x).item<bool>());
}

TEST(Nn, InitialisersFollowMlx) {
  fr::array a = fr::zeros({4, 3, 3, 2}), b = fr::zeros({2, 3});
  auto check = [](const nn::init::Initializer& init, const fr::array& like, const char* name) {
    fr::random::seed(9);
    expect_recorded(init(like), name, kTolerance);
  };
  check(nn::init::glorot_normal(), a, "init/glorot_normal");
  check(nn::init::glorot_uniform(), a, "init/glorot_uniform");
  check(nn::init::he_normal(), a, "init/he_normal");
  check(nn::init::he_uniform(), a, "init/he_uniform");
  check(nn::init::normal(0.5, 2.0), b, "init/normal");
  check(nn::init::uniform(-1.0, 3.0), b, "init/uniform");
  EXPECT_THROW(nn::init::he_normal()(fr::zeros({3})), fr::error);
  EXPECT_THROW(nn::init::identity()(fr::zeros({3, 2})), fr::error);
}

TEST(Nn, GradientsOfANetworkFollowMlx) {
  fr::random::seed(5);
  nn::Sequential net;
  net.add<nn::Linear>(5, 8).add<nn::LayerNorm>(8).add(nn::gelu).add<nn::Linear>(8, 3);
  fr::array x = recorded_array("layer/xf"), y({0, 2, 1, 2});
  auto step = nn::value_and_grad(net, [&](const std::vector<fr::array>& args) {
    return nn::cross_entropy(net(args[0]), args[1], std::nullopt, -1, 0.0, nn::Reduction::mean);
  });
  auto [loss, gradients] = step({x, y});
  expect_recorded(loss, "net/loss", kTolerance);
  ASSERT_EQ(gradients.size(), 6u);
  for (const auto& [name, gradient] : gradients) expect_recorded(gradient, "net/grad/" + name, kTolerance);
}

TEST(Module, NamesFollowTheTreeInOrder) {
  Net net;
  EXPECT_EQ(names(net.parameters()),
            (std::vector<std::string>{"net.layers.0.weight", "net.layers.0.bias", "net.layers.1.weight",
                                      "net.layers.1.bias", "net.layers.3.weight", "net.layers.3.bias"}));
}

TEST(Module, FrozenParametersTakeNoGradient) {
  Net net;
  net.freeze({"bias"});
  EXPECT_EQ(names(net.trainable_parameters()),
            (std::vector<std::string>{"net.layers.0.weight", "net.layers.1.weight", "net.layers.3.weight"}));
  net.freeze();
  EXPECT_TRUE(net.trainable_parameters().empty());
  EXPECT_THROW(
      nn::value_and_grad(net, [&](const std::vector<fr::array>& a) { return fr::sum(net(a[0])); })({fr::zeros({1, 5})}),
      fr::error);
  net.unfreeze();
  EXPECT_EQ(net.trainable_parameters().size(), 6u);
}

TEST(Module, ABadUpdateChangesNothing) {
  Net net;
  fr::array before = net.parameters()[0].second;
  nn::Parameters update{{"net.layers.0.weight", fr::zeros({8, 5})}, {"net.layers.0.bias", fr::zeros({7})}};
  EXPECT_THROW(net.update(update), fr::error);
  EXPECT_THROW(net.update({{"nobody", fr::zeros({1})}}), fr::error);
  EXPECT_EQ(net.parameters()[0].second.id(), before.id());
}

// The loss function throws in the middle of a trace: the parameters are data again.
TEST(Module, AFailedTraceRestoresTheParameters) {
  Net net;
  auto step = nn::value_and_grad(net, [&](const std::vector<fr::array>&) -> fr::array {
    throw fr::error(fr::ErrorCode::invalid_argument, "stop");
  });
  EXPECT_THROW(step({}), fr::error);
  for (const auto& [name, value] : net.parameters()) EXPECT_FALSE(value.is_tracer()) << name;
}

TEST(Module, WeightsSurviveAFile) {
  TempDir dir;
  for (const char* file : {"w.safetensors", "w.npz"}) {
    fr::random::seed(1);
    Net one;
    fr::random::seed(2);
    Net two;
    one.save_weights(dir / file);
    two.load_weights(dir / file);
    auto a = one.parameters(), b = two.parameters();
    for (size_t i = 0; i < a.size(); ++i) {
      EXPECT_TRUE(fr::array_equal(a[i].second, b[i].second).item<bool>()) << a[i].first;
    }
  }
}

TEST(Module, StrictLoadingWantsTheSameNames) {
  TempDir dir;
  Net net;
  nn::Linear other(5, 8);
  other.save_weights(dir / "w.safetensors");
  EXPECT_THROW(net.load_weights(dir / "w.safetensors"), fr::error);
  EXPECT_NO_THROW(net.load_weights(dir / "w.safetensors", false));
}

TEST(Module, NamesAreUnique) {
  struct Twice : nn::Module {
    nn::Linear a{1, 1};
    Twice() {
      add_module("a", a);
      add_module("a", a);
    }
  };
  EXPECT_THROW(Twice(), fr::error);
}

TEST(Module, LayersRefuseSizesThatMakeNoSense) {
  EXPECT_THROW(nn::Linear(0, 3), fr::error);
  EXPECT_THROW(nn::Linear(3, -1), fr::error);
  EXPECT_THROW(nn::Conv2d(3, 4, 0), fr::error);
  EXPECT_THROW(nn::Conv2d(3, 4, 3, 1, 0, 1, 2), fr::error);
  EXPECT_THROW(nn::LayerNorm(4, 0.0f), fr::error);
  EXPECT_THROW(nn::RMSNorm(-4), fr::error);
  EXPECT_THROW(nn::Embedding(0, 4), fr::error);
  EXPECT_THROW(nn::Dropout(1.0f), fr::error);
  EXPECT_THROW(nn::MaxPool2d(0), fr::error);
  EXPECT_THROW(nn::MaxPool2d(3)(fr::zeros({1, 2, 2, 1})), fr::error);
  EXPECT_THROW(nn::AvgPool2d(2)(fr::zeros({4, 4})), fr::error);
}

}  // namespace
