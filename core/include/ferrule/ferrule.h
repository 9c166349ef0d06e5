// All of Ferrule. With `namespace mx = ferrule`, the body of a C++ program for mlx::core compiles unchanged.
#pragma once

#include "ferrule/array.h"
#include "ferrule/backend.h"
#include "ferrule/compile.h"
#include "ferrule/device.h"
#include "ferrule/dtype.h"
#include "ferrule/error.h"
#include "ferrule/fast.h"
#include "ferrule/io.h"
#include "ferrule/log.h"
#include "ferrule/memory.h"
#include "ferrule/ops.h"
#include "ferrule/profiler.h"
#include "ferrule/random.h"
#include "ferrule/transforms.h"
