// Logistic regression on synthetic data by gradient descent: how many small graphs a second go through the library.
#include <ferrule/ferrule.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace mx = ferrule;

namespace {

struct Options {
  int examples = 1000, features = 100, steps = 10'000;
  float learning_rate = 0.1f;
  uint64_t seed = 0;
  bool compile = false, json = false;
};

int run(const Options& options) {
  auto keys = mx::split(mx::random::split(mx::random::key(options.seed), 3), 3, 0);
  auto key = [&](size_t i) { return mx::reshape(keys[i], {2}); };
  mx::array truth = mx::random::normal({options.features}, key(0));
  mx::array x = mx::random::normal({options.examples, options.features}, key(1));
  mx::array y = mx::astype(mx::matmul(x, truth) > 0.0f, mx::float32);
  mx::array w = 1e-2f * mx::random::normal({options.features}, key(2));
  mx::eval(x, y, w);

  auto loss = [&](const mx::array& weights) {
    mx::array logits = mx::matmul(x, weights);
    return mx::mean(mx::logaddexp(mx::array(0.0f), logits) - y * logits);
  };
  auto gradient = mx::grad(std::function<mx::array(const mx::array&)>(loss));
  auto step = [&](const std::vector<mx::array>& in) {
    return std::vector<mx::array>{in[0] - options.learning_rate * gradient(in[0])};
  };
  std::function<std::vector<mx::array>(const std::vector<mx::array>&)> update = step;
  if (options.compile) update = mx::compile(update);

  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < options.steps; ++i) {
    w = update({w})[0];
    mx::eval(w);
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  float final_loss = loss(w).item<float>();
  mx::array right = mx::mean(mx::astype(mx::equal(mx::matmul(x, w) > 0.0f, y > 0.0f), mx::float32));
  double rate = options.steps / std::max(seconds, 1e-9);
  if (options.json) {
    nlohmann::ordered_json out{{"backend", mx::default_device().name()},
                               {"steps", options.steps},
                               {"iterations_per_second", rate},
                               {"loss", final_loss},
                               {"accuracy", right.item<float>()}};
    std::printf("%s\n", out.dump().c_str());
  } else {
    std::printf("loss %.6f  accuracy %.4f  %.0f iterations/s (%d steps on %s)\n", static_cast<double>(final_loss),
                static_cast<double>(right.item<float>()), rate, options.steps, mx::default_device().name().c_str());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Logistic regression on synthetic data; FERRULE_BACKEND chooses the backend.");
  app.add_option("--examples", options.examples, "rows of data")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  app.add_option("--features", options.features, "columns of data")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--steps", options.steps, "steps of gradient descent")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  app.add_option("--lr", options.learning_rate, "learning rate")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--seed", options.seed, "seed of data and start")->capture_default_str();
  app.add_flag("--compile", options.compile, "compile the step");
  app.add_flag("--json", options.json, "print one JSON object");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(options);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "logistic_regression: %s\n", e.what());
    return 1;
  }
}
