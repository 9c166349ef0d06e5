/* The C ABI between the Ferrule core and a device backend. This header (with op_attrs.h, ops.def and dtypes.def) is all
 * that a backend needs: C11, no dependencies, stable within FRL_ABI_MAJOR. plugin_api/README.md teaches it in ten
 * steps.
 *
 * Rules that hold everywhere, unless a slot says otherwise:
 *  - Pointers are borrowed until the call returns. Who allocates frees. Strings are UTF-8 and NUL-terminated.
 *  - Out-parameters are written on FRL_OK only; the caller clears them first. An frl_error* may be NULL.
 *  - Growth: structs that begin with struct_size are read as min(struct_size, own size) into a zeroed local. Fields are
 *    only appended; a missing field takes its documented default. Slots marked optional may be NULL.
 *  - Threads: device, kernel, plan, buffer and event may be used from any thread at once. Streams and recorders are
 *    externally synchronised. Destroying is exclusive: nothing else uses the object then or later.
 *  - No exception, longjmp or abort leaves a plugin. A plugin prints nothing: it calls frl_host_api.log.
 *  - FRL_DEVICE_LOST is sticky: each later call on that device returns it at once with the first cause; destroying
 *    stays legal; pending events complete with the error. */
#ifndef FERRULE_PLUGIN_H
#define FERRULE_PLUGIN_H
#include <stddef.h>
#include <stdint.h>

#include "ferrule/op_attrs.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FRL_ABI_MAJOR 1u
#define FRL_ABI_MINOR 0u
#define FRL_MAX_DIMS 10

#if defined(_WIN32)
#define FRL_EXPORT __declspec(dllexport)
#define FRL_CALL __cdecl
#else
#define FRL_EXPORT __attribute__((visibility("default")))
#define FRL_CALL
#endif

/* ---- status and errors ------------------------------------------------------------------------------------------ */

typedef int32_t frl_status;
#define FRL_OK 0
#define FRL_INVALID_ARGUMENT 1 /* the caller's bug; the message says what was got and what was expected */
#define FRL_UNSUPPORTED 2      /* legal, but not offered here; the message says why */
#define FRL_OUT_OF_MEMORY 3    /* the call changed nothing; it may be repeated after memory was freed */
#define FRL_DEVICE_LOST 4      /* sticky, see above */
#define FRL_TIMEOUT 5          /* the time limit passed; the object is unchanged and may be waited on again */
#define FRL_CANCELLED 6        /* work was dropped because an earlier call on its stream failed */
#define FRL_INVALID_STATE 7    /* legal arguments at a wrong moment, such as a flush of a finished recorder */
#define FRL_INTERNAL 8         /* a bug in the plugin or below it */

/* Owned by the caller, who sets struct_size. A callee fills the rest on failure and never allocates. */
typedef struct frl_error {
  uint32_t struct_size;
  frl_status code;
  int64_t native_code; /* errno, cudaError_t, ...; 0 = none */
  char message[496];   /* "[kernel matmul] got ...; expected ..."; always NUL-terminated */
} frl_error;

/* An extensible struct may carry a list of named nodes. Unknown nodes are skipped, except that an unknown node with
 * FRL_CHAIN_MUST_UNDERSTAND makes the call fail with FRL_UNSUPPORTED. */
#define FRL_CHAIN_MUST_UNDERSTAND 1u
typedef struct frl_chain {
  uint32_t struct_size;
  uint32_t flags;
  const char* name; /* "frl.<what>" or "<vendor>.<what>" */
  const struct frl_chain* next;
} frl_chain;

/* ---- handles: opaque, owned by the plugin, made and destroyed through the slots below ---------------------------- */

typedef struct frl_device frl_device;
typedef struct frl_buffer frl_buffer;
typedef struct frl_stream frl_stream;
typedef struct frl_event frl_event;
typedef struct frl_kernel frl_kernel; /* one op at one version on one device */
typedef struct frl_plan frl_plan;     /* what a query learned for one class of calls: algorithm, workspace, code */

/* ---- tensors and calls: fixed within a major, because they travel in arrays on the hot path -----------------------
 */

