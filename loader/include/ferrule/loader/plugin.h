// An opened plugin: its library, its manifest and its full table. Shared by everything that uses it.
#pragma once
#include <memory>
#include <string>

#include "ferrule/loader/discovery.h"
#include "ferrule/plugin.h"

namespace ferrule::loader {

class Plugin {
 public:
  // Shuts the plugin down unless shutdown() was called. The library stays mapped: no dlclose.
  ~Plugin();
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  const std::string& name() const { return manifest_.name; }
  const std::string& path() const { return path_; }
  const Manifest& manifest() const { return manifest_; }

  // Every slot is callable: one that the plugin lacks is a stub, see full_device_api.
  const frl_plugin_api* api() const { return &api_; }
  // The table that the plugin itself gave, which may be shorter and hold NULL.
  const frl_plugin_api* raw_api() const { return raw_api_; }

  // Calls quiesce and shutdown, once; later calls do nothing. Nothing of the plugin is used afterwards.
  // process_is_exiting: no quiesce, and the plugin releases nothing.
  void shutdown(bool process_is_exiting);

 private:
  struct Slot;
  friend std::shared_ptr<Plugin> open(const Candidate&, const frl_host_api*);
  Plugin() = default;

  std::string path_;
  Manifest manifest_;
  frl_plugin_api api_{};
  const frl_plugin_api* raw_api_ = nullptr;
  std::shared_ptr<Slot> slot_;
};

// Opens a usable candidate: dlopen (now, local), one symbol, the query's manifest against the one in the file, then the
// plugin's open with `host`, which must outlive the plugin. A file that is open already gives the same Plugin.
// Throws Error, in one line that names the plugin and its path. Safe from any thread.
std::shared_ptr<Plugin> open(const Candidate& candidate, const frl_host_api* host);

// A device table in which every slot is callable. A slot that the table lacks (NULL, or beyond its struct_size) becomes
//  - for device_trim and kernel_prepare a stub that succeeds, for destroys and plan_release one that does nothing, for
//    device_extension one that answers NULL: what an absent optional slot means;
//  - for all others a stub that returns FRL_UNSUPPORTED and names the slot in the error.
frl_device_api full_device_api(const frl_device_api* table);

// Why device `index` of the plugin cannot be used ("no device: ...", "has 2 devices, index 5 was asked"), in words;
// empty when it can. Asks device_count and device_info and opens nothing.
std::string unusable_device(const Plugin& plugin, uint32_t index);

// The message of an error, or the status in words when the callee left none.
std::string describe(frl_status status, const frl_error& error);

}  // namespace ferrule::loader
