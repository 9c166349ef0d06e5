// Rules of the ABI itself: the query, struct sizes in both directions, errors, chains, tables, unknown names,
// lifetimes.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cfenv>
#include <cstddef>
#include <cstring>

#include "catalog.h"
#include "samples.h"
#include "session.h"

namespace ferrule::conformance {
namespace {

frl_plugin_query_fn query_of(Context& c) {
  if (c.backend.path().empty()) {
    [] { GTEST_SKIP() << "the plugin is not a file"; }();
    return nullptr;
  }
  void* library = dlopen(c.backend.path().c_str(), RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr) << dlerror();
  void* symbol = library ? dlsym(library, FRL_PLUGIN_QUERY) : nullptr;
  EXPECT_NE(symbol, nullptr) << "no symbol " FRL_PLUGIN_QUERY;
  return reinterpret_cast<frl_plugin_query_fn>(symbol);
}

void query_is_pure(Context& c) {
  const auto query = query_of(c);
  if (!query) return;
  const frl_manifest* first = query(FRL_ABI_MAJOR, 0, FRL_ABI_MINOR);
  ASSERT_NE(first, nullptr);
  const Bytes before(reinterpret_cast<const std::byte*>(first),
                     reinterpret_cast<const std::byte*>(first) + sizeof *first);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(query(FRL_ABI_MAJOR, 0, FRL_ABI_MINOR + 5), first);
  EXPECT_EQ(std::memcmp(before.data(), first, sizeof *first), 0) << "the manifest changed between queries";
}

void query_refuses_other_versions(Context& c) {
  const auto query = query_of(c);
  if (!query) return;
  EXPECT_EQ(query(FRL_ABI_MAJOR + 1, 0, FRL_ABI_MINOR), nullptr) << "a plugin of major 1 answered major 2";
  EXPECT_EQ(query(FRL_ABI_MAJOR - 1, 0, 0), nullptr);
  EXPECT_EQ(query(0xffffffffu, 0, 0xffffffffu), nullptr);
  const frl_manifest* m = query(FRL_ABI_MAJOR, 0, FRL_ABI_MINOR);
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(query(FRL_ABI_MAJOR, m->head.abi_minor_max + 1, m->head.abi_minor_max + 9), nullptr)
      << "a range of minors that the plugin does not speak";
}

void manifest_equals_the_note(Context& c) {
  const auto query = query_of(c);
  if (!query) return;
  const frl_manifest* m = query(FRL_ABI_MAJOR, 0, FRL_ABI_MINOR);
  ASSERT_NE(m, nullptr);
  const loader::Manifest note = loader::inspect(c.backend.path()).manifest;
  EXPECT_EQ(m->head.magic, FRL_MANIFEST_MAGIC);
  EXPECT_EQ(note.name, m->head.name);
  EXPECT_EQ(note.vendor, m->head.vendor);
  EXPECT_EQ(note.version, m->head.version);
  EXPECT_EQ(note.build_id, m->head.build_id);
  EXPECT_EQ(note.abi_major, m->head.abi_major);
  EXPECT_EQ(note.abi_minor_min, m->head.abi_minor_min);
  EXPECT_EQ(note.abi_minor_max, m->head.abi_minor_max);
  EXPECT_EQ(note.role, m->head.role);
  EXPECT_EQ(note.score, m->head.score);
  EXPECT_LE(m->head.abi_minor_min, m->head.abi_minor_max);
  EXPECT_NE(m->open, nullptr);
  for (uint32_t word : m->head.reserved) EXPECT_EQ(word, 0u) << "reserved words are zero";
}

// Nothing else may be visible: two backends in one process must not see each other's names.
void exports_one_symbol(Context& c) {
  if (!query_of(c)) return;
  void* library = dlopen(c.backend.path().c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  for (const char* name : {"_ZSt4cout", "cudaMalloc", "cudaLaunchKernel", "main", "frl_plugin_open", "device_open"}) {
    void* found = dlsym(library, name);
    Dl_info where{};
    if (!found || dladdr(found, &where) == 0) continue;  // a name of libc or libstdc++ lies elsewhere
    EXPECT_STRNE(where.dli_fname, c.backend.path().c_str()) << name << " is exported";
  }
}

// None is a normal answer, with the reason; asking again gives the same.
void device_count_is_an_answer(Context& c) {
  uint32_t first = 77;
  Error error;
  FRL_EXPECT_OK(error, c.backend.plugin().device_count(&first, error));
  if (first == 0) {
    EXPECT_EQ(error.text().find("no device: "), 0u) << "the reason for having no device; got \"" << error.text() << '"';
  }
  for (int i = 0; i < 3; ++i) {
    uint32_t again = 77;
    FRL_EXPECT_OK(error, c.backend.plugin().device_count(&again, error));
    EXPECT_EQ(again, first);
  }
  EXPECT_EQ(c.backend.plugin().device_count(nullptr, error), FRL_INVALID_ARGUMENT);
}

void quiescing(Context& c) {
  Error error;
  for (int i = 0; i < 3; ++i) FRL_EXPECT_OK(error, c.backend.plugin().quiesce(error));
}

void required_slots_are_there(Context& c) {
  const frl_device_api* a = c.backend.raw_api();
  ASSERT_NE(a, nullptr);
  ASSERT_GE(a->struct_size, offsetof(frl_device_api, kernel_prepare)) << "the table ends before the last required slot";
#define EXPECT_SLOT(slot) EXPECT_NE(a->slot, nullptr) << "required slot " #slot " is NULL"
  EXPECT_SLOT(buffer_alloc);
  EXPECT_SLOT(buffer_free);
  EXPECT_SLOT(buffer_map);
  EXPECT_SLOT(buffer_unmap);
  EXPECT_SLOT(memory_info);
  EXPECT_SLOT(stream_create);
  EXPECT_SLOT(stream_destroy);
  EXPECT_SLOT(stream_flush);
  EXPECT_SLOT(stream_wait_event);
  EXPECT_SLOT(event_create);
  EXPECT_SLOT(event_destroy);
  EXPECT_SLOT(event_record);
  EXPECT_SLOT(event_query);
  EXPECT_SLOT(event_wait);
  EXPECT_SLOT(copy_in);
  EXPECT_SLOT(copy_out);
  EXPECT_SLOT(copy);
  EXPECT_SLOT(fill);
  EXPECT_SLOT(kernel_find);
  EXPECT_SLOT(kernel_query);
  EXPECT_SLOT(kernel_launch);
#undef EXPECT_SLOT
}

void device_info_is_sane(Context& c) {
  const frl_device_info& i = c.backend.info();
  EXPECT_NE(i.name[0], '\0');
  EXPECT_NE(std::memchr(i.name, 0, sizeof i.name), nullptr);
  EXPECT_NE(std::memchr(i.architecture, 0, sizeof i.architecture), nullptr);
  EXPECT_NE(std::memchr(i.uuid, 0, sizeof i.uuid), nullptr);
  EXPECT_GE(i.buffer_alignment, 16u);
  EXPECT_EQ(i.buffer_alignment & (i.buffer_alignment - 1), 0u) << "a power of two";
  EXPECT_GE(i.offset_alignment, 1u);
  EXPECT_EQ(i.offset_alignment & (i.offset_alignment - 1), 0u) << "a power of two";
  EXPECT_TRUE(i.memory_kinds & (1u << FRL_MEMORY_DEVICE | 1u << FRL_MEMORY_SHARED))
      << "DEVICE or SHARED is always there";
  EXPECT_GT(i.memory_total, 0u);
  EXPECT_GT(i.largest_buffer, 0u);
  EXPECT_GE(i.warp_width, 1u);
}

// A caller built against an older, shorter header: nothing beyond its struct_size is written.
void smaller_structs(Context& c) {
  alignas(8) std::byte space[sizeof(frl_device_info)];
  for (size_t size : {offsetof(frl_device_info, name), offsetof(frl_device_info, architecture),
                      offsetof(frl_device_info, memory_total), offsetof(frl_device_info, overlap_bytes)}) {
    std::memset(space, 0x5a, sizeof space);
    auto* info = reinterpret_cast<frl_device_info*>(space);
    info->struct_size = static_cast<uint32_t>(size);
    info->next = nullptr;
    Error error;
    FRL_EXPECT_OK(error, c.backend.plugin().device_info(0, info, error));
    for (size_t i = size; i < sizeof space; ++i)
      ASSERT_EQ(space[i], std::byte{0x5a}) << "device_info with struct_size " << size << " wrote byte " << i;
  }
}

void larger_structs(Context& c) {
  struct {
    frl_device_info info{};
    uint64_t future[4] = {~0ull, ~0ull, ~0ull, ~0ull};
  } larger;
  larger.info.struct_size = sizeof larger;
  Error error;
  FRL_EXPECT_OK(error, c.backend.plugin().device_info(0, &larger.info, error));
  EXPECT_STREQ(larger.info.name, c.backend.info().name);
  EXPECT_EQ(larger.info.buffer_alignment, c.backend.info().buffer_alignment);
  EXPECT_EQ(larger.future[0], ~0ull) << "fields that the plugin does not know are left alone";
}

// A failing call with every kind of error struct: NULL, none of it, a piece of it, all of it.
void errors_of_every_size(Context& c) {
  const auto fails = [&](frl_error* e) { return c.backend.plugin().device_info(4096, nullptr, e); };
  EXPECT_EQ(fails(nullptr), FRL_INVALID_ARGUMENT);
  for (uint32_t size : {0u, 4u, 8u, 16u, 17u, 40u, static_cast<uint32_t>(sizeof(frl_error))}) {
    alignas(8) std::byte space[sizeof(frl_error) + 8];
    std::memset(space, 0x5a, sizeof space);
    auto* e = reinterpret_cast<frl_error*>(space);
    e->struct_size = size;
    EXPECT_EQ(fails(e), FRL_INVALID_ARGUMENT);
    EXPECT_EQ(e->struct_size, size);
    for (size_t i = std::max<size_t>(size, 4); i < sizeof space; ++i)
      ASSERT_EQ(space[i], std::byte{0x5a}) << "an error with struct_size " << size << " was written at byte " << i;
    if (size == sizeof(frl_error)) {
      EXPECT_EQ(e->code, FRL_INVALID_ARGUMENT);
      EXPECT_NE(e->message[0], '\0');
    }
    if (size > offsetof(frl_error, message)) {
      EXPECT_NE(std::memchr(e->message, 0, size - offsetof(frl_error, message)), nullptr) << "not terminated";
    }
  }
}

void errors_may_be_null(Context& c) {
  const frl_device_api& a = c.backend.api();
  frl_buffer* buffer = nullptr;
  frl_kernel* kernel = nullptr;
  EXPECT_NE(a.buffer_alloc(c.backend.device(), 77, 64, &buffer, nullptr), FRL_OK);
  EXPECT_EQ(a.kernel_find(c.backend.device(), "no_such_op", 1, &kernel, nullptr), FRL_UNSUPPORTED);
  const Buffer good(c.backend, 64);
  const Stream stream(c.backend);
  EXPECT_EQ(a.fill(stream, good, 60, 8, 0, 1, nullptr), FRL_INVALID_ARGUMENT);
  EXPECT_EQ(a.fill(stream, good, 0, 64, 0, 1, nullptr), FRL_OK);
  stream.finish();
}

void chains(Context& c) {
  frl_chain node{sizeof node, 0, "conformance.unknown", nullptr};
  frl_chain first{sizeof first, 0, "conformance.other", &node};
  frl_device_info info{};
  info.struct_size = sizeof info;
  info.next = &first;
  Error error;
  FRL_EXPECT_OK(error, c.backend.plugin().device_info(0, &info, error));
  node.flags = FRL_CHAIN_MUST_UNDERSTAND;
  FRL_EXPECT_STATUS(error, FRL_UNSUPPORTED, c.backend.plugin().device_info(0, &info, error));
}

void query_chains(Context& c) {
  Launch launch;
  ASSERT_TRUE(sample_call(op("add"), FRL_DTYPE_F32, launch));
  frl_kernel* kernel = c.backend.kernel(op("add")).kernel;
  ASSERT_NE(kernel, nullptr) << c.backend.kernel(op("add")).reason;
  frl_tensor t[3]{};
  for (frl_tensor& x : t) {
    x.dtype = FRL_DTYPE_F32;
    x.ndim = 1;
    x.shape[0] = 4;
    x.strides[0] = 1;
  }
  frl_call call{};
  call.inputs = t;
  call.outputs = t + 2;
  call.n_inputs = 2;
  call.n_outputs = 1;
  frl_chain node{sizeof node, 0, "conformance.unknown", nullptr};
  frl_requirements need{};
  need.struct_size = sizeof need;
  need.next = &node;
  Error error;
  FRL_EXPECT_OK(error, c.backend.api().kernel_query(kernel, &call, &need, error));
  if (need.plan) c.backend.api().plan_release(kernel, need.plan);
  node.flags = FRL_CHAIN_MUST_UNDERSTAND;
  need = {};
  need.struct_size = sizeof need;
  need.next = &node;
  FRL_EXPECT_STATUS(error, FRL_UNSUPPORTED, c.backend.api().kernel_query(kernel, &call, &need, error));
  // A shorter answer: the core of an older minor.
  alignas(8) std::byte space[sizeof(frl_requirements)];
  std::memset(space, 0x5a, sizeof space);
  auto* small = reinterpret_cast<frl_requirements*>(space);
  small->struct_size = offsetof(frl_requirements, reuse_input_for_output);
  small->next = nullptr;
  FRL_EXPECT_OK(error, c.backend.api().kernel_query(kernel, &call, small, error));
  for (size_t i = small->struct_size; i < sizeof space; ++i)
    ASSERT_EQ(space[i], std::byte{0x5a}) << "the answer was written beyond its struct_size, at byte " << i;
}

void device_index_out_of_range(Context& c) {
  uint32_t n = 0;
  Error error;
  FRL_EXPECT_OK(error, c.backend.plugin().device_count(&n, error));
  frl_device* device = nullptr;
  const frl_device_api* api = nullptr;
  FRL_EXPECT_STATUS(error, FRL_INVALID_ARGUMENT, c.backend.plugin().device_open(n, &device, &api, error));
  FRL_EXPECT_STATUS(error, FRL_INVALID_ARGUMENT, c.backend.plugin().device_open(0xffffffffu, &device, &api, error));
  EXPECT_EQ(device, nullptr);
}

void reopening(Context& c) {
  for (int i = 0; i < 5; ++i) {
    frl_device* device = nullptr;
    const frl_device_api* api = nullptr;
    Error error;
    FRL_EXPECT_OK(error, c.backend.plugin().device_open(0, &device, &api, error));
    ASSERT_NE(device, nullptr);
    frl_stream* stream = nullptr;
    FRL_EXPECT_OK(error, api->stream_create(device, 0, &stream, error));
    frl_buffer* buffer = nullptr;
    FRL_EXPECT_OK(error, api->buffer_alloc(device, c.backend.memory_kind(), 100, &buffer, error));
    FRL_EXPECT_OK(error, api->fill(stream, buffer, 0, 100, 7, 1, error));
    api->stream_destroy(stream);
    api->buffer_free(device, buffer);
    c.backend.plugin().device_close(device);
  }
  const Buffer still(c.backend, 64);  // the first opening is untouched
  const Stream stream(c.backend);
  stream.fill(still, 0, 64, 3, 1);
  EXPECT_EQ(stream.read(still, 0, 64), Bytes(64, std::byte{3}));
}

void unknown_names(Context& c) {
  Error error;
  frl_kernel* kernel = nullptr;
  const frl_device_api& a = c.backend.api();
  for (const char* name : {"no_such_op", "", "ADD", "add "})
    FRL_EXPECT_STATUS(error, FRL_UNSUPPORTED, a.kernel_find(c.backend.device(), name, 1, &kernel, error));
  FRL_EXPECT_STATUS(error, FRL_UNSUPPORTED, a.kernel_find(c.backend.device(), "add", 4711, &kernel, error));
  EXPECT_EQ(kernel, nullptr);
  EXPECT_EQ(a.device_extension(c.backend.device(), "conformance.unknown", 1), nullptr);
  EXPECT_EQ(a.device_extension(c.backend.device(), FRL_EXT_FUSION, 4711), nullptr);
  if (c.backend.plugin().plugin_extension) {
    EXPECT_EQ(c.backend.plugin().plugin_extension("conformance.unknown", 1), nullptr);
  }
}

void null_arguments(Context& c) {
  const frl_device_api& a = c.backend.api();
  const Buffer buffer(c.backend, 64);
  const Stream stream(c.backend);
  const Event event(c.backend);
  Error e;
  char host[8] = {};
  uint64_t n = 0;
  int32_t done = 0;
  frl_buffer* out_buffer = nullptr;
  frl_stream* out_stream = nullptr;
  frl_event* out_event = nullptr;
  frl_kernel* out_kernel = nullptr;
  const uint32_t kind = c.backend.memory_kind();
  frl_device* device = c.backend.device();
#define REFUSED(call) FRL_EXPECT_STATUS(e, FRL_INVALID_ARGUMENT, call)
  REFUSED(c.backend.plugin().device_count(nullptr, e));
  REFUSED(c.backend.plugin().device_info(0, nullptr, e));
  REFUSED(c.backend.plugin().device_open(0, nullptr, nullptr, e));
  REFUSED(a.buffer_alloc(nullptr, kind, 64, &out_buffer, e));
  REFUSED(a.buffer_alloc(device, kind, 64, nullptr, e));
  REFUSED(a.buffer_unmap(device, nullptr, e));
  REFUSED(a.memory_info(device, nullptr, &n, e));
  REFUSED(a.stream_create(nullptr, 0, &out_stream, e));
  REFUSED(a.stream_create(device, 0, nullptr, e));
  REFUSED(a.stream_flush(nullptr, e));
  REFUSED(a.stream_wait_event(nullptr, event, e));
  REFUSED(a.stream_wait_event(stream, nullptr, e));
  REFUSED(a.event_create(nullptr, 0, &out_event, e));
  REFUSED(a.event_create(device, 0, nullptr, e));
  REFUSED(a.event_record(nullptr, stream, e));
  REFUSED(a.event_record(event, nullptr, e));
  REFUSED(a.event_query(nullptr, &done, e));
  REFUSED(a.event_query(event, nullptr, e));
  REFUSED(a.event_wait(nullptr, 0, e));
  REFUSED(a.copy_in(nullptr, buffer, 0, host, 8, 0, e));
  REFUSED(a.copy_in(stream, nullptr, 0, host, 8, 0, e));
  REFUSED(a.copy_in(stream, buffer, 0, nullptr, 8, 0, e));
  REFUSED(a.copy_out(stream, nullptr, buffer, 0, 8, e));
  REFUSED(a.copy_out(stream, host, nullptr, 0, 8, e));
  REFUSED(a.copy(stream, nullptr, 0, buffer, 0, 8, e));
  REFUSED(a.copy(stream, buffer, 0, nullptr, 0, 8, e));
  REFUSED(a.fill(stream, nullptr, 0, 8, 0, 1, e));
  REFUSED(a.fill(nullptr, buffer, 0, 8, 0, 1, e));
  REFUSED(a.kernel_find(device, nullptr, 1, &out_kernel, e));
#undef REFUSED
  // Destroying nothing is legal.
  a.buffer_free(device, nullptr);
  a.stream_destroy(nullptr);
  a.event_destroy(nullptr);
  stream.fill(buffer, 0, 64, 9, 1);
  EXPECT_EQ(stream.read(buffer, 0, 64), Bytes(64, std::byte{9})) << "the state changed";
}

// The caller's rounding mode and exception masks are its own.
void float_environment_is_untouched(Context& c) {
  std::fenv_t environment{};
  ASSERT_EQ(std::fegetenv(&environment), 0);
  const volatile double tiny = 1e-310;
  std::fesetround(FE_UPWARD);
  {
    const Buffer buffer(c.backend, 4096);
    const Stream stream(c.backend);
    stream.fill(buffer, 0, 4096, 1, 4);
    stream.finish();
  }
  EXPECT_EQ(std::fegetround(), FE_UPWARD) << "the rounding mode was changed";
  std::fesetenv(&environment);
  EXPECT_GT(tiny * 0.5, 0.0) << "subnormals are flushed on the caller's thread";
}

}  // namespace

void add_abi_cases(Catalog& catalog) {
  const auto add = [&](const char* name, void (*body)(Context&)) {
    catalog.add(std::string("abi/") + name, Profile::RUNTIME, body);
  };
  // What a plugin must do where it has no device, too.
  const auto add_without_device = [&](const char* name, void (*body)(Context&)) {
    catalog.add(std::string("abi/") + name, Profile::ABI, body);
  };
  add_without_device("query/is_pure", query_is_pure);
  add_without_device("query/refuses_other_versions", query_refuses_other_versions);
  add_without_device("query/manifest_equals_the_note", manifest_equals_the_note);
  add_without_device("query/exports_one_symbol", exports_one_symbol);
  add_without_device("device/count", device_count_is_an_answer);
  add_without_device("device/index_out_of_range", device_index_out_of_range);
  add_without_device("errors/of_every_size", errors_of_every_size);
  add_without_device("quiesce/again_and_again", quiescing);
  add("tables/required_slots_are_there", required_slots_are_there);
  add("device/info_is_sane", device_info_is_sane);
  add("device/reopening", reopening);
  add("structs/smaller", smaller_structs);
  add("structs/larger", larger_structs);
  add("structs/chains", chains);
  catalog.add("abi/structs/query_chains", Profile::BASE, query_chains);
  add("errors/may_be_null", errors_may_be_null);
  add("names/unknown", unknown_names);
  add("arguments/null", null_arguments);
  add("threads/float_environment_is_untouched", float_environment_is_untouched);
}

}  // namespace ferrule::conformance
