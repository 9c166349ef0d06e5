# random, io, nn, optim
find_package(ZLIB REQUIRED)
find_package(nlohmann_json REQUIRED)

set(FERRULE_LIB_SOURCES
  io/atomic_file.cpp
  io/io.cpp
  io/npy.cpp
  io/safetensors.cpp
  io/source.cpp
  io/zip_read.cpp
  io/zip_write.cpp
  nn/activations.cpp
  nn/convolution.cpp
  nn/init.cpp
  nn/layers.cpp
  nn/losses.cpp
  nn/module.cpp
  optim/optimizer.cpp
  optim/optimizers.cpp
  optim/schedulers.cpp
  optim/train_step.cpp
  random/bits.cpp
  random/distributions.cpp
)
list(TRANSFORM FERRULE_LIB_SOURCES PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
set(FERRULE_LIB_LIBRARIES ZLIB::ZLIB nlohmann_json::nlohmann_json)
