// The names of <cstdint> for run-time compilers, which have no standard headers. First in every source.
#pragma once

#if defined(FERRULE_RUNTIME_COMPILED)
typedef signed char int8_t;
typedef signed short int16_t;
typedef signed int int32_t;
typedef signed long long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
#else
#include <cstdint>
#endif
