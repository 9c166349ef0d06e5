ferrule_gpu_family(row row.cu softmax.cu norm.cu norm_vjp.cu)
