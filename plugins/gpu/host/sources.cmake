# Paths are given in full, because the including folder is each backend's.
foreach(source batch.cpp command_list.cpp config.cpp copies.cpp dependencies.cpp device.cpp device_table.cpp event.cpp
        executable.cpp failure.cpp graph.cpp graph_cache.cpp kernel_launch.cpp loop_nest.cpp memory.cpp plugin_main.cpp
        profiler.cpp recording.cpp registry.cpp replay.cpp resolve.cpp runtime.cpp staging.cpp stream.cpp topology.cpp
        watcher.cpp)
  list(APPEND FERRULE_GPU_HOST_SOURCES ${FERRULE_GPU_DIR}/host/${source})
endforeach()
list(APPEND FERRULE_GPU_KERNEL_SOURCES ${FERRULE_GPU_DIR}/host/bytes.cu)