#define FRL_NONE 0u /* dtype of an absent optional operand */
#define FRL_DTYPE(code, NAME, name, bytes, kind) FRL_DTYPE_##NAME = code,
enum frl_dtype_code {
#include "ferrule/dtypes.def"
  FRL_DTYPE_END_ /* not a dtype */
};
#undef FRL_DTYPE

/* Codes of ops.def: FRL_OP_add, FRL_OP_matmul, ... The host's list may be longer than the plugin's. */
#define FRL_OP(code, name, version, min_in, max_in, n_out, attrs, profile, flags, domain, result, tolerance, ulp) \
  FRL_OP_##name = code,
enum frl_op_code {
#include "ferrule/ops.def"
  FRL_OP_END_ /* not an op */
};
#undef FRL_OP

/* A 0-d (or all-zero-stride) operand whose one element lies in `value`; its buffer is NULL. */
#define FRL_TENSOR_INLINE 1u
/* Only the first ndim entries of shape and strides are defined. Every address the strides reach lies in the buffer.
 * Extents and strides of size-1 axes are arbitrary; zero-size tensors have no buffer. */
typedef struct frl_tensor {
  frl_buffer* buffer;   /* NULL when inline, absent or zero-size */
  uint64_t byte_offset; /* of the element at index 0, a multiple of the item size */
  uint32_t dtype;
  uint16_t ndim;
  uint16_t flags; /* FRL_TENSOR_* */
  int64_t shape[FRL_MAX_DIMS];
  int64_t strides[FRL_MAX_DIMS]; /* in elements; 0 = broadcast, negative = reversed */
  uint64_t value[2];             /* inline element in the low bytes, little-endian */
  uint64_t reserved[2];          /* zero */
} frl_tensor;

#define FRL_MATH_ALLOW_TF32 1u    /* f32 products may be computed with 10 mantissa bits; off by default */
#define FRL_MATH_DETERMINISTIC 2u /* the same call on the same device gives the same bits */
/* Inputs may alias each other. Outputs alias nothing, unless reuse_input_for_output was answered. A call whose outputs
 * are all empty is never launched. */
typedef struct frl_call {
  const frl_tensor* inputs;
  const frl_tensor* outputs;
  uint16_t n_inputs, n_outputs;
  uint32_t math;     /* FRL_MATH_*: per call, never from the environment; part of the plan key */
  const void* attrs; /* the op's struct in op_attrs.h at the kernel's version; NULL when it has none */
  uint32_t attrs_size;
  uint32_t reserved0;
  frl_buffer* scratch; /* exactly the bytes that the query asked for, aligned to buffer_alignment; NULL when 0 */
  uint64_t scratch_offset, scratch_bytes;
  uint64_t reserved[2];
} frl_call;

/* What kernel_query answers. The core caches the answer under the dtypes, arity, inline flags and math mode of the call
 * and the properties named in `depends`. `depends` itself may differ only with the former (so that the core can look an
 * answer up without asking again). */
#define FRL_DEPENDS_RANK 1u
#define FRL_DEPENDS_SHAPES 2u
#define FRL_DEPENDS_STRIDES 4u
#define FRL_DEPENDS_ALIGNMENT 8u /* byte_offset modulo 64 */
#define FRL_DEPENDS_ATTRS 16u
#define FRL_DEPENDS_INLINE 32u /* the values of inline operands */
#define FRL_SUPPORTED 1
#define FRL_SLOW 2 /* works; a decomposition may be faster */
typedef struct frl_requirements {
  uint32_t struct_size;
  int32_t support; /* 0 = unsupported, with the reason in the error and status FRL_OK or FRL_UNSUPPORTED */
  const frl_chain* next;
  uint32_t depends;                /* FRL_DEPENDS_* */
  uint32_t contiguous_inputs;      /* bit i: the core makes input i row-contiguous first */
  uint32_t aligned_inputs;         /* bit i: the core aligns input i to offset_alignment first */
  uint32_t inline_ok;              /* bit i: input i may be inline; otherwise the core materialises it */
  uint32_t reuse_input_for_output; /* bit i: output 0 may take input i's storage (same dtype, shape and strides) */
  uint32_t out_strided_ok;         /* 1: outputs may have any strides (without overlap); 0: they are row-contiguous */
  uint64_t scratch_bytes;
  frl_plan* plan; /* optional; the core releases it through plan_release */
} frl_requirements;

