// A stack of its own and the switch to it (Boost.Context's jump_fcontext), known to AddressSanitizer and ThreadSanitizer.
// A suspended fiber may be abandoned: reset() makes its stack fresh without unwinding, so only code whose locals need no
// destruction runs on fibers. All fibers of one group are used by one host thread at a time.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <cstdint>

namespace ferrule::gpu::sim {

class Fiber {
 public:
  using Entry = void (*)(Fiber& self, void* argument);

  // The host thread's own context, to be switched away from and back to.
  Fiber() = default;
  // A fiber that runs entry(self, argument) when first switched to; entry never returns. `index` spreads stacks over the
  // cache's sets. valid() is false where no memory is left.
  Fiber(Entry entry, void* argument, uint32_t index);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  bool valid() const { return mapping_ != nullptr; }
  // Abandons what the fiber was doing; the next switch begins at its entry.
  void reset();
  // Suspends `from`, the running fiber, and continues `to`; returns when something switches back to `from`.
  static void switch_to(Fiber& from, Fiber& to);
  // For the context of the host thread, before its first switch.
  void adopt_host_thread();

 private:
  static void start(boost::context::detail::transfer_t transfer);
  void arrived(void* fake_stack, Fiber& left);

  boost::context::detail::fcontext_t context_ = nullptr;
  Entry entry_ = nullptr;
  void* argument_ = nullptr;
  void* mapping_ = nullptr;
  std::byte* top_ = nullptr;
  const void* bottom_ = nullptr;  // of the stack, for the sanitizers
  size_t bytes_ = 0;
  void* fake_stack_ = nullptr;
  [[maybe_unused]] void* tsan_ = nullptr;
};

}  // namespace ferrule::gpu::sim
