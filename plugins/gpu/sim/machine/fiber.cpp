#include "machine/fiber.h"

#include <sys/mman.h>

#include "machine/sanitizers.h"

namespace ferrule::gpu::sim {
namespace {

#if defined(FERRULE_SIM_ASAN)
constexpr size_t kStackBytes = 1u << 20;  // its frames are several times larger
#else
constexpr size_t kStackBytes = 256u << 10;
#endif
constexpr size_t kGuardBytes = 4096;
// Stacks at equal distances would use the same few cache sets.
constexpr size_t kColourBytes = 576, kColours = 64;

}  // namespace

Fiber::Fiber(Entry entry, void* argument, uint32_t index) : entry_(entry), argument_(argument) {
  void* mapping = mmap(nullptr, kStackBytes + kGuardBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return;
  if (mprotect(mapping, kGuardBytes, PROT_NONE) != 0) {
    (void)munmap(mapping, kStackBytes + kGuardBytes);
    return;
  }
  mapping_ = mapping;
  bottom_ = static_cast<std::byte*>(mapping) + kGuardBytes;
  bytes_ = kStackBytes - index % kColours * kColourBytes;
  top_ = static_cast<std::byte*>(mapping) + kGuardBytes + bytes_;
#if defined(FERRULE_SIM_TSAN)
  tsan_ = __tsan_create_fiber(0);
#endif
  reset();
}

Fiber::~Fiber() {
#if defined(FERRULE_SIM_TSAN)
  if (mapping_ != nullptr) __tsan_destroy_fiber(tsan_);
#endif
  if (mapping_ != nullptr) (void)munmap(mapping_, kStackBytes + kGuardBytes);
}

void Fiber::reset() {
#if defined(FERRULE_SIM_ASAN)
  __asan_unpoison_memory_region(bottom_, bytes_);
#endif
  fake_stack_ = nullptr;
  context_ = boost::context::detail::make_fcontext(top_, bytes_, start);
}

void Fiber::adopt_host_thread() {
#if defined(FERRULE_SIM_TSAN)
  tsan_ = __tsan_get_current_fiber();
#endif
}

// Called on the new stack. `left` is who switched here: its context is known only now.
void Fiber::arrived([[maybe_unused]] void* fake_stack, [[maybe_unused]] Fiber& left) {
#if defined(FERRULE_SIM_ASAN)
  const void* bottom = nullptr;
  size_t bytes = 0;
  __sanitizer_finish_switch_fiber(fake_stack, &bottom, &bytes);
  if (left.mapping_ == nullptr) {  // the host thread's stack
    left.bottom_ = bottom;
    left.bytes_ = bytes;
  }
#endif
}

void Fiber::start(boost::context::detail::transfer_t transfer) {
  struct Pair {
    Fiber *from, *to;
  };
  const Pair pair = *static_cast<Pair*>(transfer.data);
  pair.from->context_ = transfer.fctx;
  pair.to->arrived(nullptr, *pair.from);
  pair.to->entry_(*pair.to, pair.to->argument_);
}

void Fiber::switch_to(Fiber& from, Fiber& to) {
  struct Pair {
    Fiber *from, *to;
  } pair{&from, &to};
#if defined(FERRULE_SIM_ASAN)
  __sanitizer_start_switch_fiber(&from.fake_stack_, to.bottom_, to.bytes_);
#endif
#if defined(FERRULE_SIM_TSAN)
  __tsan_switch_to_fiber(to.tsan_, 0);
#endif
  const boost::context::detail::transfer_t transfer = boost::context::detail::jump_fcontext(to.context_, &pair);
  const Pair back = *static_cast<Pair*>(transfer.data);
  back.from->context_ = transfer.fctx;
  from.arrived(from.fake_stack_, *back.from);
}

}  // namespace ferrule::gpu::sim
