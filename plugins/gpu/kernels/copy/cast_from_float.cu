// Casts from the floating types to integers and bool.
#include "kernels/copy/cast.cuh"

namespace ferrule::gpu::copy {
namespace {

template <typename From>
void add_from(CastTable& table, uint32_t from) {
  elementwise::Entry* to = table.entries[from];
  to[FRL_DTYPE_BOOL] = cast_entry<Bool, From>();
  to[FRL_DTYPE_U8] = cast_entry<uint8_t, From>();
  to[FRL_DTYPE_U16] = cast_entry<uint16_t, From>();
  to[FRL_DTYPE_U32] = cast_entry<uint32_t, From>();
  to[FRL_DTYPE_U64] = cast_entry<uint64_t, From>();
  to[FRL_DTYPE_I8] = cast_entry<int8_t, From>();
  to[FRL_DTYPE_I16] = cast_entry<int16_t, From>();
  to[FRL_DTYPE_I32] = cast_entry<int32_t, From>();
  to[FRL_DTYPE_I64] = cast_entry<int64_t, From>();
}

}  // namespace

void add_from_float_casts(CastTable& table) {
  add_from<Half>(table, FRL_DTYPE_F16);
  add_from<Bfloat>(table, FRL_DTYPE_BF16);
  add_from<float>(table, FRL_DTYPE_F32);
  add_from<double>(table, FRL_DTYPE_F64);
  table.entries[FRL_DTYPE_C64][FRL_DTYPE_BOOL] = cast_entry<Bool, Complex>();
}

}  // namespace ferrule::gpu::copy
