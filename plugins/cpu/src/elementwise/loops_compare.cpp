// Inner loops with bool on one side: comparisons of every real dtype, logic, arithmetic of bool, and select. A stored
// bool is true for any byte but 0; results are 0 or 1.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "elementwise/loops_compare.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "elementwise/lane_map-inl.h"
#include "elementwise/loop_table.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ferrule::cpu {
namespace HWY_NAMESPACE {

struct Equal {
  template <class T>
  static uint8_t apply(T x, T y) {
    return x == y;
  }
};
struct NotEqual {
  template <class T>
  static uint8_t apply(T x, T y) {
    return x != y;
  }
};
struct Less {
  template <class T>
  static uint8_t apply(T x, T y) {
    return x < y;
  }
};
struct LessEqual {
  template <class T>
  static uint8_t apply(T x, T y) {
    return x <= y;
  }
};
struct Greater {
  template <class T>
  static uint8_t apply(T x, T y) {
    return x > y;
  }
};
struct GreaterEqual {
  template <class T>
  static uint8_t apply(T x, T y) {
    return x >= y;
  }
};
// F over bytes brought to 0 or 1.
template <class F>
struct OfBool {
  static uint8_t apply(uint8_t x, uint8_t y) {
    return F::apply(static_cast<uint8_t>(x != 0), static_cast<uint8_t>(y != 0));
  }
};
struct AndBool {
  static uint8_t apply(uint8_t x, uint8_t y) { return (x != 0) & (y != 0); }
};
struct OrBool {
  static uint8_t apply(uint8_t x, uint8_t y) { return (x | y) != 0; }
};
struct NotBool {
  static uint8_t apply(uint8_t x) { return x == 0; }
};
struct ToBool {
  static uint8_t apply(uint8_t x) { return x != 0; }
};
struct Select {
  template <class T>
  static T apply(uint8_t condition, T x, T y) {
    return condition != 0 ? x : y;
  }
};
struct SelectBool {
  static uint8_t apply(uint8_t condition, uint8_t x, uint8_t y) { return (condition != 0 ? x : y) != 0; }
};

template <class T>
void add_compare(LoopTable& table, uint32_t dtype) {
  table.ops[FRL_OP_equal][dtype] = lanes2<Equal, uint8_t, T>;
  table.ops[FRL_OP_not_equal][dtype] = lanes2<NotEqual, uint8_t, T>;
  table.ops[FRL_OP_less][dtype] = lanes2<Less, uint8_t, T>;
  table.ops[FRL_OP_less_equal][dtype] = lanes2<LessEqual, uint8_t, T>;
  table.ops[FRL_OP_greater][dtype] = lanes2<Greater, uint8_t, T>;
  table.ops[FRL_OP_greater_equal][dtype] = lanes2<GreaterEqual, uint8_t, T>;
}

void add_bool(LoopTable& table) {
  const auto add = [&](uint32_t op, Loop loop) { table.ops[op][FRL_DTYPE_BOOL] = loop; };
  add(FRL_OP_equal, lanes2<OfBool<Equal>, uint8_t, uint8_t>);
  add(FRL_OP_not_equal, lanes2<OfBool<NotEqual>, uint8_t, uint8_t>);
  add(FRL_OP_less, lanes2<OfBool<Less>, uint8_t, uint8_t>);
  add(FRL_OP_less_equal, lanes2<OfBool<LessEqual>, uint8_t, uint8_t>);
  add(FRL_OP_greater, lanes2<OfBool<Greater>, uint8_t, uint8_t>);
  add(FRL_OP_greater_equal, lanes2<OfBool<GreaterEqual>, uint8_t, uint8_t>);
  for (const uint32_t op : {FRL_OP_logical_and, FRL_OP_bitwise_and, FRL_OP_multiply, FRL_OP_minimum})
    add(op, lanes2<AndBool, uint8_t, uint8_t>);
  for (const uint32_t op : {FRL_OP_logical_or, FRL_OP_bitwise_or, FRL_OP_add, FRL_OP_maximum})
    add(op, lanes2<OrBool, uint8_t, uint8_t>);
  add(FRL_OP_bitwise_xor, lanes2<OfBool<NotEqual>, uint8_t, uint8_t>);
  for (const uint32_t op : {FRL_OP_logical_not, FRL_OP_bitwise_invert}) add(op, lanes1<NotBool, uint8_t, uint8_t>);
  for (const uint32_t op : {FRL_OP_abs, FRL_OP_sign}) add(op, lanes1<ToBool, uint8_t, uint8_t>);
  add(FRL_OP_select, lanes3<SelectBool, uint8_t, uint8_t, uint8_t>);
}

void add_compare_for_target(LoopTable& table) {
  add_bool(table);
  add_compare<uint8_t>(table, FRL_DTYPE_U8);
  add_compare<uint16_t>(table, FRL_DTYPE_U16);
  add_compare<uint32_t>(table, FRL_DTYPE_U32);
  add_compare<uint64_t>(table, FRL_DTYPE_U64);
  add_compare<int8_t>(table, FRL_DTYPE_I8);
  add_compare<int16_t>(table, FRL_DTYPE_I16);
  add_compare<int32_t>(table, FRL_DTYPE_I32);
  add_compare<int64_t>(table, FRL_DTYPE_I64);
  add_compare<float>(table, FRL_DTYPE_F32);
  add_compare<double>(table, FRL_DTYPE_F64);
  // Only the size matters where bits are moved. f16 and bf16 stand in the table here: select needs no arithmetic.
  for (uint32_t dtype = FRL_DTYPE_U8; dtype < kDtypes; ++dtype) {
    Loop loop = lanes3<Select, uint64_t, uint8_t, uint64_t>;
    if (item_bytes(dtype) == 1) loop = lanes3<Select, uint8_t, uint8_t, uint8_t>;
    if (item_bytes(dtype) == 2) loop = lanes3<Select, uint16_t, uint8_t, uint16_t>;
    if (item_bytes(dtype) == 4) loop = lanes3<Select, uint32_t, uint8_t, uint32_t>;
    table.ops[FRL_OP_select][dtype] = loop;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace ferrule::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ferrule::cpu {
HWY_EXPORT(add_compare_for_target);
void add_compare_loops(LoopTable& table) { HWY_DYNAMIC_DISPATCH(add_compare_for_target)(table); }
}  // namespace ferrule::cpu
#endif
