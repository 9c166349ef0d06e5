// matmul and addmm: checks a call, folds and counts batches, and picks the path for one product.
#include <algorithm>
#include <cstring>

#include "../kernel.h"
#include "../parallel.h"
#include "common/contract.h"
#include "element.h"
#include "product.h"

namespace ferrule::cpu {
namespace {

constexpr uint64_t kStackScratch = 8192;     // below this a call needs no scratch of the core
constexpr uint64_t kBatchScratch = 1 << 20;  // batches whose products need more run one after the other
constexpr uint64_t kTotalBatchScratch = 16 << 20;
constexpr int64_t kBatchTasks = 64;
constexpr int64_t kTaskWork = 1 << 18;  // multiply-adds worth handing to a thread

// A call as `batch` products of one shape. Offsets of a, b, c and out follow from the leading dimensions.
struct Matmul {
  Product product;
  uint32_t n_batch_dims;
  int64_t batch;
  const int64_t* batch_shape;
  const int64_t *a_strides, *b_strides, *c_strides;
  uint64_t scratch_each, scratch_total;
  int64_t tasks;  // > 1: batches are spread over tasks, each with its own scratch
};

// The stride of the merged leading dimensions [0, end], or false when they do not merge. Extents of 1 are skipped.
bool merged_stride(const int64_t* shape, const int64_t* strides, uint32_t end, int64_t& out_stride) {
  int64_t stride = 0, expected = 0;
  bool first = true;
  for (uint32_t i = end + 1; i-- > 0;) {
    if (shape[i] == 1) continue;
    if (first) {
      stride = strides[i];
      first = false;
    } else if (strides[i] != expected) {
      return false;
    }
    expected = strides[i] * shape[i];
  }
  out_stride = first ? 1 : stride;
  return true;
}

// Works on frl_tensor (query) and Tensor (run) alike; data pointers are set by the caller.
template <typename T>
Matmul describe(const T* c, const T& a, const T& b, const T& out) {
  const uint32_t rank = out.ndim;
  Matmul mm{};
  Product& p = mm.product;
  p.dtype = out.dtype;
  p.m = out.shape[rank - 2], p.n = out.shape[rank - 1], p.k = a.shape[rank - 1];
  p.a = {nullptr, a.strides[rank - 2], a.strides[rank - 1]};
  p.b = {nullptr, b.strides[rank - 2], b.strides[rank - 1]};
  if (c) p.c = {nullptr, c->strides[rank - 2], c->strides[rank - 1]};
  if (c) p.alpha = 0;  // scratch for any factors: addmm sets the real ones
  mm.n_batch_dims = rank - 2;
  mm.batch_shape = out.shape;
  mm.a_strides = a.strides, mm.b_strides = b.strides, mm.c_strides = c ? c->strides : nullptr;
  mm.batch = 1;
  bool one_b = true;
  for (uint32_t i = 0; i < rank - 2; ++i) {
    mm.batch *= out.shape[i];
    one_b = one_b && (b.strides[i] == 0 || out.shape[i] == 1);
  }
  int64_t a_row, c_row = 0;
  if (mm.batch > 1 && one_b && merged_stride(out.shape, a.strides, rank - 2, a_row) &&
      (!c || merged_stride(out.shape, c->strides, rank - 2, c_row))) {
    p.m *= mm.batch, p.a.row = a_row, p.c.row = c_row;  // one matrix b for all batches: they are rows of one product
    mm.batch = 1, mm.n_batch_dims = 0;
  }
  mm.scratch_each = (product_scratch_bytes(p) + 63) / 64 * 64;
  mm.tasks = 1;
  if (mm.batch > 1 && mm.scratch_each <= kBatchScratch) {
    const int64_t work = p.m * p.n * p.k;
    const auto fitting = static_cast<int64_t>(kTotalBatchScratch / std::max<uint64_t>(mm.scratch_each, 1));
    const int64_t useful = work >= kTaskWork ? mm.batch : mm.batch * std::max<int64_t>(work, 64) / kTaskWork + 1;
    mm.tasks = std::max<int64_t>(1, std::min({mm.batch, kBatchTasks, fitting, useful}));
  }
  mm.scratch_total = mm.scratch_each * static_cast<uint64_t>(mm.tasks);
  return mm;
}

void run_batches(const Matmul& mm, int64_t begin, int64_t end, std::byte* scratch) {
  const int64_t bytes = element_bytes(mm.product.dtype), out_step = mm.product.m * mm.product.n;
  for (int64_t batch = begin; batch < end; ++batch) {
    int64_t rest = batch, a = 0, b = 0, c = 0;
    for (uint32_t i = mm.n_batch_dims; i-- > 0;) {
      const int64_t index = rest % mm.batch_shape[i];
      rest /= mm.batch_shape[i];
      a += index * mm.a_strides[i];
      b += index * mm.b_strides[i];
      if (mm.c_strides) c += index * mm.c_strides[i];
    }
    Product p = mm.product;
    p.a.data += a * bytes;
    p.b.data += b * bytes;
    if (p.c.data) p.c.data += c * bytes;
    p.out += batch * out_step * bytes;
    run_product(p, scratch);
  }
}

void run_matmul(Matmul& mm, std::byte* scratch) {
  alignas(64) std::byte stack[kStackScratch];
  if (mm.scratch_total <= kStackScratch) scratch = stack;
  if (mm.tasks <= 1) return run_batches(mm, 0, mm.batch, scratch);
  parallel_for(mm.tasks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      run_batches(mm, mm.batch * t / mm.tasks, mm.batch * (t + 1) / mm.tasks,
                  scratch + static_cast<uint64_t>(t) * mm.scratch_each);
    }
  });
}

