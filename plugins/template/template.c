/* The smallest Ferrule backend: one device that is the host itself, plain memory, streams that do their work at once,
 * and no kernels. Programs run on it by the core's decompositions and the cpu backend's kernels. To start a backend of
 * your own, copy this folder, rename "template", and replace one group of slots after the other; plugin_api/README.md
 * says in which order. Every function may be called from any thread unless a comment says otherwise. */
#define _DEFAULT_SOURCE /* sysconf */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ferrule/plugin_entry.h"

/* The handles of the ABI are opaque: these are ours. A tag comes first, so that a handle of the wrong kind, or one that
 * was destroyed, is answered with an error rather than with a crash as often as possible. */
enum { TAG_DEVICE = 0x64657601, TAG_BUFFER = 0x62756601, TAG_STREAM = 0x73747201, TAG_EVENT = 0x65767401 };

struct frl_device {
  uint32_t tag;
};
struct frl_buffer {
  uint32_t tag;
  uint64_t size;
  unsigned char* bytes;
};
struct frl_stream {
  uint32_t tag;
};
struct frl_event {
  uint32_t tag;
};

enum { ALIGNMENT = 64 }; /* of every buffer: a cache line, and enough for any vector load */

/* ---- errors ----------------------------------------------------------------------------------------------------- */

/* Fills the caller's error, as much of it as the caller has, and returns the code. Nothing is allocated. */
static frl_status fail(frl_error* error, frl_status code, const char* format, ...) {
  const size_t head = offsetof(frl_error, message);
  va_list args;
  if (error == NULL || error->struct_size <= head) return code;
  error->code = code;
  error->native_code = 0;
  va_start(args, format);
  vsnprintf(error->message, error->struct_size < sizeof(*error) ? error->struct_size - head : sizeof(error->message),
            format, args);
  va_end(args);
  return code;
}

/* Every slot begins with this: a NULL or foreign handle, or a NULL out-parameter, is the caller's bug. */
static int is(const void* handle, uint32_t tag) { return handle != NULL && *(const uint32_t*)handle == tag; }

#define CHECK(condition, what) \
  if (!(condition)) return fail(error, FRL_INVALID_ARGUMENT, "[%s] got %s", __func__, what)

/* True when [offset, offset + bytes) lies in the buffer, without overflow for any values. */
static int in_range(const frl_buffer* buffer, uint64_t offset, uint64_t bytes) {
  return offset <= buffer->size && bytes <= buffer->size - offset;
}

#define CHECK_RANGE(buffer, offset, bytes)                                                                           \
  if (!in_range(buffer, offset, bytes))                                                                              \
  return fail(error, FRL_INVALID_ARGUMENT, "[%s] got %llu bytes at offset %llu; expected a range within %llu bytes", \
              __func__, (unsigned long long)(bytes), (unsigned long long)(offset), (unsigned long long)(buffer)->size)

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static uint64_t pages(int which) {
  const long count = sysconf(which), bytes = sysconf(_SC_PAGESIZE);
  return count > 0 && bytes > 0 ? (uint64_t)count * (uint64_t)bytes : 0;
}

/* The device's memory is the host's: FRL_MEMORY_SHARED is the one kind there is. The core asks rarely, for large
 * blocks, and divides them itself. */
