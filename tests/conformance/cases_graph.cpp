// frl.graph/1 where offered: record once, replay with other buffers and scalars, keep order with the stream around it.
#include <gtest/gtest.h>

#include "catalog.h"
#include "data.h"
#include "session.h"

namespace ferrule::conformance {
namespace {

constexpr int64_t kCount = 1000;
constexpr uint64_t kBytes = kCount * 4;

const frl_graph_api* graph_of(Context& c) {
  return static_cast<const frl_graph_api*>(c.backend.api().device_extension(c.backend.device(), FRL_EXT_GRAPH, 1));
}

frl_tensor vector_in(frl_buffer* buffer) {
  frl_tensor t{};
  t.buffer = buffer;
  t.dtype = FRL_DTYPE_F32;
  t.ndim = 1;
  t.shape[0] = kCount;
  t.strides[0] = 1;
  return t;
}

// Records slot 2 = (slot 0 + slot 1) * slot 0, with slot 3 as the arena of the sum.
frl_graph* record(Context& c, const frl_graph_api* graph) {
  Error error;
  frl_stream* recorder = nullptr;
  FRL_EXPECT_OK(error, graph->graph_begin(c.backend.device(), 4, &recorder, error));
  if (!recorder) return nullptr;
  const auto launch = [&](const char* name, frl_buffer* a, frl_buffer* b, frl_buffer* out) {
    const frl_tensor in[2] = {vector_in(a), vector_in(b)};
    const frl_tensor to = vector_in(out);
    frl_call call{};
    call.inputs = in;
    call.outputs = &to;
    call.n_inputs = 2;
    call.n_outputs = 1;
    frl_kernel* kernel = c.backend.kernel(op(name)).kernel;
    frl_requirements need{};
    need.struct_size = sizeof need;
    FRL_EXPECT_OK(error, c.backend.api().kernel_query(kernel, &call, &need, error));
    EXPECT_EQ(need.scratch_bytes, 0u) << "this case records ops without scratch";
    FRL_EXPECT_OK(error, c.backend.api().kernel_launch(recorder, kernel, need.plan, &call, error));
    // The recording keeps what it needs of the plan only until graph_end; see the release below.
    return std::pair(kernel, need.plan);
  };
  const auto first = launch("add", FRL_SLOT(0), FRL_SLOT(1), FRL_SLOT(3));
  const auto second = launch("multiply", FRL_SLOT(3), FRL_SLOT(0), FRL_SLOT(2));
  frl_graph* made = nullptr;
  FRL_EXPECT_OK(error, graph->graph_end(recorder, &made, error));
  for (const auto& [kernel, plan] : {first, second})
    if (plan) c.backend.api().plan_release(kernel, plan);
  return made;
}

void replay(Context& c) {
  const frl_graph_api* graph = graph_of(c);
  if (!graph) GTEST_SKIP() << "not offered: frl.graph";
  frl_graph* made = record(c, graph);
  ASSERT_NE(made, nullptr);
  const Stream stream(c.backend);
  const Buffer arena(c.backend, kBytes);
  for (int round = 0; round < 5; ++round) {
    Random random("graph" + std::to_string(round));
    const Tensor x = moderate(FRL_DTYPE_F32, {kCount}, random), y = moderate(FRL_DTYPE_F32, {kCount}, random);
    const uint64_t offset = static_cast<uint64_t>(round) * c.backend.info().offset_alignment;
    const Buffer a(c.backend, kBytes + offset), b(c.backend, kBytes), out(c.backend, kBytes);
    stream.in(a, offset, x.data.data(), kBytes);
    stream.in(b, 0, y.data.data(), kBytes);
    const frl_binding bindings[4] = {{a, offset, {}}, {b, 0, {}}, {out, 0, {}}, {arena, 0, {}}};
    Error error;
    FRL_EXPECT_OK(error, graph->graph_launch(stream, made, bindings, 4, error));
    Tensor got(FRL_DTYPE_F32, {kCount});
    stream.out(got.data.data(), out, 0, kBytes);
    stream.finish();
    Tensor sum(FRL_DTYPE_F32, {kCount});
    for (int64_t i = 0; i < kCount; ++i) sum.set(i, want_binary(op("add"), FRL_DTYPE_F32, x.at(i), y.at(i)).value);
    check_output(c, got, want_elementwise(op("multiply"), {&sum, &x}, FRL_DTYPE_F32), "round " + std::to_string(round));
  }
  graph->graph_destroy(made);
}

void empty_recording(Context& c) {
  const frl_graph_api* graph = graph_of(c);
  if (!graph) GTEST_SKIP() << "not offered: frl.graph";
  Error error;
  frl_stream* recorder = nullptr;
  FRL_EXPECT_OK(error, graph->graph_begin(c.backend.device(), 0, &recorder, error));
  frl_graph* made = nullptr;
  FRL_EXPECT_OK(error, graph->graph_end(recorder, &made, error));
  const Stream stream(c.backend);
  FRL_EXPECT_OK(error, graph->graph_launch(stream, made, nullptr, 0, error));
  stream.finish();
  graph->graph_destroy(made);
}

}  // namespace

void add_graph_cases(Catalog& catalog) {
  catalog.add("graph/replay/other_buffers", Profile::BASE, replay);
  catalog.add("graph/replay/empty_recording", Profile::BASE, empty_recording);
}

}  // namespace ferrule::conformance
