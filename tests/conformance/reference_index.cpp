// Reference of gather, scatter and their kin, pad, arange and random bits.
#include <array>
#include <cmath>

#include "lines.h"
#include "reference.h"

namespace ferrule::conformance {
namespace {

// The index after counting negatives from the end; may still be out of range.
int64_t from_end(const Tensor& indices, int64_t i, int64_t extent) {
  const auto raw = static_cast<__int128>(indices.at(i).re);
  const __int128 index = raw < 0 ? raw + extent : raw;
  constexpr __int128 kFar = INT64_MAX / 2;
  return static_cast<int64_t>(std::min(std::max(index, -kFar), kFar));
}

int64_t clamp(int64_t x, int64_t low, int64_t high) { return std::max(low, std::min(x, high)); }

Want combine(uint32_t dtype, uint32_t mode, const Value& x, const std::vector<Value>& terms) {
  if (terms.empty()) return Want::exact(x);
  if (mode == FRL_SCATTER_MAX || mode == FRL_SCATTER_MIN) {
    Value v = x;
    for (const Value& t : terms) v = pick_extreme(dtype, mode == FRL_SCATTER_MAX, v, t);
    Want w = Want::exact(v);
    w.any_zero_sign = true;
    w.not_finite = is_complex(dtype) && has_nan(dtype, v);
    return w;
  }
  const bool sum = mode == FRL_SCATTER_SUM;
  if (!is_inexact(dtype)) {
    auto n = static_cast<uint64_t>(static_cast<__int128>(x.re));
    for (const Value& t : terms) {
      const auto m = static_cast<uint64_t>(static_cast<__int128>(t.re));
      if (is_bool(dtype))
        n = sum ? n | m : n & m;
      else
        n = sum ? n + m : n * m;
    }
    return Want::exact(is_bool(dtype) ? static_cast<Real>(n) : wrap(dtype, static_cast<__int128>(n)));
  }
  Value v = x;
  Real magnitude = std::hypot(x.re, x.im);
  for (const Value& t : terms) {
    if (sum) {
      v = {v.re + t.re, v.im + t.im};
      magnitude += std::hypot(t.re, t.im);
    } else {
      v = is_complex(dtype) ? Value{v.re * t.re - v.im * t.im, v.re * t.im + v.im * t.re} : Value{v.re * t.re, 0};
      magnitude *= std::hypot(t.re, t.im);
    }
  }
  // Each step may round in the output dtype.
  Want w{.value = v, .ulps = 1, .any_zero_sign = true};
  w.slack = static_cast<Real>(terms.size() * (is_complex(dtype) ? 3 : 1)) * magnitude * ulp(part(dtype), 1) / 2;
  if (!std::isfinite(w.slack)) w.slack = 0;
  return w;
}

Wants finish_scatter(const Tensor& x, uint32_t mode, const std::vector<std::vector<Value>>& sums,
                     const std::vector<int64_t>& last, const Tensor& updates) {
  Wants wants;
  for (int64_t i = 0; i < x.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    if (mode == FRL_SCATTER_ASSIGN)
      wants.push_back(Want::moved(last[at] < 0 ? x.bits(i) : updates.bits(last[at])));
    else if (sums[at].empty())
      wants.push_back(Want::moved(x.bits(i)));
    else
      wants.push_back(combine(x.dtype, mode, x.at(i), sums[at]));
  }
  return wants;
}

// Threefry-2x32 with 20 rounds: Salmon et al., SC 2011.
std::array<uint32_t, 2> threefry(std::array<uint32_t, 2> key, std::array<uint32_t, 2> counter) {
  constexpr int kRotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  const uint32_t keys[3] = {key[0], key[1], key[0] ^ key[1] ^ 0x1bd11bdau};
  uint32_t a = counter[0] + keys[0], b = counter[1] + keys[1];
  for (uint32_t round = 0; round < 5; ++round) {
    for (int r : kRotations[round % 2]) {
      a += b;
      b = (b << r) | (b >> (32 - r));
      b ^= a;
    }
    a += keys[(round + 1) % 3];
    b += keys[(round + 2) % 3] + round + 1;
  }
  return {a, b};
}

}  // namespace

Wants want_gather(const Tensor& x, const std::vector<Tensor>& indices, const frl_gather_attrs& attrs) {
  const Shape strides = row_major(x.shape);
  const Shape slice(attrs.slice_sizes, attrs.slice_sizes + x.shape.size());
  const int64_t lookups = indices.empty() ? 1 : indices[0].size();
  Wants wants;
  for (int64_t i = 0; i < lookups; ++i) {
    int64_t base = 0;
    for (uint32_t k = 0; k < attrs.n_axes; ++k) {
      const auto axis = static_cast<size_t>(attrs.axes[k]);
      base += clamp(from_end(indices[k], i, x.shape[axis]), 0, x.shape[axis] - slice[axis]) * strides[axis];
    }
    if (count(slice) == 0) continue;
    Shape s(slice.size(), 0);
    do {
      int64_t at = base;
      for (size_t a = 0; a < s.size(); ++a) at += s[a] * strides[a];
      wants.push_back(Want::moved(x.bits(at)));
    } while (next_index(s, slice));
  }
  return wants;
}

Wants want_scatter(const Tensor& x, const std::vector<Tensor>& indices, const Tensor& updates,
                   const frl_scatter_attrs& attrs) {
  const Shape strides = row_major(x.shape);
  const size_t index_rank = updates.shape.size() - x.shape.size();
  const Shape slice(updates.shape.begin() + static_cast<int64_t>(index_rank), updates.shape.end());
  const int64_t places = count(Shape(updates.shape.begin(), updates.shape.begin() + static_cast<int64_t>(index_rank)));
  std::vector<std::vector<Value>> sums(static_cast<size_t>(x.size()));
  std::vector<int64_t> last(static_cast<size_t>(x.size()), -1);
  for (int64_t i = 0; i < places && count(slice) > 0; ++i) {
    int64_t base = 0;
    bool inside = true;
    for (uint32_t k = 0; k < attrs.n_axes; ++k) {
      const auto axis = static_cast<size_t>(attrs.axes[k]);
      const int64_t index = from_end(indices[k], i, x.shape[axis]);
      inside = inside && index >= 0 && index <= x.shape[axis] - slice[axis];
      base += inside ? index * strides[axis] : 0;
    }
    if (!inside) continue;
    Shape s(slice.size(), 0);
    int64_t from = i * count(slice);
    do {
      int64_t at = base;
      for (size_t a = 0; a < s.size(); ++a) at += s[a] * strides[a];
      sums[static_cast<size_t>(at)].push_back(updates.at(from));
      last[static_cast<size_t>(at)] = from++;
    } while (next_index(s, slice));
  }
  return finish_scatter(x, attrs.mode, sums, last, updates);
}

Wants want_gather_axis(const Tensor& x, const Tensor& indices, int axis) {
  Wants wants(static_cast<size_t>(indices.size()));
  const int64_t extent = x.shape[static_cast<size_t>(axis)];
  int64_t step = 1;
  for (size_t i = static_cast<size_t>(axis) + 1; i < x.shape.size(); ++i) step *= x.shape[i];
  for_each_line(indices.shape, axis, [&](int64_t first, int64_t, int64_t n, int64_t line) {
    const int64_t x_first = line / step * step * extent + line % step;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t at = first + i * step;
      wants[static_cast<size_t>(at)] =
          Want::moved(x.bits(x_first + clamp(from_end(indices, at, extent), 0, extent - 1) * step));
    }
  });
  return wants;
}

