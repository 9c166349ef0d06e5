// Evaluation and function transforms, in MLX's names.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "ferrule/array.h"

#pragma GCC visibility push(default)
namespace ferrule {

// Computes the arrays and everything they depend on, and waits until they can be read. Thread-safe.
void eval(std::vector<array> outputs);
template <typename... Arrays, typename = std::enable_if_t<(std::is_same_v<std::decay_t<Arrays>, array> && ...)>>
void eval(Arrays&&... outputs) {
  eval(std::vector<array>{std::forward<Arrays>(outputs)...});
}
// The same without waiting: work is queued on the devices and the arrays can be used at once.
void async_eval(std::vector<array> outputs);
template <typename... Arrays, typename = std::enable_if_t<(std::is_same_v<std::decay_t<Arrays>, array> && ...)>>
void async_eval(Arrays&&... outputs) {
  async_eval(std::vector<array>{std::forward<Arrays>(outputs)...});
}

using ArrayFn = std::function<std::vector<array>(const std::vector<array>&)>;
using ScalarFn = std::function<array(const std::vector<array>&)>;

// The outputs of fun at primals, and the products of cotangents (one per output, of its shape) with its Jacobian.
std::pair<std::vector<array>, std::vector<array>> vjp(const ArrayFn& fun, const std::vector<array>& primals,
                                                      const std::vector<array>& cotangents);
std::pair<array, array> vjp(const std::function<array(const array&)>& fun, const array& primal, const array& cotangent);

using ValueAndGradFn = std::function<std::pair<std::vector<array>, std::vector<array>>(const std::vector<array>&)>;
using SimpleValueAndGradFn = std::function<std::pair<array, std::vector<array>>(const std::vector<array>&)>;

// A function that returns fun's outputs and the gradient of its first output (a scalar) by the arguments `argnums`.
ValueAndGradFn value_and_grad(const ArrayFn& fun, const std::vector<int>& argnums);
ValueAndGradFn value_and_grad(const ArrayFn& fun, int argnum = 0);
std::function<std::pair<array, array>(const array&)> value_and_grad(const std::function<array(const array&)>& fun);
SimpleValueAndGradFn value_and_grad(const ScalarFn& fun, const std::vector<int>& argnums);
SimpleValueAndGradFn value_and_grad(const ScalarFn& fun, int argnum = 0);

// The gradient alone.
std::function<std::vector<array>(const std::vector<array>&)> grad(const ArrayFn& fun, const std::vector<int>& argnums);
std::function<std::vector<array>(const std::vector<array>&)> grad(const ArrayFn& fun, int argnum = 0);
std::function<std::vector<array>(const std::vector<array>&)> grad(const ScalarFn& fun, const std::vector<int>& argnums);
std::function<std::vector<array>(const std::vector<array>&)> grad(const ScalarFn& fun, int argnum = 0);
std::function<array(const array&)> grad(const std::function<array(const array&)>& fun);

// fun with a gradient of one's own: fun_vjp gets (primals, cotangents, outputs) and returns one cotangent per primal.
ArrayFn custom_vjp(
    ArrayFn fun,
    std::function<std::vector<array>(const std::vector<array>&, const std::vector<array>&, const std::vector<array>&)>
        fun_vjp);
// fun whose intermediate values are computed again in the backward pass instead of kept.
ArrayFn checkpoint(ArrayFn fun);

}  // namespace ferrule
#pragma GCC visibility pop