/* ---- device ------------------------------------------------------------------------------------------------------ */
#define FRL_MEMORY_DEVICE 0u
#define FRL_MEMORY_PINNED 1u  /* host memory that the device copies from at full speed */
#define FRL_MEMORY_MANAGED 2u /* one pointer for both, migrated */
#define FRL_MEMORY_SHARED 3u  /* the device's own memory is the host's (CPU, Jetson, Grace, APU) */
#define FRL_DEVICE_SHARES_HOST_MEMORY 1u
#define FRL_DEVICE_CONCURRENT_MANAGED 2u
#define FRL_DEVICE_NO_F64 4u
#define FRL_DEVICE_FLUSHES_SUBNORMALS 8u
#define FRL_DEVICE_COPIES_PEERS 16u /* copy also takes buffers of the plugin's other open devices */
typedef struct frl_device_info {
  uint32_t struct_size;
  uint32_t flags; /* FRL_DEVICE_* */
  const frl_chain* next;
  char name[128];
  char architecture[32];                 /* "x86-64-v4", "sm_90", "gfx90a" */
  char uuid[40];                         /* empty when the device has none */
  uint64_t memory_total, largest_buffer; /* bytes */
  uint32_t buffer_alignment;             /* of every buffer's start: a power of two, at least 16 */
  uint32_t offset_alignment; /* what the core aligns sub-allocations and aligned_inputs to: a power of two */
  uint32_t memory_kinds;     /* bit k: kind k can be allocated; DEVICE or SHARED is always there */
  uint32_t warp_width;       /* 1 where the notion does not apply */
  uint64_t overlap_bytes;    /* freed memory the core holds back inside a batch; 0 = none */
} frl_device_info;

/* Runs on a thread of the plugin. It only queues: the callee calls no plugin and does not block. */
typedef void(FRL_CALL* frl_event_callback)(void* user, frl_status status, const frl_error* error);

#define FRL_COPY_CONSUME 1u /* copy_in: src is read before the call returns */
#define FRL_EVENT_TIMING 1u /* event_create: event_elapsed will be asked */

