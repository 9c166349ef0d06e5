# Tests of the runtime's internals link its objects, which the shared library hides.
add_executable(runtime_test compile_test.cpp runtime_test.cpp)
target_link_libraries(runtime_test PRIVATE ferrule_objects ferrule_warnings ${FERRULE_LIB_LIBRARIES} GTest::gtest_main)
add_dependencies(runtime_test ferrule_cpu ferrule_template)
gtest_discover_tests(runtime_test DISCOVERY_MODE PRE_TEST
                     PROPERTIES ENVIRONMENT "FERRULE_BACKEND=cpu;FERRULE_PLUGIN_PATH=${CMAKE_LIBRARY_OUTPUT_DIRECTORY}" TIMEOUT 120)
