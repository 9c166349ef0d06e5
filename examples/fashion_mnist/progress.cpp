// Drawing the bar, at most ten times a second.
#include "progress.h"

#include <unistd.h>

#include <cstdio>

namespace {
constexpr int kWidth = 40;
constexpr auto kInterval = std::chrono::milliseconds(100);
}  // namespace

Progress::Progress(std::string label, int total)
    : label_(std::move(label)),
      total_(total),
      visible_(::isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (visible_) std::fprintf(stderr, "\r\033[K");
}

void Progress::show(int done) {
  auto now = std::chrono::steady_clock::now();
  if (!visible_ || now - last_ < kInterval) return;
  last_ = now;
  int filled = total_ > 0 ? kWidth * done / total_ : kWidth;
  double seconds = std::chrono::duration<double>(now - start_).count();
  double left = done > 0 ? seconds * (total_ - done) / done : 0.0;
  std::fprintf(stderr, "\r%s [%.*s%*s] %d/%d  %.0f s left \033[K", label_.c_str(), filled,
               "########################################", kWidth - filled, "", done, total_, left);
  std::fflush(stderr);
}
