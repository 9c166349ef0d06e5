// The one thread pool of the cpu backend. parallel_for may be called from any stream's thread; calls from several
// streams share the workers, so that the process never runs more busy threads than cores. Results do not depend on the
// number of threads: callers cut work into tiles whose bounds depend on the problem alone.
#pragma once

#include <cstdint>
#include <functional>
#include <type_traits>

namespace ferrule::cpu {

// A borrowed callable: no allocation, valid during the call.
class TileFn {
 public:
  template <typename F>
  TileFn(const F& f)  // NOLINT(google-explicit-constructor)
      : object_(&f), call_([](const void* o, int64_t b, int64_t e) { (*static_cast<const F*>(o))(b, e); }) {}
  void operator()(int64_t begin, int64_t end) const { call_(object_, begin, end); }

 private:
  const void* object_;
  void (*call_)(const void*, int64_t, int64_t);
};

// Runs fn(begin, end) over tiles [k * grain, min(n, (k + 1) * grain)) of [0, n), in parallel, the caller included;
// returns when all are done. One tile runs on the caller alone. The first exception is rethrown here. Nested calls run
// serially.
void parallel_for(int64_t n, int64_t grain, TileFn fn);

// Threads that parallel_for may use, the caller included; from host config "threads" (FERRULE_THREADS), else the
// cores this process may use.
int thread_count();

}  // namespace ferrule::cpu
