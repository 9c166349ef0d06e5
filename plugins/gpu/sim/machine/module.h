// Kernels compiled at run time (compiler.cpp), as libraries that are loaded from their bytes. Any thread.
#pragma once

#include <string>

#include "machine/status.h"

namespace ferrule::gpu::sim {

// What load_module takes: the length of a library, then its bytes.
std::string module_image(const std::string& library);

Status load_module(void** out, const void* image);
// A kernel that the library exports (FERRULE_SIM_EXPORT of module_entry.h).
Status find_kernel(const void** out, void* module, const char* name);
void unload_module(void* module);

}  // namespace ferrule::gpu::sim
