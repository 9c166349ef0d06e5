// Arithmetic on cotangents in which what is known when the gradient is built takes no kernel: the cotangent of a loss is
// one, a mean's is a scalar, and both reach many elements by broadcasting. Values are those of the ops themselves.
#pragma once

#include "ops/support.h"

namespace ferrule::detail {

// The element that a broadcast repeats; `a` itself where it is none.
const array& repeated_element(const array& a);

// a * b. One times b is b, and elements that lie in their nodes are multiplied at once.
array product(const array& a, const array& b, const Stream& s);
// -a
array negated(const array& a, const Stream& s);
// a - b. Without zero it is a.
array difference(const array& a, const array& b, const Stream& s);

}  // namespace ferrule::detail
