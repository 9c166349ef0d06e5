# Host-side parts of fusion that need no device. Included by a backend after ferrule_gpu_fusion, with the sources of its
# run-time compiler and of its host interface in FUSION_TEST_SOURCES, and what those link in FUSION_TEST_LIBRARIES.
find_package(GTest REQUIRED)
include(GoogleTest)
add_executable(gpu_fusion_compile_test ${FERRULE_GPU_DIR}/tests/fusion_compile_test.cpp
  ${FERRULE_GPU_DIR}/host/fusion_expression.cpp ${FERRULE_GPU_DIR}/host/fusion_source.cpp ${FERRULE_GPU_DIR}/host/failure.cpp
  ${fusion_embedded} ${FUSION_TEST_SOURCES})
set(fusion_tests gpu_fusion_compile_test)
if(NOT TARGET gpu_kernel_cache_test)
  add_executable(gpu_kernel_cache_test ${FERRULE_GPU_DIR}/tests/kernel_cache_test.cpp ${FERRULE_GPU_DIR}/host/kernel_cache.cpp)
  list(APPEND fusion_tests gpu_kernel_cache_test)
endif()
foreach(test ${fusion_tests})
  target_include_directories(${test} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${FERRULE_GPU_DIR})
  target_link_libraries(${test} PRIVATE ferrule_plugin_common ferrule_warnings ${FUSION_TEST_LIBRARIES} GTest::gtest_main)
  gtest_discover_tests(${test} DISCOVERY_MODE PRE_TEST)
endforeach()
