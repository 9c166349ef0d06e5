ferrule_gpu_family(conv forward.cu own_conv.cu weight_grad.cu)
foreach(source conv.cpp problem.cpp)
  list(APPEND FERRULE_GPU_HOST_SOURCES ${FERRULE_GPU_DIR}/kernels/conv/${source})
endforeach()
