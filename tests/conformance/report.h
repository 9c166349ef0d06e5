// What a run found, and its four forms: lines on the terminal while it goes, and JSON, JUnit and one HTML page in the
// report folder. Used from the main thread.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "backend.h"

namespace ferrule::conformance {

struct Record {
  std::string id;
  enum Status { PASSED, FAILED, SKIPPED } status = PASSED;
  std::string message;   // why it failed or was skipped
  std::string max_ulps;  // empty when nothing was measured
  double seconds = 0;
};

struct Summary {
  std::string backend, path, device, architecture, profile, claimed;
  std::vector<Record> records;
  double seconds = 0;

  int64_t with(Record::Status status) const;
};

// Collects records as tests end; prints failures, and progress when on a terminal.
class Collector : public testing::EmptyTestEventListener {
 public:
  Collector(Summary& summary, size_t planned, bool verbose);
  void OnTestStart(const testing::TestInfo& test) override;
  void OnTestEnd(const testing::TestInfo& test) override;

  static std::string id_of(const testing::TestInfo& test);

 private:
  Summary& summary_;
  size_t planned_;
  bool verbose_, terminal_;
};

// Writes conformance.json, conformance.xml and conformance.html. Throws std::runtime_error when it cannot.
void write_reports(const Summary& summary, const std::string& folder);
std::string to_html(const Summary& summary);

}  // namespace ferrule::conformance
