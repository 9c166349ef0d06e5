// Reverse-mode differentiation: trace the function on stand-ins of its arguments, then walk the graph backwards, adding
// up cotangents. Gradients are made of ops, so they can be differentiated again.
#include <algorithm>

#include "ferrule/ops.h"
#include "ferrule/primitive.h"
#include "ferrule/transforms.h"
#include "runtime/backward.h"
#include "runtime/evaluation.h"
#include "runtime/failure.h"
#include "runtime/node.h"

namespace ferrule {
namespace detail {
namespace {

// The input under another identity, so that uses inside a transform are told from uses outside.
class Alias : public Primitive {
 public:
  using Primitive::Primitive;
  const char* name() const override { return "Alias"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override {
    evaluation.view(outputs[0], inputs[0], evaluation.strides(inputs[0]), 0);
  }
  std::vector<array> vjp(const std::vector<array>&, const std::vector<array>& cotangents, const std::vector<int>&,
                         const std::vector<array>&) override {
    return cotangents;
  }
};

// Identity on the first n inputs, where n is the number of outputs; the gradient of the rest is the user's function.
class CustomVjp : public Primitive {
 public:
  using Gradient = std::function<std::vector<array>(const std::vector<array>&, const std::vector<array>&,
                                                    const std::vector<array>&)>;
  CustomVjp(Stream stream, Gradient gradient) : Primitive(stream), gradient_(std::move(gradient)) {}
  const char* name() const override { return "CustomVjp"; }
  void eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) override {
    for (size_t i = 0; i < outputs.size(); ++i) {
      evaluation.view(outputs[i], inputs[i], evaluation.strides(inputs[i]), 0);
    }
  }
  std::vector<array> vjp(const std::vector<array>& inputs, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>& outputs) override {
    std::vector<array> primals(inputs.begin() + static_cast<long>(outputs.size()), inputs.end());
    std::vector<array> all = gradient_(primals, cotangents, outputs);
    if (all.size() != primals.size()) {
      invalid("[custom_vjp] the gradient function returned {} arrays; expected one per primal, {}", all.size(),
              primals.size());
    }
    std::vector<array> wanted;
    for (int argnum : argnums) {
      auto i = static_cast<size_t>(argnum);
      // the function's own outputs take no part: their gradient is the user's
      wanted.push_back(i < outputs.size() ? zeros_like(inputs[i], stream()) : all[i - outputs.size()]);
    }
    return wanted;
  }

