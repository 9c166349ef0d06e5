#include "runtime/evaluation.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "runtime/collapse.h"
#include "runtime/evaluator.h"
#include "runtime/failure.h"
#include "runtime/host_copies.h"

namespace ferrule::detail {
namespace {

std::atomic<uint64_t> transfer_counter{0};

uint32_t math_mode() {
  static const uint32_t mode = [] {
    const char* tf32 = secure_getenv("FERRULE_TF32");
    return tf32 && std::strcmp(tf32, "1") == 0 ? FRL_MATH_ALLOW_TF32 : 0u;
  }();
  return mode;
}

void describe(const Node& node, frl_tensor& t) {
  t.buffer = nullptr;
  t.byte_offset = 0;
  t.dtype = node.dtype.code();
  t.ndim = static_cast<uint16_t>(node.shape.size());
  t.flags = 0;
  for (size_t i = 0; i < node.shape.size(); ++i) {
    t.shape[i] = node.shape[i];
    t.strides[i] = node.is_inline ? 0 : node.strides[i];
  }
  t.value[0] = t.value[1] = t.reserved[0] = t.reserved[1] = 0;
  if (node.is_inline) {
    t.flags = FRL_TENSOR_INLINE;
    t.value[0] = node.value[0];
    t.value[1] = node.value[1];
    if (node.storage) t.buffer = node.storage->buffer();  // a slot: the value comes later
  } else if (node.storage) {
    t.buffer = node.storage->buffer();
    t.byte_offset = node.storage->offset() + node.byte_offset;
  }
}

// A kernel call that outlives its arrays, for streams that hold work back.
struct HeldCall {
  frl_kernel* kernel;
  const frl_plan* plan;
  const frl_device_api* api;
  frl_call call;
  std::vector<frl_tensor> tensors;
  std::vector<std::byte> attributes;

