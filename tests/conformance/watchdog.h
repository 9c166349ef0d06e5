// Ends the process with status 3, naming the case, when one case takes too long; names the case when it crashes.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace ferrule::conformance {

class Watchdog : public testing::EmptyTestEventListener {
 public:
  explicit Watchdog(std::chrono::seconds limit);
  ~Watchdog() override;
  void OnTestStart(const testing::TestInfo& test) override;
  void OnTestEnd(const testing::TestInfo&) override;

 private:
  void watch();

  std::chrono::seconds limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t started_ = 0;
  bool running_ = false, stop_ = false;
  std::thread thread_;
};

}  // namespace ferrule::conformance
