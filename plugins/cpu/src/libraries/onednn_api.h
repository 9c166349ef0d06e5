// The functions of oneDNN that we call, as a table filled by dlsym. Only for libraries/; empty without the header.
#pragma once

#ifdef FERRULE_CPU_HAS_ONEDNN
#include <dnnl.h>

namespace ferrule::cpu::onednn {

// One name per line.
// clang-format off
#define FERRULE_ONEDNN_FUNCTIONS(X) \
  X(dnnl_version) \
  X(dnnl_set_max_cpu_isa) \
  X(dnnl_get_effective_cpu_isa) \
  X(dnnl_engine_create) \
  X(dnnl_stream_create) \
  X(dnnl_memory_desc_init_by_strides) \
  X(dnnl_memory_desc_init_by_tag) \
  X(dnnl_memory_desc_get_size) \
  X(dnnl_memory_create) \
  X(dnnl_memory_destroy) \
  X(dnnl_memory_set_data_handle) \
  X(dnnl_primitive_attr_create) \
  X(dnnl_primitive_attr_destroy) \
  X(dnnl_primitive_attr_set_scratchpad_mode) \
  X(dnnl_matmul_desc_init) \
  X(dnnl_dilated_convolution_forward_desc_init) \
  X(dnnl_dilated_convolution_backward_data_desc_init) \
  X(dnnl_dilated_convolution_backward_weights_desc_init) \
  X(dnnl_reorder_primitive_desc_create) \
  X(dnnl_primitive_desc_create) \
  X(dnnl_primitive_desc_destroy) \
  X(dnnl_primitive_desc_query_md) \
  X(dnnl_primitive_create) \
  X(dnnl_primitive_destroy) \
  X(dnnl_primitive_execute)
// clang-format on

struct Api {
#define FERRULE_FUNCTION(name) decltype(&::name) name;
  FERRULE_ONEDNN_FUNCTIONS(FERRULE_FUNCTION)
#undef FERRULE_FUNCTION
  // Of the OpenMP runtime that oneDNN was linked with, for the calling thread; NULL when it uses another one.
  void (*omp_set_num_threads)(int);
  int (*omp_get_max_threads)();
  dnnl_engine_t engine;
  dnnl_stream_t stream;
};

// The table, or nullptr when oneDNN cannot be opened (looked for once).
const Api* api();

}  // namespace ferrule::cpu::onednn
#endif
