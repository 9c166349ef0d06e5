// frl.graph: recordings replayed with more sets of bindings than are kept, with changing values, and with library work.
#include <algorithm>
#include <vector>

#include "fixture.h"

namespace ferrule::gpu::test {
namespace {

constexpr int64_t kCount = 700;
constexpr uint64_t kSize = kCount * sizeof(float);

frl_tensor vector_in(frl_buffer* buffer, uint64_t offset = 0) { return f32_vector(buffer, kCount, offset); }

frl_tensor value_in(frl_buffer* slot) {
  frl_tensor t = vector_in(slot);
  t.strides[0] = 0;
  t.flags = FRL_TENSOR_INLINE;
  return t;
}

class ReplayTest : public GpuTest {
 protected:
  void begin(uint32_t n_slots, const Settings& settings = {}) {
    open(settings);
    graph_ = static_cast<const frl_graph_api*>(api_->device_extension(device_, FRL_EXT_GRAPH, 1));
    ASSERT_NE(graph_, nullptr);
    expect_ok(graph_->graph_begin(device_, n_slots, &recorder_, &error_), "graph_begin");
  }

  // Records one call; scratch, where the kernel wants any, is a range of `arena`.
  void record(const char* op, const std::vector<frl_tensor>& in, const frl_tensor& out, frl_buffer* arena = nullptr,
              uint64_t scratch_at = 0, const void* attrs = nullptr, uint32_t attrs_size = 0) {
    frl_kernel* kernel = nullptr;
    expect_ok(api_->kernel_find(device_, op, 1, &kernel, &error_), op);
    ASSERT_NE(kernel, nullptr);
    frl_call call{};
    call.inputs = in.data();
    call.outputs = &out;
    call.n_inputs = static_cast<uint16_t>(in.size());
    call.n_outputs = 1;
    call.attrs = attrs;
    call.attrs_size = attrs_size;
    frl_requirements need{};
    need.struct_size = sizeof need;
    expect_ok(api_->kernel_query(kernel, &call, &need, &error_), op);
    ASSERT_NE(need.support, 0) << error_.message;
    if (need.scratch_bytes != 0) {
      call.scratch = arena;
      call.scratch_offset = scratch_at;
      call.scratch_bytes = need.scratch_bytes;
    }
    expect_ok(api_->kernel_launch(recorder_, kernel, need.plan, &call, &error_), op);
    if (need.plan != nullptr) api_->plan_release(kernel, need.plan);
  }

  frl_graph* end() {
    frl_graph* made = nullptr;
    expect_ok(graph_->graph_end(recorder_, &made, &error_), "graph_end");
    return made;
  }

  frl_buffer* vector_of(frl_stream* s, const std::vector<float>& values) {
    frl_buffer* buffer = alloc(kSize);
    expect_ok(api_->copy_in(s, buffer, 0, values.data(), kSize, FRL_COPY_CONSUME, &error_), "copy_in");
    return buffer;
  }

  std::vector<float> read_vector(frl_stream* s, frl_buffer* buffer) {
    std::vector<float> out(kCount);
    expect_ok(api_->copy_out(s, out.data(), buffer, 0, kSize, &error_), "copy_out");
    expect_ok(finish(s), "event_wait");
    return out;
  }

  static frl_binding value(float v) {
    frl_binding binding{};
    std::copy_n(reinterpret_cast<const char*>(&v), sizeof v, reinterpret_cast<char*>(binding.value));
    return binding;
  }

  // out = (x + v) * x - v, the temporaries in one arena whose first range is used twice.
  void replay_arithmetic(const Settings& settings) {
    begin(4, settings);
    frl_buffer *x = FRL_SLOT(0), *v = FRL_SLOT(1), *out = FRL_SLOT(2), *arena = FRL_SLOT(3);
    record("add", {vector_in(x), value_in(v)}, vector_in(arena));
    record("multiply", {vector_in(arena), vector_in(x)}, vector_in(arena, 4096));
    record("subtract", {vector_in(arena, 4096), value_in(v)}, vector_in(arena));
    record("copy", {vector_in(arena)}, vector_in(out));
    frl_graph* made = end();
    frl_stream* s = stream();
    frl_buffer* temporaries = alloc(8192);
    std::vector<frl_buffer*> inputs, outputs;
    for (int i = 0; i < 11; ++i) {
      std::vector<float> values(kCount);
      for (int64_t k = 0; k < kCount; ++k) values[static_cast<size_t>(k)] = static_cast<float>(k % 97 + i);
      inputs.push_back(vector_of(s, values));
      outputs.push_back(alloc(kSize));
    }
    for (int round = 0; round < 60; ++round) {
      const size_t set = static_cast<size_t>(round < 30 ? round % 2 : round % 11);
      const float add = static_cast<float>(round / 4);
      const frl_binding bindings[4] = {{inputs[set], 0, {}}, value(add), {outputs[set], 0, {}}, {temporaries, 0, {}}};
      expect_ok(graph_->graph_launch(s, made, bindings, 4, &error_), "graph_launch");
      const std::vector<float> got = read_vector(s, outputs[set]);
      for (int64_t k = 0; k < kCount; ++k) {
        const float in = static_cast<float>(k % 97 + static_cast<int>(set));
        ASSERT_EQ(got[static_cast<size_t>(k)], (in + add) * in - add) << "round " << round << " element " << k;
      }
      if (round == 45) expect_ok(api_->device_trim(device_, &error_), "device_trim");
    }
    graph_->graph_destroy(made);
  }

