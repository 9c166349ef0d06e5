#include "loader/src/full_table.h"

#include <cstdio>

#include "ferrule/loader/plugin.h"

namespace ferrule::loader {

void write_absent_slot(const char* slot, frl_error* error) {
  if (error == nullptr || error->struct_size < sizeof(frl_error)) return;
  error->code = FRL_UNSUPPORTED;
  error->native_code = 0;
  std::snprintf(error->message, sizeof(error->message), "[%s] the plugin does not offer this slot", slot);
}

#define FILL(slot, behaviour)                                                                     \
  do {                                                                                            \
    if (full.slot == nullptr) full.slot = &Stub<SlotName(#slot), decltype(full.slot)>::behaviour; \
  } while (false)

frl_device_api full_device_api(const frl_device_api* table) {
  frl_device_api full = read_table(table);
  FILL(buffer_alloc, unsupported);
  FILL(buffer_free, nothing);
  FILL(buffer_map, unsupported);
  FILL(buffer_unmap, unsupported);
  FILL(memory_info, unsupported);
  FILL(device_trim, succeed);
  FILL(stream_create, unsupported);
  FILL(stream_destroy, nothing);
  FILL(stream_flush, unsupported);
  FILL(stream_wait_event, unsupported);
  FILL(event_create, unsupported);
  FILL(event_destroy, nothing);
  FILL(event_record, unsupported);
  FILL(event_query, unsupported);
  FILL(event_wait, unsupported);
  FILL(event_elapsed, unsupported);
  FILL(event_on_done, unsupported);
  FILL(copy_in, unsupported);
  FILL(copy_out, unsupported);
  FILL(copy, unsupported);
  FILL(fill, unsupported);
  FILL(kernel_find, unsupported);
  FILL(kernel_query, unsupported);
  FILL(kernel_launch, unsupported);
  FILL(kernel_prepare, succeed);
  FILL(plan_release, nothing);
  FILL(device_extension, nothing);
  return full;
}

frl_plugin_api full_plugin_api(const frl_plugin_api* table) {
  frl_plugin_api full = read_table(table);
  FILL(device_count, unsupported);
  FILL(device_info, unsupported);
  FILL(device_open, unsupported);
  FILL(device_close, nothing);
  FILL(quiesce, succeed);
  FILL(shutdown, nothing);
  FILL(plugin_extension, nothing);
  return full;
}
#undef FILL

}  // namespace ferrule::loader
