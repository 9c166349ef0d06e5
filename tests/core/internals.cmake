# Tests of internals link the objects, which the shared library hides.
add_executable(runtime_test
  compile_test.cpp
  io_mutation_test.cpp
  runtime/compile_cases_test.cpp
  runtime/devices_test.cpp
  runtime/graph_replay_test.cpp
  runtime/profiler_test.cpp
  runtime/remote_test.cpp
  runtime_test.cpp)
target_compile_definitions(runtime_test PRIVATE FERRULE_TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}/data")
target_include_directories(runtime_test PRIVATE ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(runtime_test PRIVATE ferrule_objects ferrule_warnings ${FERRULE_LIB_LIBRARIES} GTest::gtest_main)
add_dependencies(runtime_test ferrule_cpu ferrule_template)

# A stand-in for a device with memory of its own, for the tests alone: found only where they look for it.
add_library(ferrule_remote MODULE runtime/remote_fusion.cpp runtime/remote_plugin.cpp)
target_link_libraries(ferrule_remote PRIVATE ferrule_cpu_objects ferrule_warnings)
set_target_properties(ferrule_remote PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/plugins)
add_dependencies(runtime_test ferrule_remote)

set(plugin_path ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}:${CMAKE_CURRENT_BINARY_DIR}/plugins)
# One variable per property: lists do not survive here.
gtest_discover_tests(runtime_test DISCOVERY_MODE PRE_TEST
  PROPERTIES ENVIRONMENT FERRULE_BACKEND=cpu ENVIRONMENT_MODIFICATION FERRULE_PLUGIN_PATH=set:${plugin_path} TIMEOUT 120)

# Each allocation of a training step fails once, on backends with and without memory of their own. (Under sanitizers plugins get
# the program's failing operator new too, whose exceptions the C++ runtime linked into them does not take.)
add_executable(host_memory_test ../counted_memory.cpp runtime/host_memory_test.cpp)
target_include_directories(host_memory_test PRIVATE ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(host_memory_test PRIVATE ferrule::ferrule ferrule_warnings GTest::gtest_main)
add_dependencies(host_memory_test ferrule_cpu ferrule_remote)
foreach(backend cpu remote)
  add_test(NAME host_memory_${backend} COMMAND host_memory_test)
  set_tests_properties(host_memory_${backend} PROPERTIES
    ENVIRONMENT "FERRULE_BACKEND=${backend};FERRULE_PLUGIN_PATH=${plugin_path};FERRULE_LOG=error" TIMEOUT 120)
  if(FERRULE_SANITIZE)
    set_tests_properties(host_memory_${backend} PROPERTIES DISABLED ON)
  endif()
endforeach()

add_executable(step_faults_test runtime/step_faults_test.cpp)
target_link_libraries(step_faults_test PRIVATE ferrule::ferrule ferrule_warnings GTest::gtest_main)

# Read once per process.
add_test(NAME runtime_managed COMMAND runtime_test --gtest_filter=Managed.*)
set_tests_properties(runtime_managed PROPERTIES ENVIRONMENT
  "FERRULE_BACKEND=cpu;FERRULE_PLUGIN_PATH=${plugin_path};FERRULE_MEMORY=managed")
add_test(NAME runtime_managed_absent COMMAND runtime_test --gtest_filter=Managed.*)
set_tests_properties(runtime_managed_absent PROPERTIES ENVIRONMENT
  "FERRULE_BACKEND=cpu;FERRULE_PLUGIN_PATH=${plugin_path};FERRULE_MEMORY=managed;FERRULE_REMOTE_MANAGED=0")
