// Which sanitizer this is built with: FERRULE_SIM_ASAN or FERRULE_SIM_TSAN is defined.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define FERRULE_SIM_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define FERRULE_SIM_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FERRULE_SIM_ASAN 1
#elif __has_feature(thread_sanitizer)
#define FERRULE_SIM_TSAN 1
#endif
#endif

#if defined(FERRULE_SIM_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#elif defined(FERRULE_SIM_TSAN)
#include <sanitizer/tsan_interface.h>
#endif
