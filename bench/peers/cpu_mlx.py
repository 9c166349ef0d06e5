"""MLX on its CPU backend."""

import mlx.core as mx
from timing import main

mx.set_default_device(mx.cpu)
S = 8192
MATRIX = S * S * 4


def matrix():
    return mx.random.uniform(-1, 1, (S, S))


def on(make, op):
    def prepare():
        a = make()
        mx.eval(a)
        return lambda: mx.eval(op(a))
    return prepare


def ten(x):
    for _ in range(5):
        x = x * 0.9 + 0.1
    return x


def gelu_gate(a):
    x = a * 1.5 + 0.5
    return x * 0.5 * (1 + mx.erf(x * 0.70710678)) * mx.sigmoid(a)


def gather():
    t, i = mx.random.normal((65536, 256)), mx.random.randint(0, 65536, (65536,))
    mx.eval(t, i)
    return lambda: mx.eval(t[i])


def scatter():
    t, i, u = mx.zeros((65536, 256)), mx.random.randint(0, 65536, (65536,)), mx.ones((65536, 256))
    mx.eval(t, i, u)
    return lambda: mx.eval(t.at[i].add(u))


def matmul(n, dtype):
    def prepare():
        a, b = mx.random.normal((n, n)).astype(dtype), mx.random.normal((n, n)).astype(dtype)
        mx.eval(a, b)
        return lambda: mx.eval(a @ b)
    return ("GFLOP/s", 2.0 * n**3, prepare)


