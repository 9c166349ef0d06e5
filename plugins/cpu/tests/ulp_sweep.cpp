// cpu_ulp_sweep: measures the elementwise loops against float64 over the f32 range (every Nth bit pattern, or all) and
// over all f16 and bf16 values, on each instruction set asked for. Prints the maxima; fails where ops.def is exceeded.
#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "elementwise/loop_table.h"
#include "elementwise_reference.h"
#include "hwy/targets.h"

namespace ferrule::cpu::test {
namespace {

struct Op {
  const char* name;
  uint32_t code, n_inputs;
  double ulp;
};
#define FRL_OP(code, name, version, min_in, max_in, n_out, attrs, profile, flags, domain, result, tolerance, ulp) \
  {#name, code, min_in, ulp},
constexpr Op kOps[] = {
#include "ferrule/ops.def"
};
#undef FRL_OP

struct Worst {
  double error = -1;
  float x = 0, y = 0, got = 0;
  double truth = 0;
};

constexpr size_t kBlock = 4096;
constexpr int kSkipped = 77;  // exit code: the machine lacks the instruction set

// The second operand of pattern i: plain values for two thirds, any bits for the rest.
float partner(uint64_t i) {
  uint64_t h = (i + 0x9e3779b97f4a7c15ull) * 0xbf58476d1ce4e5b9ull;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebull;
  h ^= h >> 31;
  if (h % 3 == 0) return std::bit_cast<float>(static_cast<uint32_t>(h >> 32));
  const float unit = static_cast<float>(static_cast<int64_t>(h)) * 0x1p-63f;
  return h % 3 == 1 ? unit * 8 : std::nearbyint(unit * 40) / 2;
}

double allowed_error(const Op& op) { return op.ulp == 0 ? 0.5 : op.ulp; }
// The tolerance class of a rounded-once result is "the nearest value"; ties are half an ulp away.
bool passes(const Op& op, double error) { return error <= allowed_error(op); }

double judge(const Op& op, const Format& format, float x, float y, float got, double* truth) {
  *truth = reference(op.code, x, y);
  double error = ulp_error(format, got, *truth, op.ulp);
  if (op.code == FRL_OP_maximum || op.code == FRL_OP_minimum) return got == *truth ? 0 : error;  // either zero
  if (op.code == FRL_OP_logaddexp && std::isfinite(error)) {
    error = std::min(error, std::fabs(got - *truth) / ulp(format, std::max(x, y)));
  }
  return error;
}

Worst sweep_range(const Op& op, Loop loop, uint64_t begin, uint64_t end, uint64_t stride) {
  Worst worst;
  std::vector<float> x(kBlock), y(kBlock), got(kBlock);
  for (uint64_t i = begin; i < end;) {
    size_t n = 0;
    for (; n < kBlock && i < end; i += stride, ++n) {
      x[n] = std::bit_cast<float>(static_cast<uint32_t>(i));
      y[n] = partner(i);
    }
    const void* in[2] = {x.data(), y.data()};
    loop(in, got.data(), n, 0);
    for (size_t k = 0; k < n; ++k) {
      double truth;
      const double error = judge(op, kF32, x[k], y[k], got[k], &truth);
      if (error > worst.error) worst = {error, x[k], y[k], got[k], truth};
    }
  }
  return worst;
}

bool report(const Op& op, const char* dtype, const Worst& worst) {
  const bool ok = passes(op, worst.error);
  std::printf("%-14s %-9s max %8.4f ulp (allowed %4.1f) at x = %.9g (%08x)", op.name, dtype, worst.error,
              allowed_error(op), worst.x, std::bit_cast<uint32_t>(worst.x));
  if (op.n_inputs == 2) std::printf(", y = %.9g (%08x)", worst.y, std::bit_cast<uint32_t>(worst.y));
  std::printf(": got %.9g, true %.9g%s\n", worst.got, worst.truth, ok ? "" : "   FAILED");
  return ok;
}

bool sweep_f32(const Op& op, const LoopTable& table, uint64_t stride, unsigned threads) {
  std::vector<Worst> worsts(threads);
  std::vector<std::thread> workers;
  const uint64_t total = uint64_t{1} << 32;
  for (unsigned t = 0; t < threads; ++t) {
    const uint64_t begin = total / threads * t / stride * stride;
    const uint64_t end = t + 1 == threads ? total : total / threads * (t + 1) / stride * stride;
    workers.emplace_back(
        [&, t, begin, end] { worsts[t] = sweep_range(op, table.ops[op.code][FRL_DTYPE_F32], begin, end, stride); });
  }
  for (std::thread& worker : workers) worker.join();
  return report(op, "float32", *std::max_element(worsts.begin(), worsts.end(), [](const Worst& a, const Worst& b) {
                  return a.error < b.error;
                }));
}

// Every value of a 16-bit dtype, through the same steps as the kernel: widen, compute, narrow.
bool sweep_narrow(const Op& op, const LoopTable& table, uint32_t dtype, const Format& format) {
  Worst worst;
  std::vector<uint16_t> bits(65536), partner_bits(65536);
  std::vector<float> x(65536), y(65536), got(65536);
  for (size_t i = 0; i < bits.size(); ++i) {
    bits[i] = static_cast<uint16_t>(i);
    partner_bits[i] = static_cast<uint16_t>((i * 40503u) >> 3);
  }
  const auto convert = [&](uint32_t from, uint32_t to, const void* in, void* out) {
    table.casts[from][to](&in, out, bits.size(), 0);
  };
  convert(dtype, FRL_DTYPE_F32, bits.data(), x.data());
  convert(dtype, FRL_DTYPE_F32, partner_bits.data(), y.data());
  const void* in[2] = {x.data(), y.data()};
  table.ops[op.code][FRL_DTYPE_F32](in, got.data(), bits.size(), 0);
  convert(FRL_DTYPE_F32, dtype, got.data(), bits.data());
  convert(dtype, FRL_DTYPE_F32, bits.data(), got.data());
  const Op narrow{op.name, op.code, op.n_inputs, std::min(op.ulp, 1.0)};
  for (size_t i = 0; i < bits.size(); ++i) {
    double truth;
    const double error = judge(narrow, format, x[i], y[i], got[i], &truth);
    if (error > worst.error) worst = {error, x[i], y[i], got[i], truth};
  }
  return report(narrow, dtype == FRL_DTYPE_F16 ? "float16" : "bfloat16", worst);
}

int usage(const char* program) {
  std::printf(
      "usage: %s [--op NAME] [--stride N | --all] [--target baseline|avx2|avx3] [--threads N]\n"
      "Sweeps f32 (every Nth bit pattern, by default every 4099th), float16 and bfloat16 (all values) against\n"
      "float64 and prints the largest error of each op. Exits with 1 where the limit of ops.def is exceeded.\n",
      program);
  return 2;
}

int run(int argc, char** argv) {
  const char* only = nullptr;
  uint64_t stride = 4099;
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--all") {
      stride = 1;
      continue;
    }
    if (i + 1 >= argc) return usage(argv[0]);
    const char* value = argv[++i];
    if (option == "--op") {
      only = value;
    } else if (option == "--stride") {
      stride = std::strtoull(value, nullptr, 10);
    } else if (option == "--threads") {
      threads = static_cast<unsigned>(std::strtoul(value, nullptr, 10));
    } else if (option == "--target") {
      const std::string target = value;
      const int64_t mask = target == "avx3"       ? HWY_AVX3
                           : target == "avx2"     ? HWY_AVX2
                           : target == "baseline" ? HWY_SCALAR
                                                  : 0;
      if ((hwy::SupportedTargets() & mask) == 0) {
        std::printf("target %s: not on this machine; expected baseline, avx2 or avx3\n", value);
        return kSkipped;
      }
      hwy::SetSupportedTargetsForTest(mask);
    } else {
      return usage(argv[0]);
    }
  }
  if (stride == 0 || threads == 0) return usage(argv[0]);
  const LoopTable table = build_loop_table();
  bool ok = true;
  size_t swept = 0;
  for (const Op& op : kOps) {
    const bool judged = op.code < kOpCodes && !std::isnan(reference(op.code, 0.5, 0.5) + reference(op.code, 2, 0.5));
    const bool known = judged || op.code == FRL_OP_arccosh || (op.code >= FRL_OP_arcsin && op.code <= FRL_OP_erfinv);
    if (!known || op.code >= kOpCodes || table.ops[op.code][FRL_DTYPE_F32] == nullptr) continue;
    if (only != nullptr && std::strcmp(only, op.name) != 0) continue;
    ok = sweep_f32(op, table, stride, threads) && ok;
    ok = sweep_narrow(op, table, FRL_DTYPE_F16, kF16) && ok;
    ok = sweep_narrow(op, table, FRL_DTYPE_BF16, kBF16) && ok;
    ++swept;
  }
  if (swept == 0) std::printf("no op was swept; expected the name of a floating elementwise op\n");
  return ok && swept != 0 ? 0 : 1;
}

}  // namespace
}  // namespace ferrule::cpu::test

int main(int argc, char** argv) { return ferrule::cpu::test::run(argc, argv); }
