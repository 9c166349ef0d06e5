// Model definitions.
#include "models.h"

#include <ferrule/ops.h>

namespace fr = ferrule;
namespace nn = ferrule::nn;

namespace {

constexpr int kPixels = 28 * 28;
constexpr int kClasses = 10;

fr::array flatten_images(const fr::array& x) { return fr::flatten(x, 1); }

std::unique_ptr<nn::Sequential> make_logreg() {
  auto net = std::make_unique<nn::Sequential>();
  net->add(flatten_images).add<nn::Linear>(kPixels, kClasses);
  return net;
}

std::unique_ptr<nn::Sequential> make_mlp() {
  auto net = std::make_unique<nn::Sequential>();
  net->add(flatten_images).add<nn::Linear>(kPixels, 512).add(nn::relu);
  net->add<nn::Linear>(512, 128).add(nn::relu).add<nn::Linear>(128, kClasses);
  return net;
}

std::unique_ptr<nn::Sequential> make_cnn() {
  auto net = std::make_unique<nn::Sequential>();
  net->add<nn::Conv2d>(1, 32, 3, 1, 1).add<nn::MaxPool2d>(2).add(nn::relu);
  net->add<nn::Conv2d>(32, 64, 3, 1, 1).add<nn::MaxPool2d>(2).add(nn::relu);
  net->add(flatten_images).add<nn::Linear>(7 * 7 * 64, 128).add(nn::relu).add<nn::Linear>(128, kClasses);
  return net;
}

}  // namespace

std::unique_ptr<nn::Module> make_model(const std::string& name) {
  if (name == "logreg") return make_logreg();
  if (name == "mlp") return make_mlp();
  if (name == "cnn") return make_cnn();
  throw fr::error(fr::ErrorCode::invalid_argument,
                  "[fashion_mnist] got model '" + name + "'; expected logreg, mlp or cnn");
}

double default_learning_rate(const std::string& name) { return name == "logreg" ? 5e-3 : 2e-3; }
