#include "faulty_plugin.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <string_view>
#include <vector>

namespace ferrule::conformance {
namespace {

enum FaultId {
  kNoLastByteIn,
  kCopyShifted,
  kFillShort,
  kRangeUnchecked,
  kConsumeLate,
  kHugeAllocated,
  kKindIgnored,
  kMoreFreeThanTotal,
  kCallbackTwice,
  kQuiesceFails,
  kInfoOverrun,
  kSilentError,
  kUnknownOpFound,
  kUnsupportedSilently,
  kNodeNotUnderstood,
  kNeverLaunched,
  kLastElement,
  kOneUlp,
  kBeyondOutput,
  kInputChanged,
  kStridesIgnored,
  kOperandsSwapped,
  kAxesIgnored,
  kBetaIgnored,
  kDuplicatesSummed,
  kQueryAcceptsAll,
  kFusedOperandsSwapped,
  kOldBindings,
  kOldInlineValue,
  kArenaShared,
  kBindingsUncounted,
  kRecordsLost,
  kFaults
};

constexpr Fault kList[kFaults] = {
    {"copy_in loses its last byte", "memory/copies/in_and_out"},
    {"copy is one byte late", "memory/copies/within"},
    {"fill stops one pattern short", "memory/copies/fills"},
    {"a range beyond the buffer is answered OK", "memory/copies/ranges_are_checked"},
    {"copy_in ignores CONSUME", "memory/copies/consumed_source"},
    {"an allocation beyond memory succeeds", "memory/buffers/beyond_memory"},
    {"an unknown memory kind is allocated", "memory/buffers/kinds"},
    {"more memory is free than there is", "memory/buffers/information_and_trim"},
    {"a callback comes twice", "events/on_done/exactly_once"},
    {"quiesce fails", "threads/runtime/quiesce_and_reuse"},
    {"device_info writes beyond struct_size", "abi/structs/smaller"},
    {"an error has no message", "memory/buffers/no_bytes"},
    {"an unknown op is found", "abi/names/unknown"},
    {"an op is unsupported without a reason", "unary/exp/f32/contiguous/131"},
    {"a must-understand node is skipped", "abi/structs/query_chains"},
    {"a launch does nothing", "binary/add/f32/contiguous/131"},
    {"the last element is wrong", "unary/negative/i32/contiguous/131"},
    {"a result is one ulp off", "binary/multiply/f32/sweep/5003"},
    {"a byte after the output is written", "unary/abs/f32/contiguous/131"},
    {"an input is changed", "unary/square/f32/contiguous/131"},
    {"strides are taken for contiguous", "unary/floor/f32/transposed/33x65"},
    {"operands are swapped", "binary/subtract/i32/contiguous/131"},
    {"one reduced axis is another", "reduce/reduce_max/f32/contiguous_axes1/7x19"},
    {"beta is taken for 1", "matmul/addmm/f32/scaled_contiguous/5x7x3"},
    {"scatter assigns where it should add", "index/scatter/f32/sum_elements_i32/6x11"},
    {"every query is answered supported", "contract/matmul/f32/wrong_output_shape"},
    {"a fused subtraction swaps its operands", "fusion/subtract/f32/alone/3x45"},
    {"a graph is launched with the bindings of its first launch", "graph/replay/in_flight"},
    {"an inline slot keeps its first value", "graph/replay/inline_values"},
    {"a temporary of a graph lies at the start of the arena", "graph/replay/arena_reused"},
    {"a graph is launched with too few bindings", "graph/errors/wrong_launches"},
    {"the profiler loses records in silence", "profiler/records/bounded"},
};

const frl_plugin_api* good_plugin = nullptr;
const frl_device_api* good = nullptr;
frl_device* device = nullptr;
std::atomic<int> active{-1}, hit_count{0};

bool is(FaultId fault) {
  if (active != fault) return false;
  ++hit_count;
  return true;
}

// Which op a kernel is: the wrapper's only state, written by kernel_find on the main thread.
struct Named {
  frl_kernel* kernel;
  const char* op;
};
std::vector<Named>& named() {
  static std::vector<Named> list;
  return list;
}
bool op_is(const frl_kernel* kernel, std::string_view name) {
  for (const Named& n : named())
    if (n.kernel == kernel) return name == n.op;
  return false;
}

frl_status FRL_CALL device_info(uint32_t index, frl_device_info* info, frl_error* e) {
  const frl_status s = good_plugin->device_info(index, info, e);
  if (s == FRL_OK && info->struct_size < sizeof *info && is(kInfoOverrun)) info->overlap_bytes = 0;
  return s;
}

frl_status FRL_CALL quiesce(frl_error* e) {
  if (is(kQuiesceFails)) return FRL_INTERNAL;
  return good_plugin->quiesce(e);
}

frl_status FRL_CALL buffer_alloc(frl_device* d, uint32_t kind, uint64_t bytes, frl_buffer** out, frl_error* e) {
  if (bytes > uint64_t{1} << 49 && is(kHugeAllocated)) bytes = 64;
  if (kind > FRL_MEMORY_SHARED && is(kKindIgnored)) kind = FRL_MEMORY_SHARED;
  if (bytes == 0 && is(kSilentError)) return FRL_INVALID_ARGUMENT;
  return good->buffer_alloc(d, kind, bytes, out, e);
}

frl_status FRL_CALL memory_info(frl_device* d, uint64_t* available, uint64_t* total, frl_error* e) {
  const frl_status s = good->memory_info(d, available, total, e);
  if (s == FRL_OK && is(kMoreFreeThanTotal)) *available = *total + 1;
  return s;
}

frl_status FRL_CALL event_on_done(frl_event* event, frl_event_callback callback, void* user, frl_error* e) {
  if (is(kCallbackTwice)) good->event_on_done(event, callback, user, nullptr);
  return good->event_on_done(event, callback, user, e);
}

frl_status FRL_CALL copy_in(frl_stream* s, frl_buffer* dst, uint64_t at, const void* src, uint64_t bytes,
                            uint32_t flags, frl_error* e) {
  if (bytes > 0 && is(kNoLastByteIn)) --bytes;
  if ((flags & FRL_COPY_CONSUME) && is(kConsumeLate)) {
    // As a plugin that reads later: what it finds then.
    static std::vector<std::byte> later;
    later.assign(bytes, std::byte{0xee});
    src = later.data();
  }
  const frl_status status = good->copy_in(s, dst, at, src, bytes, flags, e);
  return status == FRL_INVALID_ARGUMENT && src && dst && s && is(kRangeUnchecked) ? FRL_OK : status;
}

frl_status FRL_CALL copy(frl_stream* s, frl_buffer* dst, uint64_t to, frl_buffer* src, uint64_t from, uint64_t bytes,
                         frl_error* e) {
  if (bytes > 1 && is(kCopyShifted)) return good->copy(s, dst, to + 1, src, from, bytes - 1, e);
  return good->copy(s, dst, to, src, from, bytes, e);
}

frl_status FRL_CALL fill(frl_stream* s, frl_buffer* dst, uint64_t at, uint64_t bytes, uint64_t pattern, uint32_t width,
                         frl_error* e) {
  if (bytes > width && is(kFillShort)) bytes -= width;
  return good->fill(s, dst, at, bytes, pattern, width, e);
}

frl_status FRL_CALL kernel_find(frl_device* d, const char* name, uint32_t version, frl_kernel** out, frl_error* e) {
  const frl_status s = good->kernel_find(d, name, version, out, e);
  if (s == FRL_UNSUPPORTED && is(kUnknownOpFound)) return good->kernel_find(d, "add", 1, out, e);
  if (s == FRL_OK) {
    for (const char* known : {"exp", "add", "negative", "multiply", "abs", "square", "floor", "subtract", "reduce_max",
                              "addmm", "scatter", "matmul"})
      if (std::string_view(name) == known && !op_is(*out, known)) named().push_back({*out, known});
  }
  return s;
}

frl_status FRL_CALL kernel_query(frl_kernel* k, const frl_call* call, frl_requirements* need, frl_error* e) {
  if (op_is(k, "exp") && is(kUnsupportedSilently)) return FRL_UNSUPPORTED;
  if (need->next && is(kNodeNotUnderstood)) need->next = nullptr;
  frl_status s = good->kernel_query(k, call, need, e);
  if ((s != FRL_OK || need->support == 0) && op_is(k, "matmul") && is(kQueryAcceptsAll)) {
    need->support = FRL_SUPPORTED;
    s = FRL_OK;
  }
  return s;
}

uint64_t bytes_of(const frl_tensor& t) {
  uint64_t n = t.dtype == FRL_DTYPE_F64 ? 8 : 4;
  for (uint32_t i = 0; i < t.ndim; ++i) n *= static_cast<uint64_t>(t.shape[i]);
  return n;
}

frl_status FRL_CALL kernel_launch(frl_stream* s, frl_kernel* k, const frl_plan* plan, const frl_call* call,
                                  frl_error* e) {
  frl_call changed = *call;
  std::vector<frl_tensor> in(call->inputs, call->inputs + call->n_inputs);
  changed.inputs = in.data();
  if (op_is(k, "add") && is(kNeverLaunched)) return FRL_OK;
  if (op_is(k, "floor") && is(kStridesIgnored))
    for (int64_t step = 1, i = in[0].ndim - 1; i >= 0; step *= in[0].shape[i--]) in[0].strides[i] = step;
  if (op_is(k, "subtract") && is(kOperandsSwapped)) std::swap(in[0], in[1]);
  frl_addmm_attrs addmm{};
  frl_scatter_attrs scatter{};
  frl_reduce_attrs reduce{};
  frl_tensor out = call->outputs[0];
  if (op_is(k, "addmm") && is(kBetaIgnored)) {
    std::memcpy(&addmm, call->attrs, sizeof addmm);
    addmm.beta = 1;
    changed.attrs = &addmm;
  }
  if (op_is(k, "scatter") && is(kDuplicatesSummed)) {
    std::memcpy(&scatter, call->attrs, sizeof scatter);
    scatter.mode = FRL_SCATTER_ASSIGN;
    changed.attrs = &scatter;
  }
  if (op_is(k, "reduce_max") && is(kAxesIgnored)) {
    // Reduces the first row only: the rest of the column is forgotten.
    std::memcpy(&reduce, call->attrs, sizeof reduce);
    in[0].shape[0] = 1;
  }
  const auto slot = [](const frl_buffer* buffer) { return reinterpret_cast<uintptr_t>(buffer) & 1; };
  if (slot(out.buffer) && out.byte_offset != 0 && is(kArenaShared)) {
    out.byte_offset = 0;
    changed.outputs = &out;
  }
  const frl_status status = good->kernel_launch(s, k, plan, &changed, e);
  if (slot(out.buffer)) return status;
  const uint64_t end = out.byte_offset + bytes_of(out);
  if (op_is(k, "negative") && is(kLastElement)) good->fill(s, out.buffer, end - 4, 4, 12345, 4, e);
  if (op_is(k, "multiply") && is(kOneUlp)) {
    // After the work is done, through the host's address: the next float up.
    frl_event* done = nullptr;
    void* address = nullptr;
    good->event_create(device, 0, &done, e);
    good->event_record(done, s, e);
    good->event_wait(done, UINT64_MAX, e);
    good->event_destroy(done);
    if (good->buffer_map(device, out.buffer, &address, e) == FRL_OK) {
      auto* element = static_cast<char*>(address) + out.byte_offset + 4 * 17;
      uint32_t bits;
      std::memcpy(&bits, element, 4);
      ++bits;
      std::memcpy(element, &bits, 4);
      good->buffer_unmap(device, out.buffer, e);
    }
  }
  if (op_is(k, "abs") && is(kBeyondOutput)) good->fill(s, out.buffer, end, 1, 1, 1, e);
  if (op_is(k, "square") && is(kInputChanged)) good->fill(s, in[0].buffer, in[0].byte_offset, 1, 0x3c, 1, e);
  return status;
}

frl_status FRL_CALL fusion_compile(frl_device* d, const frl_expr* expr, frl_kernel** out, frl_error* e) {
  const auto* fusion = static_cast<const frl_fusion_api*>(good->device_extension(d, FRL_EXT_FUSION, 1));
  std::vector<frl_expr_node> nodes(expr->nodes, expr->nodes + expr->n_nodes);
  for (frl_expr_node& n : nodes)
    if (n.op == FRL_OP_subtract && is(kFusedOperandsSwapped)) std::swap(n.a, n.b);
  frl_expr changed = *expr;
  changed.nodes = nodes.data();
  return fusion->compile(d, &changed, out, e);
}

frl_status FRL_CALL graph_launch(frl_stream* s, frl_graph* graph, const frl_binding* bindings, uint32_t n,
                                 frl_error* e) {
  const auto* good_graph = static_cast<const frl_graph_api*>(good->device_extension(device, FRL_EXT_GRAPH, 1));
  static frl_graph* last = nullptr;
  static std::vector<frl_binding> first;
  if (graph != last || first.size() != n) {
    last = graph;
    first.assign(bindings, bindings ? bindings + n : nullptr);
  }
  std::vector<frl_binding> changed(bindings, bindings ? bindings + n : nullptr);
  if (bindings && is(kOldBindings)) changed = first;
  for (size_t i = 0; i < changed.size() && is(kOldInlineValue); ++i) changed[i].value[0] = first[i].value[0];
  if (n == 3 && is(kBindingsUncounted)) return FRL_OK;
  return good_graph->graph_launch(s, graph, bindings ? changed.data() : nullptr, n, e);
}

frl_status FRL_CALL profiler_read(frl_device* d, frl_profile_record* records, uint64_t capacity, uint64_t* count,
                                  uint64_t* dropped, frl_error* e) {
  const auto* profiler = static_cast<const frl_profiler_api*>(good->device_extension(d, FRL_EXT_PROFILER, 1));
  const frl_status s = profiler->profiler_read(d, records, capacity, count, dropped, e);
  if (s == FRL_OK && is(kRecordsLost)) *dropped = 0;
  return s;
}

const void* FRL_CALL device_extension(frl_device* d, const char* name, uint32_t version) {
  const void* table = good->device_extension(d, name, version);
  if (!table) return table;
  static frl_fusion_api fusion;
  static frl_graph_api graph;
  static frl_profiler_api profiler;
  if (std::string_view(name) == FRL_EXT_FUSION) {
    fusion = *static_cast<const frl_fusion_api*>(table);
    fusion.compile = fusion_compile;
    return &fusion;
  }
  if (std::string_view(name) == FRL_EXT_GRAPH) {
    graph = *static_cast<const frl_graph_api*>(table);
    graph.graph_launch = graph_launch;
    return &graph;
  }
  if (std::string_view(name) == FRL_EXT_PROFILER) {
    profiler = *static_cast<const frl_profiler_api*>(table);
    profiler.profiler_read = profiler_read;
    return &profiler;
  }
  return table;
}

frl_device_api faulty_device{};

frl_status FRL_CALL device_open(uint32_t index, frl_device** out, const frl_device_api** api, frl_error* e) {
  const frl_status s = good_plugin->device_open(index, out, &good, e);
  if (s != FRL_OK) return s;
  device = *out;
  faulty_device = *good;
  faulty_device.buffer_alloc = buffer_alloc;
  faulty_device.memory_info = memory_info;
  faulty_device.event_on_done = good->event_on_done ? event_on_done : nullptr;
  faulty_device.copy_in = copy_in;
  faulty_device.copy = copy;
  faulty_device.fill = fill;
  faulty_device.kernel_find = kernel_find;
  faulty_device.kernel_query = kernel_query;
  faulty_device.kernel_launch = kernel_launch;
  faulty_device.device_extension = good->device_extension ? device_extension : nullptr;
  *api = &faulty_device;
  return FRL_OK;
}

}  // namespace

std::span<const Fault> faults() { return kList; }

const frl_plugin_api* wrap_plugin(const frl_plugin_api* plugin) {
  static frl_plugin_api faulty;
  good_plugin = plugin;
  faulty = *plugin;
  faulty.device_info = device_info;
  faulty.device_open = device_open;
  faulty.quiesce = quiesce;
  return &faulty;
}

void activate(int fault) {
  active = fault;
  hit_count = 0;
}

int hits() { return hit_count; }

}  // namespace ferrule::conformance
