// Initialisers, as in mlx.nn.init: each returns a function that makes an array of the shape and of its own dtype.
#pragma once

#include <functional>

#include "ferrule/array.h"

#pragma GCC visibility push(default)
namespace ferrule::nn::init {

using Initializer = std::function<array(const array&)>;
enum class Fan { in, out };

Initializer constant(double value, Dtype dtype = float32);
Initializer normal(double mean = 0.0, double std = 1.0, Dtype dtype = float32);
Initializer uniform(double low = 0.0, double high = 1.0, Dtype dtype = float32);
Initializer identity(Dtype dtype = float32);
// Weights of shape [out, kernel.., in]. Glorot & Bengio, 2010; He et al., 2015.
Initializer glorot_normal(double gain = 1.0, Dtype dtype = float32);
Initializer glorot_uniform(double gain = 1.0, Dtype dtype = float32);
Initializer he_normal(Fan mode = Fan::in, double gain = 1.0, Dtype dtype = float32);
Initializer he_uniform(Fan mode = Fan::in, double gain = 1.0, Dtype dtype = float32);

}  // namespace ferrule::nn::init
#pragma GCC visibility pop
