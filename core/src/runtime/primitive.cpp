#include "ferrule/primitive.h"

#include <algorithm>
#include <typeinfo>

#include "runtime/failure.h"
#include "runtime/kernel_table.h"

namespace ferrule {

std::vector<array> Primitive::vjp(const std::vector<array>&, const std::vector<array>&, const std::vector<int>&,
                                  const std::vector<array>&) {
  detail::fail(ErrorCode::unsupported, "[vjp] {} has no gradient", name());
}

std::vector<array> Primitive::decompose(const std::vector<array>&) const { return {}; }

bool Primitive::is_equivalent(const Primitive& other) const { return this == &other; }

namespace detail {

const char* KernelPrimitive::name() const { return op_info(code_)->name; }

void KernelPrimitive::eval(Evaluation& evaluation, const std::vector<array>& inputs, std::vector<array>& outputs) {
  evaluation.launch(code_, attributes(), inputs, outputs);
}

bool KernelPrimitive::is_equivalent(const Primitive& other) const {
  if (this == &other) return true;
  if (typeid(*this) != typeid(other)) return false;
  const auto& same = static_cast<const KernelPrimitive&>(other);
  auto mine = attributes(), theirs = same.attributes();
  return code_ == same.code_ && stream() == same.stream() && std::ranges::equal(mine, theirs);
}

}  // namespace detail
}  // namespace ferrule
