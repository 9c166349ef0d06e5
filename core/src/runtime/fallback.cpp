#include "runtime/fallback.h"

#include <cstdlib>
#include <map>
#include <mutex>
#include <string_view>

#include "ferrule/backend.h"
#include "ferrule/log.h"
#include "runtime/evaluation.h"
#include "runtime/evaluator.h"
#include "runtime/failure.h"
#include "runtime/runtime.h"

namespace ferrule {
namespace detail {
namespace {

FallbackPolicy policy_from_environment() {
  const char* text = secure_getenv("FERRULE_FALLBACK");
  std::string_view value = text ? text : "warn";
  if (value == "warn" || value.empty()) return FallbackPolicy::warn;
  if (value == "allow") return FallbackPolicy::allow;
  if (value == "error") return FallbackPolicy::error;
  invalid("[FERRULE_FALLBACK] got '{}'; expected warn, allow or error", value);
}

struct Fallbacks {
  std::mutex mutex;
  FallbackPolicy policy = policy_from_environment();
  std::map<std::pair<std::string, std::string>, uint64_t> counts;
};

Fallbacks& fallbacks() {
  static Fallbacks instance;
  return instance;
}

void count(const std::string& backend, const std::string& op, const std::string& reason) {
  bool first = false;
  FallbackPolicy policy;
  {
    std::lock_guard lock(fallbacks().mutex);
    policy = fallbacks().policy;
    if (policy != FallbackPolicy::error) first = fallbacks().counts[{backend, op}]++ == 0;
  }
  if (policy == FallbackPolicy::error) {
    fail(ErrorCode::unsupported, "[{}] would fall back to the cpu backend, which FERRULE_FALLBACK=error forbids: {}",
         op, reason);
  }
  if (first) {
    log(policy == FallbackPolicy::warn ? LogLevel::warning : LogLevel::debug,
        fmt::format("{} falls back from {} to cpu: {}", op, backend, reason));
  }
}

}  // namespace

void run_on_cpu(Primitive& primitive, StreamState& stream, const std::vector<array>& inputs,
                std::vector<array>& outputs, const std::string& reason) {
  const std::string backend = stream.device().id().name();
  StreamState* cpu = nullptr;
  try {
    if (backend != "cpu") cpu = &Runtime::get().fallback_stream();
  } catch (const error& e) {
    fail(ErrorCode::unsupported, "[{}] {}; and there is no fallback: {}", primitive.name(), reason, e.what());
  }
  if (!cpu) fail(ErrorCode::unsupported, "[{}] {}", primitive.name(), reason);
  count(backend, primitive.name(), reason);

  StreamEvaluation there(*cpu, false);
  std::vector<array> cpu_inputs, cpu_outputs;
  for (const array& input : inputs) cpu_inputs.push_back(there.localize(input));
  for (const array& output : outputs) {
    auto node = make_node(output.shape(), output.dtype());
    node->size = output.size();
    cpu_outputs.emplace_back(std::move(node));
  }
  try {
    primitive.eval(there, cpu_inputs, cpu_outputs);
  } catch (const UnsupportedKernel& unsupported) {
    fail(ErrorCode::unsupported, "[{}] no backend in use can run it: {}; {}", primitive.name(), reason,
         unsupported.what());
  }
  StreamEvaluation here(stream, false);
  for (size_t i = 0; i < outputs.size(); ++i) {
    cpu_outputs[i].node()->set_evaluated();
    share_data(*outputs[i].node(), *here.localize(cpu_outputs[i]).node());
  }
}

}  // namespace detail

std::vector<FallbackCount> fallback_counts() {
  std::lock_guard lock(detail::fallbacks().mutex);
  std::vector<FallbackCount> counts;
  for (auto& [key, n] : detail::fallbacks().counts) counts.push_back({key.first, key.second, n});
  return counts;
}
void reset_fallback_counts() {
  std::lock_guard lock(detail::fallbacks().mutex);
  detail::fallbacks().counts.clear();
}
void set_fallback_policy(FallbackPolicy policy) {
  std::lock_guard lock(detail::fallbacks().mutex);
  detail::fallbacks().policy = policy;
}
FallbackPolicy get_fallback_policy() {
  std::lock_guard lock(detail::fallbacks().mutex);
  return detail::fallbacks().policy;
}
uint64_t transfer_count() { return detail::transfers(); }

}  // namespace ferrule
