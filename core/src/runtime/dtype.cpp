// Names, categories and promotion of dtypes.
#include "ferrule/dtype.h"

#include <ostream>

#include "runtime/failure.h"

namespace ferrule {
namespace {

using Category = Dtype::Category;

enum class Kind { boolean, unsigned_integer, signed_integer, floating, complex };

Kind kind_of(Dtype dtype) {
  uint32_t code = dtype.code();
  if (code == 1) return Kind::boolean;
  if (code <= 5) return Kind::unsigned_integer;
  if (code <= 9) return Kind::signed_integer;
  if (code <= 13) return Kind::floating;
  return Kind::complex;
}

Category category_of(Dtype dtype) {
  switch (kind_of(dtype)) {
    case Kind::boolean:
      return Category::generic;
    case Kind::unsigned_integer:
      return Category::unsignedinteger;
    case Kind::signed_integer:
      return Category::signedinteger;
    case Kind::floating:
      return Category::floating;
    case Kind::complex:
      return Category::complexfloating;
  }
  return Category::generic;
}

constexpr const char* kNames[] = {"",      "bool",  "uint8",   "uint16",   "uint32",  "uint64",  "int8",     "int16",
                                  "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64"};

}  // namespace

bool issubdtype(Category a, Category b) {
  auto parent = [](Category c) {
    switch (c) {
      case Category::complexfloating:
      case Category::floating:
        return Category::inexact;
      case Category::signedinteger:
      case Category::unsignedinteger:
        return Category::integer;
      case Category::inexact:
      case Category::integer:
        return Category::number;
      default:
        return Category::generic;
    }
  };
  while (a != b && a != Category::generic) a = parent(a);
  return a == b;
}

bool issubdtype(Dtype a, Category b) { return b == Category::generic || (a != bool_ && issubdtype(category_of(a), b)); }

bool issubdtype(Dtype a, Dtype b) { return a == b; }

Dtype promote_types(Dtype a, Dtype b) {
  if (a == b) return a;
  Kind ka = kind_of(a), kb = kind_of(b);
  if (ka > kb) {
    std::swap(a, b);
    std::swap(ka, kb);
  }
  if (kb == Kind::complex || ka == Kind::boolean) return b;
  if (ka == kb) {
    if (ka == Kind::floating && (a == float16 || a == bfloat16) && (b == float16 || b == bfloat16)) return float32;
    return a.size() > b.size() ? a : b;
  }
  if (kb == Kind::floating) return b;
  // unsigned with signed: the signed type that holds both, or float32 where there is none
  if (b.size() > a.size()) return b;
  switch (a.size()) {
    case 1:
      return int16;
    case 2:
      return int32;
    case 4:
      return int64;
    default:
      return float32;
  }
}

std::string dtype_name(Dtype dtype) { return kNames[dtype.code()]; }

Dtype dtype_from_name(const std::string& name) {
  for (uint8_t code = 1; code < std::size(kNames); ++code) {
    if (name == kNames[code]) return static_cast<Dtype::Val>(code);
  }
  detail::invalid("[dtype] unknown name; got '{}'; expected one such as float32 or int64", name);
}

std::ostream& operator<<(std::ostream& os, Dtype dtype) { return os << dtype_name(dtype); }

}  // namespace ferrule
