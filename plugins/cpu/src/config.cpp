#include "config.h"

#include <hwy/highway.h>

#include <cstring>

namespace ferrule::cpu {
namespace {

struct Target {
  const char* name;
  int64_t bits;
};
#if HWY_ARCH_X86
constexpr Target kTargets[] = {{"avx512", HWY_AVX3}, {"avx2", HWY_AVX2}, {"baseline", HWY_STATIC_TARGET}};
#else
constexpr Target kTargets[] = {{"baseline", HWY_STATIC_TARGET}};
#endif

}  // namespace

void apply_target_config() {
  hwy::SetSupportedTargetsForTest(0);  // back to what the machine has
  const char* wanted = config("cpu.target");
  if (wanted != nullptr && *wanted != '\0') {
    const Target* found = nullptr;
    for (const Target& target : kTargets) {
      if (std::strcmp(wanted, target.name) == 0) found = &target;
    }
    bool available =
        found != nullptr && (found->bits == HWY_STATIC_TARGET || (hwy::SupportedTargets() & found->bits) != 0);
    if (available) {
      hwy::SetSupportedTargetsForTest(found->bits);
    } else {
      log(FRL_LOG_WARNING, "config cpu.target = \"%s\" ignored; expected baseline, avx2 or avx512, as this machine has",
          wanted);
    }
  }
  hwy::GetChosenTarget().DeInit();  // dispatch tables choose again at their next call
}

const char* target_name() {
  int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
  for (const Target& target : kTargets) {
    if ((supported & target.bits) != 0) return target.name;
  }
  return hwy::TargetName(supported & -supported);
}

}  // namespace ferrule::cpu
