# NVIDIA's part: the vendor interface, and kernels through cuBLASLt, cuDNN and CUB.
set(FERRULE_CUDA_HOST_SOURCES ${CMAKE_CURRENT_LIST_DIR}/vendor/host.cpp)
foreach(source cublaslt_api.cpp cublaslt_matmul.cpp cublaslt_product.cpp library.cpp tuner.cpp vendor_kernels.cpp)
  list(APPEND FERRULE_CUDA_HOST_SOURCES ${CMAKE_CURRENT_LIST_DIR}/src/${source})
endforeach()
set(FERRULE_CUDA_KERNEL_SOURCES ${CMAKE_CURRENT_LIST_DIR}/vendor/algorithms.cu)
list(APPEND FERRULE_GPU_DEFINITIONS FERRULE_GPU_HAS_vendor)

include(${FERRULE_GPU_DIR}/host/fusion.cmake)
list(APPEND FERRULE_CUDA_HOST_SOURCES ${CMAKE_CURRENT_LIST_DIR}/src/nvrtc.cpp)
ferrule_gpu_fusion(${CMAKE_CURRENT_LIST_DIR})
