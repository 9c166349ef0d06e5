// Boost.DLL behind one function, so that its headers are compiled once.
#pragma once
#include <string>

#include "ferrule/plugin.h"

namespace ferrule::loader {

// Opens the library (now, local), keeps it mapped for the life of the process, and resolves the one exported symbol.
// Throws Error with the dynamic linker's words.
frl_plugin_query_fn load_query(const std::string& path);

}  // namespace ferrule::loader
