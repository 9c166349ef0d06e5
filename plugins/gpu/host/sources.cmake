# Paths are given in full, because the including folder is each backend's.
foreach(source command_list.cpp device.cpp failure.cpp)
  list(APPEND FERRULE_GPU_HOST_SOURCES ${FERRULE_GPU_DIR}/host/${source})
endforeach()
