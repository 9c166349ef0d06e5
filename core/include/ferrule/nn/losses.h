// Loss functions, as in mlx.nn.losses: names, argument order, defaults. `reduction` acts on the losses of all samples.
// Each throws invalid_argument when shapes do not fit together.
#pragma once

#include <optional>

#include "ferrule/array.h"

#pragma GCC visibility push(default)
namespace ferrule::nn {

enum class Reduction { none, mean, sum };

// targets: class indices (logits' shape without `axis`) or probabilities (logits' shape). 0 <= label_smoothing < 1.
// Class indices outside the range are clamped into it.
array cross_entropy(const array& logits, const array& targets, const std::optional<array>& weights = std::nullopt,
                    int axis = -1, double label_smoothing = 0.0, Reduction reduction = Reduction::none);
// Inputs are logits, or probabilities (their logarithms are clipped at -100).
array binary_cross_entropy(const array& inputs, const array& targets,
                           const std::optional<array>& weights = std::nullopt, bool with_logits = true,
                           Reduction reduction = Reduction::mean);
array l1_loss(const array& predictions, const array& targets, Reduction reduction = Reduction::mean);
array mse_loss(const array& predictions, const array& targets, Reduction reduction = Reduction::mean);
// inputs: log-probabilities; targets: class indices.
array nll_loss(const array& inputs, const array& targets, int axis = -1, Reduction reduction = Reduction::none);
array gaussian_nll_loss(const array& inputs, const array& targets, const array& vars, bool full = false,
                        double eps = 1e-6, Reduction reduction = Reduction::mean);
// Both are log-probabilities.
array kl_div_loss(const array& inputs, const array& targets, int axis = -1, Reduction reduction = Reduction::none);
array smooth_l1_loss(const array& predictions, const array& targets, double beta = 1.0,
                     Reduction reduction = Reduction::mean);
array triplet_loss(const array& anchors, const array& positives, const array& negatives, int axis = -1, double p = 2.0,
                   double margin = 1.0, double eps = 1e-6, Reduction reduction = Reduction::none);
// targets: -1 or 1.
array hinge_loss(const array& inputs, const array& targets, Reduction reduction = Reduction::none);
array huber_loss(const array& inputs, const array& targets, double delta = 1.0, Reduction reduction = Reduction::none);
array log_cosh_loss(const array& inputs, const array& targets, Reduction reduction = Reduction::none);
array cosine_similarity_loss(const array& x1, const array& x2, int axis = 1, double eps = 1e-8,
                             Reduction reduction = Reduction::none);
array margin_ranking_loss(const array& inputs1, const array& inputs2, const array& targets, double margin = 0.0,
                          Reduction reduction = Reduction::none);

}  // namespace ferrule::nn
#pragma GCC visibility pop
