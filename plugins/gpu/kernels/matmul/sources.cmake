ferrule_gpu_family(matmul own_product.cu splits.cu tile_large.cu tile_small.cu vector_columns.cu vector_rows.cu)
foreach(source matmul.cpp plan.cpp problem.cpp)
  list(APPEND FERRULE_GPU_HOST_SOURCES ${FERRULE_GPU_DIR}/kernels/matmul/${source})
endforeach()