  const frl_graph_api* graph_ = nullptr;
  frl_stream* recorder_ = nullptr;
};

TEST_F(ReplayTest, ManyBindingsAndValues) { replay_arithmetic({}); }
TEST_F(ReplayTest, ManyBindingsAndValuesInGraphsOfTheirOwn) { replay_arithmetic({{"recording_commands", "1"}}); }
TEST_F(ReplayTest, ManyBindingsAndValuesLaunchedPlainly) { replay_arithmetic({{"batch", "plain"}}); }

// Short recordings stand in the stream's list between other calls, over memory that these use too.
TEST_F(ReplayTest, JoinsTheStreamsList) {
  for (const char* branches : {"1", "0"}) {
    begin(3, {{"graph_branches", branches}});
    frl_buffer *x = FRL_SLOT(0), *v = FRL_SLOT(1), *y = FRL_SLOT(2);
    record("multiply", {vector_in(x), value_in(v)}, vector_in(y, 4096));
    record("add", {vector_in(y, 4096), vector_in(x)}, vector_in(y));  // y = x v + x
    frl_graph* made = end();
    frl_kernel* negative = nullptr;
    expect_ok(api_->kernel_find(device_, "negative", 1, &negative, &error_), "kernel_find");
    frl_stream* s = stream();
    std::vector<float> want(kCount);
    for (int64_t k = 0; k < kCount; ++k) want[static_cast<size_t>(k)] = static_cast<float>(k % 13 - 6) / 8;
    frl_buffer *a = alloc(8192), *b = alloc(8192);
    expect_ok(api_->copy_in(s, a, 4096, want.data(), kSize, FRL_COPY_CONSUME, &error_), "copy_in");
    const auto negate = [&](frl_buffer* from, uint64_t from_at, frl_buffer* to, uint64_t to_at) {
      const frl_tensor in = vector_in(from, from_at), out = vector_in(to, to_at);
      frl_call call{};
      call.inputs = &in;
      call.outputs = &out;
      call.n_inputs = call.n_outputs = 1;
      expect_ok(api_->kernel_launch(s, negative, nullptr, &call, &error_), "negative");
    };
    for (int round = 0; round < 40; ++round) {
      const float v_now = round % 3 == 0 ? -1.5f : -0.5f;
      negate(a, 4096, a, 0);
      const frl_binding there[3] = {{a, 0, {}}, value(v_now), {b, 0, {}}};
      expect_ok(graph_->graph_launch(s, made, there, 3, &error_), "graph_launch");
      negate(b, 0, a, 0);  // what the recording read
      const frl_binding back[3] = {{a, 0, {}}, value(v_now), {b, 0, {}}};
      expect_ok(graph_->graph_launch(s, made, back, 3, &error_), "graph_launch");
      negate(b, 0, a, 4096);
      for (float& w : want) {
        for (int half = 0; half < 2; ++half) w = -w * v_now + -w;
        w = -w;
      }
      if (round % 7 == 6) expect_ok(api_->stream_flush(s, &error_), "stream_flush");
    }
    graph_->graph_destroy(made);  // what it put on the stream stays
    std::vector<float> got(kCount);
    expect_ok(api_->copy_out(s, got.data(), a, 4096, kSize, &error_), "copy_out");
    expect_ok(finish(s), "event_wait");
    EXPECT_EQ(got, want) << "branches " << branches;
    close();
  }
}

// Sorting is library work where the vendor has a library: it is captured, and captured again for new bindings.
TEST_F(ReplayTest, LibraryWorkIsCaptured) {
  open();
  frl_kernel* sort = nullptr;
  if (api_->kernel_find(device_, "sort", 1, &sort, nullptr) != FRL_OK) GTEST_SKIP() << "built without the sort family";
  begin(3);
  frl_buffer *x = FRL_SLOT(0), *out = FRL_SLOT(1), *arena = FRL_SLOT(2);
  const frl_axis_attrs axis{0, 0};
  record("negative", {vector_in(x)}, vector_in(arena));
  record("sort", {vector_in(arena)}, vector_in(arena, 4096), arena, 65536, &axis, sizeof axis);
  record("negative", {vector_in(arena, 4096)}, vector_in(out));
  frl_graph* made = end();
  frl_stream* s = stream();
  frl_buffer* temporaries = alloc(uint64_t{4} << 20);
  for (int round = 0; round < 24; ++round) {
    std::vector<float> values(kCount);
    for (int64_t k = 0; k < kCount; ++k) values[static_cast<size_t>(k)] = static_cast<float>((k * 389 + round) % 701);
    frl_buffer *in = vector_of(s, values), *result = alloc(kSize);
    const frl_binding bindings[3] = {{in, 0, {}}, {result, 0, {}}, {temporaries, 0, {}}};
    for (int again = 0; again < 2; ++again) {
      expect_ok(graph_->graph_launch(s, made, bindings, 3, &error_), "graph_launch");
      std::sort(values.begin(), values.end(), std::greater<>());
      ASSERT_EQ(read_vector(s, result), values) << "round " << round;
    }
  }
  for (const std::string& line : logged()) EXPECT_EQ(line.find("call by call"), std::string::npos) << line;
  graph_->graph_destroy(made);
}

// Shapes and strides whose product leaves 64 bits reach no memory, whatever is left of it.
TEST_F(ReplayTest, OperandsBeyondAllMemoryAreRefused) {
  open();
  frl_kernel* negative = nullptr;
  expect_ok(api_->kernel_find(device_, "negative", 1, &negative, &error_), "kernel_find");
  frl_stream* s = stream();
  frl_tensor in = vector_in(alloc(kSize)), out = vector_in(alloc(kSize));
  frl_call call{};
  call.inputs = &in;
  call.outputs = &out;
  call.n_inputs = call.n_outputs = 1;
  for (const int64_t extent : {kCount, (int64_t{1} << 62) + 1, (int64_t{1} << 32) + 1}) {
    for (const int64_t stride : {int64_t{4}, int64_t{1} << 32, int64_t{1} << 62, -(int64_t{1} << 62), -int64_t{8}}) {
      in.shape[0] = out.shape[0] = extent;
      in.strides[0] = stride;
      EXPECT_EQ(api_->kernel_launch(s, negative, nullptr, &call, &error_), FRL_INVALID_ARGUMENT)
          << extent << " elements at stride " << stride;
      EXPECT_NE(std::string(error_.message).find("of a buffer of 2800 bytes"), std::string::npos) << error_.message;
    }
  }
  expect_ok(finish(s), "event_wait");
}

TEST_F(ReplayTest, RefusedCallsAndBindingsSayWhy) {
  begin(2);
  frl_kernel* kernel = nullptr;
  expect_ok(api_->kernel_find(device_, "negative", 1, &kernel, &error_), "kernel_find");
  frl_tensor in = vector_in(FRL_SLOT(2)), out = vector_in(FRL_SLOT(1));
  frl_call call{};
  call.inputs = &in;
  call.outputs = &out;
  call.n_inputs = call.n_outputs = 1;
  const auto says = [&](const char* text) {
    EXPECT_NE(std::string(error_.message).find(text), std::string::npos) << error_.message;
  };
  EXPECT_EQ(api_->kernel_launch(recorder_, kernel, nullptr, &call, &error_), FRL_INVALID_ARGUMENT);
  says("is slot 2; expected one below 2");
  in.buffer = alloc(kSize);
  EXPECT_EQ(api_->kernel_launch(recorder_, kernel, nullptr, &call, &error_), FRL_INVALID_ARGUMENT);
  says("is a buffer");
  record("negative", {vector_in(FRL_SLOT(0))}, vector_in(FRL_SLOT(1)));
  frl_graph* made = end();
  frl_stream* s = stream();
  frl_buffer *good = alloc(kSize), *small = alloc(kSize - 1);
  const frl_binding none[2] = {{good, 0, {}}, {}};
  EXPECT_EQ(graph_->graph_launch(s, made, none, 2, &error_), FRL_INVALID_ARGUMENT);
  says("slot 1: got no buffer");
  const frl_binding short_one[2] = {{good, 0, {}}, {small, 0, {}}};
  EXPECT_EQ(graph_->graph_launch(s, made, short_one, 2, &error_), FRL_INVALID_ARGUMENT);
  says("slot 1: got offset 0 in a buffer of 2799 bytes");
  EXPECT_EQ(graph_->graph_launch(s, made, none, 1, &error_), FRL_INVALID_ARGUMENT);
  says("got 1 bindings; expected 2");
  graph_->graph_destroy(made);
}

}  // namespace
}  // namespace ferrule::gpu::test
