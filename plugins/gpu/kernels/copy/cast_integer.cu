// Casts among integers and bool. Only widths count, except that a widened integer keeps its sign.
#include "kernels/copy/cast.cuh"

namespace ferrule::gpu::copy {
namespace {

constexpr uint32_t kUnsigned[] = {FRL_DTYPE_U8, FRL_DTYPE_U16, FRL_DTYPE_U32, FRL_DTYPE_U64};
constexpr uint32_t kSigned[] = {FRL_DTYPE_I8, FRL_DTYPE_I16, FRL_DTYPE_I32, FRL_DTYPE_I64};

// From both types of width index `from` to both of a narrower one, through the unsigned types.
template <typename To, typename From>
void add_narrowing(CastTable& table, uint32_t from, uint32_t to) {
  const elementwise::Entry entry = cast_entry<To, From>();
  for (uint32_t f : {kUnsigned[from], kSigned[from]}) {
    for (uint32_t t : {kUnsigned[to], kSigned[to]}) table.entries[f][t] = entry;
  }
}
template <typename To, typename Unsigned, typename Signed>
void add_widening(CastTable& table, uint32_t from, uint32_t to) {
  const elementwise::Entry zeros = cast_entry<To, Unsigned>(), signs = cast_entry<To, Signed>();
  for (uint32_t t : {kUnsigned[to], kSigned[to]}) {
    table.entries[kUnsigned[from]][t] = zeros;
    table.entries[kSigned[from]][t] = signs;
  }
}
template <typename T>
void add_bool(CastTable& table, uint32_t width) {
  const elementwise::Entry to = cast_entry<Bool, T>(), from = cast_entry<T, Bool>();
  for (uint32_t dtype : {kUnsigned[width], kSigned[width]}) {
    table.entries[dtype][FRL_DTYPE_BOOL] = to;
    table.entries[FRL_DTYPE_BOOL][dtype] = from;
  }
}

}  // namespace

void add_integer_casts(CastTable& table) {
  for (uint32_t width = 0; width < 4; ++width) {
    const elementwise::Entry same = same_size(1u << width);
    table.entries[kUnsigned[width]][kSigned[width]] = table.entries[kSigned[width]][kUnsigned[width]] = same;
  }
  add_narrowing<uint8_t, uint16_t>(table, 1, 0);
  add_narrowing<uint8_t, uint32_t>(table, 2, 0);
  add_narrowing<uint8_t, uint64_t>(table, 3, 0);
  add_narrowing<uint16_t, uint32_t>(table, 2, 1);
  add_narrowing<uint16_t, uint64_t>(table, 3, 1);
  add_narrowing<uint32_t, uint64_t>(table, 3, 2);
  add_widening<uint16_t, uint8_t, int8_t>(table, 0, 1);
  add_widening<uint32_t, uint8_t, int8_t>(table, 0, 2);
  add_widening<uint64_t, uint8_t, int8_t>(table, 0, 3);
  add_widening<uint32_t, uint16_t, int16_t>(table, 1, 2);
  add_widening<uint64_t, uint16_t, int16_t>(table, 1, 3);
  add_widening<uint64_t, uint32_t, int32_t>(table, 2, 3);
  add_bool<uint8_t>(table, 0);
  add_bool<uint16_t>(table, 1);
  add_bool<uint32_t>(table, 2);
  add_bool<uint64_t>(table, 3);
}

}  // namespace ferrule::gpu::copy
