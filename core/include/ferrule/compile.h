// compile: trace a function once per combination of input shapes and dtypes, simplify the graph, fuse elementwise
// chains, and replay it. As in mlx.core: the function must be pure. `shapeless` is accepted for source compatibility;
// every new combination of shapes is traced again, so that it is never wrong; those used last are kept, some hundreds per
// function. May be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ferrule/array.h"

#pragma GCC visibility push(default)
namespace ferrule {

enum class CompileMode { disabled, no_simplify, no_fuse, enabled };

std::function<std::vector<array>(const std::vector<array>&)> compile(
    std::function<std::vector<array>(const std::vector<array>&)> fun, bool shapeless = false);
std::function<std::vector<array>(const std::vector<array>&)> compile(
    std::vector<array> (*fun)(const std::vector<array>&), bool shapeless = false);
// A lambda without captures is a function, too.
template <typename F, typename = decltype(+std::declval<F>()),
          typename = std::enable_if_t<std::is_class_v<std::decay_t<F>>>>
std::function<std::vector<array>(const std::vector<array>&)> compile(F&& fun, bool shapeless = false) {
  return compile(+fun, shapeless);
}

// For the whole process; FERRULE_DISABLE_COMPILE in the environment is the same as disabled.
void disable_compile();
void enable_compile();
void set_compile_mode(CompileMode mode);

// What became of the functions compiled so far, one entry per combination of input shapes and dtypes that is alive. On a
// device that offers frl.graph, a compiled function is recorded once and replayed; steps that cannot be recorded run in
// the ordinary way between two graphs.
struct CompileSplit {
  std::string op, reason;
};
struct CompiledProgram {
  std::string inputs;     // "float32 (1000, 100), float32 (100,)"
  size_t steps = 0;       // after fusing
  bool recorded = false;  // at its first evaluation
  std::string reason;     // why not
  size_t layouts = 0;     // recordings made for different strides and alignments of inputs
  // Of the latest recording: graphs, kernel calls in them, steps outside, and the most memory for temporaries.
  size_t segments = 0, calls = 0;
  std::vector<CompileSplit> splits;
  uint64_t arena_bytes = 0;
};
std::vector<CompiledProgram> compile_report();

}  // namespace ferrule
#pragma GCC visibility pop
