// What the tests of ops share: values on the host, and comparisons that print both sides.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "ferrule/ferrule.h"

namespace ferrule::testing {

// The elements as double, in row-major order.
inline std::vector<double> values(const array& a) {
  array wide = astype(a, float64);
  const double* p = wide.data<double>();
  return {p, p + wide.size()};
}

inline array f64(const std::vector<double>& data, const Shape& shape) { return array(data.data(), shape, float64); }

inline Shape shape_of(std::initializer_list<int64_t> extents) { return Shape(extents); }

inline void expect_values(const array& got, const std::vector<double>& want, double tolerance = 0) {
  std::vector<double> have = values(got);
  ASSERT_EQ(have.size(), want.size()) << to_string(got);
  for (size_t i = 0; i < want.size(); ++i) {
    if (std::isnan(want[i])) {
      EXPECT_TRUE(std::isnan(have[i])) << "element " << i << " of " << to_string(got);
    } else if (std::isinf(want[i]) || tolerance == 0) {
      EXPECT_EQ(have[i], want[i]) << "element " << i << " of " << to_string(got);
    } else {
      EXPECT_NEAR(have[i], want[i], tolerance * std::max(1.0, std::abs(want[i])))
          << "element " << i << " of " << to_string(got);
    }
  }
}

inline void expect_array(const array& got, Dtype dtype, const Shape& shape, const std::vector<double>& want,
                         double tolerance = 0) {
  EXPECT_EQ(dtype_name(got.dtype()), dtype_name(dtype));
  ASSERT_TRUE(got.shape() == shape) << to_string(got);
  expect_values(got, want, tolerance);
}

// Runs f; the error's message, or "" when there was none.
template <typename F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), ErrorCode::invalid_argument) << e.what();
    return e.what();
  }
  return "";
}

// An error message that names the op, and says what was got and what was expected.
template <typename F>
void expect_error(F&& f, const std::string& op, const std::string& got) {
  std::string message = error_of(f);
  EXPECT_EQ(message.rfind("[" + op + "]", 0), 0u) << "message: " << message;
  EXPECT_NE(message.find("got "), std::string::npos) << "message: " << message;
  EXPECT_NE(message.find("expected "), std::string::npos) << "message: " << message;
  EXPECT_NE(message.find(got), std::string::npos) << "message: " << message << "\nlooked for: " << got;
}

}  // namespace ferrule::testing
