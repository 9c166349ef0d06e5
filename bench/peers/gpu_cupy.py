"""CuPy on one GPU. It has no gradients: the training step's are written by hand."""

import cupy as cp
from timing import main

G = 1 << 28


def on(shape, op):
    def prepare():
        a = cp.random.standard_normal(shape, dtype=cp.float32)
        return lambda: op(a)
    return prepare


def logistic():
    n = 1000
    x = cp.random.standard_normal((n, 100), dtype=cp.float32)
    y = (x @ cp.random.standard_normal(100, dtype=cp.float32) > 0).astype(cp.float32)
    state = [cp.zeros(100, cp.float32)]

    def run():
        w = state[0]
        residual = (1 / (1 + cp.exp(-(x @ w))) - y) / n
        state[0] = w - cp.float32(0.1) * (x.T @ residual)
    return run


def small_adds():
    x = cp.zeros(64, cp.float32)

    def run():
        y = x
        for _ in range(1000):
            y = y + 1
        return y
    return run


square, keys = (16384, 16384), (1 << 26,)
workloads = {
    "logreg 1000x100 step": ("us", 1, logistic),
    "dispatch small add": ("us", 1000, small_adds),
    "copy 1 GiB f32": ("GB/s", 8 * G, on(square, lambda a: a.copy())),
    "transpose copy 16384^2 f32": ("GB/s", 8 * G, on(square, lambda a: cp.ascontiguousarray(a.T))),
    "sum all 16384^2 f32": ("GB/s", 4 * G, on(square, lambda a: a.sum())),
    "sum axis 0 16384^2 f32": ("GB/s", 4 * G, on(square, lambda a: a.sum(0))),
    "sum axis 1 16384^2 f32": ("GB/s", 4 * G, on(square, lambda a: a.sum(1))),
    "cumsum 2^26 f32": ("GB/s", 8 * (1 << 26), on(keys, cp.cumsum)),
    "sort 2^26 f32": ("Gkeys/s", 1 << 26, on(keys, cp.sort)),
    "argsort 2^26 f32": ("Gkeys/s", 1 << 26, on(keys, cp.argsort)),
    "partition 2^26 f32": ("Gkeys/s", 1 << 26, on(keys, lambda a: cp.partition(a, 1 << 25))),
}

if __name__ == "__main__":
    main("cupy", workloads, wait=lambda _: cp.cuda.Device().synchronize())
