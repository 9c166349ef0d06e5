ferrule_gpu_family(random kernels.cpp random.cu)
