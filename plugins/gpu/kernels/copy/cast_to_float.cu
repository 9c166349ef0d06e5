// Casts to the floating types and complex64.
#include "kernels/copy/cast.cuh"

namespace ferrule::gpu::copy {
namespace {

template <typename From>
void add_to(CastTable& table, uint32_t from) {
  elementwise::Entry* to = table.entries[from];
  if constexpr (!is_same<From, Half>) to[FRL_DTYPE_F16] = cast_entry<Half, From>();
  if constexpr (!is_same<From, Bfloat>) to[FRL_DTYPE_BF16] = cast_entry<Bfloat, From>();
  if constexpr (!is_same<From, float>) to[FRL_DTYPE_F32] = cast_entry<float, From>();
  if constexpr (!is_same<From, double>) to[FRL_DTYPE_F64] = cast_entry<double, From>();
  to[FRL_DTYPE_C64] = cast_entry<Complex, From>();
}

}  // namespace

void add_to_float_casts(CastTable& table) {
  add_to<Bool>(table, FRL_DTYPE_BOOL);
  add_to<uint8_t>(table, FRL_DTYPE_U8);
  add_to<uint16_t>(table, FRL_DTYPE_U16);
  add_to<uint32_t>(table, FRL_DTYPE_U32);
  add_to<uint64_t>(table, FRL_DTYPE_U64);
  add_to<int8_t>(table, FRL_DTYPE_I8);
  add_to<int16_t>(table, FRL_DTYPE_I16);
  add_to<int32_t>(table, FRL_DTYPE_I32);
  add_to<int64_t>(table, FRL_DTYPE_I64);
  add_to<Half>(table, FRL_DTYPE_F16);
  add_to<Bfloat>(table, FRL_DTYPE_BF16);
  add_to<float>(table, FRL_DTYPE_F32);
  add_to<double>(table, FRL_DTYPE_F64);
}

}  // namespace ferrule::gpu::copy