 private:
  Gradient gradient_;
};

}  // namespace

array make_tracer(const array& a) {
  array alias(a.shape(), a.dtype(), std::make_shared<Alias>(a.has_primitive() ? a.primitive().stream() : to_stream({})),
              {a});
  alias.node()->tracer = true;
  return alias;
}

}  // namespace detail

using detail::invalid;

std::pair<std::vector<array>, std::vector<array>> vjp(const ArrayFn& fun, const std::vector<array>& primals,
                                                      const std::vector<array>& cotangents) {
  detail::Tracing tracing;
  std::vector<array> traced;
  for (const array& primal : primals) traced.push_back(detail::make_tracer(primal));
  std::vector<array> outputs = fun(traced);
  if (cotangents.size() != outputs.size()) {
    invalid("[vjp] got {} cotangents; expected one per output, {}", cotangents.size(), outputs.size());
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (cotangents[i].shape() != outputs[i].shape()) {
      invalid("[vjp] cotangent {} has shape {}; expected the output's, {}", i,
              detail::shape_text(cotangents[i].shape()), detail::shape_text(outputs[i].shape()));
    }
  }
  std::vector<array> gradients = detail::backward(outputs, cotangents, traced);
  return {std::move(outputs), std::move(gradients)};
}

std::pair<array, array> vjp(const std::function<array(const array&)>& fun, const array& primal,
                            const array& cotangent) {
  auto [outputs, gradients] =
      vjp([&](const std::vector<array>& args) { return std::vector<array>{fun(args[0])}; }, {primal}, {cotangent});
  return {outputs[0], gradients[0]};
}

namespace {

std::vector<size_t> positions_of(const std::vector<int>& argnums, const std::vector<array>& inputs) {
  std::vector<size_t> positions;
  positions.reserve(argnums.size());
  for (int argnum : argnums) {
    int n = static_cast<int>(inputs.size());
    int position = argnum < 0 ? argnum + n : argnum;
    if (position < 0 || position >= n) {
      invalid("[grad] argument number out of range; got {} for {} arguments", argnum, n);
    }
    auto at = static_cast<size_t>(position);
    if (std::find(positions.begin(), positions.end(), at) != positions.end()) {
      invalid("[grad] got argument number {} twice; expected distinct numbers", argnum);
    }
    if (!issubdtype(inputs[at].dtype(), inexact)) {
      invalid("[grad] argument {} has dtype {}; expected a floating or complex one", at,
              dtype_name(inputs[at].dtype()));
    }
    positions.push_back(at);
  }
  return positions;
}

// fun's outputs and the gradients of the first.
std::pair<std::vector<array>, std::vector<array>> differentiate(const ArrayFn& fun, const std::vector<int>& argnums,
                                                                const std::vector<array>& inputs) {
  detail::Tracing tracing;
  std::vector<array> arguments = inputs, traced;
  traced.reserve(argnums.size());
  for (size_t at : positions_of(argnums, inputs)) {
    arguments[at] = detail::make_tracer(inputs[at]);
    traced.push_back(arguments[at]);
  }
  std::vector<array> outputs = fun(arguments);
  if (outputs.empty() || outputs[0].size() != 1 || outputs[0].ndim() != 0) {
    invalid("[grad] the function's first output {}; expected a scalar, of shape ()",
            outputs.empty() ? "is missing" : "has shape " + detail::shape_text(outputs[0].shape()));
  }
  std::vector<array> gradients = detail::backward({outputs[0]}, {array(1, outputs[0].dtype())}, traced);
  return {std::move(outputs), std::move(gradients)};
}

}  // namespace

ValueAndGradFn value_and_grad(const ArrayFn& fun, const std::vector<int>& argnums) {
  if (argnums.empty()) invalid("[grad] got no argument numbers; expected at least one");
  return [fun, argnums](const std::vector<array>& inputs) { return differentiate(fun, argnums, inputs); };
}

ValueAndGradFn value_and_grad(const ArrayFn& fun, int argnum) { return value_and_grad(fun, std::vector<int>{argnum}); }

std::function<std::pair<array, array>(const array&)> value_and_grad(const std::function<array(const array&)>& fun) {
  return [fun](const array& input) {
    auto [outputs, gradients] =
        differentiate([&](const std::vector<array>& args) { return std::vector<array>{fun(args[0])}; }, {0}, {input});
    return std::pair(std::move(outputs[0]), std::move(gradients[0]));
  };
}

SimpleValueAndGradFn value_and_grad(const ScalarFn& fun, const std::vector<int>& argnums) {
  auto general =
      value_and_grad(ArrayFn([fun](const std::vector<array>& args) { return std::vector<array>{fun(args)}; }), argnums);
  return [general](const std::vector<array>& inputs) {
    auto [outputs, gradients] = general(inputs);
    return std::pair(outputs[0], std::move(gradients));
  };
}
SimpleValueAndGradFn value_and_grad(const ScalarFn& fun, int argnum) {
  return value_and_grad(fun, std::vector<int>{argnum});
}

std::function<std::vector<array>(const std::vector<array>&)> grad(const ArrayFn& fun, const std::vector<int>& argnums) {
  auto both = value_and_grad(fun, argnums);
  return [both](const std::vector<array>& inputs) { return both(inputs).second; };
}
std::function<std::vector<array>(const std::vector<array>&)> grad(const ArrayFn& fun, int argnum) {
  return grad(fun, std::vector<int>{argnum});
}
std::function<std::vector<array>(const std::vector<array>&)> grad(const ScalarFn& fun,
                                                                  const std::vector<int>& argnums) {
  auto both = value_and_grad(fun, argnums);
  return [both](const std::vector<array>& inputs) { return both(inputs).second; };
}
std::function<std::vector<array>(const std::vector<array>&)> grad(const ScalarFn& fun, int argnum) {
  return grad(fun, std::vector<int>{argnum});
}
std::function<array(const array&)> grad(const std::function<array(const array&)>& fun) {
  auto both = value_and_grad(fun);
  return [both](const array& input) { return both(input).second; };
}

ArrayFn custom_vjp(
    ArrayFn fun,
    std::function<std::vector<array>(const std::vector<array>&, const std::vector<array>&, const std::vector<array>&)>
        fun_vjp) {
  return [fun = std::move(fun), fun_vjp = std::move(fun_vjp)](const std::vector<array>& primals) {
    // What the function computes from its arguments is hidden from the tracer: the custom gradient stands for all of
    // it.
    std::vector<array> hidden;
    for (const array& primal : primals) hidden.push_back(stop_gradient(primal));
    std::vector<array> outputs = fun(hidden);
    std::vector<array> inputs = outputs;
    inputs.insert(inputs.end(), primals.begin(), primals.end());
    std::vector<Shape> shapes;
    std::vector<Dtype> dtypes;
    for (const array& output : outputs) {
      shapes.push_back(output.shape());
      dtypes.push_back(output.dtype());
    }
    return array::make_arrays(shapes, dtypes, std::make_shared<detail::CustomVjp>(to_stream({}), fun_vjp), inputs);
  };
}

ArrayFn checkpoint(ArrayFn fun) {
  auto recompute = [fun](const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<array>&) { return vjp(fun, primals, cotangents).second; };
  return custom_vjp(std::move(fun), recompute);
}

}  // namespace ferrule