Wants want_scatter_axis(const Tensor& x, const Tensor& indices, const Tensor& updates, int axis, uint32_t mode) {
  std::vector<std::vector<Value>> sums(static_cast<size_t>(x.size()));
  std::vector<int64_t> last(static_cast<size_t>(x.size()), -1);
  const int64_t extent = x.shape[static_cast<size_t>(axis)];
  int64_t step = 1;
  for (size_t i = static_cast<size_t>(axis) + 1; i < x.shape.size(); ++i) step *= x.shape[i];
  for_each_line(indices.shape, axis, [&](int64_t first, int64_t, int64_t n, int64_t line) {
    const int64_t x_first = line / step * step * extent + line % step;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t from = first + i * step, index = from_end(indices, from, extent);
      if (index < 0 || index >= extent) continue;
      const auto at = static_cast<size_t>(x_first + index * step);
      sums[at].push_back(updates.at(from));
      last[at] = from;
    }
  });
  return finish_scatter(x, mode, sums, last, updates);
}

Wants want_masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source) {
  Wants wants;
  int64_t next = 0;
  for (int64_t i = 0; i < x.size(); ++i) {
    const bool taken = mask.at(i).re != 0;
    wants.push_back(Want::moved(taken && next < source.size() ? source.bits(next) : x.bits(i)));
    next += taken;
  }
  return wants;
}

