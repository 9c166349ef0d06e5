// Whole training steps, as a user writes them.
#include "ferrule/ferrule.h"
#include "workload.h"

namespace ferrule::bench {
namespace {

using Arrays = std::vector<array>;

// logistic regression: 1000 x 100, full batch
array logistic_loss(const Arrays& p, const array& x, const array& y) {
  array z = matmul(x, p[0]);
  return mean(logaddexp(array(0.0f), z) - z * y);
}

array mlp_logits(const Arrays& p, const array& x) {
  array h = maximum(addmm(p[1], x, p[0]), array(0.0f));
  h = maximum(addmm(p[3], h, p[2]), array(0.0f));
  return addmm(p[5], h, p[4]);
}

array max_pool(const array& x) {
  Shape s = x.shape();
  return max(reshape(x, {s[0], s[1] / 2, 2, s[2] / 2, 2, s[3]}), std::vector<int>{2, 4});
}

array cnn_logits(const Arrays& p, const array& x) {
  array h = max_pool(maximum(conv2d(x, p[0], {1, 1}, {1, 1}) + p[1], array(0.0f)));
  h = max_pool(maximum(conv2d(h, p[2], {1, 1}, {1, 1}) + p[3], array(0.0f)));
  h = reshape(h, {x.shape(0), -1});
  return addmm(p[5], h, p[4]);
}

array cross_entropy(const array& logits, const array& labels) {
  array picked = take_along_axis(logits, expand_dims(labels, -1), -1);
  return mean(logsumexp(logits, -1) - squeeze(picked, -1));
}

// One step of gradient descent of `loss` over `parameters`, compiled.
std::function<void()> descent(Arrays parameters, const Arrays& data,
                              std::function<array(const Arrays&, const Arrays&)> loss, float rate) {
  size_t n = parameters.size();
  std::vector<int> argnums;
  for (size_t i = 0; i < n; ++i) argnums.push_back(static_cast<int>(i));
  auto step = compile([=](const Arrays& in) {
    ScalarFn objective = [&](const Arrays& p) {
      return loss(Arrays(p.begin(), p.begin() + static_cast<long>(n)),
                  Arrays(in.begin() + static_cast<long>(n), in.end()));
    };
    auto [value, gradients] = value_and_grad(objective, argnums)(in);
    Arrays out;
    for (size_t i = 0; i < n; ++i) out.push_back(in[i] - array(rate) * gradients[i]);
    out.push_back(value);
    return out;
  });
  auto state = std::make_shared<Arrays>(parameters);
  auto run = [=] {
    Arrays in = *state;
    in.insert(in.end(), data.begin(), data.end());
    state->clear();
    Arrays out = step(in);
    in.clear();
    out.pop_back();
    *state = out;
    eval(out);
  };
  auto loss_now = [=] { return loss(*state, data).item<float>(); };
  float before = loss_now();
  for (int i = 0; i < 20; ++i) run();
  if (!(loss_now() < before)) throw std::runtime_error("training does not reduce the loss");
  return run;
}

array small(Shape shape) { return random::normal(shape) * array(0.05f); }

std::function<void()> logistic() {
  array x = random::normal({1000, 100});
  array y = astype(greater(matmul(x, random::normal({100})), array(0.0f)), float32);
  return descent(
      {zeros({100})}, {x, y}, [](const Arrays& p, const Arrays& d) { return logistic_loss(p, d[0], d[1]); }, 0.1f);
}

std::function<void()> mlp() {
  array x = random::normal({128, 784}), y = random::randint(0, 10, {128}, int32);
  Arrays p{small({784, 256}), zeros({256}), small({256, 128}), zeros({128}), small({128, 10}), zeros({10})};
  return descent(
      p, {x, y}, [](const Arrays& q, const Arrays& d) { return cross_entropy(mlp_logits(q, d[0]), d[1]); }, 0.05f);
}

std::function<void()> cnn() {
  array x = random::normal({64, 28, 28, 1}), y = random::randint(0, 10, {64}, int32);
  Arrays p{small({32, 3, 3, 1}), zeros({32}), small({64, 3, 3, 32}), zeros({64}), small({3136, 10}), zeros({10})};
  return descent(
      p, {x, y}, [](const Arrays& q, const Arrays& d) { return cross_entropy(cnn_logits(q, d[0]), d[1]); }, 0.02f);
}

}  // namespace

std::vector<Workload> training_workloads() {
  return {
      {"logistic regression step 1000x100", "steps/s", 1, logistic},
      {"mlp step 784-256-128-10 b128", "steps/s", 1, mlp},
      {"cnn step 32-64 b64", "steps/s", 1, cnn},
  };
}

}  // namespace ferrule::bench
