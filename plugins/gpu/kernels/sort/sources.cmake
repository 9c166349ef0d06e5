# sort, argsort, partition, argpartition, searchsorted.
ferrule_gpu_family(sort kernels.cu merge.cu merge_pairs.cu library.cu select.cu search.cu)
