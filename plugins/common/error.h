// Filling frl_error, and the error value that a failed stream keeps.
#pragma once

#include "ferrule/plugin.h"

namespace ferrule::plugin {

// Writes code and a printf-style message into `error` (which may be NULL or smaller than ours) and returns code.
frl_status fail(frl_error* error, frl_status code, const char* format, ...) __attribute__((format(printf, 3, 4)));

// Copies `from` into `to` as far as `to` reaches; returns from's code.
frl_status copy_error(frl_error* to, const frl_error& from);

}  // namespace ferrule::plugin
