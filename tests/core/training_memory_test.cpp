// Peak memory of training stays within 1.2 times what the arrays need that must be live: parameters, the optimizer's
// state, the batch, what the backward pass reads of the forward pass, gradients, and the cotangents at hand.
#include <algorithm>
#include <iostream>

#include "ferrule/nn.h"
#include "ferrule/optim.h"
#include "sanitizers.h"
#include "testing.h"

namespace ferrule {
namespace {

constexpr double kAllowed = 1.2;
constexpr uint64_t kItem = sizeof(float);

// A layer with a backward pass that reads the layer's input, in bytes. Activations between layers count as part of the
// layer before: their gradient needs their output alone, which is the next layer's input, and can be made in place.
struct Layer {
  uint64_t input, output, parameters;
};

// The largest sum of arrays that are live at once, whichever way the step is evaluated. While a layer's gradients are
// made, these are: parameters and AdamW's two moments of each; the inputs of this layer and those before it; the
// cotangents of its output and of its input (none for the first layer); gradients of this layer and those behind it.
uint64_t needed(const std::vector<Layer>& layers) {
  uint64_t parameters = 0, kept = 0, gradients = 0, most = 0;
  for (const Layer& layer : layers) {
    parameters += layer.parameters;
    kept += layer.input;
  }
  for (size_t l = layers.size(); l-- > 0;) {
    gradients += layers[l].parameters;
    most = std::max(most, kept + gradients + layers[l].output + (l > 0 ? layers[l].input : 0));
    kept -= layers[l].input;
  }
  return 3 * parameters + most;
}

// Hands values on. While `keeps` is set it holds each of them and its cotangent, like a runtime that frees nothing.
class Tap {
 public:
  array operator()(const array& x) {
    if (!keeps) return x;
    auto forward = [this](const std::vector<array>& in) {
      kept.push_back(in[0]);
      return in;
    };
    auto backward = [this](const std::vector<array>&, const std::vector<array>& cotangents, const std::vector<array>&) {
      kept.push_back(cotangents[0]);
      return cotangents;
    };
    return custom_vjp(forward, backward)({x})[0];
  }
  std::vector<array> kept;
  bool keeps = false;
};

class TrainingMemory : public ::testing::Test {
 protected:
  // The peak of three steps, after two that set everything up.
  uint64_t peak(bool compiled) {
    auto loss = [this](const std::vector<array>& batch) {
      return nn::cross_entropy(net_(batch[0]), batch[1], std::nullopt, -1, 0.0, nn::Reduction::mean);
    };
    optim::AdamW optimizer(1e-3);
    optim::TrainStep step(net_, optimizer, loss, random::key(0), compiled);
    for (int i = 0; i < 5; ++i) {
      if (i == 2) reset_peak_memory();
      eval(step(batch_));
      synchronize();
      tap_.kept.clear();
    }
    return get_peak_memory() - before_;
  }

  void expect_within(const std::vector<Layer>& layers) {
    FERRULE_SKIP_IF(testing::kThreadSanitizer,
                    "without oneDNN a product packs both operands, which the bound leaves out");
    const auto need = static_cast<double>(needed(layers));
    const double plain = static_cast<double>(peak(false)) / need, compiled = static_cast<double>(peak(true)) / need;
    std::cout << "needed " << need / 1e6 << " MB; peak / needed: " << plain << ", compiled " << compiled << "\n";
    EXPECT_LE(plain, kAllowed);
    EXPECT_LE(compiled, kAllowed);
    tap_.keeps = true;
    EXPECT_GT(static_cast<double>(peak(false)), kAllowed * need) << "the bound would not notice what is kept alive";
  }

  template <typename L>
  void add(auto&&... args) {
    net_.add<L>(args...).add([this](const array& x) { return tap_(x); });
  }
  void add_relu() {
    net_.add(nn::relu).add([this](const array& x) { return tap_(x); });
  }
  void set_batch(const Shape& shape) {
    batch_ = {random::uniform(array(0.0f), array(1.0f), shape, float32, random::key(1)),
              random::randint(array(0), array(10), {shape[0]}, int32, random::key(2))};
    eval(batch_);
  }

  size_t before_ = get_active_memory();
  nn::Sequential net_;
  Tap tap_;
  std::vector<array> batch_;
};

TEST_F(TrainingMemory, OfAnMlpIsBounded) {
  constexpr uint64_t n = 1024, in = 512, hidden = 1024, out = 10;
  set_batch({int64_t{n}, int64_t{in}});
  add<nn::Linear>(int{in}, int{hidden});
  add_relu();
  add<nn::Linear>(int{hidden}, int{hidden});
  add_relu();
  add<nn::Linear>(int{hidden}, int{out});
  const auto linear = [](uint64_t from, uint64_t to) {
    return Layer{n * from * kItem, n * to * kItem, (from + 1) * to * kItem};
  };
  expect_within({linear(in, hidden), linear(hidden, hidden), linear(hidden, out)});
}

TEST_F(TrainingMemory, OfAConvolutionalNetIsBounded) {
  constexpr uint64_t n = 128, side = 28;
  set_batch({int64_t{n}, int64_t{side}, int64_t{side}, 1});
  add<nn::Conv2d>(1, 32, 3, 1, 1);
  add<nn::MaxPool2d>(2);
  add_relu();
  add<nn::Conv2d>(32, 64, 3, 1, 1);
  add<nn::MaxPool2d>(2);
  add_relu();
  net_.add([](const array& x) { return flatten(x, 1); });
  add<nn::Linear>(7 * 7 * 64, 10);
  const auto image = [](uint64_t extent, uint64_t channels) { return n * extent * extent * channels * kItem; };
  expect_within({{image(28, 1), image(28, 32), (9 * 1 + 1) * 32 * kItem},
                 {image(28, 32), image(14, 32), 0},
                 {image(14, 32), image(14, 64), (9 * 32 + 1) * 64 * kItem},
                 {image(14, 64), image(7, 64), 0},
                 {image(7, 64), n * 10 * kItem, (7 * 7 * 64 + 1) * 10 * kItem}});
}

}  // namespace
}  // namespace ferrule
