# Options, language level, warnings and output folders that every target of this tree shares.
include(GNUInstallDirs)

option(FERRULE_BUILD_TESTS "Build the tests and ferrule-conformance" ON)
option(FERRULE_BUILD_BENCH "Build the benchmarks" ON)
option(FERRULE_WARNINGS_AS_ERRORS "Fail on a warning in our own code" ON)
option(FERRULE_BUILD_CUDA "Build the cuda backend where a CUDA compiler is found" ON)
set(FERRULE_CUDA_ARCHITECTURES "90-real" CACHE STRING "GPU architectures that the cuda backend is compiled for")
option(FERRULE_CPU_ONEDNN "Let the cpu backend open oneDNN at run time" ON)
set(FERRULE_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_C_STANDARD 11)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Everything that is run lies in bin/, every library and plugin side by side in lib/, as after an install.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")

find_program(FERRULE_CCACHE ccache)
if(FERRULE_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${FERRULE_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FERRULE_CCACHE})
endif()

# Link to get the warnings our own code is held to.
add_library(ferrule_warnings INTERFACE)
target_compile_options(ferrule_warnings INTERFACE -Wall -Wextra -Wconversion $<$<BOOL:${FERRULE_WARNINGS_AS_ERRORS}>:-Werror>
  # GCC 12 warns of overlaps inside std::string that cannot happen (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)

if(FERRULE_SANITIZE)
  add_compile_options(-fsanitize=${FERRULE_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${FERRULE_SANITIZE})
endif()
