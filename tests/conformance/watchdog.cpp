#include "watchdog.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>

namespace ferrule::conformance {
namespace {

// Fixed storage, because a signal handler reads it.
char current_case[256];

void say(const char* what) {
  const auto put = [](const char* text) {
    if (write(STDERR_FILENO, text, std::strlen(text)) < 0) return;
  };
  put("\nferrule-conformance: ");
  put(what);
  put(" in case ");
  put(current_case);
  put("\n");
}

extern "C" void on_crash(int signal_number) {
  say("the process crashed");
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

}  // namespace

Watchdog::Watchdog(std::chrono::seconds limit) : limit_(limit), thread_([this] { watch(); }) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  for (int s : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) std::signal(s, on_crash);
#endif
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watchdog::OnTestStart(const testing::TestInfo& test) {
  const std::lock_guard lock(mutex_);
  std::snprintf(current_case, sizeof current_case, "%s/%s", test.test_suite_name(), test.name());
  ++started_;
  running_ = true;
  changed_.notify_all();
}

void Watchdog::OnTestEnd(const testing::TestInfo&) {
  const std::lock_guard lock(mutex_);
  running_ = false;
  changed_.notify_all();
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const uint64_t seen = started_;
    const bool moved = changed_.wait_for(lock, limit_, [&] { return stop_ || started_ != seen; });
    if (moved || !running_) continue;
    std::fflush(stdout);
    say("time limit passed");
    _exit(3);
  }
}

}  // namespace ferrule::conformance
