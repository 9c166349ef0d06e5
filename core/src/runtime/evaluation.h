// The evaluator's side of Primitive::eval for one stream: layouts, allocation, donation, and kernel calls through the
// plan cache. Used with the evaluator's lock held.
#pragma once

#include <string>

#include "ferrule/primitive.h"
#include "runtime/device_runtime.h"
#include "runtime/node.h"
#include "runtime/recording.h"

namespace ferrule::detail {

// The backend has no kernel for a call; the evaluator goes on to decompose or fall back.
class UnsupportedKernel : public error {
 public:
  explicit UnsupportedKernel(const std::string& reason) : error(ErrorCode::unsupported, reason) {}
};

class StreamEvaluation final : public Evaluation {
 public:
  // may_donate: inputs that nothing else refers to may give up their storage. With a recording, calls go there, and new
  // memory is the recording's.
  StreamEvaluation(StreamState& stream, bool may_donate, Recording* recording = nullptr)
      : stream_(stream), device_(stream.device()), may_donate_(may_donate), recording_(recording) {}

  StreamState& stream() const { return stream_; }
  Recording* recording() const { return recording_; }
  void launch(uint32_t code, std::span<const std::byte> attributes, const std::vector<array>& inputs,
              std::vector<array>& outputs) override;
  // The same for a kernel at hand, such as a fused one. `what` names it in errors.
  void launch(Kernel& kernel, const char* what, bool collapse, std::span<const std::byte> attributes,
              const std::vector<array>& inputs, std::vector<array>& outputs);
  void allocate(array& out) override;
  void view(array& out, const array& in, const Strides& strides, int64_t offset) override;
  bool donate(array& out, const array& in) override;
  void copy_to(array& out, const array& src, const Strides& strides, int64_t offset) override;
  const Strides& strides(const array& a) const override { return a.node()->strides; }
  array contiguous(const array& a) override;

  // `a` with its data on this stream's device, and this stream ordered behind the work that makes it.
  array localize(const array& a);
  // `a`, or a copy, that is row-contiguous, begins at an aligned offset and is not inline.
  array dense(const array& a);
  // Nothing but the caller's handle refers to `a` or its storage, which an output may take over.
  bool donatable(const array& a) const;
  // At least `bytes` (> 0) for work on this stream.
  std::shared_ptr<Storage> allocate_storage(uint64_t bytes);

 private:
  array copy_of(const array& a);
  std::shared_ptr<Storage> pool_storage(uint64_t bytes);
  std::shared_ptr<Storage> uploaded(const void* bytes, uint64_t count, const std::shared_ptr<HostBlock>& keep);
  array transfer(const array& a);
  array materialize(const array& a);

  StreamState& stream_;
  DeviceRuntime& device_;
  bool may_donate_;
  Recording* recording_;
};

}  // namespace ferrule::detail
