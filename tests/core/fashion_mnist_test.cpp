// The program fashion_mnist on a small made-up data set: checkpoint and resume, output, bad input.
#include <ferrule/ferrule.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <zlib.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <random>

#include "temp_dir.h"

namespace {

struct Output {
  int status = -1;
  std::string text;  // stdout and stderr
  nlohmann::json last() const {
    size_t end = text.find_last_not_of('\n');
    size_t begin = text.rfind('\n', end);
    return nlohmann::json::parse(text.substr(begin == std::string::npos ? 0 : begin + 1));
  }
};

Output run(const std::string& arguments) {
  std::FILE* pipe = ::popen((std::string(FERRULE_FASHION_MNIST) + " " + arguments + " 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen failed");
  Output out;
  std::array<char, 4096> chunk;
  for (size_t n; (n = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;) out.text.append(chunk.data(), n);
  int status = ::pclose(pipe);
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return out;
}

std::string idx(std::initializer_list<uint32_t> extents, const std::string& bytes) {
  std::string out{0, 0, 8, static_cast<char>(extents.size())};
  for (uint32_t e : extents) {
    for (int shift : {24, 16, 8, 0}) out += static_cast<char>(e >> shift & 0xff);
  }
  return out + bytes;
}

void write_gzip(const std::string& path, const std::string& bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())), static_cast<int>(bytes.size()));
  ASSERT_EQ(gzclose(file), Z_OK);
}

// Noise with a bright row whose place tells the class.
class Data {
 public:
  Data() {
    write("train", 320);
    write("t10k", 64);
  }
  std::string flag() const { return "--data '" + dir_.path().string() + "'"; }
  std::string operator/(const std::string& name) const { return dir_ / name; }

 private:
  void write(const std::string& prefix, uint32_t n) {
    std::mt19937 rng(n);
    std::string pixels, labels;
    for (uint32_t i = 0; i < n; ++i) {
      auto label = static_cast<uint32_t>(rng() % 10);
      labels += static_cast<char>(label);
      for (uint32_t row = 0; row < 28; ++row) {
        for (int column = 0; column < 28; ++column)
          pixels += static_cast<char>(rng() % 100 + (row == 2 * label ? 150 : 0));
      }
    }
    write_gzip(dir_ / (prefix + "-images-idx3-ubyte.gz"), idx({n, 28, 28}, pixels));
    write_gzip(dir_ / (prefix + "-labels-idx1-ubyte.gz"), idx({n}, labels));
  }
  TempDir dir_;
};

TEST(FashionMnist, LearnsAndReportsInJson) {
  Data data;
  Output out = run("--model mlp --epochs 4 --batch 32 --json " + data.flag());
  ASSERT_EQ(out.status, 0) << out.text;
  auto json = out.last();
  EXPECT_EQ(json.at("backend"), "cpu");
  EXPECT_EQ(json.at("model"), "mlp");
  EXPECT_EQ(json.at("fallbacks"), 0);
  EXPECT_GT(json.at("seconds_per_epoch").get<double>(), 0.0);
  EXPECT_GT(json.at("test_accuracy").get<double>(), 0.8) << out.text;
}

// Three epochs at once, and two plus one: the same losses and the same bytes on disk.
TEST(FashionMnist, AResumedRunIsTheSameBitForBit) {
  Data data;
  for (const char* model : {"logreg", "mlp", "cnn"}) {
    std::string common = std::string("--batch 32 --seed 3 --json ") + data.flag() + " --model " + model;
    Output whole = run(common + " --epochs 3 --save " + (data / "whole.safetensors"));
    Output first = run(common + " --epochs 2 --save " + (data / "first.safetensors"));
    Output rest =
        run(common + " --epochs 3 --resume " + (data / "first.safetensors") + " --save " + (data / "rest.safetensors"));
    ASSERT_EQ(whole.status + first.status + rest.status, 0) << whole.text << first.text << rest.text;
    auto curve = whole.last().at("curve"), resumed = rest.last().at("curve");
    ASSERT_EQ(resumed.size(), 1u);
    EXPECT_EQ(resumed[0].at("loss"), curve[2].at("loss")) << model;
    EXPECT_EQ(resumed[0].at("test_accuracy"), curve[2].at("test_accuracy")) << model;
    EXPECT_EQ(read_file(data / "rest.safetensors"), read_file(data / "whole.safetensors")) << model;
  }
}

TEST(FashionMnist, SeedsMatter) {
  Data data;
  Output a = run("--epochs 1 --batch 32 --json --seed 1 " + data.flag());
  Output b = run("--epochs 1 --batch 32 --json --seed 2 " + data.flag());
  ASSERT_EQ(a.status + b.status, 0) << a.text << b.text;
  EXPECT_NE(a.last().at("curve")[0].at("loss"), b.last().at("curve")[0].at("loss"));
}

void expect_error(const Output& out, const std::string& part) {
  EXPECT_EQ(out.status, 1) << out.text;
  EXPECT_NE(out.text.find(part), std::string::npos) << out.text;
}

TEST(FashionMnist, DamagedDataIsAClearError) {
  Data data;
  std::string images = data / "train-images-idx3-ubyte.gz", labels = data / "train-labels-idx1-ubyte.gz";
  std::string good_images = read_file(images), good_labels = read_file(labels);
  std::string command = "--epochs 1 --batch 32 " + data.flag();

  write_file(images, good_images.substr(0, good_images.size() / 2));
  expect_error(run(command), "train-images-idx3-ubyte.gz");
  std::string flipped = good_images;
  flipped[flipped.size() - 6] ^= 1;  // in the checksum
  write_file(images, flipped);
  expect_error(run(command), "damaged");
  write_file(images, good_labels);
  expect_error(run(command), "magic");
  write_file(images, good_images);

  write_gzip(labels, idx({320}, std::string(320, '\x0a')));
  expect_error(run(command), "label above 9");
  write_gzip(labels, idx({319}, std::string(319, '\1')));
  expect_error(run(command), "as many as labels");
  write_gzip(labels, idx({320}, std::string(321, '\1')));
  expect_error(run(command), "more bytes");
  write_gzip(labels, idx({0xffffffffu}, ""));
  expect_error(run(command), "4294967295 items");
  std::filesystem::remove(labels);
  expect_error(run(command), "cannot be opened");
}

TEST(FashionMnist, AResumeThatDoesNotFitIsAClearError) {
  Data data;
  std::string file = data / "run.safetensors", common = data.flag() + " --resume " + file;
  ASSERT_EQ(run("--model logreg --epochs 1 --batch 32 " + data.flag() + " --save " + file).status, 0);
  expect_error(run("--model mlp --epochs 2 " + common), "--model differs");
  expect_error(run("--batch 16 --epochs 2 " + common), "--batch differs");
  std::string bytes = read_file(file);
  write_file(file, bytes.substr(0, bytes.size() - 1));
  expect_error(run("--epochs 2 " + common), "truncated");
  ferrule::save_safetensors(file, {{"x", ferrule::array(1)}});
  expect_error(run("--epochs 2 " + common), "no checkpoint");
}

}  // namespace