Wants want_pad(const Tensor& x, const Tensor& value, const frl_pad_attrs& attrs, const Shape& out_shape) {
  Wants wants;
  if (count(out_shape) == 0) return wants;
  const Shape strides = row_major(x.shape);
  Shape index(out_shape.size(), 0);
  do {
    int64_t at = 0;
    bool inside = true;
    for (size_t a = 0; a < index.size(); ++a) {
      const int64_t i = index[a] - attrs.low[a];
      inside = inside && i >= 0 && i < x.shape[a];
      at += i * strides[a];
    }
    wants.push_back(Want::moved(inside ? x.bits(at) : value.bits(0)));
  } while (next_index(index, out_shape));
  return wants;
}

Wants want_arange(uint32_t dtype, int64_t n, const frl_arange_attrs& attrs, std::vector<Wants>& alternatives) {
  Wants separate, fused;
  for (int64_t i = 0; i < n; ++i) {
    if (is_float(dtype)) {
      const auto k = static_cast<double>(i);
      const volatile double product = k * attrs.fstep;
      separate.push_back(Want::exact(static_cast<Real>(attrs.fstart + product)));
      fused.push_back(Want::exact(static_cast<Real>(std::fma(k, attrs.fstep, attrs.fstart))));
    } else {
      const auto v =
          static_cast<uint64_t>(attrs.istart) + static_cast<uint64_t>(i) * static_cast<uint64_t>(attrs.istep);
      separate.push_back(Want::exact(wrap(dtype, static_cast<__int128>(v))));
      fused.push_back(separate.back());
    }
  }
  alternatives = {fused};
  return separate;
}

Wants want_random_bits(const Tensor& keys, uint32_t out_dtype, int64_t m) {
  const int64_t rows = keys.shape[0];
  const auto size = static_cast<int64_t>(dtype(out_dtype).bytes);
  const int64_t words = (m * size + 3) / 4, half = (words + 1) / 2;
  Wants wants;
  for (int64_t r = 0; r < rows; ++r) {
    const std::array<uint32_t, 2> key = {static_cast<uint32_t>(keys.bits(2 * r)),
                                         static_cast<uint32_t>(keys.bits(2 * r + 1))};
    std::vector<uint32_t> stream(static_cast<size_t>(2 * half));
    for (int64_t j = 0; j < half; ++j) {
      const bool padded = words % 2 == 1 && j == half - 1;
      const auto block = threefry(key, {static_cast<uint32_t>(j), padded ? 0u : static_cast<uint32_t>(j + half)});
      stream[static_cast<size_t>(j)] = block[0];
      stream[static_cast<size_t>(j + half)] = block[1];
    }
    const auto* bytes = reinterpret_cast<const std::byte*>(stream.data());
    for (int64_t i = 0; i < m; ++i) wants.push_back(Want::moved(load_bits(out_dtype, bytes + i * size)));
  }
  return wants;
}

}  // namespace ferrule::conformance
