// einsum: operands are contracted from left to right, each pair as one (batched) matrix product.
#include <fmt/format.h>

#include <cctype>

#include "ops/support.h"

namespace ferrule {

using namespace detail;

namespace {

// An array whose axes carry labels, each once.
struct Term {
  array x;
  std::string labels;

  bool has(char label) const { return labels.find(label) != std::string::npos; }
  int axis(char label) const { return static_cast<int>(labels.find(label)); }
  int64_t extent(char label) const { return x.shape(axis(label)); }
};

// Sums over the axes whose label is not in `needed`.
void sum_unneeded(Term& t, const std::string& needed, const Stream& s) {
  std::vector<int> axes;
  std::string kept;
  for (char c : t.labels) {
    if (needed.find(c) == std::string::npos)
      axes.push_back(t.axis(c));
    else
      kept += c;
  }
  if (axes.empty()) return;
  t.x = cast(sum(t.x, axes, false, s), t.x.dtype(), s);
  t.labels = kept;
}

// A label twice on one operand stands for the diagonal.
Term make_term(const array& a, const std::string& labels, const Stream& s) {
  Term t{a, labels};
  for (size_t i = 0; i < t.labels.size();) {
    size_t j = t.labels.find(t.labels[i], i + 1);
    if (j == std::string::npos) {
      ++i;
      continue;
    }
    char c = t.labels[i];
    t.x = diagonal(t.x, 0, static_cast<int>(i), static_cast<int>(j), s);
    t.labels.erase(j, 1);
    t.labels.erase(i, 1);
    t.labels += c;
    i = 0;
  }
  return t;
}

array arranged(const Term& t, const std::string& order, const Shape& shape, const Stream& s) {
  std::vector<int> axes;
  for (char c : order) axes.push_back(t.axis(c));
  return reshape(transpose(t.x, axes, s), shape, s);
}

Term contract(const Term& a, const Term& b, const std::string& needed, const Stream& s) {
  std::string batch, rows, columns, depth;
  int64_t n_batch = 1, n_rows = 1, n_columns = 1, n_depth = 1;
  Shape shape;
  auto take = [&](std::string& group, int64_t& count, const Term& t, char c) {
    group += c;
    count *= t.extent(c);
    if (&group != &depth) shape.push_back(t.extent(c));
  };
  for (char c : a.labels) {
    if (b.has(c) && needed.find(c) != std::string::npos) take(batch, n_batch, a, c);
  }
  for (char c : a.labels) {
    if (!b.has(c))
      take(rows, n_rows, a, c);
    else if (needed.find(c) == std::string::npos)
      take(depth, n_depth, a, c);
  }
  for (char c : b.labels) {
    if (!a.has(c)) take(columns, n_columns, b, c);
  }
  array x = arranged(a, batch + rows + depth, {n_batch, n_rows, n_depth}, s);
  array y = arranged(b, batch + depth + columns, {n_batch, n_depth, n_columns}, s);
  Dtype dtype = promote(x.dtype(), y.dtype());
  // Products of integers have no matmul.
  array z = is_inexact(dtype)
                ? matmul(x, y, s)
                : cast(sum(multiply(expand_dims(x, 3, s), expand_dims(y, 1, s), s), 2, false, s), dtype, s);
  return {reshape(z, shape, s), batch + rows + columns};
}

[[noreturn]] void malformed(const std::string& subscripts, const std::string& why) {
  fail("einsum", why, "\"" + subscripts + "\"", "letters for the axes of every operand, as in \"ij,jk->ik\"");
}

}  // namespace

array einsum(const std::string& subscripts, const std::vector<array>& operands, StreamOrDevice where) {
  Stream s = to_stream(where);
  std::string text;
  for (char c : subscripts) {
    if (!std::isspace(static_cast<unsigned char>(c))) text += c;
  }
  size_t arrow = text.find("->");
  std::string left = text.substr(0, arrow), output;
  std::vector<std::string> inputs{""};
  for (char c : left) {
    if (c == ',')
      inputs.emplace_back();
    else if (std::isalpha(static_cast<unsigned char>(c)))
      inputs.back() += c;
    else
      malformed(subscripts, "unexpected character");
  }
  if (inputs.size() != operands.size()) {
    fail("einsum", "subscripts and operands differ in number",
         fmt::format("\"{}\" for {} operands", subscripts, operands.size()), "one group of labels per operand");
  }
  if (arrow != std::string::npos) {
    output = text.substr(arrow + 2);
    for (size_t i = 0; i < output.size(); ++i) {
      if (left.find(output[i]) == std::string::npos || !std::isalpha(static_cast<unsigned char>(output[i])))
        malformed(subscripts, "the output names an unknown label");
      if (output.find(output[i], i + 1) != std::string::npos) malformed(subscripts, "the output names a label twice");
    }
  } else {
    // Labels that occur once, in alphabetical order.
    for (char c = 'A'; c <= 'z'; ++c) {
      if (std::isalpha(static_cast<unsigned char>(c)) && std::count(left.begin(), left.end(), c) == 1) output += c;
    }
  }

  int64_t extents[128] = {};
  std::vector<Term> terms;
  for (size_t k = 0; k < operands.size(); ++k) {
    if (inputs[k].size() != operands[k].shape().size()) {
      fail("einsum", "labels and dimensions differ in number",
           fmt::format("\"{}\" for {}", inputs[k], describe(operands[k])), "one label per dimension");
    }
    for (size_t i = 0; i < inputs[k].size(); ++i) {
      int64_t n = operands[k].shape()[i];
      int64_t& known = extents[static_cast<unsigned char>(inputs[k][i])];
      if (known != 0 && known != n + 1 && n != 1 && known != 2) {
        fail("einsum", "a label has two extents", fmt::format("{} and {} for '{}'", known - 1, n, inputs[k][i]),
             "one extent, or 1");
      }
      if (known == 0 || n != 1) known = n + 1;
    }
  }
  // Extents of 1 broadcast.
  for (size_t k = 0; k < operands.size(); ++k) {
    Shape shape;
    for (char c : inputs[k]) shape.push_back(extents[static_cast<unsigned char>(c)] - 1);
    terms.push_back(make_term(expand(operands[k], shape, s), inputs[k], s));
  }

  Term result = terms[0];
  for (size_t k = 0; k < terms.size(); ++k) {
    std::string later = output;
    for (size_t j = k + 1; j < terms.size(); ++j) later += terms[j].labels;
    if (k > 0) {
      sum_unneeded(terms[k], later + result.labels, s);
      sum_unneeded(result, later + terms[k].labels, s);
      result = contract(result, terms[k], later, s);
    }
    sum_unneeded(result, later, s);
  }
  std::vector<int> order;
  for (char c : output) order.push_back(result.axis(c));
  return transpose(result.x, order, s);
}

}  // namespace ferrule