const char* query(const frl_tensor* c, const frl_tensor& a, const frl_tensor& b, const frl_tensor& out,
                  frl_requirements& requirements, std::span<char> reason) {
  if (const char* why = plugin::check_product(c, a, b, out, reason)) return why;
  requirements.support = FRL_SUPPORTED;
  requirements.depends = FRL_DEPENDS_RANK | FRL_DEPENDS_SHAPES | FRL_DEPENDS_STRIDES;
  for (uint32_t i = 0; i < out.ndim; ++i) {
    if (out.shape[i] <= 0) return nullptr;  // never launched
  }
  const uint64_t bytes = describe(c, a, b, out).scratch_total;
  requirements.scratch_bytes = bytes <= kStackScratch ? 0 : bytes;
  return nullptr;
}

const char* query_matmul(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  return query(nullptr, call.inputs[0], call.inputs[1], call.outputs[0], out, reason);
}

const char* query_addmm(const frl_call& call, frl_requirements& out, std::span<char> reason) {
  return query(&call.inputs[0], call.inputs[1], call.inputs[2], call.outputs[0], out, reason);
}

void matmul(const Call& call) {
  const Tensor &a = call.inputs[0], &b = call.inputs[1], &out = call.outputs[0];
  if (out.size() == 0) return;
  Matmul mm = describe<Tensor>(nullptr, a, b, out);
  mm.product.a.data = a.data, mm.product.b.data = b.data, mm.product.out = out.data;
  run_matmul(mm, call.scratch);
}

void addmm(const Call& call) {
  const Tensor &c = call.inputs[0], &a = call.inputs[1], &b = call.inputs[2], &out = call.outputs[0];
  if (out.size() == 0) return;
  const auto& attributes = call.attributes<frl_addmm_attrs>();
  Matmul mm = describe(&c, a, b, out);
  Product& p = mm.product;
  p.a.data = a.data, p.b.data = b.data, p.out = out.data;
  p.alpha = attributes.alpha, p.beta = attributes.beta;
  if (attributes.beta != 0.0f) p.c.data = c.data;
  run_matmul(mm, call.scratch);
}

constexpr Kernel kKernels[] = {{"matmul", 1, query_matmul, matmul}, {"addmm", 1, query_addmm, addmm}};

}  // namespace

std::span<const Kernel> matmul_kernels() { return kKernels; }

}  // namespace ferrule::cpu
