// Convolutions by oneDNN.
#include "onednn_primitive.h"

#ifdef FERRULE_CPU_HAS_ONEDNN
#include "ferrule/plugin.h"

namespace ferrule::cpu::onednn {
namespace {

struct Descriptors {
  dnnl_memory_desc_t x, w, plain_w, y;  // w: any layout, for oneDNN to choose
};

bool describe(const ConvKey& key, Descriptors& d) {
  const dnnl_data_type_t type = key.dtype == FRL_DTYPE_BF16 ? dnnl_bf16 : dnnl_f32;
  const dnnl_data_type_t w_type = key.op == kConvWeightGrad ? dnnl_f32 : type;  // gradients are summed in f32
  const int spatial = static_cast<int>(key.n_spatial), rank = spatial + 2;
  const auto images = [&](const int64_t* extents, int64_t channels, dnnl_memory_desc_t& out) {
    dnnl_dims_t dims = {key.n, channels}, strides = {};
    int64_t stride = channels;
    strides[1] = 1;
    for (int i = spatial - 1; i >= 0; --i) {
      dims[2 + i] = extents[i];
      strides[2 + i] = stride;
      stride *= extents[i];
    }
    strides[0] = stride;
    return api()->dnnl_memory_desc_init_by_strides(&out, rank, dims, type, strides) == dnnl_success;
  };
  // Weights have a leading groups axis where there is more than one.
  dnnl_dims_t dims = {}, strides = {};
  int at = 0;
  const auto axis = [&](int64_t extent, int64_t stride) { dims[at] = extent, strides[at++] = stride; };
  if (key.groups > 1) axis(key.groups, key.w_group);
  axis(key.out_channels, key.w_out);
  axis(key.in_channels, key.w_in);
  for (int i = 0; i < spatial; ++i) axis(key.kernel[i], key.w_spatial[i]);
  return images(key.in, key.groups * key.in_channels, d.x) && images(key.out, key.groups * key.out_channels, d.y) &&
         api()->dnnl_memory_desc_init_by_strides(&d.plain_w, at, dims, type, strides) == dnnl_success &&
         api()->dnnl_memory_desc_init_by_tag(&d.w, at, dims, w_type, dnnl_format_tag_any) == dnnl_success;
}

// Owns a primitive descriptor until it is given away.
class PrimitiveDesc {
 public:
  ~PrimitiveDesc() {
    if (desc_) api()->dnnl_primitive_desc_destroy(desc_);
  }
  dnnl_primitive_desc_t* put() { return &desc_; }
  dnnl_primitive_desc_t get() const { return desc_; }
  dnnl_primitive_desc_t release() { return std::exchange(desc_, nullptr); }

 private:
  dnnl_primitive_desc_t desc_ = nullptr;
};

bool make_main(const ConvKey& key, const Descriptors& d, PrimitiveDesc& out) {
  int64_t dilation[3];  // oneDNN counts the gaps
  for (int i = 0; i < 3; ++i) dilation[i] = key.dilation[i] - 1;
  const UserScratchpad attributes;
  const auto create = [&](const dnnl_convolution_desc_t& op, dnnl_primitive_desc_t hint, PrimitiveDesc& desc) {
    return api()->dnnl_primitive_desc_create(desc.put(), &op, attributes.get(), api()->engine, hint) == dnnl_success;
  };
  dnnl_convolution_desc_t op;
  // Gradients need the forward convolution as a hint; its weights are of the data's type.
  dnnl_memory_desc_t forward_w = d.w;
  forward_w.data_type = d.x.data_type;
  if (api()->dnnl_dilated_convolution_forward_desc_init(&op, dnnl_forward_training, dnnl_convolution_direct, &d.x,
                                                        &forward_w, nullptr, &d.y, key.stride, dilation, key.pad_lo,
                                                        key.pad_hi) != dnnl_success) {
    return false;
  }
  PrimitiveDesc forward;
  if (!create(op, nullptr, key.op == kConvForward ? out : forward)) return false;
  if (key.op == kConvForward) return true;
  if (key.op == kConvInputGrad) {
    if (api()->dnnl_dilated_convolution_backward_data_desc_init(&op, dnnl_convolution_direct, &d.x, &d.w, &d.y,
                                                                key.stride, dilation, key.pad_lo,
                                                                key.pad_hi) != dnnl_success) {
      return false;
    }
  } else if (api()->dnnl_dilated_convolution_backward_weights_desc_init(&op, dnnl_convolution_direct, &d.x, &d.w,
                                                                        nullptr, &d.y, key.stride, dilation, key.pad_lo,
                                                                        key.pad_hi) != dnnl_success) {
    return false;
  }
  return create(op, forward.get(), out);
}

PrimitivePtr wrap(PrimitiveDesc& desc, const int (&arguments)[3], const dnnl_memory_desc_t (&operands)[3]) {
  const auto primitive = std::make_shared<const Primitive>(desc.release(), arguments, operands);
  return primitive->ok() ? primitive : nullptr;
}

std::shared_ptr<const Conv> make(const ConvKey& key) {
  const SingleThread single;
  Descriptors d;
  PrimitiveDesc main, reorder;
  if (!describe(key, d) || !make_main(key, d, main)) return nullptr;
  const bool weight_grad = key.op == kConvWeightGrad;
  const dnnl_memory_desc_t* chosen = api()->dnnl_primitive_desc_query_md(
      main.get(), weight_grad ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
  if (!chosen) return nullptr;
  const dnnl_memory_desc_t w = *chosen;
  const dnnl_memory_desc_t &from = weight_grad ? w : d.plain_w, &to = weight_grad ? d.plain_w : w;
  if (api()->dnnl_reorder_primitive_desc_create(reorder.put(), &from, api()->engine, &to, api()->engine, nullptr) !=
      dnnl_success) {
    return nullptr;
  }
  auto conv = std::make_shared<Conv>();
  conv->weight_bytes = api()->dnnl_memory_desc_get_size(&w);
  conv->reorder = wrap(reorder, {DNNL_ARG_FROM, 0, DNNL_ARG_TO}, {from, from, to});
  if (key.op == kConvForward) {
    conv->main = wrap(main, {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST}, {d.x, w, d.y});
  } else if (key.op == kConvInputGrad) {
    conv->main = wrap(main, {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC}, {d.y, w, d.x});
  } else {
    conv->main = wrap(main, {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS}, {d.x, d.y, w});
  }
  return conv->main && conv->reorder ? conv : nullptr;
}

}  // namespace

std::shared_ptr<const Conv> find_conv(const ConvKey& key) {
  // Work may run until the process is gone.
  static auto& cache = *new RecentCache<ConvKey, std::shared_ptr<const Conv>>(128);
  return cache.get(key, make);
}

}  // namespace ferrule::cpu::onednn

#else
#include "onednn.h"

namespace ferrule::cpu::onednn {
std::shared_ptr<const Conv> find_conv(const ConvKey&) { return nullptr; }
}  // namespace ferrule::cpu::onednn
#endif
