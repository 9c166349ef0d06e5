// A sample call with buffers, contents, plan and scratch, ready to be launched again and again on a stream of its own.
#pragma once
#include <memory>
#include <vector>

#include "device_objects.h"
#include "sample_call.h"

namespace ferrule::tools {

class BenchCall {
 public:
  // Throws loader::Error when the device has no kernel for the call, or no memory.
  BenchCall(const OpenDevice& device, const OpInfo& op, const SampleCall& sample);
  ~BenchCall();
  BenchCall(const BenchCall&) = delete;
  BenchCall& operator=(const BenchCall&) = delete;

  void launch_and_wait();
  // How long the device was busy with one launch, by frl.profiler; 0 where the backend does not offer it.
  double device_microseconds();

 private:
  void place(frl_tensor& tensor);
  void fill(const frl_tensor& tensor, Contents contents);

  const OpenDevice& device_;
  SampleCall sample_;
  Stream stream_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
  frl_kernel* kernel_ = nullptr;
  frl_requirements needs_{};
  frl_call call_{};
};

}  // namespace ferrule::tools