/* Every slot is required, except those marked optional. `since` is the minor that added a slot; all here: 0. */
typedef struct frl_device_api {
  uint32_t struct_size;
  uint32_t reserved;

  /* -- memory. Raw and rare: the core's pool sub-allocates. -- */
  /* bytes > 0. The contents are undefined. OUT_OF_MEMORY; UNSUPPORTED for a kind not in memory_kinds. */
  frl_status(FRL_CALL* buffer_alloc)(frl_device*, uint32_t kind, uint64_t bytes, frl_buffer** out_buffer, frl_error*);
  /* Called after every use on every stream is done. NULL is ignored. */
  void(FRL_CALL* buffer_free)(frl_device*, frl_buffer*);
  /* Host address of a PINNED, MANAGED or SHARED buffer, valid until buffer_free; maps nest. UNSUPPORTED for DEVICE. */
  frl_status(FRL_CALL* buffer_map)(frl_device*, frl_buffer*, void** out_pointer, frl_error*);
  frl_status(FRL_CALL* buffer_unmap)(frl_device*, frl_buffer*, frl_error*);
  /* A snapshot, in bytes. */
  frl_status(FRL_CALL* memory_info)(frl_device*, uint64_t* out_free, uint64_t* out_total, frl_error*);
  /* Optional (NULL: nothing to drop). Drops workspaces that no queued work uses; the core calls it on out-of-memory. */
  frl_status(FRL_CALL* device_trim)(frl_device*, frl_error*);

  /* -- streams. Calls on one stream behave as if in order. Work may be deferred until stream_flush, event_record or a
   * wait, each of which submits it and reports its errors. A plugin that overlaps work orders it by byte range (buffer,
   * offset, extent) of reads, writes and scratch, never by handle. -- */
  frl_status(FRL_CALL* stream_create)(frl_device*, int32_t priority, frl_stream** out_stream, frl_error*);
  /* Finishes submitted work first. NULL is ignored. */
  void(FRL_CALL* stream_destroy)(frl_stream*);
  frl_status(FRL_CALL* stream_flush)(frl_stream*, frl_error*);
  /* Later work on the stream starts after the event (of the same plugin) is done; never recorded = done. An event that
   * failed fails the stream. Does not block the host. */
  frl_status(FRL_CALL* stream_wait_event)(frl_stream*, frl_event*, frl_error*);

  /* -- events. A stream on which work failed fails its next event; the wait reports it; then the stream works again
   * (unless the device is lost). Recording again replaces the earlier record. -- */
  frl_status(FRL_CALL* event_create)(frl_device*, uint32_t flags, frl_event** out_event, frl_error*);
  void(FRL_CALL* event_destroy)(frl_event*); /* legal while recorded work is pending; NULL is ignored */
  frl_status(FRL_CALL* event_record)(frl_event*, frl_stream*, frl_error*);
  /* *out_done: 1 = done (or never recorded); the status is the event's failure, if any. */
  frl_status(FRL_CALL* event_query)(frl_event*, int32_t* out_done, frl_error*);
  /* timeout_ns: UINT64_MAX = for ever; 0 polls. TIMEOUT, or the event's failure. Never recorded = done. */
  frl_status(FRL_CALL* event_wait)(frl_event*, uint64_t timeout_ns, frl_error*);
  /* Optional (NULL: no timing). Nanoseconds between two done events made with FRL_EVENT_TIMING. */
  frl_status(FRL_CALL* event_elapsed)(frl_event* begin, frl_event* end, uint64_t* out_ns, frl_error*);
  /* Optional (NULL: a core thread waits). Calls back once when the event's present record is done, at once if it is. */
  frl_status(FRL_CALL* event_on_done)(frl_event*, frl_event_callback, void* user, frl_error*);

  /* -- copies, ordered on the stream. Host memory stays unchanged and alive until an event recorded afterwards is done
   * (copy_in with FRL_COPY_CONSUME: only during the call). 0 bytes are legal. Ranges are checked. -- */
  frl_status(FRL_CALL* copy_in)(frl_stream*, frl_buffer* dst, uint64_t dst_offset, const void* src, uint64_t bytes,
                                uint32_t flags, frl_error*);
  frl_status(FRL_CALL* copy_out)(frl_stream*, void* dst, frl_buffer* src, uint64_t src_offset, uint64_t bytes,
                                 frl_error*);
  /* Between buffers of this device, or with FRL_DEVICE_COPIES_PEERS of any of the plugin; ranges do not overlap. */
  frl_status(FRL_CALL* copy)(frl_stream*, frl_buffer* dst, uint64_t dst_offset, frl_buffer* src, uint64_t src_offset,
                             uint64_t bytes, frl_error*);
  /* Repeats the low pattern_bytes (1, 2, 4 or 8) of pattern; offset and bytes are multiples of pattern_bytes. */
  frl_status(FRL_CALL* fill)(frl_stream*, frl_buffer* dst, uint64_t offset, uint64_t bytes, uint64_t pattern,
                             uint32_t pattern_bytes, frl_error*);

  /* -- kernels. -- */
  /* Looked up once per device, op and version; the kernel lives until device_close. UNSUPPORTED when not offered. */
  frl_status(FRL_CALL* kernel_find)(frl_device*, const char* op, uint32_t version, frl_kernel** out_kernel, frl_error*);
  /* Pure and thread-safe. Buffers in the call may be NULL. The tensors have their final shapes and strides. A query of
   * a call that breaks the op's contract is answered with INVALID_ARGUMENT or UNSUPPORTED, never with a crash. */
  frl_status(FRL_CALL* kernel_query)(frl_kernel*, const frl_call*, frl_requirements* out_requirements, frl_error*);
  /* The call satisfies the answer that was given with `plan` (which is NULL if the answer's was). */
  frl_status(FRL_CALL* kernel_launch)(frl_stream*, frl_kernel*, const frl_plan*, const frl_call*, frl_error*);
  /* Optional (NULL: nothing to prepare). Compile, load or tune now rather than at the first launch. Buffers in the call
   * may be NULL or FRL_SLOT; the core prepares what it is about to record. */
  frl_status(FRL_CALL* kernel_prepare)(frl_kernel*, const frl_plan*, const frl_call*, frl_error*);
  /* Optional (NULL: plans are never returned by kernel_query). */
  void(FRL_CALL* plan_release)(frl_kernel*, frl_plan*);
  /* Optional (NULL: no extensions). The table of an extension at a version, or NULL; it lives as long as the device. */
  const void*(FRL_CALL* device_extension)(frl_device*, const char* name, uint32_t version);
} frl_device_api;

