// Loss functions.
#include "ferrule/nn/losses.h"

#include <fmt/format.h>

#include <cmath>

#include "ferrule/ops.h"
#include "lib/nn/scalar.h"

namespace ferrule::nn {

using detail::scalar_like;

namespace {

void require_same(const char* op, const char* what, const array& a, const array& b) {
  if (a.shape() != b.shape()) {
    throw error(ErrorCode::invalid_argument, fmt::format("[{}] {} of another shape; got ({}); expected ({})", op, what,
                                                         fmt::join(b.shape(), ", "), fmt::join(a.shape(), ", ")));
  }
}

array reduce(const array& loss, Reduction reduction) {
  switch (reduction) {
    case Reduction::mean:
      return mean(loss);
    case Reduction::sum:
      return sum(loss);
    case Reduction::none:
      break;
  }
  return loss;
}

array weighted(const char* op, const array& loss, const std::optional<array>& weights) {
  if (!weights) return loss;
  require_same(op, "weights", loss, *weights);
  return loss * *weights;
}

array pick(const array& x, const array& indices, int axis) {
  return squeeze(take_along_axis(x, expand_dims(indices, axis), axis), axis);
}

array norm(const array& x, int axis) { return sqrt(sum(square(x), axis)); }

}  // namespace

array cross_entropy(const array& logits, const array& targets, const std::optional<array>& weights, int axis,
                    double label_smoothing, Reduction reduction) {
  if (!(label_smoothing >= 0.0 && label_smoothing < 1.0)) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[cross_entropy] label_smoothing; got {}; expected 0 <= it < 1", label_smoothing));
  }
  int actual = axis < 0 ? axis + logits.ndim() : axis;
  if (actual < 0 || actual >= logits.ndim()) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[cross_entropy] axis; got {} for logits of {} dimensions", axis, logits.ndim()));
  }
  bool probabilities = targets.ndim() == logits.ndim();
  Shape expected = logits.shape();
  if (!probabilities) expected.erase(expected.begin() + actual);
  if (targets.shape() != expected) {
    throw error(
        ErrorCode::invalid_argument,
        fmt::format("[cross_entropy] targets of shape ({}); expected ({}) for logits of shape ({})",
                    fmt::join(targets.shape(), ", "), fmt::join(expected, ", "), fmt::join(logits.shape(), ", ")));
  }
  array shifted = logits - stop_gradient(max(logits, actual, true));
  array score = probabilities ? sum(shifted * targets, actual) : pick(shifted, targets, actual);
  array loss = logsumexp(shifted, actual);
  if (label_smoothing > 0) {
    loss = loss - scalar_like(1.0 - label_smoothing, score) * score -
           mean(shifted, actual) * scalar_like(label_smoothing, shifted);
  } else {
    loss = loss - score;
  }
  return reduce(weighted("cross_entropy", loss, weights), reduction);
}

array binary_cross_entropy(const array& inputs, const array& targets, const std::optional<array>& weights,
                           bool with_logits, Reduction reduction) {
  require_same("binary_cross_entropy", "targets", inputs, targets);
  auto loss = [&] {
    if (with_logits) return logaddexp(scalar_like(0.0, inputs), inputs) - inputs * targets;
    array one = scalar_like(1.0, inputs), floor = scalar_like(-100.0, inputs);
    array log_p = maximum(log(inputs), floor), log_q = maximum(log(one - inputs), floor);
    return -(targets * log_p + (one - targets) * log_q);
  }();
  return reduce(weighted("binary_cross_entropy", loss, weights), reduction);
}

array l1_loss(const array& predictions, const array& targets, Reduction reduction) {
  require_same("l1_loss", "targets", predictions, targets);
  return reduce(abs(predictions - targets), reduction);
}

array mse_loss(const array& predictions, const array& targets, Reduction reduction) {
  require_same("mse_loss", "targets", predictions, targets);
  return reduce(square(predictions - targets), reduction);
}

array nll_loss(const array& inputs, const array& targets, int axis, Reduction reduction) {
  return reduce(-pick(inputs, targets, axis), reduction);
}

array gaussian_nll_loss(const array& inputs, const array& targets, const array& vars, bool full, double eps,
                        Reduction reduction) {
  require_same("gaussian_nll_loss", "targets", inputs, targets);
  require_same("gaussian_nll_loss", "vars", inputs, vars);
  array v = maximum(vars, scalar_like(eps, vars));
  array loss = scalar_like(0.5, v) * (log(v) + square(targets - inputs) / v);
  if (full) loss = loss + scalar_like(0.5 * std::log(2 * M_PI), loss);
  return reduce(loss, reduction);
}

array kl_div_loss(const array& inputs, const array& targets, int axis, Reduction reduction) {
  return reduce(sum(exp(targets) * (targets - inputs), axis), reduction);
}

array smooth_l1_loss(const array& predictions, const array& targets, double beta, Reduction reduction) {
  require_same("smooth_l1_loss", "targets", predictions, targets);
  array diff = abs(predictions - targets);
  array b = scalar_like(beta, diff), half = scalar_like(0.5, diff);
  return reduce(where(diff < b, half * square(diff) / b, diff - half * b), reduction);
}

array triplet_loss(const array& anchors, const array& positives, const array& negatives, int axis, double p,
                   double margin, double eps, Reduction reduction) {
  auto distance = [&](const array& other) {
    array d = abs(anchors - other);
    return power(sum(power(d, scalar_like(p, d)), axis) + scalar_like(eps, d), scalar_like(1.0 / p, d));
  };
  array loss = distance(positives) - distance(negatives);
  return reduce(maximum(loss + scalar_like(margin, loss), scalar_like(0.0, loss)), reduction);
}

array hinge_loss(const array& inputs, const array& targets, Reduction reduction) {
  array margin = inputs * targets;
  return reduce(maximum(scalar_like(1.0, margin) - margin, scalar_like(0.0, margin)), reduction);
}

array huber_loss(const array& inputs, const array& targets, double delta, Reduction reduction) {
  array errors = abs(inputs - targets);
  array d = scalar_like(delta, errors);
  array quadratic = minimum(errors, d);
  return reduce(scalar_like(0.5, errors) * square(quadratic) + d * (errors - quadratic), reduction);
}

array log_cosh_loss(const array& inputs, const array& targets, Reduction reduction) {
  array errors = inputs - targets;
  return reduce(logaddexp(errors, -errors) - scalar_like(std::log(2.0), errors), reduction);
}

array cosine_similarity_loss(const array& x1, const array& x2, int axis, double eps, Reduction reduction) {
  array norms = norm(x1, axis) * norm(x2, axis);
  return reduce(sum(x1 * x2, axis) / maximum(norms, scalar_like(eps, norms)), reduction);
}

array margin_ranking_loss(const array& inputs1, const array& inputs2, const array& targets, double margin,
                          Reduction reduction) {
  require_same("margin_ranking_loss", "inputs2", inputs1, inputs2);
  require_same("margin_ranking_loss", "targets", inputs1, targets);
  array loss = -targets * (inputs1 - inputs2);
  return reduce(maximum(scalar_like(0.0, loss), loss + scalar_like(margin, loss)), reduction);
}

}  // namespace ferrule::nn
