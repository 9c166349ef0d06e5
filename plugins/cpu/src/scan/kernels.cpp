// The kernels of the scan family: queries, and the cutting of work. A few long rows are scanned in tiles: their totals
// first, then each tile from the total of those before it; tile bounds depend on the shape alone.
#include <algorithm>
#include <vector>

#include "axes.h"
#include "common/contract.h"
#include "kernel.h"
#include "parallel.h"
#include "reduce/fold.h"
#include "scan/scan.h"
#include "value.h"

namespace ferrule::cpu {
namespace {

using namespace plugin;

constexpr int64_t kTile = 65536;
constexpr int64_t kFewRows = 16;
constexpr int64_t kTaskWork = 16384;

struct alignas(kMaxAccumulator) Carry {
  std::byte bytes[kMaxAccumulator];
};

const Folder& folder_of(uint32_t dtype, ScanOp op) {
  switch (op) {
    case ScanOp::kSum:
      return *sum_reduction(dtype, dtype).folder;
    case ScanOp::kProd:
      return *prod_reduction(dtype, dtype).folder;
    case ScanOp::kMax:
      return *max_reduction(dtype).folder;
    case ScanOp::kMin:
      break;
  }
  return *min_reduction(dtype).folder;
}

struct Problem : Fibres {
  std::byte* out;
  const std::byte* x;
  int64_t item;
  ScanMode mode;

  Problem(const Call& call) : Problem(call.inputs[0], call.outputs[0], call.attributes<frl_scan_attrs>()) {}
  Problem(const Tensor& from, const Tensor& to, const frl_scan_attrs& attrs)
      : Fibres(from.shape, from.ndim, attrs.axis),
        out(to.data),
        x(from.data),
        item(item_size(from.dtype)),
        mode{attrs.reverse != 0, attrs.exclusive != 0} {}
};

void scan_long_row(const Problem& p, const ScanFns& fns, const Folder& folder, int64_t row) {
  const int64_t tiles = (p.n + kTile - 1) / kTile;
  std::vector<Carry> carry(static_cast<size_t>(tiles) + 1);
  // Tiles count from where the scan starts.
  const auto first_of = [&](int64_t t) {
    return p.mode.reverse ? std::max<int64_t>(0, p.n - (t + 1) * kTile) : t * kTile;
  };
  const auto size_of = [&](int64_t t) { return std::min(kTile, p.n - t * kTile); };
  const int64_t base = row * p.n;
  parallel_for(tiles, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      std::byte* total = carry[static_cast<size_t>(t) + 1].bytes;
      folder.init(total, 1);
      folder.row(total, p.x + (base + first_of(t)) * p.item, size_of(t), 1);
    }
  });
  folder.init(carry[0].bytes, 1);
  for (size_t t = 1; t < carry.size(); ++t) {
    Carry before = carry[t - 1];
    folder.merge(before.bytes, carry[t].bytes, 1);
    carry[t] = before;
  }
  parallel_for(tiles, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t at = (base + first_of(t)) * p.item;
      fns.row(p.out + at, p.x + at, size_of(t), carry[static_cast<size_t>(t)].bytes, p.mode);
    }
  });
}

template <ScanOp kOp>
void run_scan(const Call& call) {
  const Problem p(call);
  const uint32_t dtype = call.inputs[0].dtype;
  const ScanFns& fns = *scan_fns(dtype, kOp);
  const Folder& folder = folder_of(dtype, kOp);
  if (p.inner == 1 && p.outer < kFewRows && p.n > 2 * kTile) {
    for (int64_t row = 0; row < p.outer; ++row) scan_long_row(p, fns, folder, row);
  } else if (p.inner == 1) {
    parallel_for(p.outer, std::max<int64_t>(1, kTaskWork / p.n), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        Carry carry;
        folder.init(carry.bytes, 1);
        fns.row(p.out + row * p.n * p.item, p.x + row * p.n * p.item, p.n, carry.bytes, p.mode);
      }
    });
  } else {
    const int64_t strip = std::min(p.inner, kScanStrip);
    const int64_t strips = (p.inner + strip - 1) / strip;
    const int64_t grain = std::max<int64_t>(1, kTaskWork / (strip * p.n));
    parallel_for(p.outer * strips, grain, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t first = task % strips * strip;
        const int64_t at = (task / strips * p.n * p.inner + first) * p.item;
        fns.columns(p.out + at, p.x + at, p.n, p.inner, std::min(strip, p.inner - first), p.mode);
      }
    });
  }
}

void run_logcumsumexp(const Call& call) {
  const Problem p(call);
  parallel_for(p.outer * p.inner, std::max<int64_t>(1, 512 / p.n), [&](int64_t begin, int64_t end) {
    for (int64_t fibre = begin; fibre < end; ++fibre) {
      const int64_t at = (fibre / p.inner * p.n * p.inner + fibre % p.inner) * p.item;
      logcumsumexp(call.inputs[0].dtype, p.out + at, p.x + at, p.n, p.inner, p.mode);
    }
  });
}

template <Domain kDomain>
const char* query_scan(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  if (const char* bad = check_scan(call, kDomain, reason)) return bad;
  return support(out, 1);
}

}  // namespace

std::span<const Kernel> scan_kernels() {
  static constexpr Kernel kKernels[] = {
      {"cumsum", 1, query_scan<Domain::kAny>, run_scan<ScanOp::kSum>},
      {"cumprod", 1, query_scan<Domain::kAny>, run_scan<ScanOp::kProd>},
      {"cummax", 1, query_scan<Domain::kReal>, run_scan<ScanOp::kMax>},
      {"cummin", 1, query_scan<Domain::kReal>, run_scan<ScanOp::kMin>},
      {"logcumsumexp", 1, query_scan<Domain::kFloating>, run_logcumsumexp},
  };
  return kKernels;
}

}  // namespace ferrule::cpu
