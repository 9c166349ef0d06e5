#include "runner.h"

#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

namespace ferrule::conformance {
namespace {

constexpr std::byte kPoison{0xff};
constexpr std::byte kCanary{0xa5};
constexpr uint64_t kGuard = 64;
constexpr uint64_t kTimeoutNs = 120ull * 1000 * 1000 * 1000;

frl_tensor describe_tensor(const Tensor& t, const Layout& layout) {
  frl_tensor d{};
  d.dtype = t.dtype;
  if (t.dtype == FRL_NONE) return d;
  d.ndim = static_cast<uint16_t>(t.shape.size());
  for (size_t i = 0; i < t.shape.size() && i < FRL_MAX_DIMS; ++i) {
    d.shape[i] = t.shape[i];
    d.strides[i] = layout.inlined ? 0 : layout.strides[i];
  }
  if (layout.inlined) {
    d.flags = FRL_TENSOR_INLINE;
    std::memcpy(d.value, t.address(0), t.itemsize());
  }
  return d;
}

uint64_t align_up(uint64_t x, uint64_t to) { return (x + to - 1) / to * to; }

// Calls f(element of the allocation, row-major position, how many follow on each other in both).
template <typename F>
void for_each_run(const Shape& shape, const Layout& layout, F f) {
  if (count(shape) == 0) return;
  if (layout.strides == row_major(shape)) return f(layout.first, 0, count(shape));
  Shape index(shape.size(), 0);
  int64_t i = 0;
  do {
    int64_t at = layout.first;
    for (size_t a = 0; a < index.size(); ++a) at += index[a] * layout.strides[a];
    f(at, i++, 1);
  } while (next_index(index, shape));
}

struct PlanGuard {
  Backend& backend;
  frl_kernel* kernel;
  frl_plan* plan;
  ~PlanGuard() {
    if (plan) backend.api().plan_release(kernel, plan);
  }
};

}  // namespace

// Where an operand lies in the arena.
struct Runner::Region {
  uint64_t offset = 0, bytes = 0;
};

Runner::Runner(Backend& backend) : backend_(backend) {
  if (!backend.device()) return;  // the cases that are left need none
  Error error;
  frl_status status = backend.api().stream_create(backend.device(), 0, &stream_, error);
  if (status != FRL_OK) throw std::runtime_error("stream_create: " + describe(status, error));
  status = backend.api().event_create(backend.device(), 0, &event_, error);
  if (status != FRL_OK) throw std::runtime_error("event_create: " + describe(status, error));
}

Runner::~Runner() {
  if (!backend_.device()) return;
  const frl_device_api& api = backend_.api();
  api.event_destroy(event_);
  api.stream_destroy(stream_);
  api.buffer_free(backend_.device(), arena_);
}

std::string Runner::ensure(uint64_t bytes) {
  if (bytes <= arena_bytes_) return "";
  const frl_device_api& api = backend_.api();
  api.buffer_free(backend_.device(), arena_);
  arena_ = nullptr;
  arena_bytes_ = 0;
  const uint64_t wanted = std::max<uint64_t>(align_up(bytes, 4096), 1 << 20);
  Error error;
  const frl_status status = api.buffer_alloc(backend_.device(), backend_.memory_kind(), wanted, &arena_, error);
  if (status != FRL_OK) return fmt::format("buffer_alloc of {} bytes: {}", wanted, describe(status, error));
  arena_bytes_ = wanted;
  return "";
}

frl_status Runner::query(Backend& backend, const Launch& launch, frl_requirements* answer, frl_error* error) {
  std::vector<frl_tensor> in, out;
  for (const Operand& o : launch.inputs) in.push_back(describe_tensor(o.tensor, o.layout));
  for (const Operand& o : launch.outputs) out.push_back(describe_tensor(o.tensor, o.layout));
  frl_call call{};
  call.inputs = in.data();
  call.outputs = out.data();
  call.n_inputs = static_cast<uint16_t>(in.size());
  call.n_outputs = static_cast<uint16_t>(out.size());
  call.math = launch.math;
  call.attrs = launch.attrs.empty() ? nullptr : launch.attrs.data();
  call.attrs_size = static_cast<uint32_t>(launch.attrs.size());
  frl_kernel* kernel = launch.kernel ? launch.kernel : backend.kernel(*launch.op).kernel;
  *answer = {};
  answer->struct_size = sizeof *answer;
  return backend.api().kernel_query(kernel, &call, answer, error);
}

Outcome Runner::run(Launch& launch) {
  frl_kernel* kernel = launch.kernel;
  if (!kernel) {
    const Backend::Found& found = backend_.kernel(*launch.op);
    if (!found.kernel) return {Outcome::UNSUPPORTED, "no kernel: " + found.reason};
    kernel = found.kernel;
  }
  return run_found(launch, kernel);
}

Outcome Runner::run_found(Launch& launch, frl_kernel* kernel) {
  Error error;
  frl_requirements need{};
  const frl_status status = query(backend_, launch, &need, error);
  PlanGuard guard{backend_, kernel, need.plan};
  if (status == FRL_UNSUPPORTED || (status == FRL_OK && need.support == 0)) {
    if (error.text().empty()) return {Outcome::FAILED, "kernel_query answered unsupported without a reason"};
    return {Outcome::UNSUPPORTED, error.text()};
  }
  if (status != FRL_OK) return {Outcome::FAILED, "kernel_query: " + describe(status, error)};
  if (need.support != FRL_SUPPORTED && need.support != FRL_SLOW)
    return {Outcome::FAILED, fmt::format("kernel_query answered support = {}", need.support)};
  if (need.plan && !backend_.raw_api()->plan_release)
    return {Outcome::FAILED, "kernel_query returned a plan, but plan_release is NULL"};
  if (launch.reuse >= 0 && !((need.reuse_input_for_output >> launch.reuse) & 1u))
    return {Outcome::NOT_OFFERED, fmt::format("output 0 may not take the storage of input {}", launch.reuse)};

  // What the core does before a launch: materialise and align what the kernel asked for.
  int64_t launched_elements = 0;
  std::vector<frl_tensor> in(launch.inputs.size()), out(launch.outputs.size());
  std::vector<Region> in_at(in.size()), out_at(out.size());
  uint64_t end = kGuard;
  const uint64_t unit = std::max<uint64_t>(backend_.info().offset_alignment, 16);
  for (size_t i = 0; i < in.size(); ++i) {
    Operand& o = launch.inputs[i];
    const bool contiguous = (need.contiguous_inputs >> i) & 1u;
    const bool inline_ok = (need.inline_ok >> i) & 1u;
    if (o.tensor.dtype != FRL_NONE && (contiguous || (o.layout.inlined && !inline_ok)) &&
        !(o.layout.inlined && inline_ok))
      o.layout = make_layout(o.tensor.shape, LayoutKind::CONTIGUOUS);
    in[i] = describe_tensor(o.tensor, o.layout);
    if (o.tensor.dtype == FRL_NONE || o.layout.inlined || o.tensor.size() == 0) continue;
    end = align_up(end + kGuard, unit);
    if (!((need.aligned_inputs >> i) & 1u)) end += o.tensor.itemsize() * (i + 1);  // legal and awkward
    in_at[i] = {end, static_cast<uint64_t>(o.layout.elements) * o.tensor.itemsize()};
    end += in_at[i].bytes;
  }
  for (size_t i = 0; i < out.size(); ++i) {
    Operand& o = launch.outputs[i];
    const bool plain = o.layout.strides == row_major(o.tensor.shape);
    if (!plain && !need.out_strided_ok && launch.reuse < 0)
      return {Outcome::NOT_OFFERED, "outputs must be row-contiguous"};
    out[i] = describe_tensor(o.tensor, o.layout);
    launched_elements += o.tensor.size();
    if (o.tensor.size() == 0) continue;
    if (i == 0 && launch.reuse >= 0) {
      out_at[0] = in_at[static_cast<size_t>(launch.reuse)];
      o.layout = launch.inputs[static_cast<size_t>(launch.reuse)].layout;
      out[0] = describe_tensor(o.tensor, o.layout);
      continue;
    }
    end = align_up(end + kGuard, unit);
    out_at[i] = {end, static_cast<uint64_t>(o.layout.elements) * o.tensor.itemsize()};
    end += out_at[i].bytes;
  }
  Region scratch;
  if (need.scratch_bytes) {
    end = align_up(end + kGuard, std::max<uint64_t>(backend_.info().buffer_alignment, unit));
    scratch = {end, need.scratch_bytes};
    end += need.scratch_bytes;
  }
  end += kGuard;
  if (launched_elements == 0) return {Outcome::DONE, ""};
  if (std::string problem = ensure(end); !problem.empty()) return {Outcome::FAILED, problem};

  std::vector<std::byte> image(end, kCanary);
  for (size_t i = 0; i < in.size(); ++i) {
    const Operand& o = launch.inputs[i];
    if (in_at[i].bytes == 0) continue;
    const size_t size = o.tensor.itemsize();
    std::byte* base = image.data() + in_at[i].offset;
    std::memset(base, static_cast<int>(kPoison), in_at[i].bytes);  // gaps of the layout hold NaNs
    for_each_run(o.tensor.shape, o.layout, [&](int64_t at, int64_t from, int64_t n) {
      std::memcpy(base + static_cast<size_t>(at) * size, o.tensor.address(from), static_cast<size_t>(n) * size);
    });
    in[i].buffer = arena_;
    in[i].byte_offset = in_at[i].offset + static_cast<uint64_t>(o.layout.first) * size;
  }
  for (size_t i = 0; i < out.size(); ++i) {
    Operand& o = launch.outputs[i];
    if (out_at[i].bytes == 0) continue;
    const size_t size = o.tensor.itemsize();
    const bool reused = i == 0 && launch.reuse >= 0;
    if (!reused) std::memset(image.data() + out_at[i].offset, static_cast<int>(kPoison), out_at[i].bytes);
    out[i].buffer = arena_;
    out[i].byte_offset = out_at[i].offset + static_cast<uint64_t>(o.layout.first) * size;
  }
  if (scratch.bytes) std::memset(image.data() + scratch.offset, static_cast<int>(kPoison), scratch.bytes);

  frl_call call{};
  call.inputs = in.data();
  call.outputs = out.data();
  call.n_inputs = static_cast<uint16_t>(in.size());
  call.n_outputs = static_cast<uint16_t>(out.size());
  call.math = launch.math;
  call.attrs = launch.attrs.empty() ? nullptr : launch.attrs.data();
  call.attrs_size = static_cast<uint32_t>(launch.attrs.size());
  call.scratch = scratch.bytes ? arena_ : nullptr;
  call.scratch_offset = scratch.offset;
  call.scratch_bytes = scratch.bytes;

  std::vector<std::byte> after = image;
  if (std::string problem = execute(after, kernel, need.plan, call); !problem.empty())
    return {Outcome::FAILED, problem};

  // What the call may write is taken over into the image; everything else must be as it was.
  for (size_t i = 0; i < out.size(); ++i) {
    Operand& o = launch.outputs[i];
    const size_t size = o.tensor.itemsize();
    if (out_at[i].bytes == 0) continue;
    for_each_run(o.tensor.shape, o.layout, [&](int64_t at, int64_t to, int64_t n) {
      const size_t offset = out_at[i].offset + static_cast<size_t>(at) * size, bytes = static_cast<size_t>(n) * size;
      std::memcpy(o.tensor.address(to), after.data() + offset, bytes);
      std::memcpy(image.data() + offset, after.data() + offset, bytes);
    });
  }
  if (scratch.bytes) std::memcpy(image.data() + scratch.offset, after.data() + scratch.offset, scratch.bytes);
  if (std::memcmp(image.data(), after.data(), end) == 0) return {Outcome::DONE, ""};
  for (uint64_t b = 0; b < end; ++b) {
    if (after[b] == image[b]) continue;
    for (size_t i = 0; i < in.size(); ++i)
      if (b >= in_at[i].offset && b < in_at[i].offset + in_at[i].bytes)
        return {Outcome::FAILED, fmt::format("input {} was changed at byte {}", i, b - in_at[i].offset)};
    for (size_t i = 0; i < out.size(); ++i)
      if (b + kGuard >= out_at[i].offset && b < out_at[i].offset + out_at[i].bytes + kGuard)
        return {Outcome::FAILED, fmt::format("wrote outside output {}: byte {} relative to its start (output has {})",
                                             i, static_cast<int64_t>(b - out_at[i].offset), out_at[i].bytes)};
    return {Outcome::FAILED, fmt::format("wrote outside its operands, at arena byte {}", b)};
  }
  return {Outcome::DONE, ""};
}

std::string Runner::execute(std::vector<std::byte>& image, frl_kernel* kernel, const frl_plan* plan,
                            const frl_call& call) {
  const frl_device_api& api = backend_.api();
  Error error;
  const auto failed = [&](const char* what, frl_status s) { return fmt::format("{}: {}", what, describe(s, error)); };
  frl_status status = api.copy_in(stream_, arena_, 0, image.data(), image.size(), 0, error);
  if (status != FRL_OK) return failed("copy_in", status);
  status = api.kernel_launch(stream_, kernel, plan, &call, error);
  if (status != FRL_OK) return failed("kernel_launch", status);
  std::vector<std::byte> back(image.size());
  status = api.copy_out(stream_, back.data(), arena_, 0, back.size(), error);
  if (status != FRL_OK) return failed("copy_out", status);
  status = api.event_record(event_, stream_, error);
  if (status != FRL_OK) return failed("event_record", status);
  status = api.event_wait(event_, kTimeoutNs, error);
  if (status == FRL_TIMEOUT) {  // the memory must outlive work that may still be running
    static std::vector<std::vector<std::byte>> abandoned;
    abandoned.push_back(std::move(back));
    abandoned.push_back(image);
  }
  if (status != FRL_OK) return failed("event_wait", status);
  image = std::move(back);
  return "";
}

}  // namespace ferrule::conformance
