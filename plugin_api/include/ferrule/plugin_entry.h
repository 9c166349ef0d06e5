/* FRL_DEFINE_PLUGIN writes the two things that make a shared library a Ferrule plugin: the ELF note with the manifest
 * head, and the exported query. Use it once, at file scope, in one C or C++ file:
 *
 *   static frl_status FRL_CALL my_open(const frl_host_api* host, const frl_plugin_api** out_api, frl_error* error);
 *   FRL_DEFINE_PLUGIN("mine", "Me & Co", "1.0.0", FRL_ROLE_BACKEND, 50, my_open)
 *
 * FRL_PLUGIN_BUILD_ID may be defined before (a string of at most 47 bytes, such as a commit). */
#ifndef FERRULE_PLUGIN_ENTRY_H
#define FERRULE_PLUGIN_ENTRY_H
#include "ferrule/plugin.h"

#ifndef FRL_PLUGIN_BUILD_ID
#define FRL_PLUGIN_BUILD_ID ""
#endif

#if defined(__SANITIZE_ADDRESS__)
#define FRL_BUILD_SANITIZER_ FRL_BUILD_ASAN
#elif defined(__SANITIZE_THREAD__)
#define FRL_BUILD_SANITIZER_ FRL_BUILD_TSAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FRL_BUILD_SANITIZER_ FRL_BUILD_ASAN
#elif __has_feature(thread_sanitizer)
#define FRL_BUILD_SANITIZER_ FRL_BUILD_TSAN
#endif
#endif
#ifndef FRL_BUILD_SANITIZER_
#define FRL_BUILD_SANITIZER_ 0u
#endif
#ifdef NDEBUG
#define FRL_BUILD_FLAGS_ FRL_BUILD_SANITIZER_
#else
#define FRL_BUILD_FLAGS_ (FRL_BUILD_DEBUG | FRL_BUILD_SANITIZER_)
#endif

/* An ELF note: three words, the name padded to 4, then the descriptor. Every member is 4-byte aligned, so the struct
 * has no padding. The name lies in the section ".note.ferrule", which linkers place in a PT_NOTE segment. */
typedef struct frl_manifest_note {
  uint32_t name_size, desc_size, type;
  char name[8];
  frl_manifest_head head;
} frl_manifest_note;

#if defined(__ELF__)
#define FRL_NOTE_SECTION_ __attribute__((section(".note.ferrule"), used, aligned(4)))
#else
#define FRL_NOTE_SECTION_
#endif
#ifdef __cplusplus
#define FRL_EXTERN_C_ extern "C"
#else
#define FRL_EXTERN_C_
#endif

#define FRL_MANIFEST_HEAD_(name_, vendor_, version_, role_, score_)                                                  \
  {                                                                                                                  \
    FRL_MANIFEST_MAGIC, (uint32_t)sizeof(frl_manifest), FRL_ABI_MAJOR, 0u, FRL_ABI_MINOR, (role_), FRL_BUILD_FLAGS_, \
        (score_), name_, vendor_, version_, FRL_PLUGIN_BUILD_ID, {                                                   \
      0u                                                                                                             \
    }                                                                                                                \
  }

#define FRL_DEFINE_PLUGIN(name_, vendor_, version_, role_, score_, open_)                                           \
  FRL_NOTE_SECTION_ static const frl_manifest_note frl_manifest_note_ = {                                           \
      8u, (uint32_t)sizeof(frl_manifest_head), FRL_NOTE_MANIFEST, "Ferrule",                                        \
      FRL_MANIFEST_HEAD_(name_, vendor_, version_, role_, score_)};                                                 \
  static const frl_manifest frl_manifest_ = {FRL_MANIFEST_HEAD_(name_, vendor_, version_, role_, score_), (open_)}; \
  FRL_EXTERN_C_ FRL_EXPORT const frl_manifest* FRL_CALL frl_plugin_query(uint32_t major, uint32_t minor_min,        \
                                                                         uint32_t minor_max);                       \
  FRL_EXTERN_C_ FRL_EXPORT const frl_manifest* FRL_CALL frl_plugin_query(uint32_t major, uint32_t minor_min,        \
                                                                         uint32_t minor_max) {                      \
    (void)minor_max; /* this plugin speaks every minor up to its own; a newer host reads its shorter tables */      \
    return major == FRL_ABI_MAJOR && minor_min <= FRL_ABI_MINOR ? &frl_manifest_ : NULL;                            \
  }

#endif
