// A progress bar on stderr; silent when that is not a terminal.
#pragma once

#include <chrono>
#include <string>

class Progress {
 public:
  Progress(std::string label, int total);
  // Removes the bar.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  bool visible() const { return visible_; }
  void show(int done);

 private:
  std::string label_;
  int total_;
  bool visible_;
  std::chrono::steady_clock::time_point start_, last_;
};
