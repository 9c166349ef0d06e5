// Running one resolved call on a stream's thread.
#pragma once

#include "kernel.h"
#include "stream.h"

namespace ferrule::cpu {

// What the kernel throws becomes the stream's failure.
void run_one(Stream& stream, const Kernel& kernel, const Call& call);

}  // namespace ferrule::cpu
