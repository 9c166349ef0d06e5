// Trains a small model on Fashion-MNIST, on whatever backend FERRULE_BACKEND chooses.
#include <ferrule/ferrule.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "checkpoint.h"
#include "data.h"
#include "models.h"
#include "trainer.h"

namespace fr = ferrule;

namespace {

struct Options {
  RunSettings run;
  int epochs = 10;
  std::string data, save, resume;
  bool json = false, no_compile = false;
};

uint64_t fallbacks() {
  uint64_t total = 0;
  for (const auto& entry : fr::fallback_counts()) total += entry.count;
  return total;
}

// Options given on the command line must agree with the run that is continued.
void adopt_settings(const CLI::App& app, Options& options, const RunSettings& saved) {
  auto check = [&](const char* flag, auto& mine, const auto& theirs) {
    if (app.count(flag) > 0 && mine != theirs) {
      throw fr::error(fr::ErrorCode::invalid_argument, std::string("[fashion_mnist] ") + flag +
                                                           " differs from that of the run in '" + options.resume + "'");
    }
    mine = theirs;
  };
  check("--model", options.run.model, saved.model);
  check("--batch", options.run.batch, saved.batch);
  check("--lr", options.run.learning_rate, saved.learning_rate);
  check("--seed", options.run.seed, saved.seed);
}

int run(const CLI::App& app, Options options) {
  std::optional<Checkpoint> resumed;
  if (!options.resume.empty()) {
    resumed = load_checkpoint(options.resume);
    adopt_settings(app, options, resumed->settings);
  }
  if (options.run.learning_rate == 0.0) options.run.learning_rate = default_learning_rate(options.run.model);
  FashionMnist data = load_fashion_mnist(options.data);
  Trainer trainer(options.run, data, !options.no_compile);
  if (resumed) trainer.restore(*resumed);

  std::string backend = fr::default_device().name();
  nlohmann::ordered_json curve = nlohmann::ordered_json::array();
  double accuracy = 0.0, seconds = 0.0;
  int first = trainer.epoch();
  if (first >= options.epochs) accuracy = trainer.test();
  while (trainer.epoch() < options.epochs) {
    auto start = std::chrono::steady_clock::now();
    double loss = trainer.train_epoch();
    double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    seconds += elapsed;
    accuracy = trainer.test();
    std::printf("epoch %2d/%d  loss %.4f  test accuracy %.4f  %.2f s\n", trainer.epoch(), options.epochs, loss,
                accuracy, elapsed);
    std::fflush(stdout);
    curve.push_back({{"epoch", trainer.epoch()}, {"loss", loss}, {"test_accuracy", accuracy}, {"seconds", elapsed}});
    if (!options.save.empty()) save_checkpoint(options.save, trainer.checkpoint());
  }
  int done = trainer.epoch() - first;
  double per_epoch = done > 0 ? seconds / done : 0.0;
  if (options.json) {
    nlohmann::ordered_json out{{"backend", backend},
                               {"model", options.run.model},
                               {"test_accuracy", accuracy},
                               {"seconds_per_epoch", per_epoch},
                               {"fallbacks", fallbacks()},
                               {"epochs", trainer.epoch()},
                               {"peak_memory", fr::get_peak_memory()},
                               {"curve", curve}};
    std::printf("%s\n", out.dump().c_str());
  } else {
    std::printf("%s on %s: test accuracy %.4f, %.2f s per epoch, %llu fallbacks\n", options.run.model.c_str(),
                backend.c_str(), accuracy, per_epoch, static_cast<unsigned long long>(fallbacks()));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains a model on Fashion-MNIST; FERRULE_BACKEND chooses the backend.");
  app.add_option("--model", options.run.model, "logreg, mlp or cnn")
      ->check(CLI::IsMember({"logreg", "mlp", "cnn"}))
      ->capture_default_str();
  app.add_option("--epochs", options.epochs, "epochs in all, those before a resume included")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  app.add_option("--batch", options.run.batch, "images per step")->check(CLI::Range(1, 60'000))->capture_default_str();
  app.add_option("--lr", options.run.learning_rate, "learning rate at the start (default: by model)")
      ->check(CLI::PositiveNumber);
  app.add_option("--data", options.data, "folder of the four gzip'd idx files (default: Debian's package)");
  app.add_option("--save", options.save, "write a checkpoint here after every epoch");
  app.add_option("--resume", options.resume, "continue the run in this checkpoint");
  app.add_option("--seed", options.run.seed, "seed of the start and of the order of images")->capture_default_str();
  app.add_flag("--no-compile", options.no_compile, "run the training step without compile()");
  app.add_flag("--json", options.json, "print one JSON object as the last line");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(app, std::move(options));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "fashion_mnist: %s\n", e.what());
    return 1;
  }
}
