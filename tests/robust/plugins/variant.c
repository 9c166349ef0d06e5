/* One small plugin per VARIANT, each wrong (or unusual) in one way; see CMakeLists.txt. They touch no device. */
#include <stddef.h>
#include <string.h>

#include "ferrule/plugin_entry.h"

#define GOOD 0
#define INIT_FAILS 1      /* open returns an error of two lines */
#define NO_DEVICE 2       /* device_count answers 0 with a reason */
#define OTHER_MAJOR 3     /* speaks ABI major 2 */
#define FUTURE_MINOR 4    /* speaks minors from 900 on */
#define NO_NOTE 5         /* exports the query, has no note */
#define NO_SYMBOL 6       /* has the note, exports nothing */
#define MISMATCH 7        /* the query answers another name than the note */
#define SHORT_TABLE 8     /* a plugin table that ends before shutdown */
#define NULL_TABLE 9      /* open succeeds and gives no table */
#define QUERY_NULL 10     /* the query answers NULL */
#define LAYER 11          /* role = layer */
#define NEWER_MINOR 12    /* a newer plugin with longer tables: must load */
#define BAD_NAME 13       /* "Bad Name" */
#define ASAN_BUILD 14     /* claims to be built with AddressSanitizer */
#define THREE_DEVICES 15  /* score 100, three devices */
#define MISSING_SYMBOL 16 /* needs a function that nobody offers */
#define DEBUG_BUILD 17    /* claims a debug build, which is legal */

#if VARIANT == NO_DEVICE
#define COUNT 0u
#elif VARIANT == THREE_DEVICES
#define COUNT 3u
#else
#define COUNT 1u
#endif

#if VARIANT == MISSING_SYMBOL
extern int ferrule_nobody_offers_this(void);
#endif

static void say(frl_error* error, const char* text) {
  if (error != NULL && error->struct_size >= sizeof(*error)) strncpy(error->message, text, sizeof(error->message) - 1);
}

static frl_status FRL_CALL device_count(uint32_t* out_count, frl_error* error) {
  *out_count = COUNT;
  if (COUNT == 0u) say(error, "no device: the variant has none");
#if VARIANT == MISSING_SYMBOL
  *out_count = (uint32_t)ferrule_nobody_offers_this();
#endif
  return FRL_OK;
}

static frl_status FRL_CALL device_info(uint32_t index, frl_device_info* out_info, frl_error* error) {
  (void)index, (void)error;
  strcpy(out_info->name, "variant");
  return FRL_OK;
}

static frl_status FRL_CALL device_open(uint32_t index, frl_device** out_device, const frl_device_api** out_api,
                                       frl_error* error) {
  (void)index, (void)out_device, (void)out_api;
  say(error, "[device_open] the variant opens nothing");
  return FRL_UNSUPPORTED;
}

static void FRL_CALL device_close(frl_device* device) { (void)device; }

static frl_status FRL_CALL quiesce(frl_error* error) {
  (void)error;
  return FRL_OK;
}

static void FRL_CALL shutdown_plugin(int32_t process_is_exiting) { (void)process_is_exiting; }

typedef struct longer_api {
  frl_plugin_api known;
  void* future[8];
} longer_api;

static const longer_api table = {
    {
#if VARIANT == SHORT_TABLE
        offsetof(frl_plugin_api, shutdown),
#elif VARIANT == NEWER_MINOR
        sizeof(longer_api),
#else
        sizeof(frl_plugin_api),
#endif
        FRL_ABI_MINOR, device_count, device_info, device_open, device_close, quiesce, shutdown_plugin, NULL},
    {NULL}};

static frl_status FRL_CALL open_plugin(const frl_host_api* host, const frl_plugin_api** out_api, frl_error* error) {
  (void)host;
  if (VARIANT == INIT_FAILS) {
    say(error, "[open] the driver answered\n42");
    return FRL_INTERNAL;
  }
  if (VARIANT != NULL_TABLE) *out_api = &table.known;
  return FRL_OK;
}

#if VARIANT == OTHER_MAJOR
#define MAJOR 2u
#else
#define MAJOR FRL_ABI_MAJOR
#endif
#if VARIANT == FUTURE_MINOR
#define MINORS 900u, 901u
#elif VARIANT == NEWER_MINOR
#define MINORS 0u, 900u
#else
#define MINORS 0u, FRL_ABI_MINOR
#endif
#if VARIANT == LAYER
#define ROLE FRL_ROLE_LAYER
#else
#define ROLE FRL_ROLE_BACKEND
#endif
#if VARIANT == ASAN_BUILD
#define FLAGS FRL_BUILD_ASAN
#elif VARIANT == DEBUG_BUILD
#define FLAGS FRL_BUILD_DEBUG
#else
#define FLAGS 0u
#endif
#if VARIANT == BAD_NAME
#define NAME "Bad Name"
#else
#define NAME VARIANT_NAME
#endif
#if VARIANT == THREE_DEVICES
#define SCORE 100u
#else
#define SCORE 5u
#endif

#define HEAD(name)                                                                                                     \
  {                                                                                                                    \
    FRL_MANIFEST_MAGIC, (uint32_t)sizeof(frl_manifest), MAJOR, MINORS, ROLE, FLAGS, SCORE, name, "Tests", "1.0", "", { \
      0u                                                                                                               \
    }                                                                                                                  \
  }

#if VARIANT != NO_NOTE
FRL_NOTE_SECTION_ static const frl_manifest_note note = {8u, (uint32_t)sizeof(frl_manifest_head), FRL_NOTE_MANIFEST,
                                                         "Ferrule", HEAD(NAME)};
#endif
#if VARIANT == MISMATCH
static const frl_manifest manifest = {HEAD("impostor"), open_plugin};
#else
static const frl_manifest manifest = {HEAD(NAME), open_plugin};
#endif

#if VARIANT == NO_SYMBOL
#define QUERY static __attribute__((used)) const frl_manifest*
#else
FRL_EXPORT const frl_manifest* FRL_CALL frl_plugin_query(uint32_t major, uint32_t minor_min, uint32_t minor_max);
#define QUERY FRL_EXPORT const frl_manifest* FRL_CALL
#endif
QUERY frl_plugin_query(uint32_t major, uint32_t minor_min, uint32_t minor_max) {
  (void)major, (void)minor_min, (void)minor_max;
  return VARIANT == QUERY_NULL ? NULL : &manifest;
}
