// One convolution planned with cuDNN: an execution plan and its workspace, found once and launched many times. Immutable
// after it is made, so any thread may launch it; launches share its ownership.
#pragma once

#include <memory>
#include <vector>

#include "host/command_list.h"
#include "kernels/conv/problem.h"
#include "src/cudnn_api.h"

namespace ferrule::gpu {

class CudnnConv : public std::enable_shared_from_this<CudnnConv> {
 public:
  // Powers of two that the addresses of the op's operands, in its order, and of the output are multiples of.
  struct Alignment {
    uint32_t first, second, out;
  };

  // nullptr, or why the library is not asked. Operands are row-contiguous.
  static const char* refuses(const ConvProblem& forward);
  // Throws Failure where the library or an engine within our numeric rules is missing.
  static std::shared_ptr<const CudnnConv> make(Device& device, const ConvProblem& forward, const Alignment& alignment,
                                               uint32_t math);

  uint64_t workspace_bytes() const { return workspace_bytes_; }
  bool fits(const void* first, const void* second, const void* out) const;
  // Appends the library call; `workspace` has workspace_bytes().
  void launch(CommandList& commands, const void* first, const void* second, void* out, void* workspace) const;

 private:
  struct Candidate {
    CudnnDescriptor config, plan;
    uint64_t workspace_bytes;
  };

  explicit CudnnConv(CudnnState& library) : library_(library) {}
  CudnnDescriptor describe_graph() const;
  std::vector<CudnnDescriptor> ask(const CudnnDescriptor& graph, cudnnBackendHeurMode_t mode) const;
  bool keeps_rules(const CudnnDescriptor& config) const;
  void find_plans(const CudnnDescriptor& graph, size_t most);
  void tune(Device& device);
  cudnnStatus_t execute(const CudnnDescriptor& plan, const void* first, const void* second, void* out, void* workspace,
                        vendor::Stream stream) const;

  CudnnState& library_;
  ConvProblem problem_{};
  Alignment alignment_{};
  uint32_t math_ = 0;
  std::vector<Candidate> candidates_;  // the first one is launched
  uint64_t workspace_bytes_ = 0;
};

}  // namespace ferrule::gpu
