// Initialisers.
#include "ferrule/nn/init.h"

#include <fmt/format.h>

#include <cmath>

#include "ferrule/ops.h"
#include "ferrule/random.h"

namespace ferrule::nn::init {

namespace {

struct Fans {
  double in, out;
};

Fans fans(const array& a) {
  if (a.ndim() < 2) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[init] got {} dimensions; expected at least 2 for Glorot and He", a.ndim()));
  }
  double receptive = 1;
  for (int i = 1; i + 1 < a.ndim(); ++i) receptive *= static_cast<double>(a.shape(i));
  return {static_cast<double>(a.shape(-1)) * receptive, static_cast<double>(a.shape(0)) * receptive};
}

array draw_normal(const array& a, double mean, double std, Dtype dtype) {
  return random::normal(a.shape(), dtype, static_cast<float>(mean), static_cast<float>(std));
}

array draw_uniform(const array& a, double low, double high, Dtype dtype) {
  return random::uniform(array(low), array(high), a.shape(), dtype);
}

double fan(const array& a, Fan mode) { return mode == Fan::in ? fans(a).in : fans(a).out; }

}  // namespace

Initializer constant(double value, Dtype dtype) {
  return [=](const array& a) { return full(a.shape(), array(value, dtype), dtype); };
}

Initializer normal(double mean, double std, Dtype dtype) {
  return [=](const array& a) { return draw_normal(a, mean, std, dtype); };
}

Initializer uniform(double low, double high, Dtype dtype) {
  return [=](const array& a) { return draw_uniform(a, low, high, dtype); };
}

Initializer identity(Dtype dtype) {
  return [=](const array& a) {
    if (a.ndim() != 2 || a.shape(0) != a.shape(1)) {
      throw error(ErrorCode::invalid_argument,
                  fmt::format("[init.identity] got shape ({}); expected a square matrix", fmt::join(a.shape(), ", ")));
    }
    return eye(static_cast<int>(a.shape(0)), dtype);
  };
}

Initializer glorot_normal(double gain, Dtype dtype) {
  return [=](const array& a) {
    Fans f = fans(a);
    return draw_normal(a, 0.0, gain * std::sqrt(2.0 / (f.in + f.out)), dtype);
  };
}

Initializer glorot_uniform(double gain, Dtype dtype) {
  return [=](const array& a) {
    Fans f = fans(a);
    double limit = gain * std::sqrt(6.0 / (f.in + f.out));
    return draw_uniform(a, -limit, limit, dtype);
  };
}

Initializer he_normal(Fan mode, double gain, Dtype dtype) {
  return [=](const array& a) { return draw_normal(a, 0.0, gain / std::sqrt(fan(a, mode)), dtype); };
}

Initializer he_uniform(Fan mode, double gain, Dtype dtype) {
  return [=](const array& a) {
    double limit = gain * std::sqrt(3.0 / fan(a, mode));
    return draw_uniform(a, -limit, limit, dtype);
  };
}

}  // namespace ferrule::nn::init
