# Tests of internals link the objects, which the shared library hides.
add_executable(runtime_test compile_test.cpp io_mutation_test.cpp runtime_test.cpp)
target_compile_definitions(runtime_test PRIVATE FERRULE_TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}/data")
target_link_libraries(runtime_test PRIVATE ferrule_objects ferrule_warnings ${FERRULE_LIB_LIBRARIES} GTest::gtest_main)
add_dependencies(runtime_test ferrule_cpu ferrule_template)
gtest_discover_tests(runtime_test DISCOVERY_MODE PRE_TEST
                     PROPERTIES ENVIRONMENT "FERRULE_BACKEND=cpu;FERRULE_PLUGIN_PATH=${CMAKE_LIBRARY_OUTPUT_DIRECTORY}" TIMEOUT 120)
