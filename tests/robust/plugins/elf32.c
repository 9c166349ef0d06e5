/* The least that the ELF reader accepts, without a C library, so that it compiles for 32 bits anywhere. Never opened.
 */
#include "ferrule/plugin_entry.h"

static frl_status FRL_CALL open_plugin(const frl_host_api* host, const frl_plugin_api** out_api, frl_error* error) {
  (void)host, (void)out_api, (void)error;
  return FRL_UNSUPPORTED;
}

FRL_DEFINE_PLUGIN(VARIANT_NAME, "Tests", "1.0", FRL_ROLE_BACKEND, 5, open_plugin)
