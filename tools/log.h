// Where the tools' log lines go.
#pragma once
#include "ferrule/loader/log.h"

namespace ferrule::tools {

// Writes to stderr what FERRULE_LOG lets through (default: warnings and errors).
loader::LogHandler log_handler();

}  // namespace ferrule::tools
