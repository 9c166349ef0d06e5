ferrule_gpu_family(reduce reduce.cu plan.cu sum.cu prod.cu extreme.cu arg.cu)
