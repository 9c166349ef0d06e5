// searchsorted: a binary search per value, without branches on the data; NaN is greater than every number.
#include <algorithm>

#include "index/index.h"
#include "parallel.h"
#include "value.h"

namespace ferrule::cpu {
namespace {

template <typename V>
bool precedes(V a, V b) {
  return a < b || (is_nan(b) && !is_nan(a));
}

template <typename T>
uint32_t insertion_point(const T* a, int64_t n, Compute<T> v, bool right) {
  int64_t first = 0;
  while (n > 0) {
    const int64_t half = n / 2;
    const Compute<T> middle = widen(a[first + half]);
    const bool beyond = right ? !precedes(v, middle) : precedes(middle, v);
    first = beyond ? first + half + 1 : first;
    n = beyond ? n - half - 1 : half;
  }
  return static_cast<uint32_t>(first);
}

}  // namespace

void searchsorted(const Call& call) {
  const Tensor& sorted = call.inputs[0];
  const Tensor& values = call.inputs[1];
  const Tensor& out = call.outputs[0];
  const bool right = call.attributes<frl_searchsorted_attrs>().right != 0;
  visit_real(sorted.dtype, [&](auto type) {
    using T = decltype(type);
    const T* a = sorted.as<const T>();
    const T* v = values.as<const T>();
    auto* index = out.as<uint32_t>();
    const int64_t n = sorted.shape[0];
    parallel_for(out.size(), 2048, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) index[i] = insertion_point(a, n, widen(v[i]), right);
    });
  });
}

}  // namespace ferrule::cpu
