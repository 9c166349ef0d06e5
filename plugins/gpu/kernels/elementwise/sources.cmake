ferrule_gpu_family(elementwise kernels.cpp launch.cpp select.cu float_unary.cu half_unary.cu double_unary.cu complex_unary.cu
  integer_unary.cu float_binary.cu half_binary.cu double_binary.cu complex_binary.cu integer_binary.cu integer_order.cu)