  frl_status operator()(frl_stream* stream, frl_error* plugin_error) {
    call.inputs = tensors.data();
    call.outputs = tensors.data() + call.n_inputs;
    call.attrs = attributes.empty() ? nullptr : attributes.data();
    return api->kernel_launch(stream, kernel, plan, &call, plugin_error);
  }
};

}  // namespace

uint64_t transfers() { return transfer_counter; }

void StreamEvaluation::allocate(array& out) {
  Node& node = *out.node();
  node.strides = row_major(node.shape);
  node.contiguous = true;
  node.byte_offset = 0;
  if (node.size != 0) node.storage = allocate_storage(node.bytes());
}

std::shared_ptr<Storage> StreamEvaluation::allocate_storage(uint64_t bytes) {
  return recording_ ? recording_->make_temporary(bytes) : pool_storage(bytes);
}

std::shared_ptr<Storage> StreamEvaluation::pool_storage(uint64_t bytes) {
  Allocator& allocator = device_.allocator();
  return std::allocate_shared<Storage>(PoolAllocator<Storage>(), device_, allocator,
                                       allocator.allocate(bytes, stream_));
}

void StreamEvaluation::view(array& out, const array& in, const Strides& strides, int64_t offset) {
  Node& to = *out.node();
  const Node& from = *in.node();
  to.strides = strides;
  if (from.is_inline) {
    to.is_inline = true;
    to.value[0] = from.value[0];
    to.value[1] = from.value[1];
    to.storage = from.storage;
    std::fill(to.strides.begin(), to.strides.end(), 0);
    to.contiguous = to.size <= 1;
    return;
  }
  to.storage = from.storage;
  to.byte_offset =
      static_cast<uint64_t>(static_cast<int64_t>(from.byte_offset) + offset * static_cast<int64_t>(to.dtype.size()));
  to.contiguous = is_row_major(to.shape, to.strides);
}

bool StreamEvaluation::donatable(const array& a) const {
  const Node& node = *a.node();
  return may_donate_ && a.node().use_count() == 1 && node.storage && node.storage.use_count() == 1 && node.contiguous &&
         !node.is_inline && &node.storage->stream() == &stream_ && (recording_ == nullptr || is_recorded(node));
}

bool StreamEvaluation::donate(array& out, const array& in) {
  Node& to = *out.node();
  const Node& from = *in.node();
  if (!donatable(in) || from.bytes() != to.bytes()) return false;
  to.storage = from.storage;
  to.byte_offset = from.byte_offset;
  to.strides = row_major(to.shape);
  to.contiguous = true;
  if (recording_) recording_->note_donation(*to.storage);
  return true;
}

void StreamEvaluation::copy_to(array& out, const array& src, const Strides& strides, int64_t offset) {
  if (src.size() == 0) return;
  auto part = make_node(src.shape(), out.dtype());
  part->size = src.size();
  array target(std::move(part));
  view(target, out, strides, offset);
  std::vector<array> outputs{target};
  launch(FRL_OP_copy, {}, {src}, outputs);
}

array StreamEvaluation::copy_of(const array& a) {
  auto copy = make_node(a.shape(), a.dtype());
  copy->size = a.size();
  std::vector<array> outputs{array(std::move(copy))};
  launch(FRL_OP_copy, {}, {a}, outputs);
  outputs[0].node()->set_evaluated();
  return outputs[0];
}

array StreamEvaluation::contiguous(const array& a) { return a.node()->contiguous ? a : copy_of(a); }

array StreamEvaluation::dense(const array& a) {
  const Node& node = *a.node();
  bool aligned = node.is_inline || !node.storage || node.byte_offset % device_.allocator().alignment() == 0;
  return (node.contiguous && !node.is_inline && aligned) || node.size == 0 ? a : copy_of(a);
}

// Storage with `count` host bytes. In a recording, too: what is uploaded now stays.
std::shared_ptr<Storage> StreamEvaluation::uploaded(const void* bytes, uint64_t count,
                                                    const std::shared_ptr<HostBlock>& keep) {
  auto storage = pool_storage(count);
  storage->set_written_at(copy_to_device(stream_, *storage, bytes, count, keep));
  return storage;
}

// One element in device memory, for kernels that do not take inline operands.
array StreamEvaluation::materialize(const array& a) {
  const Node& node = *a.node();
  auto result = make_node(node.shape, node.dtype);
  result->size = node.size;
  result->strides = node.strides;
  result->strides.resize(node.shape.size());
  std::fill(result->strides.begin(), result->strides.end(), 0);
  result->contiguous = node.size <= 1;
  if (node.storage) {  // the value of a slot is known at each launch only
    auto element = make_node(Shape{}, node.dtype);
    auto scalar = make_node(Shape{}, node.dtype);
    scalar->is_inline = true;
    scalar->storage = node.storage;
    std::vector<array> outputs{array(std::move(element))};
    launch(FRL_OP_fill, {}, {array(std::move(scalar))}, outputs);
    result->storage = outputs[0].node()->storage;
    result->set_evaluated();
    return array(std::move(result));
  }
  result->storage = uploaded(node.value, node.dtype.size(), nullptr);
  result->set_evaluated();
  return array(std::move(result));
}

array StreamEvaluation::transfer(const array& a) {
  const Node& node = *a.node();
  ByteSpan span = byte_span(node);
  auto result = make_node(node.shape, node.dtype);
  result->size = node.size;
  result->strides = node.strides;
  result->contiguous = node.contiguous;
  result->byte_offset = static_cast<uint64_t>(-span.begin);
  result->storage = pool_storage(span.bytes());
  result->storage->set_written_at(copy_between(stream_, *result->storage, node));
  result->set_evaluated();
  ++transfer_counter;
  return array(std::move(result));
}

array StreamEvaluation::localize(const array& a) {
  Node& node = *a.node();
  if (node.is_inline || node.size == 0) return a;
  if (!node.storage) {
    auto storage = uploaded(node.host->data, node.bytes(), node.host);
    std::lock_guard lock(upload_mutex());
    node.strides = row_major(node.shape);
    node.byte_offset = 0;
    node.storage = std::move(storage);
    if (!node.host_seen) node.host.reset();
    return a;
  }
  StreamState& home = node.storage->stream();
  if (!is_recorded(node)) home.require(node.storage->written_at());
  if (&home == &stream_) return a;
  if (&node.storage->device() != &device_) return transfer(a);
  stream_.wait_for(home, node.storage->written_at());
  return a;
}

void StreamEvaluation::launch(uint32_t code, std::span<const std::byte> attributes, const std::vector<array>& inputs,
                              std::vector<array>& outputs) {
  const OpInfo& op = *op_info(code);
  Kernel* kernel = device_.kernels().find(code);
  if (!kernel) throw UnsupportedKernel(fmt::format("{} has no kernel for {}", device_.label(), op.name));
  launch(*kernel, op.name, op.collapse, attributes, inputs, outputs);
}

void StreamEvaluation::launch(Kernel& kernel, const char* what, bool collapse, std::span<const std::byte> attributes,
                              const std::vector<array>& given, std::vector<array>& outputs) {
  if (given.size() + outputs.size() > kMaxOperands) {
    invalid("[{}] too many operands; got {}; expected at most {}", what, given.size() + outputs.size(), kMaxOperands);
  }
  bool all_empty = true;
  for (array& out : outputs) {
    Node& node = *out.node();
    if (!node.storage) {
      node.strides = row_major(node.shape);
      node.contiguous = true;
    }
    all_empty &= node.size == 0;
  }
  static const char* const kFill = op_info(FRL_OP_fill)->name;
  std::array<frl_tensor, kMaxOperands> tensors;
  frl_call call{};
  call.n_inputs = static_cast<uint16_t>(given.size());
  call.n_outputs = static_cast<uint16_t>(outputs.size());
  call.inputs = tensors.data();
  call.outputs = tensors.data() + given.size();
  call.math = math_mode();
  call.attrs = attributes.empty() ? nullptr : attributes.data();
  call.attrs_size = static_cast<uint32_t>(attributes.size());

  // Inputs that the kernel cannot take as they are get replaced, and the question is asked again.
  std::vector<array> replaced;
  const std::vector<array>* inputs = &given;
  const Answer* answer = nullptr;
  for (bool settled = false; !settled;) {
    for (size_t i = 0; i < inputs->size(); ++i) describe(*(*inputs)[i].node(), tensors[i]);
    for (size_t i = 0; i < outputs.size(); ++i) describe(*outputs[i].node(), tensors[given.size() + i]);
    if (collapse) collapse_dims(tensors.data(), given.size(), outputs.size());
    if (what == kFill) tensors[0].ndim = 0;  // its value has a rank of its own
    answer = &kernel.query(call);
    if (!answer->supported()) throw UnsupportedKernel(fmt::format("{}: {}: {}", device_.label(), what, answer->reason));
    if (all_empty) return;
    const frl_requirements& needs = answer->requirements;
    settled = true;
    for (size_t i = 0; i < inputs->size(); ++i) {
      const array& input = (*inputs)[i];
      const Node& node = *input.node();
      bool bare_inline = node.is_inline && !((needs.inline_ok >> i) & 1);
      bare_inline |= node.is_inline && node.storage && (needs.depends & FRL_DEPENDS_INLINE) != 0;
      if (bare_inline && node.storage && what == kFill) {
        throw CannotRecord(fmt::format("{}: no kernel takes an inline value that changes", device_.label()));
      }
      bool strided = ((needs.contiguous_inputs >> i) & 1) && !node.contiguous && !(collapse && node.size == 1);
      bool misaligned = ((needs.aligned_inputs >> i) & 1) && node.storage &&
                        tensors[i].byte_offset % device_.info().offset_alignment != 0;
      if (!bare_inline && !strided && !misaligned) continue;
      if (inputs == &given) {
        replaced = given;
        inputs = &replaced;
      }
      if (bare_inline) {
        replaced[i] = materialize(input);
      } else {
        replaced[i] = copy_of(input);
      }
      settled = false;
    }
  }
  const frl_requirements& needs = answer->requirements;
  for (size_t i = 0; i < outputs.size(); ++i) {
    Node& node = *outputs[i].node();
    if (node.storage) {
      if (!node.contiguous && !needs.out_strided_ok) {
        throw UnsupportedKernel(fmt::format("{}: {} takes contiguous outputs only", device_.label(), what));
      }
    } else {
      bool donated = false;
      if (i == 0 && needs.reuse_input_for_output != 0) {
        for (size_t k = 0; k < inputs->size() && !donated; ++k) {
          const array& input = (*inputs)[k];
          donated = ((needs.reuse_input_for_output >> k) & 1) && input.dtype() == node.dtype &&
                    input.size() == node.size && donate(outputs[i], input);
        }
      }
      if (!donated && node.size != 0) node.storage = allocate_storage(node.bytes());
      tensors[given.size() + i].buffer = node.storage ? node.storage->buffer() : nullptr;
      tensors[given.size() + i].byte_offset = node.storage ? node.storage->offset() + node.byte_offset : 0;
    }
  }
  std::shared_ptr<Storage> scratch;  // given back at once: the next user on this stream comes after the kernel
  if (needs.scratch_bytes != 0) {
    scratch = allocate_storage(needs.scratch_bytes);
    call.scratch = scratch->buffer();
    call.scratch_offset = scratch->offset();
    call.scratch_bytes = needs.scratch_bytes;
  }
  if (recording_) {
    PluginError plugin_error;
    if (device_.api().kernel_prepare(kernel.handle(), needs.plan, &call, &plugin_error) != FRL_OK) {
      throw CannotRecord(fmt::format("{}: {}", what, plugin_error.message));
    }
    recording_->add(kernel, needs.plan, what, call, *inputs, outputs);
    return;
  }
  uint64_t sequence = stream_.submit(
      what,
      [&](frl_stream* stream, frl_error* plugin_error) {
        return device_.api().kernel_launch(stream, kernel.handle(), needs.plan, &call, plugin_error);
      },
      [&] {
        return HeldCall{kernel.handle(),
                        needs.plan,
                        &device_.api(),
                        call,
                        {tensors.begin(), tensors.begin() + static_cast<long>(given.size() + outputs.size())},
                        {attributes.begin(), attributes.end()}};
      });
  for (array& out : outputs) {
    Node& node = *out.node();
    if (node.storage) node.storage->set_written_at(sequence);
  }
  for (const array& input : *inputs) {
    const Node& node = *input.node();
    if (node.storage) node.storage->add_use(stream_, sequence);
  }
}

}  // namespace ferrule::detail
