// exit_program f32|bf16|conv|threads: queues the process's first product or convolution and returns from main at once;
// exit has to wait for the work, whatever libraries the backend uses for it.
#include <ferrule/ferrule.h>

#include <atomic>
#include <chrono>
#include <string_view>
#include <thread>
#include <vector>

namespace fr = ferrule;

namespace {

fr::array product(fr::Dtype dtype, int n) {
  const fr::array a = fr::full({n, n}, 0.5f, dtype), b = fr::full({n, n}, 0.25f, dtype);
  return fr::matmul(a, b);
}

fr::array convolution() {
  const fr::array x = fr::full({4, 32, 32, 128}, 0.5f, fr::float32), w = fr::full({32, 3, 3, 128}, 0.25f, fr::float32);
  return fr::conv2d(x, w, {1, 1}, {1, 1});
}

// Two threads queue products of their own and stay; main waits until they have queued them.
void queue_on_threads() {
  static std::atomic<int> queued{0};
  for (int i = 0; i < 2; ++i) {
    std::thread([i] {
      const std::vector<fr::array> results = {product(fr::float32, 256 + 64 * i), product(fr::float32, 512 + 64 * i)};
      fr::async_eval(results);
      queued.fetch_add(1);
      for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
    }).detach();
  }
  while (queued.load() < 2) std::this_thread::yield();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (what == "threads") queue_on_threads();
  std::vector<fr::array> results;
  if (what == "f32" || what == "threads") results = {product(fr::float32, 256), product(fr::float32, 384)};
  if (what == "bf16") results = {product(fr::bfloat16, 256)};
  if (what == "conv") results = {convolution()};
  if (results.empty()) return 2;
  fr::async_eval(results);
  return 0;
}
