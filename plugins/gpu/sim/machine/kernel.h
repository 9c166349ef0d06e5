// A kernel behind vendor::Function: how to call it for one thread with type-erased arguments.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace ferrule::gpu::sim {

inline constexpr uint32_t kStaticSharedLimit = 48u << 10;  // also of dynamic memory, until more is allowed

struct Kernel {
  void (*call)(void* const* arguments);  // arguments[i] points at the i-th parameter's value
  const char* name;
  uint32_t n_arguments;
  const uint32_t* argument_bytes;
  std::atomic<uint32_t> dynamic_shared_limit{kStaticSharedLimit};
};

namespace detail {

template <auto* K, typename F = std::remove_pointer_t<decltype(K)>>
struct Invoker;
template <auto* K, typename... P>
struct Invoker<K, void(P...)> {
  static_assert((std::is_trivially_copyable_v<P> && ...), "arguments are copied as bytes");
  static constexpr uint32_t kBytes[] = {static_cast<uint32_t>(sizeof(P))..., 0};

  template <size_t... I>
  static void spread(void* const* arguments, std::index_sequence<I...>) {
    K(*static_cast<const std::remove_cv_t<P>*>(arguments[I])...);
  }
  static void call(void* const* arguments) { spread(arguments, std::index_sequence_for<P...>{}); }
};

template <auto* K>
constexpr const char* pretty_name() {
  return __PRETTY_FUNCTION__;
}

}  // namespace detail

template <auto* K>
inline constinit Kernel kernel_of{&detail::Invoker<K>::call, detail::pretty_name<K>(),
                                  static_cast<uint32_t>(sizeof detail::Invoker<K>::kBytes / sizeof(uint32_t)) - 1,
                                  detail::Invoker<K>::kBytes};

// "fill<float>" of the compiler's name for pretty_name<K>; writes at most `bytes`.
void short_name(const char* pretty, char* out, size_t bytes);

}  // namespace ferrule::gpu::sim
