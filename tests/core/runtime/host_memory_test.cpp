// Every allocation of host memory in a training step fails once, in turn, eager and compiled, in the library and in the
// plugin: the step reports it, nothing is leaked, and the next step has the right result. On the default device.
#include <gtest/gtest.h>

#include <cstdint>
#include <new>

#include "counted_memory.h"
#include "ferrule/ferrule.h"

namespace ferrule {
namespace {

using Arrays = std::vector<array>;
using test::FailingMemory;
using test::live_allocations;

// One step of logistic regression: {loss, new weights}.
Arrays step(const Arrays& in) {
  auto loss = [](const Arrays& a) {
    array z = matmul(a[1], a[0]);
    return mean(logaddexp(array(0.0f), z) - a[2] * z);
  };
  auto [value, gradients] = value_and_grad(ArrayFn([&](const Arrays& a) { return Arrays{loss(a)}; }))(in);
  return {value[0], in[0] - in[3] * gradients[0]};
}

class HostMemory : public ::testing::Test {
 protected:
  Arrays inputs() { return {zeros({16}), x_, y_, array(0.1f)}; }

  // Two steps, read; NaN where they failed.
  float run(const ArrayFn& f) {
    Arrays in = inputs();
    Arrays first = f(in);
    async_eval(first);
    in[0] = first[1];
    return f(in)[0].item<float>();
  }

  void fail_each(const ArrayFn& f) {
    const float expected = run(f);
    for (int i = 0; i < 40; ++i) ASSERT_EQ(run(f), expected);
    synchronize();
    const size_t active = get_active_memory();
    int64_t failures = 0, settled = 0;
    for (int64_t n = 1;; ++n) {
      int64_t left = n;
      bool failed = false;
      {
        const FailingMemory failing(&left);
        try {
          if (run(f) != expected) left = INT64_MIN;
        } catch (const std::bad_alloc&) {
          failed = true;
        } catch (const error&) {
          failed = true;
        }
      }
      ASSERT_NE(left, INT64_MIN) << "allocation " << n << ": a wrong loss without an error";
      failures += failed;
      ASSERT_EQ(run(f), expected) << "after allocation " << n << " had failed";
      synchronize();
      EXPECT_EQ(get_active_memory(), active) << "allocation " << n;
      if (n == 20) settled = live_allocations();
      if (left > 0) break;
    }
    EXPECT_GT(failures, 10);
    // Markers and caches breathe; what is lost at every failure would show.
    EXPECT_LT(live_allocations(), settled + 100 + failures / 8) << failures << " failures";
  }

  array x_ = random::normal({32, 16}, random::key(3));
  array y_ = astype(random::bernoulli(array(0.5f), Shape{32}, random::key(4)), float32);
};

TEST_F(HostMemory, EagerStep) {
  eval({x_, y_});
  fail_each(step);
}

TEST_F(HostMemory, CompiledStep) {
  eval({x_, y_});
  fail_each(compile(ArrayFn(step)));
}

// Tracing, fusing and recording, too: another function each time.
TEST_F(HostMemory, CompilingItself) {
  eval({x_, y_});
  ArrayFn fresh = [](const Arrays& in) {
    return compile(ArrayFn([](const Arrays& traced) { return step(traced); }))(in);
  };
  fail_each(fresh);
}

}  // namespace
}  // namespace ferrule
