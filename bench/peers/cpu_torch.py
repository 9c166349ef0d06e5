"""PyTorch on the CPU, eager and (where a row says compiled) torch.compile where it works, eager where it does not."""

import torch
import torch.nn.functional as F
from timing import main

S = 8192
MATRIX = S * S * 4


def matrix():
    return torch.rand(S, S) * 2 - 1


def on(make, op):
    def prepare():
        a = make()
        return lambda: op(a)
    return prepare


def ten(x):
    for _ in range(5):
        x = x * 0.9 + 0.1
    return x


def gelu_gate(a):
    return F.gelu(a * 1.5 + 0.5) * torch.sigmoid(a)


def compiled(fn):
    try:
        g = torch.compile(fn)
        g(torch.rand(8, 8))
        return g
    except Exception:
        return fn


def gather():
    t, i = torch.randn(65536, 256), torch.randint(0, 65536, (65536,))
    return lambda: t[i]


def scatter():
    t, i, u = torch.zeros(65536, 256), torch.randint(0, 65536, (65536,)), torch.ones(65536, 256)
    return lambda: t.index_add(0, i, u)


def matmul(n, dtype):
    def prepare():
        a, b = torch.randn(n, n).to(dtype), torch.randn(n, n).to(dtype)
        return lambda: a @ b
    return ("GFLOP/s", 2.0 * n**3, prepare)


