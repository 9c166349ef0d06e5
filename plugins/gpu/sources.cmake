# The sources that every gpu backend compiles: FERRULE_GPU_HOST_SOURCES (C++), FERRULE_GPU_KERNEL_SOURCES (.cu, compiled by
# the vendor's compiler) and FERRULE_GPU_DEFINITIONS. Each kernel family is a folder of kernels/ with a sources.cmake:
#   ferrule_gpu_family(reduce reduce.cu arg_reduce.cu)
# which also says that <family>_kernels() of host/kernel.h is there.
set(FERRULE_GPU_DIR ${CMAKE_CURRENT_LIST_DIR})
set(FERRULE_GPU_HOST_SOURCES)
set(FERRULE_GPU_KERNEL_SOURCES)
set(FERRULE_GPU_DEFINITIONS)

macro(ferrule_gpu_family family)
  foreach(source ${ARGN})
    list(APPEND FERRULE_GPU_KERNEL_SOURCES ${FERRULE_GPU_DIR}/kernels/${family}/${source})
  endforeach()
  list(APPEND FERRULE_GPU_DEFINITIONS FERRULE_GPU_HAS_${family})
endmacro()

include(${FERRULE_GPU_DIR}/host/sources.cmake OPTIONAL)
foreach(family copy elementwise reduce row scan sort index random matmul conv)
  include(${FERRULE_GPU_DIR}/kernels/${family}/sources.cmake OPTIONAL)
endforeach()
