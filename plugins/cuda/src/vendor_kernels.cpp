// The kernels that are asked before the own ones: those of the toolkit's libraries.
#include <vector>

#include "src/cublaslt_matmul.h"
#ifdef FERRULE_HAS_CUDNN
#include "src/cudnn_conv.h"
#endif

namespace ferrule::gpu {
namespace {

std::vector<Kernel> all_kernels() {
  std::vector<Kernel> all;
  const auto add = [&](std::span<const Kernel> family) { all.insert(all.end(), family.begin(), family.end()); };
  add(cublaslt_kernels());
#ifdef FERRULE_HAS_CUDNN
  add(library_conv_kernels());
#endif
  return all;
}

}  // namespace

std::span<const Kernel> vendor_kernels() {
  static const std::vector<Kernel> kernels = all_kernels();
  return kernels;
}

}  // namespace ferrule::gpu
