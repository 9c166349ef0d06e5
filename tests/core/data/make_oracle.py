#!/usr/bin/env python3
"""Writes oracle.json: inputs and outputs of mlx.core.random, mlx.nn and mlx.optimizers (the package mlx, cpu), which the
tests of random, nn and optim compare with. Usage: make_oracle.py > oracle.json"""
import json
import sys

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
from mlx.utils import tree_flatten

mx.set_default_device(mx.cpu)
out = {}


def put(name, a):
    a = a if isinstance(a, mx.array) else mx.array(a)
    dtype = str(a.dtype).removeprefix("mlx.core.")
    if a.dtype == mx.complex64:
        a = mx.stack([a.real, a.imag], -1)
    wide = a.astype(mx.float32) if dtype in ("float16", "bfloat16", "complex64") else a
    out[name] = {"dtype": dtype, "shape": list(a.shape), "values": wide.flatten().tolist()}
    return a


k = mx.random.key(42)


def randoms():
    put("random/split", mx.random.split(k, 3))
    for d in (mx.float32, mx.float16, mx.bfloat16):
        n = str(d).removeprefix("mlx.core.")
        put(f"random/uniform/{n}", mx.random.uniform(shape=(3, 5), dtype=d, key=k))
        put(f"random/uniform_range/{n}", mx.random.uniform(-2.5, 7.0, (9,), d, key=k))
        put(f"random/normal/{n}", mx.random.normal((4, 3), d, key=k))
        put(f"random/gumbel/{n}", mx.random.gumbel((7,), d, key=k))
        put(f"random/laplace/{n}", mx.random.laplace((7,), d, key=k))
        put(f"random/truncated_normal/{n}", mx.random.truncated_normal(-0.5, 1.5, (9,), d, key=k))
    put("random/uniform_broadcast", mx.random.uniform(mx.array([0.0, 10.0]), mx.array([[1.0], [20.0]]), (2, 2), key=k))
    put("random/normal_scaled", mx.random.normal((5,), loc=3.0, scale=0.25, key=k))
    put("random/normal_complex", mx.random.normal((3,), mx.complex64, key=k))
    put("random/laplace_scaled", mx.random.laplace((5,), loc=-1.0, scale=2.0, key=k))
    put("random/randint", mx.random.randint(-5, 17, (20,), key=k))
    put("random/randint_uint8", mx.random.randint(0, 256, (20,), mx.uint8, key=k))
    put("random/bernoulli", mx.random.bernoulli(0.3, (30,), key=k))
    put("random/bernoulli_array", mx.random.bernoulli(mx.array([0.1, 0.5, 0.9]), (8, 3), key=k))
    logits = put("random/logits", mx.array([[0.1, 2.0, -1.0, 0.7], [3.0, 0.0, 0.5, -2.0], [0.0, 0.0, 0.0, 0.0]]))
    put("random/categorical", mx.random.categorical(logits, key=k))
    put("random/categorical_axis0", mx.random.categorical(logits, 0, key=k))
    put("random/categorical_samples", mx.random.categorical(logits, num_samples=6, key=k))
    put("random/categorical_shape", mx.random.categorical(logits, -1, (5, 3), key=k))
    put("random/permutation", mx.random.permutation(17, key=k))
    put("random/permutation_array", mx.random.permutation(mx.arange(12).reshape(3, 4), axis=1, key=k))
    mx.random.seed(7)
    put("random/sequence", mx.stack([mx.random.uniform(shape=(2,)) for _ in range(3)]))


def activations():
    x = put("act/x", mx.array([-5.0, -2.5, -1.0, -0.5, -0.1, 0.0, 0.1, 0.5, 1.0, 2.5, 4.0, 7.0]))
    for f in ("relu relu2 relu6 leaky_relu elu celu selu gelu gelu_approx gelu_fast_approx silu mish hardswish hard_tanh "
              "hard_shrink softshrink softplus softsign log_sigmoid sigmoid tanh step log_softmax softmax softmin glu").split():
        put(f"act/{f}", getattr(nn, f)(x))
    put("act/prelu", nn.prelu(x, mx.array(0.25)))