def conv(batch, side, cin, cout, k):
    def prepare():
        x, w = mx.random.normal((batch, side, side, cin)), mx.random.normal((cout, k, k, cin))
        mx.eval(x, w)
        return lambda: mx.eval(mx.conv2d(x, w, padding=k // 2))
    return ("GFLOP/s", 2.0 * batch * side * side * cin * cout * k * k, prepare)


def descent(params, loss, rate):
    state = [params]
    both = mx.value_and_grad(loss)

    @mx.compile
    def step(p):
        value, grads = both(p)
        return [a - rate * g for a, g in zip(p, grads)]

    def run():
        state[0] = step(state[0])
        mx.eval(state[0])
    return run


def nll(logits, y):
    return mx.mean(mx.logsumexp(logits, -1) - mx.take_along_axis(logits, y[:, None], -1)[:, 0])


def logistic():
    x = mx.random.normal((1000, 100))
    y = (x @ mx.random.normal((100,)) > 0).astype(mx.float32)
    mx.eval(x, y)

    def loss(p):
        z = x @ p[0]
        return mx.mean(mx.logaddexp(0.0, z) - z * y)
    return descent([mx.zeros((100,))], loss, 0.1)


def small(*shape):
    return mx.random.normal(shape) * 0.05


def mlp():
    x, y = mx.random.normal((128, 784)), mx.random.randint(0, 10, (128,))
    p = [small(784, 256), mx.zeros((256,)), small(256, 128), mx.zeros((128,)), small(128, 10), mx.zeros((10,))]
    mx.eval(x, y, p)

    def loss(p):
        h = mx.maximum(mx.addmm(p[1], x, p[0]), 0)
        h = mx.maximum(mx.addmm(p[3], h, p[2]), 0)
        return nll(mx.addmm(p[5], h, p[4]), y)
    return descent(p, loss, 0.05)


def pool(x):
    b, h, w, c = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, c).max((2, 4))


def cnn():
    x, y = mx.random.normal((64, 28, 28, 1)), mx.random.randint(0, 10, (64,))
    p = [small(32, 3, 3, 1), mx.zeros((32,)), small(64, 3, 3, 32), mx.zeros((64,)), small(3136, 10), mx.zeros((10,))]
    mx.eval(x, y, p)

    def loss(p):
        h = pool(mx.maximum(mx.conv2d(x, p[0], padding=1) + p[1], 0))
        h = pool(mx.maximum(mx.conv2d(h, p[2], padding=1) + p[3], 0))
        return nll(mx.addmm(p[5], h.reshape(64, -1), p[4]), y)
    return descent(p, loss, 0.02)


def chain():
    x, one = mx.ones((16,)), mx.array(1.0)
    mx.eval(x, one)

    def run():
        y = x
        for _ in range(1000):
            y = y + one
        mx.eval(y)
    return run


def item():
    x = mx.ones((16,))

    def run():
        for _ in range(100):
            x.sum().item()
    return run


rows = lambda n, m: lambda: mx.random.normal((n, m))  # noqa: E731
vector = lambda n: lambda: mx.random.uniform(shape=(n,))  # noqa: E731
G = 2.0 * 65536 * 256 * 4
WORKLOADS = {
    "copy": ("GB/s", 2 * MATRIX, on(matrix, lambda a: mx.contiguous(mx.array(a)) + 0)),
    "transpose copy": ("GB/s", 2 * MATRIX, on(matrix, lambda a: mx.contiguous(a.T))),
    "add scalar": ("GB/s", 2 * MATRIX, on(matrix, lambda a: a + 1.0)),
    "add": ("GB/s", 3 * MATRIX, on(matrix, lambda a: a + a)),
    "exp": ("GB/s", 2 * MATRIX, on(matrix, mx.exp)),
    "tanh": ("GB/s", 2 * MATRIX, on(matrix, mx.tanh)),
    "chain of 10 ops, compiled": ("GB/s", 2 * MATRIX, on(matrix, mx.compile(ten))),
    "gelu * sigmoid, compiled": ("GB/s", 2 * MATRIX, on(matrix, mx.compile(gelu_gate))),
    "cast f32 to bf16": ("GB/s", 1.5 * MATRIX, on(matrix, lambda a: a.astype(mx.bfloat16))),
    "sum": ("GB/s", MATRIX, on(matrix, mx.sum)),
    "sum axis 0": ("GB/s", MATRIX, on(matrix, lambda a: a.sum(0))),
    "sum axis 1": ("GB/s", MATRIX, on(matrix, lambda a: a.sum(1))),
    "max axis 1": ("GB/s", MATRIX, on(matrix, lambda a: a.max(1))),
    "argmax axis 1": ("GB/s", MATRIX, on(matrix, lambda a: mx.argmax(a, 1))),
    "softmax 4096x4096": ("GB/s", 2.0 * 4096 * 4096 * 4, on(rows(4096, 4096), lambda a: mx.softmax(a, -1))),
    "logsumexp 4096x4096": ("GB/s", 4096 * 4096 * 4, on(rows(4096, 4096), lambda a: mx.logsumexp(a, -1))),
    "layer norm 8192x1024": ("GB/s", 2.0 * 8192 * 1024 * 4, on(
        rows(8192, 1024), lambda a: mx.fast.layer_norm(a, mx.ones((1024,)), mx.zeros((1024,)), 1e-5))),
    "rms norm 8192x1024": ("GB/s", 2.0 * 8192 * 1024 * 4, on(
        rows(8192, 1024), lambda a: mx.fast.rms_norm(a, mx.ones((1024,)), 1e-5))),
    "cumsum 2^24": ("M/s", 2**24, on(vector(2**24), lambda a: mx.cumsum(a, 0))),
    "sort 2^22": ("M/s", 2**22, on(vector(2**22), lambda a: mx.sort(a, 0))),
    "argsort 2^22": ("M/s", 2**22, on(vector(2**22), lambda a: mx.argsort(a, 0))),
    "partition 2^22": ("M/s", 2**22, on(vector(2**22), lambda a: mx.partition(a, 2**21, 0))),
    "gather 65536 rows of 256": ("GB/s", G, gather),
    "scatter-add 65536 rows of 256": ("GB/s", 1.5 * G, scatter),
    "random normal 2^24": ("M/s", 2**24, lambda: lambda: mx.eval(mx.random.normal((2**24,)))),
    "matmul 128 float32": matmul(128, mx.float32),
    "matmul 512 float32": matmul(512, mx.float32),
    "matmul 1024 float32": matmul(1024, mx.float32),
    "matmul 2048 float32": matmul(2048, mx.float32),
    "matmul 1024 bfloat16": matmul(1024, mx.bfloat16),
    "gemv 8192": ("GB/s", 4.0 * S * S, lambda: (lambda a, x: lambda: mx.eval(a @ x))(
        mx.random.normal((S, S)), mx.random.normal((S,)))),
    "conv2d b64 28x28 1->32 k3": conv(64, 28, 1, 32, 3),
    "conv2d b64 14x14 32->64 k3": conv(64, 14, 32, 64, 3),
    "conv2d b16 56x56 64->64 k3": conv(16, 56, 64, 64, 3),
    "logistic regression step 1000x100": ("steps/s", 1, logistic),
    "mlp step 784-256-128-10 b128": ("steps/s", 1, mlp),
    "cnn step 32-64 b64": ("steps/s", 1, cnn),
    "small op in a chain of 1000": ("us", 1000, chain),
    "sum(16).item()": ("us", 100, item),
}

if __name__ == "__main__":
    main("mlx", WORKLOADS)
