"""JAX on one GPU, every row under jit."""

import os

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import jax
import jax.numpy as jnp
from timing import main

G = 1 << 28
KEY = jax.random.PRNGKey(0)


def on(shape, op, dtype=jnp.float32):
    def prepare():
        a = jax.random.normal(KEY, shape, dtype)
        f = jax.jit(op)
        return lambda: f(a)
    return prepare


def logistic():
    x = jax.random.normal(KEY, (1000, 100))
    y = (x @ jax.random.normal(KEY, (100,)) > 0).astype(jnp.float32)
    state = [1e-2 * jax.random.normal(KEY, (100,))]

    def loss(w):
        z = x @ w
        return jnp.mean(jnp.logaddexp(0.0, z) - y * z)
    step = jax.jit(lambda w: w - 0.1 * jax.grad(loss)(w))

    def run():
        state[0] = step(state[0])
        return state[0]
    return run


def small_adds():
    add, x = jax.jit(lambda x: x + 1), jnp.zeros(64)

    def run():
        y = x
        for _ in range(1000):
            y = add(y)
        return y
    return run


def matmul(m, dtype):
    def prepare():
        a, b = jax.random.normal(KEY, (m, m), dtype), jax.random.normal(KEY, (m, m), dtype)
        precision = "highest" if dtype == jnp.float32 else "default"
        f = jax.jit(lambda a, b: jnp.matmul(a, b, precision=precision))
        return lambda: f(a, b)
    return ("TFLOP/s", 2.0 * m**3, prepare)


def chain(a):
    return jax.nn.gelu(a * 1.5 + 0.5) * jax.nn.sigmoid(a)


square, keys = (16384, 16384), (1 << 26,)
workloads = {
    "logreg 1000x100 step, compiled": ("us", 1, logistic),
    "dispatch small add": ("us", 1000, small_adds),
    "gelu * sigmoid 1 GiB f32, compiled": ("GB/s", 8 * G, on(square, chain)),
    "transpose copy 16384^2 f32": ("GB/s", 8 * G, on(square, lambda a: a.T + 0)),
    "sum all 16384^2 f32": ("GB/s", 4 * G, on(square, jnp.sum)),
    "sum axis 0 16384^2 f32": ("GB/s", 4 * G, on(square, lambda a: a.sum(0))),
    "sum axis 1 16384^2 f32": ("GB/s", 4 * G, on(square, lambda a: a.sum(1))),
    "softmax 16384^2 f32": ("GB/s", 8 * G, on(square, lambda a: jax.nn.softmax(a, -1))),
    "cumsum 2^26 f32": ("GB/s", 8 * (1 << 26), on(keys, jnp.cumsum)),
    "sort 2^26 f32": ("Gkeys/s", 1 << 26, on(keys, jnp.sort)),
    **{f"matmul {m}^3 {n}": matmul(m, t) for m in (1024, 4096, 8192)
       for t, n in ((jnp.bfloat16, "bf16"), (jnp.float32, "f32"))},
}

if __name__ == "__main__":
    main("jax", workloads, wait=jax.block_until_ready)
