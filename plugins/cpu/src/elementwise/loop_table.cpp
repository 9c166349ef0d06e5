// Builds the table of inner loops once, from the families, for the best target of this machine.
#include "elementwise/loop_table.h"

namespace ferrule::cpu {
LoopTable build_loop_table() {
  LoopTable table;
  add_float_loops(table);
  add_exp_loops(table);
  add_trig_loops(table);
  add_wide_loops(table);
  add_double_loops(table);
  add_integer_loops(table);
  add_compare_loops(table);
  add_complex_loops(table);
  add_cast_loops(table);
  return table;
}

const LoopTable& loop_table() {
  static const LoopTable table = build_loop_table();
  return table;
}

uint32_t cast_via(const LoopTable& table, uint32_t from, uint32_t to) {
  return table.casts[from][to] != nullptr ? to : static_cast<uint32_t>(FRL_DTYPE_F32);
}

}  // namespace ferrule::cpu