def losses():
    L = nn.losses
    key = mx.random.split(k, 12)
    logits = put("loss/logits", mx.random.normal((4, 5), key=key[0]) * 2)
    classes = put("loss/classes", mx.array([0, 3, 4, 1]))
    probs = put("loss/probs", mx.softmax(mx.random.normal((4, 5), key=key[1]), -1))
    weights = put("loss/weights", mx.array([0.5, 1.0, 2.0, 0.0]))
    put("loss/cross_entropy", L.cross_entropy(logits, classes))
    put("loss/cross_entropy_mean", L.cross_entropy(logits, classes, reduction="mean"))
    put("loss/cross_entropy_weighted_sum", L.cross_entropy(logits, classes, weights, reduction="sum"))
    put("loss/cross_entropy_smoothed", L.cross_entropy(logits, classes, label_smoothing=0.1))
    put("loss/cross_entropy_probs", L.cross_entropy(logits, probs))
    put("loss/cross_entropy_probs_smoothed", L.cross_entropy(logits, probs, label_smoothing=0.2))
    put("loss/cross_entropy_axis0", L.cross_entropy(logits, mx.array([0, 3, 1, 2, 0]), axis=0))
    a = put("loss/a", mx.random.normal((3, 4), key=key[2]))
    b = put("loss/b", mx.random.normal((3, 4), key=key[3]))
    t = put("loss/t", mx.array([[0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.5, 0.25], [1.0, 1.0, 0.0, 0.0]]))
    p = put("loss/p", mx.array([[0.0, 1.0, 0.9, 0.1], [0.3, 0.2, 0.5, 0.7], [1.0, 0.01, 0.0, 0.99]]))
    put("loss/bce_logits", L.binary_cross_entropy(a, t))
    put("loss/bce_probs", L.binary_cross_entropy(p, t, with_logits=False, reduction="none"))
    for f in ("l1_loss", "mse_loss", "smooth_l1_loss", "hinge_loss", "huber_loss", "log_cosh_loss"):
        put(f"loss/{f}", getattr(L, f)(a, b))
        put(f"loss/{f}_sum", getattr(L, f)(a, b, reduction="sum"))
    put("loss/huber_loss_delta", L.huber_loss(a, b, delta=0.3))
    put("loss/smooth_l1_loss_beta", L.smooth_l1_loss(a, b, beta=0.5, reduction="none"))
    logp = put("loss/logp", nn.log_softmax(logits))
    put("loss/nll_loss", L.nll_loss(logp, classes))
    logq = mx.log(probs)
    put("loss/kl_div_loss", L.kl_div_loss(logp, logq))
    put("loss/gaussian_nll_loss", L.gaussian_nll_loss(a, b, mx.abs(t) + 0.1, full=True))
    put("loss/cosine_similarity_loss", L.cosine_similarity_loss(a, b))
    put("loss/margin_ranking_loss", L.margin_ranking_loss(a, b, mx.sign(t - 0.6), 0.1))
    put("loss/triplet_loss", L.triplet_loss(a, b, t))


def layers():
    mx.random.seed(3)
    lin = nn.Linear(5, 3)
    conv = nn.Conv2d(3, 4, 3, stride=2, padding=1)
    conv1 = nn.Conv1d(4, 6, 3, groups=2, dilation=2)
    emb = nn.Embedding(7, 4)
    for name, m in (("linear", lin), ("conv2d", conv), ("conv1d", conv1), ("embedding", emb)):
        for n, a in tree_flatten(m.parameters()):
            put(f"layer/{name}/{n}", a)
    x = put("layer/x", mx.random.normal((2, 6, 6, 3), key=k))
    put("layer/conv2d/out", conv(x))
    xl = put("layer/xl", mx.random.normal((2, 9, 4), key=k))
    put("layer/conv1d/out", conv1(xl))
    xf = put("layer/xf", mx.random.normal((4, 5), key=k))
    put("layer/linear/out", lin(xf))
    put("layer/embedding/out", emb(mx.array([[1, 6], [0, 1]])))
    put("layer/embedding/linear", emb.as_linear(mx.ones((2, 4))))
    put("layer/layer_norm", nn.LayerNorm(5)(xf))
    put("layer/rms_norm", nn.RMSNorm(5)(xf))
    put("layer/max_pool", nn.MaxPool2d(2)(x))
    put("layer/max_pool_overlap", nn.MaxPool2d(3, 2, 1)(x))
    put("layer/avg_pool", nn.AvgPool2d(2)(x))
    put("layer/avg_pool_overlap", nn.AvgPool2d((3, 2), (2, 1), (1, 0))(x))
    mx.random.seed(11)
    drop = nn.Dropout(0.4)
    put("layer/dropout", drop(xf))
    # A small network: loss and gradients.
    mx.random.seed(5)
    net = nn.Sequential(nn.Linear(5, 8), nn.LayerNorm(8), nn.gelu, nn.Linear(8, 3))
    y = mx.array([0, 2, 1, 2])
    loss, grads = nn.value_and_grad(net, lambda m: nn.losses.cross_entropy(m(xf), y, reduction="mean"))(net)
    put("net/loss", loss)
    for n, a in tree_flatten(grads):
        put(f"net/grad/{n}", a)
    for f in ("glorot_normal", "glorot_uniform", "he_normal", "he_uniform"):
        mx.random.seed(9)
        put(f"init/{f}", getattr(nn.init, f)()(mx.zeros((4, 3, 3, 2))))
    mx.random.seed(9)
    put("init/normal", nn.init.normal(0.5, 2.0)(mx.zeros((2, 3))))
    mx.random.seed(9)
    put("init/uniform", nn.init.uniform(-1.0, 3.0)(mx.zeros((2, 3))))


