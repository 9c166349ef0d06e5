# cumsum, cumprod, cummax, cummin, logcumsumexp.
ferrule_gpu_family(scan kernels.cu sum.cu prod.cu extreme.cu log_sum.cu)