/* ---- plugin ------------------------------------------------------------------------------------------------------ */

#define FRL_LOG_ERROR 0
#define FRL_LOG_WARNING 1
#define FRL_LOG_INFO 2
#define FRL_LOG_DEBUG 3
/* All that a plugin may call; it links nothing of the host. Both slots may be called from any thread. */
typedef struct frl_host_api {
  uint32_t struct_size;
  uint32_t abi_minor;
  void(FRL_CALL* log)(int32_t level, const char* plugin, const char* text);
  /* "threads", "cache_dir", "<plugin>.<key>"; the string lives as long as the host. NULL = unset. */
  const char*(FRL_CALL* config)(const char* key);
} frl_host_api;

typedef struct frl_plugin_api {
  uint32_t struct_size;
  uint32_t abi_minor; /* the minor this table was built for */
  /* A count of 0, with the reason in the error ("no device: ..."), is a normal answer with status FRL_OK. */
  frl_status(FRL_CALL* device_count)(uint32_t* out_count, frl_error*);
  frl_status(FRL_CALL* device_info)(uint32_t index, frl_device_info* out_info, frl_error*);
  /* May be called more than once per index; each open is closed. The table lives until shutdown. */
  frl_status(FRL_CALL* device_open)(uint32_t index, frl_device** out_device, const frl_device_api** out_api,
                                    frl_error*);
  void(FRL_CALL* device_close)(frl_device*); /* after everything made from the device was destroyed */
  /* Finish all work and stop the plugin's threads; devices may be used again afterwards, which restarts them. */
  frl_status(FRL_CALL* quiesce)(frl_error*);
  /* The last call. process_is_exiting: release nothing, touch no driver; destructors become no-ops. */
  void(FRL_CALL* shutdown)(int32_t process_is_exiting);
  /* Optional (NULL: none). As device_extension, for what belongs to no device. */
  const void*(FRL_CALL* plugin_extension)(const char* name, uint32_t version);
} frl_plugin_api;

/* The head is frozen for ever. It also lies in the ELF note ".note.ferrule" (name "Ferrule", type FRL_NOTE_MANIFEST),
 * so that it can be read as data before any code runs; the query returns the same bytes. plugin_entry.h emits both. */
#define FRL_MANIFEST_MAGIC 0x314c5246u /* "FRL1" */
#define FRL_NOTE_MANIFEST 1u
#define FRL_ROLE_BACKEND 0u
#define FRL_ROLE_LAYER 1u
#define FRL_BUILD_DEBUG 1u
#define FRL_BUILD_ASAN 2u
#define FRL_BUILD_TSAN 4u
typedef struct frl_manifest_head {
  uint32_t magic;       /* FRL_MANIFEST_MAGIC */
  uint32_t struct_size; /* of frl_manifest */
  uint32_t abi_major, abi_minor_min, abi_minor_max;
  uint32_t role;        /* FRL_ROLE_* */
  uint32_t build_flags; /* FRL_BUILD_* */
  uint32_t score;       /* who is the default device: 0 = never by default; cpu 10; accelerators 100 */
  char name[32];        /* "cuda": what FERRULE_BACKEND names; [a-z][a-z0-9_]* */
  char vendor[64], version[32], build_id[48];
  uint32_t reserved[16]; /* zero */
} frl_manifest_head;

typedef struct frl_manifest {
  frl_manifest_head head;
  /* Touches no device. The host's tables live until shutdown. May be called again after shutdown. */
  frl_status(FRL_CALL* open)(const frl_host_api*, const frl_plugin_api** out_api, frl_error*);
} frl_manifest;

/* The one exported symbol. Pure; may be called many times, from any thread. Returns NULL when the plugin speaks no
 * version of the host's range. */
