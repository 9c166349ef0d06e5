// Prepares, launches and reads back one kernel call exactly as the core would: query, requirements, scratch, plan,
// event. Every output is poisoned first, everything around and between the operands is checked to be untouched.
#pragma once

#include <string>
#include <vector>

#include "backend.h"
#include "tensor.h"

namespace ferrule::conformance {

struct Operand {
  Tensor tensor;
  Layout layout;

  Operand() = default;  // absent
  explicit Operand(Tensor t, LayoutKind kind = LayoutKind::CONTIGUOUS, uint32_t broadcast_axes = 0)
      : tensor(std::move(t)), layout(make_layout(tensor.shape, kind, broadcast_axes)) {}
};

struct Launch {
  const Op* op = nullptr;
  frl_kernel* kernel = nullptr;  // null: found by op
  std::vector<Operand> inputs;
  std::vector<Operand> outputs;  // dtype, shape and layout; values are written by run
  std::vector<std::byte> attrs;
  uint32_t math = 0;
  int reuse = -1;  // output 0 takes this input's storage

  template <typename A>
  void set_attrs(const A& a) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&a);
    attrs.assign(bytes, bytes + sizeof a);
  }
};

struct Outcome {
  enum Status { DONE, UNSUPPORTED, NOT_OFFERED, FAILED } status = FAILED;
  std::string message;
};

class Runner {
 public:
  explicit Runner(Backend& backend);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  Backend& backend() { return backend_; }
  // Fills launch.outputs. Zero-size calls are queried but not launched.
  Outcome run(Launch& launch);
  // The query alone, with the given number of bytes of attributes claimed; status and answer as the plugin gave them.
  static frl_status query(Backend& backend, const Launch& launch, frl_requirements* answer, frl_error* error);

 private:
  struct Region;
  Outcome run_found(Launch& launch, frl_kernel* kernel);
  std::string ensure(uint64_t bytes);
  std::string execute(std::vector<std::byte>& image, frl_kernel* kernel, const frl_plan* plan, const frl_call& call);

  Backend& backend_;
  frl_stream* stream_ = nullptr;
  frl_event* event_ = nullptr;
  frl_buffer* arena_ = nullptr;
  uint64_t arena_bytes_ = 0;
};

}  // namespace ferrule::conformance
