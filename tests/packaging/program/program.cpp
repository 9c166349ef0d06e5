// A program of a stranger: two vectors are added on whatever device FERRULE_BACKEND names.
#include <ferrule/ferrule.h>

#include <exception>
#include <iostream>

namespace mx = ferrule;

int main() {
  try {
    const mx::array x({1.0f, 2.0f, 3.0f}), y({4.0f, 5.0f, 6.0f});
    mx::array sum = mx::add(x, y);
    sum.eval();
    std::cout << mx::default_device().name() << ":";
    for (size_t i = 0; i < sum.size(); ++i) std::cout << " " << sum.data<float>()[i];
    std::cout << "\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
