// Matrix products as kernels: matmul and addmm.
#include <fmt/format.h>

#include "ops/support.h"

namespace ferrule {

using namespace detail;

namespace {

// Gradients of a @ b, before broadcast batches are summed.
array left_gradient(const array& b, const array& g, const Stream& s) { return matmul(g, adjoint(b, s), s); }
array right_gradient(const array& a, const array& g, const Stream& s) { return matmul(adjoint(a, s), g, s); }

class Matmul final : public KernelPrimitive {
 public:
  using KernelPrimitive::KernelPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>&) override {
    std::vector<array> grads;
    for (int i : argnums) {
      grads.push_back(i == 0 ? left_gradient(primals[1], cotangents[0], stream())
                             : right_gradient(primals[0], cotangents[0], stream()));
    }
    return grads;
  }
};

class AddMM final : public AttributedPrimitive<frl_addmm_attrs> {
 public:
  using AttributedPrimitive::AttributedPrimitive;
  std::vector<array> vjp(const std::vector<array>& primals, const std::vector<array>& cotangents,
                         const std::vector<int>& argnums, const std::vector<array>&) override {
    const Stream& s = stream();
    const array& g = cotangents[0];
    std::vector<array> grads;
    for (int i : argnums) {
      array grad = i == 0 ? g : i == 1 ? left_gradient(primals[2], g, s) : right_gradient(primals[1], g, s);
      float factor = i == 0 ? attrs().beta : attrs().alpha;
      grads.push_back(factor == 1 ? grad : multiply(grad, scalar(static_cast<double>(factor), grad.dtype()), s));
    }
    return grads;
  }
  std::vector<array> decompose(const std::vector<array>& in) const override {
    const Stream& s = stream();
    Dtype dtype = in[0].dtype();
    array product = matmul(in[1], in[2], s);
    if (attrs().alpha != 1) product = multiply(product, scalar(static_cast<double>(attrs().alpha), dtype), s);
    if (attrs().beta == 0) return {product};
    array c = attrs().beta == 1 ? in[0] : multiply(in[0], scalar(static_cast<double>(attrs().beta), dtype), s);
    return {add(product, c, s)};
  }
};

// Two operands brought to one inexact dtype, rank at least 2 and equal batch extents.
struct Product {
  Product(const char* op, const array& left, const array& right, const Stream& s) : a(left), b(right) {
    Dtype dtype = promote(a.dtype(), b.dtype());
    if (!is_inexact(dtype)) {
      fail(op, "products need an inexact dtype", describe(a) + " and " + describe(b),
           "operands that promote to a floating or complex dtype");
    }
    if (a.ndim() == 0 || b.ndim() == 0) {
      fail(op, "scalars have no matrix product", describe(a) + " and " + describe(b), "at least 1 dimension");
    }
    a = cast(a, dtype, s);
    b = cast(b, dtype, s);
    vector_a = a.ndim() == 1;
    vector_b = b.ndim() == 1;
    if (vector_a) a = expand_dims(a, 0, s);
    if (vector_b) b = expand_dims(b, 1, s);
    if (a.shape(-1) != b.shape(-2)) {
      fail(op, "inner extents differ", describe(left) + " and " + describe(right),
           "the last extent of the first equal to the last but one of the second");
    }
    if (a.ndim() == 2 && b.ndim() == 2) {
      shape = {a.shape(0), b.shape(1)};
      return;
    }
    Shape batch_a(a.shape().begin(), a.shape().end() - 2), batch_b(b.shape().begin(), b.shape().end() - 2);
    Shape batch;
    try {
      batch = broadcast_shapes(batch_a, batch_b);
    } catch (const error&) {
      fail(op, "batch extents do not broadcast", describe(left) + " and " + describe(right), "equal extents, or 1");
    }
    auto with_batch = [&](const array& x) {
      Shape to = batch;
      to.push_back(x.shape(-2));
      to.push_back(x.shape(-1));
      return expand(x, to, s);
    };
    // A shared right operand: one product over all rows instead of a batch of products.
    if (batch_b.empty() && !vector_a) {
      rows = a.shape();
      int64_t n = 1;
      for (size_t i = 0; i + 1 < rows.size(); ++i) n *= rows[i];
      int64_t k = rows.back();
      a = reshape(a, {n, k}, s);
      shape = {n, b.shape(1)};
      return;
    }
    a = with_batch(a);
    b = with_batch(b);
    shape = batch;
    shape.push_back(a.shape(-2));
    shape.push_back(b.shape(-1));
  }

  // The product's shape without the axes that 1-d operands were given.
  array finish(array y, const Stream& s) const {
    Shape out = y.shape();
    if (!rows.empty()) {
      out = rows;
      out.back() = y.shape(1);
    }
    if (vector_b) out.pop_back();
    if (vector_a) out.erase(out.end() - (vector_b ? 1 : 2));
    return reshape(y, out, s);
  }

  array a, b;
  bool vector_a = false, vector_b = false;
  Shape rows;   // a's shape where its batch was merged into its rows
  Shape shape;  // of the node
};

}  // namespace

array matmul(const array& a, const array& b, StreamOrDevice where) {
  Stream s = to_stream(where);
  Product p("matmul", a, b, s);
  return p.finish(make<Matmul>(p.shape, p.a.dtype(), {p.a, p.b}, s, FRL_OP_matmul), s);
}

array addmm(array c, array a, array b, const float& alpha, const float& beta, StreamOrDevice where) {
  Stream s = to_stream(where);
  if (is_complex(promote(promote(a.dtype(), b.dtype()), c.dtype())) || a.ndim() < 2 || b.ndim() < 2) {
    // Vectors keep their shape only once the product is done; complex values take no real factors in kernels.
    array y = matmul(a, b, s);
    if (alpha != 1) y = multiply(y, scalar(static_cast<double>(alpha), y.dtype()), s);
    array bias = beta == 1 ? c : multiply(c, scalar(static_cast<double>(beta), at_least_float(c.dtype())), s);
    if (broadcast_shapes(y.shape(), c.shape()) != y.shape()) {
      fail("addmm", "c does not broadcast to the product", describe(c) + " for " + describe(y.shape()),
           "equal extents, or 1");
    }
    return add(y, bias, s);
  }
  Dtype dtype = promote(promote(a.dtype(), b.dtype()), c.dtype());
  Product p("addmm", cast(a, dtype, s), cast(b, dtype, s), s);
  Shape full = p.rows.empty() ? p.shape : p.rows;
  full.back() = p.shape.back();
  array bias = cast(c, p.a.dtype(), s);
  try {
    // A row broadcasts to merged rows as it is; anything else broadcasts first.
    if (bias.ndim() <= 1)
      bias = broadcast_to(bias, p.shape, s);
    else
      bias = reshape(broadcast_to(bias, full, s), p.shape, s);
  } catch (const error&) {
    fail("addmm", "c does not broadcast to the product", describe(c) + " for " + describe(full), "equal extents, or 1");
  }
  array y = make<AddMM>(p.shape, p.a.dtype(), {bias, p.a, p.b}, s, FRL_OP_addmm, frl_addmm_attrs{alpha, beta});
  return p.finish(y, s);
}

}  // namespace ferrule
