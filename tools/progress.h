// A line on the terminal that is rewritten while long work goes on; nothing when stderr is a file or a pipe.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace ferrule::tools {

class Progress {
 public:
  explicit Progress(size_t total) : total_(total), shown_(isatty(STDERR_FILENO) == 1) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // The next item begins.
  void step(std::string_view what) {
    ++done_;
    if (!shown_) return;
    const size_t filled = 30 * done_ / total_;
    fmt::print(stderr, "\r\033[K[{:<30}] {}/{} {}", std::string(filled, '#'), done_, total_, what);
    std::fflush(stderr);
  }
  // Before something else is printed.
  void clear() const {
    if (shown_) fmt::print(stderr, "\r\033[K");
  }

 private:
  size_t total_, done_ = 0;
  bool shown_;
};

}  // namespace ferrule::tools
