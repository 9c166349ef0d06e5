# gather, scatter, their forms along an axis, masked_scatter.
ferrule_gpu_family(index kernels.cu gather.cu scatter.cu scatter_plan.cu combine_sum.cu combine_prod.cu combine_extreme.cu
  masked_scatter.cu)