def optimizers():
    w0 = put("optim/w", mx.array([1.0, -2.0, 0.5, 0.0]))
    grads = put("optim/grads", mx.random.normal((5, 4), key=k))
    kinds = {
        "sgd": lambda: optim.SGD(0.1),
        "sgd_decay": lambda: optim.SGD(0.1, weight_decay=0.05),
        "sgd_momentum": lambda: optim.SGD(0.1, momentum=0.9),
        "sgd_dampening": lambda: optim.SGD(0.1, momentum=0.9, dampening=0.2),
        "sgd_nesterov": lambda: optim.SGD(0.1, momentum=0.9, nesterov=True),
        "rmsprop": lambda: optim.RMSprop(0.01),
        "adagrad": lambda: optim.Adagrad(0.1),
        "adam": lambda: optim.Adam(0.01),
        "adam_corrected": lambda: optim.Adam(0.01, bias_correction=True),
        "adamw": lambda: optim.AdamW(0.01, weight_decay=0.1),
        "adamw_corrected": lambda: optim.AdamW(0.01, bias_correction=True),
        "lion": lambda: optim.Lion(0.01),
        "lion_decay": lambda: optim.Lion(0.01, weight_decay=0.1),
        "adam_scheduled": lambda: optim.Adam(optim.exponential_decay(0.05, 0.5)),
    }
    for name, make in kinds.items():
        o, p, rows = make(), {"w": w0}, []
        for i in range(5):
            p = o.apply_gradients({"w": grads[i]}, p)
            rows.append(p["w"])
        put(f"optim/{name}", mx.stack(rows))
    steps = put("schedule/steps", mx.array([0, 1, 2, 5, 9, 10, 11, 19, 20, 21, 100]))
    schedules = {
        "exponential_decay": optim.exponential_decay(0.1, 0.9),
        "step_decay": optim.step_decay(0.1, 0.5, 10),
        "cosine_decay": optim.cosine_decay(0.1, 20, 0.01),
        "linear_schedule": optim.linear_schedule(0.0, 0.1, 10),
        "join_schedules": optim.join_schedules([optim.linear_schedule(0.0, 0.1, 10), optim.cosine_decay(0.1, 20)], [10]),
    }
    for name, s in schedules.items():
        put(f"schedule/{name}", mx.stack([mx.array(s(steps[i])).astype(mx.float32) for i in range(steps.size)]))
    g = {"a": mx.array([3.0, 4.0]), "b": mx.array([[12.0]])}
    for m in (1.0, 100.0):
        clipped, norm = optim.clip_grad_norm(g, m)
        put(f"clip/{m:g}/a", clipped["a"])
        put(f"clip/{m:g}/norm", norm)


randoms()
activations()
losses()
layers()
optimizers()
for name, entry in out.items():
    entry["values"] = [str(v) if v in (float("inf"), float("-inf")) or v != v else v for v in entry["values"]]
print("{")
print(",\n".join(f"{json.dumps(n)}: {json.dumps(e, separators=(',', ':'))}" for n, e in out.items()))
print("}")
