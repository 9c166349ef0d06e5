// The list of cases, and what their bodies are given. A case is a function that reports through GoogleTest's EXPECT_*,
// ADD_FAILURE and GTEST_SKIP; its id is family/op/dtype/layout/shape.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "reference.h"
#include "runner.h"

namespace ferrule::conformance {

struct Context {
  Backend& backend;
  Runner& runner;
};

struct Case {
  std::string id;
  Profile profile;
  std::function<void(Context&)> body;
};

class Catalog {
 public:
  void add(std::string id, Profile profile, std::function<void(Context&)> body) {
    cases_.push_back({std::move(id), profile, std::move(body)});
  }
  const std::vector<Case>& cases() const { return cases_; }

 private:
  std::vector<Case> cases_;
};

// "family/op/dtype/layout/shape"
std::string case_id(const char* family, const Op& op, uint32_t dtype, const std::string& layout, const Shape& shape);

// Runs the launch and judges every output; wants[i] belongs to output i.
void check(Context& context, Launch& launch, const std::vector<Wants>& wants);
// Runs the launch. False when it did not run: the failure or skip has been reported.
bool run(Context& context, Launch& launch);
// Judges one output of a launch that ran.
void check_output(Context& context, const Tensor& got, const Wants& wants, const std::string& name = "output");

// One function per cases_*.cpp.
void add_unary_cases(Catalog&);
void add_binary_cases(Catalog&);
void add_copy_cases(Catalog&);
void add_reduce_cases(Catalog&);
void add_scan_cases(Catalog&);
void add_sort_cases(Catalog&);
void add_matmul_cases(Catalog&);
void add_conv_cases(Catalog&);
void add_index_cases(Catalog&);
void add_random_cases(Catalog&);
void add_row_cases(Catalog&);
void add_contract_cases(Catalog&);
void add_fusion_cases(Catalog&);
void add_graph_cases(Catalog&);
void add_profiler_cases(Catalog&);
void add_repeat_cases(Catalog&);
void add_large_cases(Catalog&);
void add_abi_cases(Catalog&);
void add_memory_cases(Catalog&);
void add_stream_cases(Catalog&);
void add_thread_cases(Catalog&);
Catalog full_catalog();

}  // namespace ferrule::conformance
