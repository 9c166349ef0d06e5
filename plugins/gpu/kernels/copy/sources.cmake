ferrule_gpu_family(copy kernels.cpp copy.cu cast_integer.cu cast_from_float.cu cast_to_float.cu arange.cu transpose.cu)
