#include "loader/src/library.h"

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>
#include <exception>

#include "ferrule/loader/error.h"
#include "loader/platform/platform.h"

namespace ferrule::loader {

frl_plugin_query_fn load_query(const std::string& path) {
  using boost::dll::shared_library;
  namespace load_mode = boost::dll::load_mode;
  try {
    // Never unmapped: threads and at-exit handlers of vendor libraries may outlive the plugin's own shutdown.
    const auto stay = static_cast<load_mode::type>(platform::stay_mapped_flag());
    const shared_library library(path, load_mode::rtld_now | load_mode::rtld_local | stay);
    return &library.get<const frl_manifest*(uint32_t, uint32_t, uint32_t)>(FRL_PLUGIN_QUERY);
  } catch (const std::exception& error) {
    throw Error(std::string("cannot be loaded: ") + error.what());
  }
}

}  // namespace ferrule::loader
