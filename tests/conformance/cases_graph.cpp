// frl.graph/1 where offered: record once, replay with other buffers and scalars, ranges of the arena used twice, several
// launches in flight, order with the stream around, and wrong use.
#include <gtest/gtest.h>

#include <algorithm>

#include "catalog.h"
#include "data.h"
#include "session.h"

namespace ferrule::conformance {
namespace {

constexpr int64_t kCount = 1000;
constexpr uint64_t kBytes = kCount * 4;
constexpr uint64_t kRange = 4096;  // of one temporary in the arena

const frl_graph_api* graph_of(Context& c) {
  return static_cast<const frl_graph_api*>(c.backend.api().device_extension(c.backend.device(), FRL_EXT_GRAPH, 1));
}

frl_tensor vector_in(frl_buffer* buffer, uint64_t offset = 0) {
  frl_tensor t{};
  t.buffer = buffer;
  t.byte_offset = offset;
  t.dtype = FRL_DTYPE_F32;
  t.ndim = 1;
  t.shape[0] = kCount;
  t.strides[0] = 1;
  return t;
}

frl_tensor scalar_in(frl_buffer* slot, float value = 0) {
  frl_tensor t = vector_in(slot);
  t.flags = FRL_TENSOR_INLINE;
  t.strides[0] = 0;
  std::memcpy(t.value, &value, sizeof value);
  return t;
}

frl_binding scalar(float value) {
  frl_binding binding{};
  std::memcpy(binding.value, &value, sizeof value);
  return binding;
}

// A recording in progress; plans are kept until the graph is made.
class Recorder {
 public:
  Recorder(Context& c, uint32_t slots) : c_(c), graph_(*graph_of(c)) {
    Error error;
    FRL_EXPECT_OK(error, graph_.graph_begin(c.backend.device(), slots, &stream_, error));
  }
  ~Recorder() { graph_.graph_destroy(end()); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  frl_stream* stream() const { return stream_; }
  // What the query asks for; `scratch` is where scratch lies, if any is needed.
  frl_status launch(const char* name, std::vector<frl_tensor> in, frl_tensor out, Error& error,
                    const void* attrs = nullptr, uint32_t attrs_size = 0, uint64_t scratch_offset = 0,
                    frl_buffer* scratch = nullptr) {
    frl_call call{};
    call.inputs = in.data();
    call.outputs = &out;
    call.n_inputs = static_cast<uint16_t>(in.size());
    call.n_outputs = 1;
    call.attrs = attrs;
    call.attrs_size = attrs_size;
    frl_kernel* kernel = c_.backend.kernel(op(name)).kernel;
    need_ = {};
    need_.struct_size = sizeof need_;
    FRL_EXPECT_OK(error, c_.backend.api().kernel_query(kernel, &call, &need_, error));
    if (need_.plan) plans_.emplace_back(kernel, need_.plan);
    if (need_.scratch_bytes != 0) {
      EXPECT_NE(scratch, nullptr) << name << " asks for scratch, which this case does not give";
      call.scratch = scratch;
      call.scratch_offset = scratch_offset;
      call.scratch_bytes = need_.scratch_bytes;
    }
    FRL_EXPECT_OK(error, c_.backend.api().kernel_prepare(kernel, need_.plan, &call, error));
    return c_.backend.api().kernel_launch(stream_, kernel, need_.plan, &call, error);
  }
  void add(const char* name, std::vector<frl_tensor> in, frl_tensor out) {
    Error error;
    FRL_EXPECT_OK(error, launch(name, std::move(in), out, error));
  }
  const frl_requirements& needs() const { return need_; }
  frl_graph* end() {
    if (!stream_) return nullptr;
    Error error;
    frl_graph* made = nullptr;
    FRL_EXPECT_OK(error, graph_.graph_end(std::exchange(stream_, nullptr), &made, error));
    for (const auto& [kernel, plan] : plans_) c_.backend.api().plan_release(kernel, plan);
    plans_.clear();
    return made;
  }

 private:
  Context& c_;
  const frl_graph_api& graph_;
  frl_stream* stream_ = nullptr;
  frl_requirements need_{};
  std::vector<std::pair<frl_kernel*, frl_plan*>> plans_;
};

// Whether the kernel takes input i inline.
bool takes_inline(Context& c, const char* name, uint32_t i) {
  frl_tensor in[2] = {vector_in(FRL_SLOT(0)), vector_in(FRL_SLOT(0))};
  in[i] = scalar_in(FRL_SLOT(1));
  const frl_tensor out = vector_in(FRL_SLOT(2));
  frl_call call{};
  call.inputs = in;
  call.outputs = &out;
  call.n_inputs = 2;
  call.n_outputs = 1;
  frl_requirements need{};
  need.struct_size = sizeof need;
  Error error;
  frl_kernel* kernel = c.backend.kernel(op(name)).kernel;
  FRL_EXPECT_OK(error, c.backend.api().kernel_query(kernel, &call, &need, error));
  if (need.plan) c.backend.api().plan_release(kernel, need.plan);
  return (need.inline_ok >> i & 1) != 0 && (need.depends & FRL_DEPENDS_INLINE) == 0;
}

void launch(Context& c, frl_stream* stream, frl_graph* graph, const std::vector<frl_binding>& bindings) {
  Error error;
  FRL_EXPECT_OK(
      error, graph_of(c)->graph_launch(stream, graph, bindings.data(), static_cast<uint32_t>(bindings.size()), error));
}

std::vector<float> constant(float value) { return std::vector<float>(kCount, value); }

// The first element that is not `value`, or -1.
int64_t first_other(const Stream& stream, frl_buffer* buffer, float value) {
  std::vector<float> got(kCount);
  stream.out(got.data(), buffer, 0, kBytes);
  stream.finish();
  auto at = std::find_if(got.begin(), got.end(), [&](float x) { return !(x == value); });
  return at == got.end() ? -1 : at - got.begin();
}

// slot 2 = (slot 0 + slot 1) * slot 0, with slot 3 as the arena of the sum.
frl_graph* record_product(Context& c) {
  Recorder recorder(c, 4);
  recorder.add("add", {vector_in(FRL_SLOT(0)), vector_in(FRL_SLOT(1))}, vector_in(FRL_SLOT(3)));
  recorder.add("multiply", {vector_in(FRL_SLOT(3)), vector_in(FRL_SLOT(0))}, vector_in(FRL_SLOT(2)));
  return recorder.end();
}

void other_buffers(Context& c) {
  frl_graph* made = record_product(c);
  ASSERT_NE(made, nullptr);
  const Stream stream(c.backend);
  const Buffer arena(c.backend, kBytes);
  for (int round = 0; round < 5; ++round) {
    Random random("graph" + std::to_string(round));
    const Tensor x = moderate(FRL_DTYPE_F32, {kCount}, random), y = moderate(FRL_DTYPE_F32, {kCount}, random);
    const uint64_t offset = static_cast<uint64_t>(round) * std::max<uint64_t>(c.backend.info().offset_alignment, 64);
    const Buffer a(c.backend, kBytes + offset), b(c.backend, kBytes), out(c.backend, kBytes);
    stream.in(a, offset, x.data.data(), kBytes);
    stream.in(b, 0, y.data.data(), kBytes);
    launch(c, stream, made, {{a, offset, {}}, {b, 0, {}}, {out, 0, {}}, {arena, 0, {}}});
    Tensor got(FRL_DTYPE_F32, {kCount});
    stream.out(got.data.data(), out, 0, kBytes);
    stream.finish();
    Tensor sum(FRL_DTYPE_F32, {kCount});
    for (int64_t i = 0; i < kCount; ++i) sum.set(i, want_binary(op("add"), FRL_DTYPE_F32, x.at(i), y.at(i)).value);
    check_output(c, got, want_elementwise(op("multiply"), {&sum, &x}, FRL_DTYPE_F32), "round " + std::to_string(round));
  }
  graph_of(c)->graph_destroy(made);
}

void empty_recording(Context& c) {
  frl_graph* made = Recorder(c, 0).end();
  const Stream stream(c.backend);
  launch(c, stream, made, {});
  stream.finish();
  graph_of(c)->graph_destroy(made);
}

// slot 2 = slot 0 * value of slot 1 + 3, where the 3 is inline for ever.
void inline_values(Context& c) {
  if (!takes_inline(c, "multiply", 1) || !takes_inline(c, "add", 1)) GTEST_SKIP() << "not offered: inline operands";
  Recorder recorder(c, 4);
  recorder.add("multiply", {vector_in(FRL_SLOT(0)), scalar_in(FRL_SLOT(1), 1e9f)}, vector_in(FRL_SLOT(3)));
  recorder.add("add", {vector_in(FRL_SLOT(3)), scalar_in(nullptr, 3)}, vector_in(FRL_SLOT(2)));
  frl_graph* made = recorder.end();
  const Stream stream(c.backend);
  const Buffer x(c.backend, kBytes), out(c.backend, kBytes), arena(c.backend, kBytes);
  stream.in(x, 0, constant(5).data(), kBytes, FRL_COPY_CONSUME);
  for (const float value : {2.0f, -7.0f, 0.5f}) {
    launch(c, stream, made, {{x, 0, {}}, scalar(value), {out, 0, {}}, {arena, 0, {}}});
    EXPECT_EQ(first_other(stream, out, 5 * value + 3), -1) << "value " << value;
  }
  graph_of(c)->graph_destroy(made);
}

// Both temporaries' ranges are written a second time after their last use: t0 = x + y; t1 = t0 * x; t0 = t1 - y;
// t1 = t0 * t0; out = t1 + x.
void arena_reused(Context& c) {
  Recorder recorder(c, 4);
  const frl_tensor x = vector_in(FRL_SLOT(0)), y = vector_in(FRL_SLOT(1));
  const frl_tensor t0 = vector_in(FRL_SLOT(3)), t1 = vector_in(FRL_SLOT(3), kRange);
  recorder.add("add", {x, y}, t0);
  recorder.add("multiply", {t0, x}, t1);
  recorder.add("subtract", {t1, y}, t0);
  recorder.add("multiply", {t0, t0}, t1);
  recorder.add("add", {t1, x}, vector_in(FRL_SLOT(2)));
  frl_graph* made = recorder.end();
  const Stream stream(c.backend);
  const Buffer a(c.backend, kBytes), b(c.backend, kBytes), out(c.backend, kBytes), arena(c.backend, 2 * kRange);
  stream.in(a, 0, constant(3).data(), kBytes, FRL_COPY_CONSUME);
  stream.in(b, 0, constant(4).data(), kBytes, FRL_COPY_CONSUME);
  for (int round = 0; round < 20; ++round) {
    stream.fill(out, 0, kBytes, 0xff, 1);
    stream.fill(arena, 0, 2 * kRange, 0xff, 1);
    launch(c, stream, made, {{a, 0, {}}, {b, 0, {}}, {out, 0, {}}, {arena, 0, {}}});
  }
  EXPECT_EQ(first_other(stream, out, 17 * 17 + 3), -1);  // t0 = 7, t1 = 21, t0 = 17
  graph_of(c)->graph_destroy(made);
}

// Sixty launches without a wait, each reading what the one before wrote, all with one arena.
void in_flight(Context& c) {
  Recorder recorder(c, 4);
  recorder.add("add", {vector_in(FRL_SLOT(0)), vector_in(FRL_SLOT(1))}, vector_in(FRL_SLOT(3)));
  recorder.add("subtract", {vector_in(FRL_SLOT(3)), vector_in(FRL_SLOT(1))}, vector_in(FRL_SLOT(3), kRange));
  recorder.add("add", {vector_in(FRL_SLOT(3), kRange), vector_in(FRL_SLOT(1))}, vector_in(FRL_SLOT(2)));
  frl_graph* made = recorder.end();
  const Stream stream(c.backend);
  const Buffer a(c.backend, kBytes), b(c.backend, kBytes), one(c.backend, kBytes), arena(c.backend, 2 * kRange);
  stream.in(a, 0, constant(0).data(), kBytes, FRL_COPY_CONSUME);
  stream.in(one, 0, constant(1).data(), kBytes, FRL_COPY_CONSUME);
  frl_buffer* from = a;
  frl_buffer* to = b;
  for (int i = 0; i < 60; ++i) {
    launch(c, stream, made, {{from, 0, {}}, {one, 0, {}}, {to, 0, {}}, {arena, 0, {}}});
    std::swap(from, to);
  }
  EXPECT_EQ(first_other(stream, from, 60), -1);
  graph_of(c)->graph_destroy(made);
}

// Ordinary work before and after a launch is ordered with it.
void among_other_work(Context& c) {
  frl_graph* made = record_product(c);
  const Stream stream(c.backend);
  const Buffer a(c.backend, kBytes), b(c.backend, kBytes), out(c.backend, kBytes), arena(c.backend, kBytes),
      kept(c.backend, kBytes);
  for (int round = 1; round <= 10; ++round) {
    const auto value = static_cast<float>(round);
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    stream.fill(a, 0, kBytes, bits, 4);
    stream.fill(b, 0, kBytes, bits, 4);
    launch(c, stream, made, {{a, 0, {}}, {b, 0, {}}, {out, 0, {}}, {arena, 0, {}}});
    stream.fill(a, 0, kBytes, 0xff, 1);  // too late to matter
    stream.copy(kept, 0, out, 0, kBytes);
    stream.fill(out, 0, kBytes, 0, 1);
    EXPECT_EQ(first_other(stream, kept, 2 * value * value), -1) << "round " << round;
  }
  graph_of(c)->graph_destroy(made);
}

// One graph on two streams at once, each with its own buffers.
void two_streams(Context& c) {
  frl_graph* made = record_product(c);
  const Stream first(c.backend), second(c.backend);
  const Stream* streams[2] = {&first, &second};
  std::vector<std::unique_ptr<Buffer>> buffers;
  for (int i = 0; i < 8; ++i) buffers.push_back(std::make_unique<Buffer>(c.backend, kBytes));
  for (int round = 0; round < 30; ++round) {
    for (size_t s = 0; s < 2; ++s) {
      const size_t at = 4 * s;
      streams[s]->in(*buffers[at], 0, constant(s == 0 ? 2 : 3).data(), kBytes, FRL_COPY_CONSUME);
      streams[s]->in(*buffers[at + 1], 0, constant(1).data(), kBytes, FRL_COPY_CONSUME);
      launch(c, *streams[s], made,
             {{*buffers[at], 0, {}}, {*buffers[at + 1], 0, {}}, {*buffers[at + 2], 0, {}}, {*buffers[at + 3], 0, {}}});
    }
  }
  EXPECT_EQ(first_other(first, *buffers[2], 6), -1);
  EXPECT_EQ(first_other(second, *buffers[6], 12), -1);
  graph_of(c)->graph_destroy(made);
}

// A kernel with scratch: its range lies in the arena behind a range that the next call reads.
void scratch_in_the_arena(Context& c) {
  constexpr uint64_t kArena = uint64_t{1} << 22;
  const frl_reduce_attrs attrs{1, 0};
  frl_tensor total = vector_in(FRL_SLOT(3));
  total.shape[0] = 1;
  Recorder recorder(c, 4);
  Error error;
  FRL_EXPECT_OK(error, recorder.launch("reduce_sum", {vector_in(FRL_SLOT(0))}, total, error, &attrs, sizeof attrs,
                                       kRange, FRL_SLOT(3)));
  ASSERT_LE(recorder.needs().scratch_bytes, kArena - kRange);
  frl_tensor spread = total;
  spread.shape[0] = kCount;
  spread.strides[0] = 0;
  recorder.add("add", {spread, vector_in(FRL_SLOT(1))}, vector_in(FRL_SLOT(2)));
  frl_graph* made = recorder.end();
  const Stream stream(c.backend);
  const Buffer a(c.backend, kBytes), b(c.backend, kBytes), out(c.backend, kBytes), arena(c.backend, kArena);
  stream.in(a, 0, constant(1).data(), kBytes, FRL_COPY_CONSUME);
  stream.in(b, 0, constant(-500).data(), kBytes, FRL_COPY_CONSUME);
  launch(c, stream, made, {{a, 0, {}}, {b, 0, {}}, {out, 0, {}}, {arena, 0, {}}});
  EXPECT_EQ(first_other(stream, out, 500), -1);
  graph_of(c)->graph_destroy(made);
}

void wrong_launches(Context& c) {
  const frl_graph_api& graph = *graph_of(c);
  frl_graph* made = record_product(c);
  const Stream stream(c.backend);
  const Buffer a(c.backend, kBytes), out(c.backend, kBytes), arena(c.backend, kBytes);
  stream.in(a, 0, constant(2).data(), kBytes, FRL_COPY_CONSUME);
  std::vector<frl_binding> bindings{{a, 0, {}}, {a, 0, {}}, {out, 0, {}}, {arena, 0, {}}};
  Error error;
  FRL_EXPECT_STATUS(error, FRL_INVALID_ARGUMENT, graph.graph_launch(stream, made, bindings.data(), 3, error));
  FRL_EXPECT_STATUS(error, FRL_INVALID_ARGUMENT, graph.graph_launch(stream, made, nullptr, 4, error));
  bindings[1].buffer = nullptr;
  FRL_EXPECT_STATUS(error, FRL_INVALID_ARGUMENT, graph.graph_launch(stream, made, bindings.data(), 4, error));
  bindings[1].buffer = a;
  launch(c, stream, made, bindings);  // both work as before
  EXPECT_EQ(first_other(stream, out, 8), -1);
  graph.graph_destroy(made);
}

void wrong_recordings(Context& c) {
  const frl_graph_api& graph = *graph_of(c);
  const frl_device_api& api = c.backend.api();
  const Stream stream(c.backend);
  const Buffer buffer(c.backend, kBytes);
  const Event event(c.backend);
  Error error;
  frl_graph* none = nullptr;
  FRL_EXPECT_STATUS(error, FRL_INVALID_ARGUMENT, graph.graph_end(stream, &none, error));
  EXPECT_EQ(none, nullptr);
  Recorder recorder(c, 3);
  uint32_t word = 0;
  FRL_EXPECT_STATUS(error, FRL_INVALID_STATE, api.stream_flush(recorder.stream(), error));
  FRL_EXPECT_STATUS(error, FRL_INVALID_STATE, api.event_record(event, recorder.stream(), error));
  FRL_EXPECT_STATUS(error, FRL_INVALID_STATE, api.stream_wait_event(recorder.stream(), event, error));
  FRL_EXPECT_STATUS(error, FRL_INVALID_STATE, api.copy_in(recorder.stream(), buffer, 0, &word, 4, 0, error));
  FRL_EXPECT_STATUS(error, FRL_INVALID_STATE, api.copy_out(recorder.stream(), &word, buffer, 0, 4, error));
  // A slot that is not there is refused, and the recording goes on.
  const frl_tensor x = vector_in(FRL_SLOT(0)), y = vector_in(FRL_SLOT(1)), beyond = vector_in(FRL_SLOT(3));
  FRL_EXPECT_STATUS(error, FRL_INVALID_ARGUMENT, recorder.launch("add", {x, y}, beyond, error));
  recorder.add("add", {x, y}, vector_in(FRL_SLOT(2)));
  frl_graph* made = recorder.end();
  const Buffer out(c.backend, kBytes);
  stream.in(buffer, 0, constant(4).data(), kBytes, FRL_COPY_CONSUME);
  launch(c, stream, made, {{buffer, 0, {}}, {buffer, 0, {}}, {out, 0, {}}});
  EXPECT_EQ(first_other(stream, out, 8), -1);
  graph.graph_destroy(made);
}

}  // namespace

void add_graph_cases(Catalog& catalog) {
  const auto add = [&](const char* id, void (*body)(Context&)) {
    catalog.add(id, Profile::BASE, [body](Context& c) {
      if (!graph_of(c)) GTEST_SKIP() << "not offered: frl.graph";
      body(c);
    });
  };
  add("graph/replay/other_buffers", other_buffers);
  add("graph/replay/empty_recording", empty_recording);
  add("graph/replay/inline_values", inline_values);
  add("graph/replay/arena_reused", arena_reused);
  add("graph/replay/in_flight", in_flight);
  add("graph/replay/among_other_work", among_other_work);
  add("graph/replay/two_streams", two_streams);
  add("graph/replay/scratch_in_the_arena", scratch_in_the_arena);
  add("graph/errors/wrong_launches", wrong_launches);
  add("graph/errors/wrong_recordings", wrong_recordings);
}

}  // namespace ferrule::conformance
