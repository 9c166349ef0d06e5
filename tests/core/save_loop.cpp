// save_loop FILE: saves generation after generation of the same arrays to FILE, until it is killed. Every element of a
// generation has the same value, so that a mixture would show.
#include <ferrule/ferrule.h>

#include <string>

namespace fr = ferrule;

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::string file = argv[1];
  std::vector<float> data(200'000);
  for (int generation = 1;; ++generation) {
    for (float& x : data) x = static_cast<float>(generation);
    fr::array a(data.data(), {200'000}, fr::float32), b(data.data(), {7}, fr::float32);
    if (file.ends_with(".npy"))
      fr::save(file, a);
    else if (file.ends_with(".npz"))
      fr::savez(file, {{"a", a}, {"b", b}});
    else
      fr::save_safetensors(file, {{"a", a}, {"b", b}});
  }
}
