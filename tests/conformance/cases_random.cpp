// random_bits: bit-exact, every width, odd and even lengths, several keys.
#include <gtest/gtest.h>

#include "catalog.h"
#include "data.h"

namespace ferrule::conformance {

void add_random_cases(Catalog& catalog) {
  const Op& op = conformance::op("random_bits");
  for (uint32_t dtype : {FRL_DTYPE_U8, FRL_DTYPE_U16, FRL_DTYPE_U32})
    for (int64_t rows : {1, 3})
      for (int64_t m : {1, 2, 3, 4, 5, 6, 7, 8, 9, 63, 64, 65, 131, 1021, 40003}) {
        if (rows > 1 && m > 2000) continue;
        for (const LayoutKind layout : {LayoutKind::CONTIGUOUS, LayoutKind::SLICED, LayoutKind::NEGATIVE}) {
          if (layout != LayoutKind::CONTIGUOUS && m != 65) continue;
          const std::string id = case_id("random", op, dtype, layout_name(layout), {rows, m});
          catalog.add(id, op.profile, [&op, id, dtype, rows, m, layout](Context& context) {
            Random random(id);
            Tensor keys(FRL_DTYPE_U32, {rows, 2});
            fill_bits(keys, random);
            if (rows == 1 && m < 4) keys = Tensor(FRL_DTYPE_U32, {1, 2});  // key 0
            Launch launch;
            launch.op = &op;
            launch.inputs = {Operand(keys, layout)};
            launch.outputs = {Operand(Tensor(dtype, {rows, m}))};
            check(context, launch, {want_random_bits(keys, dtype, m)});
          });
        }
      }
}

}  // namespace ferrule::conformance