typedef const frl_manifest*(FRL_CALL* frl_plugin_query_fn)(uint32_t host_abi_major, uint32_t host_minor_min,
                                                           uint32_t host_minor_max);
#define FRL_PLUGIN_QUERY "frl_plugin_query"

/* ---- extensions -------------------------------------------------------------------------------------------------- *
 * Reserved names: frl.interop, frl.source, frl.collectives, frl.program. */

/* frl.graph/1: record once, replay with new buffers. Backends without native graphs keep a list of calls.
 * graph_begin returns a recording stream that takes kernel_launch; every other call on it is INVALID_STATE, and no
 * allocation, compilation, host copy, event or fallback happens while recording. A refused launch leaves the recording
 * as it was. Kernels and plans are those of ordinary calls: a plan lives until graph_end, a kernel until graph_destroy.
 *  - frl_tensor.buffer and frl_call.scratch hold FRL_SLOT(i); byte_offset and scratch_offset count from the binding's,
 *    which is a multiple of the larger of offset_alignment and 64. Strides may reach below it.
 *  - Inputs, outputs, constants and changing scalars are slots; temporaries and scratch are ranges of one arena slot,
 *    planned by the core as if in order: a range may be used again by a later call, and calls are ordered by the ranges
 *    that they read and write. Ranges of different slots overlap in a launch only where all calls read them.
 *  - An inline operand whose value changes keeps FRL_TENSOR_INLINE and has buffer = FRL_SLOT(i): its element is the
 *    binding's value, not the tensor's (whose value is then undefined, in queries too). An inline operand without a
 *    buffer keeps its value for ever. */
#define FRL_EXT_GRAPH "frl.graph"
#define FRL_SLOT(i) ((frl_buffer*)(uintptr_t)((((uintptr_t)(i)) << 1) | 1u))
typedef struct frl_graph frl_graph;
typedef struct frl_binding { /* fixed within a major */
  frl_buffer* buffer;
  uint64_t byte_offset;
  uint64_t value[2]; /* slots used by inline operands; their buffer is NULL */
} frl_binding;
typedef struct frl_graph_api {
  uint32_t struct_size;
  uint32_t reserved;
  frl_status(FRL_CALL* graph_begin)(frl_device*, uint32_t n_slots, frl_stream** out_recorder, frl_error*);
  /* Ends and destroys the recorder, on failure too. */
  frl_status(FRL_CALL* graph_end)(frl_stream* recorder, frl_graph** out_graph, frl_error*);
  /* On any stream of the device, any number of times, without waiting for earlier launches; ordered on the stream like
   * one call. n_bindings is the recording's n_slots; slots that no call names may be zero. INVALID_ARGUMENT for another
   * number or a slot without a buffer: nothing was queued. */
  frl_status(FRL_CALL* graph_launch)(frl_stream*, frl_graph*, const frl_binding* bindings, uint32_t n_bindings,
                                     frl_error*);
  void(FRL_CALL* graph_destroy)(frl_graph*); /* after its launches are done */
} frl_graph_api;

/* frl.fusion/1: an elementwise expression becomes a kernel, which is queried and launched like any other: inputs and
 * outputs in the expression's order, all of one (collapsed) shape, broadcast by zero strides.
 * Nodes are in topological order; each node's value rounds to its dtype. op is a code of ops.def with the FUSE flag
 * (operands a, b, c in the op's input order), FRL_EXPR_INPUT (a = index of the input) or FRL_EXPR_CONSTANT. */
