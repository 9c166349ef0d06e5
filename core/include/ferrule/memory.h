// Statistics and limits of the caching allocator, summed over the devices in use, in bytes. Thread-safe. Names as in
// mlx.core.
#pragma once

#include <cstddef>

#pragma GCC visibility push(default)
namespace ferrule {

size_t get_active_memory();  // held by live arrays
size_t get_peak_memory();    // the most that active memory was since the start or the last reset
void reset_peak_memory();
size_t get_cache_memory();  // freed by arrays, kept for reuse
// Active memory beyond this waits for work to finish and then throws out_of_memory. Returns the limit before. The
// default is 95 % of what the device reports as free at its first use.
size_t set_memory_limit(size_t bytes);
size_t get_memory_limit();
// Cached memory beyond this is given back. Returns the limit before.
size_t set_cache_limit(size_t bytes);
void clear_cache();

}  // namespace ferrule
#pragma GCC visibility pop
