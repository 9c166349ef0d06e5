// Recorded values of MLX (data/make_oracle.py) and comparison with them.
#pragma once

#include <ferrule/ferrule.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

struct Recorded {
  ferrule::Dtype dtype = ferrule::float32;
  ferrule::Shape shape;
  std::vector<double> values;  // complex64: pairs
};

inline Recorded recorded(const std::string& name) {
  static const nlohmann::json kAll = nlohmann::json::parse(std::ifstream(FERRULE_TEST_DATA "/oracle.json"));
  if (!kAll.contains(name)) throw std::runtime_error("oracle.json has no " + name);
  const auto& entry = kAll.at(name);
  Recorded r;
  r.dtype = ferrule::dtype_from_name(entry.at("dtype").get<std::string>());
  for (int64_t extent : entry.at("shape")) r.shape.push_back(extent);
  for (const auto& v : entry.at("values")) {
    r.values.push_back(v.is_string()    ? std::stod(v.get<std::string>())
                       : v.is_boolean() ? v.get<bool>()
                                        : v.get<double>());
  }
  return r;
}

// As an array, for inputs.
inline ferrule::array recorded_array(const std::string& name) {
  Recorded r = recorded(name);
  return ferrule::array(r.values.data(), r.shape, r.dtype);
}

// Dtype, shape and values agree: |got - expected| <= tolerance * max(1, |expected|). 0 asks for equality.
inline void expect_recorded(const ferrule::array& got, const std::string& name, double tolerance) {
  Recorded expected = recorded(name);
  bool complex = expected.dtype == ferrule::complex64;
  if (complex) expected.shape.pop_back();
  ASSERT_EQ(got.dtype(), expected.dtype) << name;
  ASSERT_EQ(got.shape(), expected.shape) << name;
  ferrule::array wide = complex ? ferrule::view(got, ferrule::float32) : got;
  wide = ferrule::astype(wide, ferrule::float64);
  const double* data = wide.data<double>();
  for (size_t i = 0; i < expected.values.size(); ++i) {
    double e = expected.values[i];
    bool ok = std::isfinite(e) ? std::fabs(data[i] - e) <= tolerance * std::fmax(1.0, std::fabs(e))
                               : data[i] == e || (std::isnan(e) && std::isnan(data[i]));
    ASSERT_TRUE(ok) << name << "[" << i << "]: got " << data[i] << ", expected " << e;
  }
}
