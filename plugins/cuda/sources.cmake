# NVIDIA's part: the vendor interface, and kernels through cuBLASLt, cuDNN and CUB.
set(FERRULE_CUDA_HOST_SOURCES ${CMAKE_CURRENT_LIST_DIR}/vendor/host.cpp)
set(FERRULE_CUDA_KERNEL_SOURCES ${CMAKE_CURRENT_LIST_DIR}/vendor/algorithms.cu)