static frl_status FRL_CALL buffer_alloc(frl_device* device, uint32_t kind, uint64_t bytes, frl_buffer** out_buffer,
                                        frl_error* error) {
  frl_buffer* buffer;
  CHECK(is(device, TAG_DEVICE), "no device of this plugin");
  CHECK(out_buffer != NULL, "NULL for out_buffer");
  CHECK(bytes > 0, "0 bytes; expected more");
  if (kind != FRL_MEMORY_SHARED) {
    return fail(error, FRL_UNSUPPORTED, "[buffer_alloc] got memory kind %u; this device has only %u (shared)", kind,
                FRL_MEMORY_SHARED);
  }
  /* A request beyond the machine is refused here, because the C library may grant it and fail at first use. */
  buffer = bytes <= pages(_SC_PHYS_PAGES) ? malloc(sizeof(*buffer)) : NULL;
  if (buffer != NULL) {
    buffer->bytes = aligned_alloc(ALIGNMENT, (size_t)((bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT));
    if (buffer->bytes == NULL) {
      free(buffer);
      buffer = NULL;
    }
  }
  if (buffer == NULL) {
    return fail(error, FRL_OUT_OF_MEMORY, "[buffer_alloc] asked for %llu bytes; the machine has %llu",
                (unsigned long long)bytes, (unsigned long long)pages(_SC_PHYS_PAGES));
  }
  buffer->tag = TAG_BUFFER;
  buffer->size = bytes;
  *out_buffer = buffer;
  return FRL_OK;
}

/* The core calls this after the last use on every stream, so nothing has to be waited for. */
static void FRL_CALL buffer_free(frl_device* device, frl_buffer* buffer) {
  if (!is(device, TAG_DEVICE) || !is(buffer, TAG_BUFFER)) return;
  buffer->tag = 0;
  free(buffer->bytes);
  free(buffer);
}

/* Shared memory has one address for host and device, so mapping costs nothing. */
static frl_status FRL_CALL buffer_map(frl_device* device, frl_buffer* buffer, void** out_pointer, frl_error* error) {
  CHECK(is(device, TAG_DEVICE), "no device of this plugin");
  CHECK(is(buffer, TAG_BUFFER), "no buffer of this plugin");
  CHECK(out_pointer != NULL, "NULL for out_pointer");
  *out_pointer = buffer->bytes;
  return FRL_OK;
}

static frl_status FRL_CALL buffer_unmap(frl_device* device, frl_buffer* buffer, frl_error* error) {
  CHECK(is(device, TAG_DEVICE), "no device of this plugin");
  CHECK(is(buffer, TAG_BUFFER), "no buffer of this plugin");
  return FRL_OK;
}

static frl_status FRL_CALL memory_info(frl_device* device, uint64_t* out_free, uint64_t* out_total, frl_error* error) {
  CHECK(is(device, TAG_DEVICE), "no device of this plugin");
  CHECK(out_free != NULL && out_total != NULL, "NULL for out_free or out_total");
  *out_total = pages(_SC_PHYS_PAGES);
  *out_free = pages(_SC_AVPHYS_PAGES);
  if (*out_free > *out_total) *out_free = *out_total;
  return FRL_OK;
}

/* ---- streams and events: work is done when the call returns, so there is never anything to wait for ---------------
 */

static frl_status FRL_CALL stream_create(frl_device* device, int32_t priority, frl_stream** out_stream,
                                         frl_error* error) {
  (void)priority; /* a hint */
  CHECK(is(device, TAG_DEVICE), "no device of this plugin");
  CHECK(out_stream != NULL, "NULL for out_stream");
  *out_stream = malloc(sizeof(**out_stream));
  if (*out_stream == NULL) return fail(error, FRL_OUT_OF_MEMORY, "[stream_create] no memory for a stream");
  (*out_stream)->tag = TAG_STREAM;
  return FRL_OK;
}

static void FRL_CALL stream_destroy(frl_stream* stream) {
  if (!is(stream, TAG_STREAM)) return;
  stream->tag = 0;
  free(stream);
}

static frl_status FRL_CALL stream_flush(frl_stream* stream, frl_error* error) {
  CHECK(is(stream, TAG_STREAM), "no stream of this plugin");
  return FRL_OK;
}

static frl_status FRL_CALL stream_wait_event(frl_stream* stream, frl_event* event, frl_error* error) {
  CHECK(is(stream, TAG_STREAM), "no stream of this plugin");
  CHECK(is(event, TAG_EVENT), "no event of this plugin");
  return FRL_OK;
}

static frl_status FRL_CALL event_create(frl_device* device, uint32_t flags, frl_event** out_event, frl_error* error) {
  CHECK(is(device, TAG_DEVICE), "no device of this plugin");
  CHECK(out_event != NULL, "NULL for out_event");
  (void)flags; /* FRL_EVENT_TIMING announces event_elapsed, an optional slot that this table leaves NULL */
  *out_event = malloc(sizeof(**out_event));
  if (*out_event == NULL) return fail(error, FRL_OUT_OF_MEMORY, "[event_create] no memory for an event");
  (*out_event)->tag = TAG_EVENT;
  return FRL_OK;
}

static void FRL_CALL event_destroy(frl_event* event) {
  if (!is(event, TAG_EVENT)) return;
  event->tag = 0;
  free(event);
}

static frl_status FRL_CALL event_record(frl_event* event, frl_stream* stream, frl_error* error) {
  CHECK(is(event, TAG_EVENT), "no event of this plugin");
  CHECK(is(stream, TAG_STREAM), "no stream of this plugin");
  return FRL_OK;
}

static frl_status FRL_CALL event_query(frl_event* event, int32_t* out_done, frl_error* error) {
  CHECK(is(event, TAG_EVENT), "no event of this plugin");
  CHECK(out_done != NULL, "NULL for out_done");
  *out_done = 1;
  return FRL_OK;
}

static frl_status FRL_CALL event_wait(frl_event* event, uint64_t timeout_ns, frl_error* error) {
  (void)timeout_ns;
  CHECK(is(event, TAG_EVENT), "no event of this plugin");
  return FRL_OK;
}

/* ---- copies ----------------------------------------------------------------------------------------------------- */

static frl_status FRL_CALL copy_in(frl_stream* stream, frl_buffer* dst, uint64_t dst_offset, const void* src,
                                   uint64_t bytes, uint32_t flags, frl_error* error) {
  (void)flags; /* FRL_COPY_CONSUME asks for what this copy does anyway */
  CHECK(is(stream, TAG_STREAM), "no stream of this plugin");
  CHECK(is(dst, TAG_BUFFER), "no buffer of this plugin for dst");
  CHECK(src != NULL || bytes == 0, "NULL for src");
  CHECK_RANGE(dst, dst_offset, bytes);
  if (bytes != 0) memcpy(dst->bytes + dst_offset, src, (size_t)bytes);
  return FRL_OK;
}

static frl_status FRL_CALL copy_out(frl_stream* stream, void* dst, frl_buffer* src, uint64_t src_offset, uint64_t bytes,
                                    frl_error* error) {
  CHECK(is(stream, TAG_STREAM), "no stream of this plugin");
  CHECK(is(src, TAG_BUFFER), "no buffer of this plugin for src");
  CHECK(dst != NULL || bytes == 0, "NULL for dst");
  CHECK_RANGE(src, src_offset, bytes);
  if (bytes != 0) memcpy(dst, src->bytes + src_offset, (size_t)bytes);
  return FRL_OK;
}

static frl_status FRL_CALL copy(frl_stream* stream, frl_buffer* dst, uint64_t dst_offset, frl_buffer* src,
                                uint64_t src_offset, uint64_t bytes, frl_error* error) {
  CHECK(is(stream, TAG_STREAM), "no stream of this plugin");
  CHECK(is(dst, TAG_BUFFER), "no buffer of this plugin for dst");
  CHECK(is(src, TAG_BUFFER), "no buffer of this plugin for src");
  CHECK_RANGE(dst, dst_offset, bytes);
  CHECK_RANGE(src, src_offset, bytes);
  memmove(dst->bytes + dst_offset, src->bytes + src_offset, (size_t)bytes);
  return FRL_OK;
}

/* The low bytes of `pattern` are its first bytes in memory: the ABI is little-endian. */
static frl_status FRL_CALL fill(frl_stream* stream, frl_buffer* dst, uint64_t offset, uint64_t bytes, uint64_t pattern,
                                uint32_t pattern_bytes, frl_error* error) {
  uint64_t at;
  CHECK(is(stream, TAG_STREAM), "no stream of this plugin");
  CHECK(is(dst, TAG_BUFFER), "no buffer of this plugin for dst");
  CHECK(pattern_bytes == 1 || pattern_bytes == 2 || pattern_bytes == 4 || pattern_bytes == 8,
        "a pattern size other than 1, 2, 4 or 8");
  CHECK(offset % pattern_bytes == 0 && bytes % pattern_bytes == 0, "a range that is no multiple of the pattern");
  CHECK_RANGE(dst, offset, bytes);
  for (at = 0; at < bytes; at += pattern_bytes) memcpy(dst->bytes + offset + at, &pattern, pattern_bytes);
  return FRL_OK;
}

/* ---- kernels: none. A backend adds them one by one, here, and the core uses each as soon as it is found ------------
 */

static frl_status FRL_CALL kernel_find(frl_device* device, const char* op, uint32_t version, frl_kernel** out_kernel,
                                       frl_error* error) {
  CHECK(is(device, TAG_DEVICE), "no device of this plugin");
  CHECK(op != NULL && out_kernel != NULL, "NULL for op or out_kernel");
  return fail(error, FRL_UNSUPPORTED, "[kernel_find] %s version %u: the template backend has no kernels", op, version);
}

static frl_status FRL_CALL kernel_query(frl_kernel* kernel, const frl_call* call, frl_requirements* out_requirements,
                                        frl_error* error) {
  (void)kernel, (void)call, (void)out_requirements;
  return fail(error, FRL_INVALID_ARGUMENT, "[kernel_query] got a kernel; kernel_find of this plugin never gave one");
}

static frl_status FRL_CALL kernel_launch(frl_stream* stream, frl_kernel* kernel, const frl_plan* plan,
                                         const frl_call* call, frl_error* error) {
  (void)stream, (void)kernel, (void)plan, (void)call;
  return fail(error, FRL_INVALID_ARGUMENT, "[kernel_launch] got a kernel; kernel_find of this plugin never gave one");
}

/* The device's table. The slots that are not named here are NULL: the optional ones. */
static const frl_device_api device_api = {
    .struct_size = sizeof(frl_device_api),
    .buffer_alloc = buffer_alloc,
    .buffer_free = buffer_free,
    .buffer_map = buffer_map,
    .buffer_unmap = buffer_unmap,
    .memory_info = memory_info,
    .stream_create = stream_create,
    .stream_destroy = stream_destroy,
    .stream_flush = stream_flush,
    .stream_wait_event = stream_wait_event,
    .event_create = event_create,
    .event_destroy = event_destroy,
    .event_record = event_record,
    .event_query = event_query,
    .event_wait = event_wait,
    .copy_in = copy_in,
    .copy_out = copy_out,
    .copy = copy,
    .fill = fill,
    .kernel_find = kernel_find,
    .kernel_query = kernel_query,
    .kernel_launch = kernel_launch,
};

/* ---- the plugin: how many devices there are, what they are, and how one is opened ---------------------------------
 */

/* A backend whose driver is missing answers FRL_OK and 0 here, with "no device: ..." in the error. */
static frl_status FRL_CALL device_count(uint32_t* out_count, frl_error* error) {
  CHECK(out_count != NULL, "NULL for out_count");
  *out_count = 1;
  return FRL_OK;
}

/* The host may be older or newer than this file: it says how long its struct is, and gets that much. */
static frl_status FRL_CALL device_info(uint32_t index, frl_device_info* out_info, frl_error* error) {
  frl_device_info info;
  const frl_chain* node;
  CHECK(out_info != NULL, "NULL for out_info");
  CHECK(index == 0, "an index above 0; expected 0, there is one device");
  CHECK(out_info->struct_size >= offsetof(frl_device_info, name), "a struct_size too small for frl_device_info");
  for (node = out_info->next; node != NULL; node = node->next) {
    if ((node->flags & FRL_CHAIN_MUST_UNDERSTAND) != 0) {
      return fail(error, FRL_UNSUPPORTED, "[device_info] got the node %s, which this plugin does not know", node->name);
    }
  }
  memset(&info, 0, sizeof(info));
  info.struct_size = out_info->struct_size;
  info.flags = FRL_DEVICE_SHARES_HOST_MEMORY;
  info.next = out_info->next;
  strcpy(info.name, "host memory");
  strcpy(info.architecture, "template");
  info.memory_total = pages(_SC_PHYS_PAGES);
  info.largest_buffer = info.memory_total;
  info.buffer_alignment = ALIGNMENT;
  info.offset_alignment = ALIGNMENT;
  info.memory_kinds = 1u << FRL_MEMORY_SHARED;
  info.warp_width = 1;
  memcpy(out_info, &info, out_info->struct_size < sizeof(info) ? out_info->struct_size : sizeof(info));
  return FRL_OK;
}

static frl_status FRL_CALL device_open(uint32_t index, frl_device** out_device, const frl_device_api** out_api,
                                       frl_error* error) {
  CHECK(index == 0, "an index above 0; expected 0, there is one device");
  CHECK(out_device != NULL && out_api != NULL, "NULL for out_device or out_api");
  *out_device = malloc(sizeof(**out_device));
  if (*out_device == NULL) return fail(error, FRL_OUT_OF_MEMORY, "[device_open] no memory for a device");
  (*out_device)->tag = TAG_DEVICE;
  *out_api = &device_api;
  return FRL_OK;
}

static void FRL_CALL device_close(frl_device* device) {
  if (!is(device, TAG_DEVICE)) return;
  device->tag = 0;
  free(device);
}

/* A backend with threads or queues waits for them here. */
static frl_status FRL_CALL quiesce(frl_error* error) {
  (void)error;
  return FRL_OK;
}

static void FRL_CALL shutdown_plugin(int32_t process_is_exiting) { (void)process_is_exiting; }

static const frl_plugin_api plugin_api = {
    .struct_size = sizeof(frl_plugin_api),
    .abi_minor = FRL_ABI_MINOR,
    .device_count = device_count,
    .device_info = device_info,
    .device_open = device_open,
    .device_close = device_close,
    .quiesce = quiesce,
    .shutdown = shutdown_plugin,
};

/* The first call into the plugin. A backend keeps `host` for its log and configuration, and opens its driver here or,
 * better, at the first device_count. */
static frl_status FRL_CALL open_plugin(const frl_host_api* host, const frl_plugin_api** out_api, frl_error* error) {
  if (out_api == NULL) return fail(error, FRL_INVALID_ARGUMENT, "[open] got NULL for out_api");
  if (host != NULL && host->log != NULL) host->log(FRL_LOG_DEBUG, "template", "opened");
  *out_api = &plugin_api;
  return FRL_OK;
}

/* Name, vendor, version, role, score (0: only used when it is named), entry. Writes the note and the exported query. */
FRL_DEFINE_PLUGIN("template", "Ferrule", "0.1.0", FRL_ROLE_BACKEND, 0, open_plugin)
