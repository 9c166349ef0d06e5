// Folders for reduce_max (and, on bool, for reduce_or): the greatest value, NaN when there is one.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/max.cpp"
#include "hwy/foreach_target.h"  // before highway.h

#include "hwy/highway.h"
#include "reduce/extremum-inl.h"
#include "reduce/store.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

const Folder* max_folder(uint32_t dtype) {
  const Folder* folder = nullptr;
  visit_any(dtype, [&](auto type) { folder = FolderOf<Extremum<decltype(type), true>>::get(); });
  return folder;
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {

HWY_EXPORT(max_folder);

Reduction max_reduction(uint32_t dtype) {
  StoreFn store = nullptr;
  visit_any(dtype, [&](auto type) { store = store_accumulators<Compute<decltype(type)>, decltype(type)>; });
  return {HWY_DYNAMIC_DISPATCH(max_folder)(dtype), store};
}

}  // namespace ferrule::cpu
#endif
