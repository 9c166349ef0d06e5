// Starting and stopping the thread pool behind parallel.h. For runtime.cpp.
#pragma once

namespace ferrule::cpu {

// Joins the pool's threads; the next parallel_for starts them again.
void stop_pool();
// Frees the pool after stop_pool, when nothing uses it any more.
void free_pool();

}  // namespace ferrule::cpu
