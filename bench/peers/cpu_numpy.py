"""NumPy, for the rows that it has."""

import numpy as np
from timing import main

S = 8192
MATRIX = S * S * 4
rng = np.random.default_rng(1)


def matrix():
    return rng.random((S, S), dtype=np.float32) * 2 - 1


def on(make, op):
    def prepare():
        a = make()
        return lambda: op(a)
    return prepare


def ten(x):
    for _ in range(5):
        x = x * np.float32(0.9) + np.float32(0.1)
    return x


def softmax(a):
    e = np.exp(a - a.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def matmul(n):
    def prepare():
        a, b = (rng.standard_normal((n, n), dtype=np.float32) for _ in range(2))
        return lambda: a @ b
    return ("GFLOP/s", 2.0 * n**3, prepare)


def gather():
    t, i = rng.standard_normal((65536, 256), dtype=np.float32), rng.integers(0, 65536, 65536)
    return lambda: t[i]


vector = lambda n: lambda: rng.random(n, dtype=np.float32)  # noqa: E731
WORKLOADS = {
    "copy": ("GB/s", 2 * MATRIX, on(matrix, np.copy)),
    "transpose copy": ("GB/s", 2 * MATRIX, on(matrix, lambda a: np.ascontiguousarray(a.T))),
    "add scalar": ("GB/s", 2 * MATRIX, on(matrix, lambda a: a + np.float32(1))),
    "add": ("GB/s", 3 * MATRIX, on(matrix, lambda a: a + a)),
    "exp": ("GB/s", 2 * MATRIX, on(matrix, np.exp)),
    "tanh": ("GB/s", 2 * MATRIX, on(matrix, np.tanh)),
    "chain of 10 ops, compiled": ("GB/s", 2 * MATRIX, on(matrix, ten)),
    "sum": ("GB/s", MATRIX, on(matrix, np.sum)),
    "sum axis 0": ("GB/s", MATRIX, on(matrix, lambda a: a.sum(0))),
    "sum axis 1": ("GB/s", MATRIX, on(matrix, lambda a: a.sum(1))),
    "max axis 1": ("GB/s", MATRIX, on(matrix, lambda a: a.max(1))),
    "argmax axis 1": ("GB/s", MATRIX, on(matrix, lambda a: a.argmax(1))),
    "softmax 4096x4096": ("GB/s", 2.0 * 4096 * 4096 * 4, on(
        lambda: rng.standard_normal((4096, 4096), dtype=np.float32), softmax)),
    "cumsum 2^24": ("M/s", 2**24, on(vector(2**24), np.cumsum)),
    "sort 2^22": ("M/s", 2**22, on(vector(2**22), lambda a: np.sort(a, kind="stable"))),
    "argsort 2^22": ("M/s", 2**22, on(vector(2**22), lambda a: np.argsort(a, kind="stable"))),
    "partition 2^22": ("M/s", 2**22, on(vector(2**22), lambda a: np.partition(a, 2**21))),
    "gather 65536 rows of 256": ("GB/s", 2.0 * 65536 * 256 * 4, gather),
    "random normal 2^24": ("M/s", 2**24, lambda: lambda: rng.standard_normal(2**24, dtype=np.float32)),
    "matmul 128 float32": matmul(128),
    "matmul 512 float32": matmul(512),
    "matmul 1024 float32": matmul(1024),
    "matmul 2048 float32": matmul(2048),
}

if __name__ == "__main__":
    main("numpy", WORKLOADS)
