# The simulated device: what stands in for a vendor's runtime and libraries.
set(FERRULE_SIM_SOURCES)
foreach(source config executor faults fiber memory module race_check shared_memory status stream)
  list(APPEND FERRULE_SIM_SOURCES ${CMAKE_CURRENT_LIST_DIR}/machine/${source}.cpp)
endforeach()
set(FERRULE_SIM_COMPILER_SOURCE ${CMAKE_CURRENT_LIST_DIR}/machine/compiler.cpp)
foreach(source algorithms host)
  list(APPEND FERRULE_SIM_SOURCES ${CMAKE_CURRENT_LIST_DIR}/vendor/${source}.cpp)
endforeach()