def conv(batch, side, cin, cout, k):
    def prepare():
        x = torch.randn(batch, cin, side, side).to(memory_format=torch.channels_last)
        w = torch.randn(cout, cin, k, k).to(memory_format=torch.channels_last)
        return lambda: F.conv2d(x, w, padding=k // 2)
    return ("GFLOP/s", 2.0 * batch * side * side * cin * cout * k * k, prepare)


def descent(params, loss, rate):
    for p in params:
        p.requires_grad_(True)

    def step():
        value = loss()
        grads = torch.autograd.grad(value, params)
        with torch.no_grad():
            for p, g in zip(params, grads):
                p -= rate * g
    return step


def logistic():
    x = torch.randn(1000, 100)
    y = (x @ torch.randn(100) > 0).float()
    w = torch.zeros(100)
    return descent([w], lambda: F.binary_cross_entropy_with_logits(x @ w, y), 0.1)


def mlp():
    x, y = torch.randn(128, 784), torch.randint(0, 10, (128,))
    sizes = [(784, 256), (256, 128), (128, 10)]
    p = [t for i, o in sizes for t in (torch.randn(i, o) * 0.05, torch.zeros(o))]

    def loss():
        h = torch.relu(torch.addmm(p[1], x, p[0]))
        h = torch.relu(torch.addmm(p[3], h, p[2]))
        return F.cross_entropy(torch.addmm(p[5], h, p[4]), y)
    return descent(p, loss, 0.05)


def cnn():
    x, y = torch.randn(64, 1, 28, 28).to(memory_format=torch.channels_last), torch.randint(0, 10, (64,))
    p = [torch.randn(32, 1, 3, 3) * 0.05, torch.zeros(32), torch.randn(64, 32, 3, 3) * 0.05, torch.zeros(64),
         torch.randn(3136, 10) * 0.05, torch.zeros(10)]

    def loss():
        h = F.max_pool2d(torch.relu(F.conv2d(x, p[0], p[1], padding=1)), 2)
        h = F.max_pool2d(torch.relu(F.conv2d(h, p[2], p[3], padding=1)), 2)
        return F.cross_entropy(torch.addmm(p[5], h.flatten(1), p[4]), y)
    return descent(p, loss, 0.02)


def chain():
    x, one = torch.ones(16), torch.tensor(1.0)

    def run():
        y = x
        for _ in range(1000):
            y = y + one
        return y
    return run


def item():
    x = torch.ones(16)

    def run():
        for _ in range(100):
            x.sum().item()
    return run


rows = lambda n, m: lambda: torch.randn(n, m)  # noqa: E731
vector = lambda n: lambda: torch.rand(n)  # noqa: E731
G = 2.0 * 65536 * 256 * 4
WORKLOADS = {
    "copy": ("GB/s", 2 * MATRIX, on(matrix, torch.clone)),
    "transpose copy": ("GB/s", 2 * MATRIX, on(matrix, lambda a: a.t().contiguous())),
    "add scalar": ("GB/s", 2 * MATRIX, on(matrix, lambda a: a + 1.0)),
    "add": ("GB/s", 3 * MATRIX, on(matrix, lambda a: a + a)),
    "exp": ("GB/s", 2 * MATRIX, on(matrix, torch.exp)),
    "tanh": ("GB/s", 2 * MATRIX, on(matrix, torch.tanh)),
    "chain of 10 ops, compiled": ("GB/s", 2 * MATRIX, on(matrix, compiled(ten))),
    "gelu * sigmoid, compiled": ("GB/s", 2 * MATRIX, on(matrix, compiled(gelu_gate))),
    "cast f32 to bf16": ("GB/s", 1.5 * MATRIX, on(matrix, lambda a: a.bfloat16())),
    "sum": ("GB/s", MATRIX, on(matrix, torch.sum)),
    "sum axis 0": ("GB/s", MATRIX, on(matrix, lambda a: a.sum(0))),
    "sum axis 1": ("GB/s", MATRIX, on(matrix, lambda a: a.sum(1))),
    "max axis 1": ("GB/s", MATRIX, on(matrix, lambda a: a.amax(1))),
    "argmax axis 1": ("GB/s", MATRIX, on(matrix, lambda a: a.argmax(1))),
    "softmax 4096x4096": ("GB/s", 2.0 * 4096 * 4096 * 4, on(rows(4096, 4096), lambda a: a.softmax(-1))),
    "logsumexp 4096x4096": ("GB/s", 4096 * 4096 * 4, on(rows(4096, 4096), lambda a: a.logsumexp(-1))),
    "layer norm 8192x1024": ("GB/s", 2.0 * 8192 * 1024 * 4, on(
        rows(8192, 1024), lambda a: F.layer_norm(a, (1024,), torch.ones(1024), torch.zeros(1024)))),
    "rms norm 8192x1024": ("GB/s", 2.0 * 8192 * 1024 * 4, on(
        rows(8192, 1024), lambda a: F.rms_norm(a, (1024,), torch.ones(1024), 1e-5))),
    "cumsum 2^24": ("M/s", 2**24, on(vector(2**24), lambda a: a.cumsum(0))),
    "sort 2^22": ("M/s", 2**22, on(vector(2**22), lambda a: a.sort(stable=True).values)),
    "argsort 2^22": ("M/s", 2**22, on(vector(2**22), lambda a: a.argsort(stable=True))),
    "partition 2^22": ("M/s", 2**22, on(vector(2**22), lambda a: a.kthvalue(2**21).values)),
    "gather 65536 rows of 256": ("GB/s", G, gather),
    "scatter-add 65536 rows of 256": ("GB/s", 1.5 * G, scatter),
    "random normal 2^24": ("M/s", 2**24, lambda: lambda: torch.randn(2**24)),
    "matmul 128 float32": matmul(128, torch.float32),
    "matmul 512 float32": matmul(512, torch.float32),
    "matmul 1024 float32": matmul(1024, torch.float32),
    "matmul 2048 float32": matmul(2048, torch.float32),
    "matmul 1024 bfloat16": matmul(1024, torch.bfloat16),
    "matmul 2048 bfloat16": matmul(2048, torch.bfloat16),
    "gemv 8192": ("GB/s", 4.0 * S * S, lambda: (lambda a, x: lambda: a @ x)(torch.randn(S, S), torch.randn(S))),
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
    main("torch", WORKLOADS)
