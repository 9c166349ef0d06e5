# Fusion for a backend with a run-time compiler: ferrule_gpu_fusion(<folder of vendor/>) adds the sources, the embedded
# headers and FERRULE_GPU_HAS_fusion. The backend defines runtime_compiler() of host/fusion_compiler.h.
macro(ferrule_gpu_fusion vendor_folder)
  foreach(source fusion.cpp fusion_expression.cpp fusion_launch.cpp fusion_program.cpp fusion_reduce.cpp
          fusion_source.cpp kernel_cache.cpp)
    list(APPEND FERRULE_GPU_HOST_SOURCES ${FERRULE_GPU_DIR}/host/${source})
  endforeach()
  set(fusion_headers vendor/device.h=${vendor_folder}/vendor/device.h)
  set(fusion_files ${vendor_folder}/vendor/device.h)
  foreach(name device/gpu.h device/index.h functors/cast.h functors/complex.h functors/integer.h functors/math.h
          functors/ops.h functors/types.h kernels/fusion/integers.h kernels/fusion/map.h
          kernels/fusion/operands.h kernels/fusion/reduce.h)
    string(APPEND fusion_headers "|${name}=${FERRULE_GPU_DIR}/${name}")
    list(APPEND fusion_files ${FERRULE_GPU_DIR}/${name})
  endforeach()
  set(fusion_embedded ${CMAKE_CURRENT_BINARY_DIR}/embedded_headers.cpp)
  add_custom_command(OUTPUT ${fusion_embedded}
    COMMAND ${CMAKE_COMMAND} "-DHEADERS=${fusion_headers}" -DOUTPUT=${fusion_embedded}
            -P ${FERRULE_GPU_DIR}/host/embed_headers.cmake
    DEPENDS ${fusion_files} ${FERRULE_GPU_DIR}/host/embed_headers.cmake VERBATIM)
  list(APPEND FERRULE_GPU_HOST_SOURCES ${fusion_embedded})
  list(APPEND FERRULE_GPU_DEFINITIONS FERRULE_GPU_HAS_fusion)
endmacro()
