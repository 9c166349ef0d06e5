# The simulated device: what stands in for a vendor's runtime and libraries.
set(FERRULE_SIM_SOURCES)
foreach(source config executor faults fiber memory race_check shared_memory status stream)
  list(APPEND FERRULE_SIM_SOURCES ${CMAKE_CURRENT_LIST_DIR}/machine/${source}.cpp)
endforeach()
foreach(source algorithms host)
  list(APPEND FERRULE_SIM_SOURCES ${CMAKE_CURRENT_LIST_DIR}/vendor/${source}.cpp)
endforeach()
