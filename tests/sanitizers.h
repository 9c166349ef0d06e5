// Which sanitizer a test is built with, and the one way to leave a test out under it: skipped, with the reason.
//   FERRULE_SKIP_IF(testing::kThreadSanitizer, testing::kForkUnderThreadSanitizer);
#pragma once

#include <gtest/gtest.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) && !defined(__SANITIZE_THREAD__)
#define __SANITIZE_THREAD__ 1
#endif
#endif

namespace ferrule::testing {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif

inline constexpr char kForkUnderThreadSanitizer[] =
    "ThreadSanitizer's runtime is unusable in a child that a process with threads forks";

}  // namespace ferrule::testing

// At the head of a test. What follows is compiled all the same.
#define FERRULE_SKIP_IF(condition, why) \
  if (condition) GTEST_SKIP() << (why)
