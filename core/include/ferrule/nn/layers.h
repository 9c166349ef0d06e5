// Layers, as in mlx.nn: parameters, shapes, initial distributions and defaults. Images and sequences are channels-last.
// Constructors throw invalid_argument for sizes that make no sense.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ferrule/nn/module.h"

#pragma GCC visibility push(default)
namespace ferrule::nn {

// x @ weight.T + bias; weight [output_dims, input_dims]. Both uniform in +-1/sqrt(input_dims).
class Linear : public Module {
 public:
  Linear(int input_dims, int output_dims, bool bias = true);
  array forward(const array& x) override;
  array weight;
  std::optional<array> bias;
};

// x: [N, L, in_channels]; weight: [out_channels, kernel_size, in_channels / groups], bias zero.
class Conv1d : public Module {
 public:
  Conv1d(int in_channels, int out_channels, int kernel_size, int stride = 1, int padding = 0, int dilation = 1,
         int groups = 1, bool bias = true);
  array forward(const array& x) override;
  array weight;
  std::optional<array> bias;

 private:
  int stride_, padding_, dilation_, groups_;
};

// One number for both axes, or one each.
struct Pair {
  Pair(int both) : first(both), second(both) {}  // NOLINT(google-explicit-constructor)
  Pair(int a, int b) : first(a), second(b) {}
  int first, second;
};

// x: [N, H, W, in_channels]; weight: [out_channels, kernel.., in_channels / groups], bias zero.
class Conv2d : public Module {
 public:
  Conv2d(int in_channels, int out_channels, Pair kernel_size, Pair stride = 1, Pair padding = 0, Pair dilation = 1,
         int groups = 1, bool bias = true);
  array forward(const array& x) override;
  array weight;
  std::optional<array> bias;

 private:
  Pair stride_, padding_, dilation_;
  int groups_;
};

// Over the last axis; weight one, bias zero.
class LayerNorm : public Module {
 public:
  explicit LayerNorm(int dims, float eps = 1e-5f, bool affine = true, bool bias = true);
  array forward(const array& x) override;
  std::optional<array> weight, bias;

 private:
  int dims_;
  float eps_;
};

class RMSNorm : public Module {
 public:
  explicit RMSNorm(int dims, float eps = 1e-5f);
  array forward(const array& x) override;
  array weight;

 private:
  float eps_;
};

// x: integers; weight [num_embeddings, dims], normal with standard deviation 1/sqrt(dims).
class Embedding : public Module {
 public:
  Embedding(int num_embeddings, int dims);
  array forward(const array& x) override;
  array as_linear(const array& x) const;  // x @ weight.T
  array weight;
};

// In training: zeroes elements with probability p and scales the others by 1 / (1 - p).
class Dropout : public Module {
 public:
  explicit Dropout(float p = 0.5f);
  array forward(const array& x) override;

 private:
  float keep_;
};

// Windows over [N, H, W, C]; the stride defaults to the kernel.
class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(Pair kernel_size, std::optional<Pair> stride = std::nullopt, Pair padding = 0);
  array forward(const array& x) override;

 private:
  Pair kernel_, stride_, padding_;
};

class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(Pair kernel_size, std::optional<Pair> stride = std::nullopt, Pair padding = 0);
  array forward(const array& x) override;

 private:
  Pair kernel_, stride_, padding_;
};

// Layers and functions one after another; parameters are named "layers.<i>.<name>".
//   nn::Sequential net;
//   net.add<nn::Linear>(784, 256).add(nn::relu).add<nn::Linear>(256, 10);
class Sequential : public Module {
 public:
  using Function = std::function<array(const array&)>;
  template <typename Layer, typename... Args>
  Sequential& add(Args&&... args) {
    return add(std::shared_ptr<Module>(std::make_shared<Layer>(std::forward<Args>(args)...)));
  }
  Sequential& add(std::shared_ptr<Module> layer);
  Sequential& add(Function function);
  array forward(const array& x) override;
  size_t size() const { return steps_.size(); }

 private:
  struct Step {
    std::shared_ptr<Module> module;  // or
    Function function;
  };
  std::vector<Step> steps_;
};

}  // namespace ferrule::nn
#pragma GCC visibility pop