#define FRL_EXT_FUSION "frl.fusion"
#define FRL_EXPR_INPUT 0xffff0000u
#define FRL_EXPR_CONSTANT 0xffff0001u
#define FRL_ACCESS_ANY 0u
#define FRL_ACCESS_CONTIGUOUS 1u
#define FRL_ACCESS_SCALAR 2u   /* every stride is 0, or the operand is inline */
typedef struct frl_expr_node { /* fixed within a major */
  uint32_t op, dtype;
  uint32_t a, b, c;  /* operand nodes, each less than this node's index */
  uint32_t flags;    /* zero */
  uint64_t value[2]; /* constants, as in frl_tensor */
} frl_expr_node;
typedef struct frl_expr {
  uint32_t struct_size;
  uint32_t n_nodes, n_inputs, n_outputs;
  const frl_chain* next;
  const frl_expr_node* nodes;
  const uint32_t* outputs;     /* n_outputs node indices */
  const uint8_t* input_access; /* n_inputs of FRL_ACCESS_*: a hint */
  uint32_t reduction;          /* 0 = none, else a reduce_* code applied to output 0 */
  uint32_t reduction_axes;     /* mask, as in frl_reduce_attrs */
} frl_expr;
/* With a reduction the calls keep the rank that the mask was made for (they are not collapsed). n_outputs is 1, and the
 * call's output has extent 1 on the reduced axes. A must-understand node in frl_expr.next may go on from there: nodes
 * of its own, computed once per reduced element, whose operands are earlier nodes of its own list, FRL_EXPR_REDUCED
 * (the reduction's value, of the dtype that the op's result rule gives), FRL_EXPR_CONSTANT, or FRL_EXPR_INPUT nodes:
 * inputs numbered with the expression's; one that is named only here has the reduced shape. Its outputs replace the
 * expression's. A matrix-vector product with what follows it is such an expression: multiply, reduce_sum, epilogue. */
#define FRL_EXPR_REDUCED 0xffff0002u
#define FRL_EXPR_EPILOGUE "frl.fusion.epilogue"
typedef struct frl_expr_epilogue {
  frl_chain chain; /* name FRL_EXPR_EPILOGUE, flags FRL_CHAIN_MUST_UNDERSTAND */
  uint32_t n_nodes, n_outputs;
  const frl_expr_node* nodes;
  const uint32_t* outputs; /* n_outputs indices of `nodes` */
} frl_expr_epilogue;
typedef struct frl_fusion_api {
  uint32_t struct_size;
  uint32_t max_nodes; /* the longest expression taken; 0 = no limit */
  /* UNSUPPORTED for an expression not offered. Copies what it needs. Any time except while recording. */
  frl_status(FRL_CALL* compile)(frl_device*, const frl_expr*, frl_kernel** out_kernel, frl_error*);
  void(FRL_CALL* release)(frl_device*, frl_kernel*); /* after its launches are done */
} frl_fusion_api;

/* frl.profiler/1: when the device was busy with what. Off until started, and free of cost then. While started, each
 * kernel call, copy, fill and graph launch leaves one record; a backend may record the calls inside a graph instead. */
#define FRL_EXT_PROFILER "frl.profiler"
#define FRL_PROFILE_KERNEL 0u
#define FRL_PROFILE_COPY 1u /* copy_in, copy_out, copy and fill */
#define FRL_PROFILE_GRAPH 2u
typedef struct frl_profile_record { /* fixed within a major */
  char name[48];                    /* the op or slot ("matmul", "copy_in", "fused"), cut off, NUL-terminated */
  uint64_t stream;                  /* tells streams of the device apart; no handle */
  uint64_t begin_ns, end_ns;        /* one clock per device, of any origin */
  uint64_t bytes;                   /* operands read and written once each; 0 = not known */
  uint32_t kind;                    /* FRL_PROFILE_* */
  uint32_t reserved;
} frl_profile_record;
typedef struct frl_profiler_api {
  uint32_t struct_size;
  uint32_t reserved;
  /* Records work queued from now on (work still queued from before may be among it), at most max_records (> 0) between
   * two reads; what goes beyond is counted as dropped. INVALID_STATE when started already. Forgets unread records. */
  frl_status(FRL_CALL* profiler_start)(frl_device*, uint64_t max_records, frl_error*);
  /* Work queued from now on is not recorded; records stay until they are read. INVALID_STATE when not started. */
  frl_status(FRL_CALL* profiler_stop)(frl_device*, frl_error*);
  /* Moves out up to `capacity` records of work that is done, in the order of begin_ns per stream, and how many were
   * dropped since the last read. Does not wait; wait for an event first to see all. */
  frl_status(FRL_CALL* profiler_read)(frl_device*, frl_profile_record* out_records, uint64_t capacity,
                                      uint64_t* out_count, uint64_t* out_dropped, frl_error*);
} frl_profiler_api;

#ifdef __cplusplus
}
#endif
#endif
