"""PyTorch on one GPU: eager; rows that end in "compiled" are what a user would reach for: torch.compile, or for the training step a
hand-captured CUDA graph. TF32 is off, as in ferrule."""

import sys

import torch
import torch.nn.functional as F
from timing import main

D = "cuda"
G = 1 << 28
SIDE = 16384
BF16, F16, F32 = torch.bfloat16, torch.float16, torch.float32


def on(shape, op, dtype=F32):
    def prepare():
        a = torch.randn(*shape, device=D).to(dtype)
        return lambda: op(a)
    return prepare


def chain(a):
    return F.gelu(a * 1.5 + 0.5, approximate="tanh") * torch.sigmoid(a)


def compiled(op):
    c = torch.compile(op)
    return lambda a: c(a)


def logistic_data():
    x = torch.randn(1000, 100, device=D)
    y = (x @ torch.randn(100, device=D) > 0).float()
    w = 1e-2 * torch.randn(100, device=D)
    zero = torch.zeros((), device=D)

    def step(w):
        w = w.detach().requires_grad_(True)
        z = x @ w
        loss = torch.mean(torch.logaddexp(zero, z) - y * z)
        g, = torch.autograd.grad(loss, w)
        return w.detach() - 0.1 * g
    return step, w


def logistic(wrap=lambda f: f):
    def prepare():
        step, w = logistic_data()
        step, state = wrap(step), [w]

        def run():
            state[0] = step(state[0])
        return run
    return prepare


def logistic_graph():
    step, w = logistic_data()
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(3):
            w.copy_(step(w))
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        w.copy_(step(w))
    return graph.replay


def small_adds():
    state = [torch.zeros(64, device=D)]

    def run():
        x = state[0]
        for _ in range(1000):
            x = x + 1
        return x
    return run


def norm(op):
    def prepare():
        h = torch.randn(32768, 4096, device=D).to(BF16)
        w, b = torch.ones(4096, device=D, dtype=BF16), torch.zeros(4096, device=D, dtype=BF16)
        return lambda: op(h, w, b)
    return prepare


def gather():
    index, table = torch.randint(0, 50000, (65536,), device=D), torch.randn(50000, 1024, device=D)
    return lambda: table[index]


def scatter():
    index, table = torch.randint(0, 50000, (65536,), device=D), torch.zeros(50000, 1024, device=D)
    src = torch.randn(65536, 1024, device=D)
    return lambda: table.index_add_(0, index, src)


def matmul(m, dtype):
    def prepare():
        a, b = torch.randn(m, m, device=D).to(dtype), torch.randn(m, m, device=D).to(dtype)
        return lambda: a @ b
    return ("TFLOP/s", 2.0 * m**3, prepare)


def gemv():
    a, v = torch.randn(8192, 8192, device=D).to(BF16), torch.randn(8192, device=D).to(BF16)
    return lambda: a @ v


def conv(cin, cout, side, k):
    def prepare():
        x = torch.randn(256, cin, side, side, device=D).to(BF16).to(memory_format=torch.channels_last)
        w = torch.randn(cout, cin, k, k, device=D).to(BF16).to(memory_format=torch.channels_last)
        return lambda: F.conv2d(x, w, padding=k // 2)
    return ("TFLOP/s", 2.0 * 256 * cin * cout * side * side * k * k, prepare)


square, keys, slab = (SIDE, SIDE), (1 << 26,), 65536 * 1024 * 4
eager = {
    "logreg 1000x100 step": ("us", 1, logistic()),
    "dispatch small add": ("us", 1000, small_adds),
    "copy 1 GiB f32": ("GB/s", 8 * G, on(square, lambda a: a.clone())),
    "add 1 GiB f32": ("GB/s", 12 * G, on(square, lambda a: a + a)),
    "gelu * sigmoid 1 GiB f32": ("GB/s", 8 * G, on(square, chain)),
    "transpose copy 16384^2 f32": ("GB/s", 8 * G, on(square, lambda a: a.t().contiguous())),
    "sum all 16384^2 f32": ("GB/s", 4 * G, on(square, lambda a: a.sum())),
    "sum axis 0 16384^2 f32": ("GB/s", 4 * G, on(square, lambda a: a.sum(0))),
    "sum axis 1 16384^2 f32": ("GB/s", 4 * G, on(square, lambda a: a.sum(1))),
    "argmax axis 1 16384^2 f32": ("GB/s", 4 * G, on(square, lambda a: a.argmax(1))),
    "softmax 16384^2 f32": ("GB/s", 8 * G, on(square, lambda a: torch.softmax(a, -1))),
    "layer norm 32768x4096 bf16": ("GB/s", 4 * 32768 * 4096, norm(lambda h, w, b: F.layer_norm(h, (4096,), w, b))),
    "rms norm 32768x4096 bf16": ("GB/s", 4 * 32768 * 4096, norm(lambda h, w, b: F.rms_norm(h, (4096,), w, 1e-5))),
    "cumsum 2^26 f32": ("GB/s", 8 * (1 << 26), on(keys, lambda a: a.cumsum(0))),
    "argsort 2^26 f32": ("Gkeys/s", 1 << 26, on(keys, torch.sort)),
    "gather 65536x1024 f32": ("GB/s", 2 * slab, gather),
    "scatter-add 65536x1024 f32": ("GB/s", 3 * slab, scatter),
    **{f"matmul {m}^3 {n}": matmul(m, t) for m in (1024, 4096, 8192) for t, n in ((BF16, "bf16"), (F16, "f16"), (F32, "f32"))},
    "gemv 8192^2 bf16": ("GB/s", 2 * 8192**2, gemv),
    **{f"conv2d b256 {i}->{o} {s} k{k} bf16": conv(i, o, s, k)
       for i, o, s, k in ((64, 64, 56, 3), (256, 256, 14, 3), (512, 2048, 7, 1))},
}
best = {
    "logreg 1000x100 step, compiled": ("us", 1, logistic_graph),
    "gelu * sigmoid 1 GiB f32, compiled": ("GB/s", 8 * G, on(square, compiled(chain))),
}

if __name__ == "__main__":
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    torch.set_grad_enabled(True)
    main("torch", eager | best, wait=lambda _: torch.cuda.synchronize())
    sys.exit(0)
