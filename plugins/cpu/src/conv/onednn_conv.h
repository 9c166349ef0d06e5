// Convolutions by oneDNN, a few images at a time: each piece is one single-threaded primitive, pieces run on our pool.
#pragma once

#include <memory>

#include "common/conv.h"

namespace ferrule::cpu {

using plugin::ConvOp;
using plugin::ConvProblem;

namespace onednn {
struct Conv;
}

// How oneDNN computes a convolution: `pieces` of `images` images each.
struct OnednnConv {
  std::shared_ptr<const onednn::Conv> conv;  // nullptr: the own engine is to be used
  ConvOp op = ConvOp::kForward;
  int64_t pieces = 0, images = 0;
  uint64_t scratch_bytes = 0;
};

// `forward` is the forward problem of x, w and y, whatever the op. An empty answer where oneDNN is missing, cannot take
// the problem, or was measured to be slower than the own engine (docs/decisions-cpu.md).
OnednnConv plan_onednn_conv(ConvOp op, const ConvProblem& forward);

// first, second and out in the op's order. False when padding may have met a factor that is not finite.
bool run_onednn_conv(const OnednnConv& plan, const ConvProblem& forward, const std::byte* first,
                     const std::byte* second, std::byte* out, std::byte* scratch);

}  // namespace ferrule::cpu
