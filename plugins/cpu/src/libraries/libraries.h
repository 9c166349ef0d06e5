// Which outside libraries the cpu backend may use. Host config "cpu.libraries" (FERRULE_CPU_LIBRARIES): a
// comma-separated list of "onednn" and "openblas", or "none"; unset: all that were built in and are found. Read once,
// at first use.
#pragma once

namespace ferrule::cpu {

bool library_allowed(const char* name);

// Opens the first of `names` (a list ended by nullptr), or logs at debug level why none could be opened.
void* open_library(const char* const* names);

// Tests replace the configured list ("none", "onednn"; nullptr: back to the configuration). Not while kernels run.
void set_libraries_for_tests(const char* list);

}  // namespace ferrule::cpu
