// A plugin whose open lets an exception out, which the ABI forbids; the loader reports it instead of ending the
// process.
#include <stdexcept>

#include "ferrule/plugin_entry.h"

static frl_status FRL_CALL open_plugin(const frl_host_api*, const frl_plugin_api**, frl_error*) {
  throw std::runtime_error("never meant to leave");
}

FRL_DEFINE_PLUGIN("throwing", "Tests", "1.0", FRL_ROLE_BACKEND, 5, open_plugin)
