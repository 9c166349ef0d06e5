# Paths are given in full, because the including folder is each backend's.
foreach(source command_list.cpp config.cpp copies.cpp device.cpp device_table.cpp event.cpp failure.cpp kernel_launch.cpp
        loop_nest.cpp memory.cpp plugin_main.cpp registry.cpp resolve.cpp runtime.cpp stream.cpp watcher.cpp)
  list(APPEND FERRULE_GPU_HOST_SOURCES ${FERRULE_GPU_DIR}/host/${source})
endforeach()
list(APPEND FERRULE_GPU_KERNEL_SOURCES ${FERRULE_GPU_DIR}/host/bytes.cu)
