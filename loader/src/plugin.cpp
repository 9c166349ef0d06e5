#include "ferrule/loader/plugin.h"

#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "ferrule/loader/error.h"
#include "loader/src/full_table.h"
#include "loader/src/library.h"

namespace ferrule::loader {

// One per file: holds the library, and serialises opening and shutting down, which a plugin may only see in turn.
struct Plugin::Slot {
  std::mutex mutex;
  std::condition_variable closed;
  bool is_open = false;
  std::weak_ptr<Plugin> plugin;
};

namespace {

template <typename SlotType>
std::shared_ptr<SlotType> slot_of(const std::string& path) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<SlotType>> slots;
  const std::lock_guard lock(mutex);
  std::shared_ptr<SlotType>& slot = slots[path];
  if (!slot) slot = std::make_shared<SlotType>();
  return slot;
}

[[noreturn]] void fail(const Candidate& candidate, const std::string& what) {
  const std::string& name = candidate.manifest.name;
  throw Error("plugin " + (name.empty() ? "" : name + " ") + "(" + candidate.path + ") " + what);
}

std::string one_line(std::string text) {
  for (char& each : text) {
    if (each == '\n' || each == '\r') each = ' ';
  }
  return text;
}

// An exception must not leave a plugin; one that does while it is being opened is reported like any other failure.
template <typename Call>
auto guarded(const Candidate& candidate, const char* what, Call call) {
  try {
    return call();
  } catch (...) {
    fail(candidate, std::string("threw an exception from its ") + what);
  }
}

const frl_manifest* query(const Candidate& candidate) {
  frl_plugin_query_fn function = nullptr;
  try {
    function = load_query(candidate.path);
  } catch (const Error& error) {
    fail(candidate, one_line(error.what()));
  }
  const frl_manifest* manifest =
      guarded(candidate, "query", [&] { return function(FRL_ABI_MAJOR, kHostMinorMin, kHostMinorMax); });
  if (manifest == nullptr) {
    fail(candidate, "speaks no ABI version in the range " + std::to_string(FRL_ABI_MAJOR) + "." +
                        std::to_string(kHostMinorMin) + " to " + std::to_string(FRL_ABI_MAJOR) + "." +
                        std::to_string(kHostMinorMax));
  }
  return manifest;
}

// The head was judged as data; code that answers with another one is not what was judged.
void compare(const Candidate& candidate, const frl_manifest& manifest) {
  Manifest answered;
  try {
    answered = read_manifest_head(manifest.head);
  } catch (const Error& error) {
    fail(candidate, std::string("answers the query with a manifest that ") + error.what());
  }
  const Manifest& noted = candidate.manifest;
  const auto key = [](const Manifest& m) {
    return std::tie(m.name, m.vendor, m.version, m.build_id, m.abi_major, m.abi_minor_min, m.abi_minor_max, m.role,
                    m.build_flags, m.score);
  };
  if (key(answered) != key(noted)) {
    fail(candidate, "answers the query with another manifest (" + answered.name + " " + answered.version +
                        ") than its file's note (" + noted.name + " " + noted.version + ")");
  }
  if (manifest.open == nullptr) fail(candidate, "has no open function in its manifest");
}

const frl_plugin_api* open_table(const Candidate& candidate, const frl_manifest& manifest, const frl_host_api* host) {
  frl_error error{};
  error.struct_size = sizeof(error);
  const frl_plugin_api* table = nullptr;
  const frl_status status = guarded(candidate, "open", [&] { return manifest.open(host, &table, &error); });
  if (status != FRL_OK) fail(candidate, "failed to open: " + one_line(describe(status, error)));
  if (table == nullptr) fail(candidate, "opened without giving a table");
  const frl_plugin_api copy = read_table(table);
  const std::pair<bool, const char*> required[] = {
      {copy.device_count != nullptr, "device_count"}, {copy.device_info != nullptr, "device_info"},
      {copy.device_open != nullptr, "device_open"},   {copy.device_close != nullptr, "device_close"},
      {copy.quiesce != nullptr, "quiesce"},           {copy.shutdown != nullptr, "shutdown"}};
  for (const auto& [present, slot] : required) {
    if (!present) fail(candidate, std::string("gave a table without the required slot ") + slot);
  }
  return table;
}

}  // namespace

std::shared_ptr<Plugin> open(const Candidate& candidate, const frl_host_api* host) {
  if (!candidate.usable) fail(candidate, "cannot be opened: " + candidate.reason);
  const std::shared_ptr<Plugin::Slot> slot = slot_of<Plugin::Slot>(candidate.path);
  std::unique_lock lock(slot->mutex);
  if (std::shared_ptr<Plugin> plugin = slot->plugin.lock(); plugin && slot->is_open) return plugin;
  slot->closed.wait(lock, [&] { return !slot->is_open; });  // the last owner is about to shut it down

  const frl_manifest* manifest = query(candidate);
  compare(candidate, *manifest);
  std::shared_ptr<Plugin> plugin(new Plugin);
  plugin->path_ = candidate.path;
  plugin->manifest_ = candidate.manifest;
  plugin->raw_api_ = open_table(candidate, *manifest, host);
  plugin->api_ = full_plugin_api(plugin->raw_api_);
  plugin->slot_ = slot;
  slot->is_open = true;
  slot->plugin = plugin;
  return plugin;
}

Plugin::~Plugin() { shutdown(false); }

void Plugin::shutdown(bool process_is_exiting) {
  const std::shared_ptr<Slot> slot = std::move(slot_);
  if (!slot) return;
  const std::lock_guard lock(slot->mutex);
  if (!process_is_exiting) {
    frl_error error{};
    error.struct_size = sizeof(error);
    api_.quiesce(&error);  // a failure here changes nothing: the devices are given up either way
  }
  api_.shutdown(process_is_exiting ? 1 : 0);
  slot->is_open = false;
  slot->closed.notify_all();
}

std::string unusable_device(const Plugin& plugin, uint32_t index) {
  frl_error error{};
  error.struct_size = sizeof(error);
  uint32_t count = 0;
  frl_status status = plugin.api()->device_count(&count, &error);
  if (status != FRL_OK) return "its devices cannot be counted: " + describe(status, error);
  if (count == 0) return error.message[0] != 0 ? describe(FRL_OK, error) : "no device: the plugin gives no reason";
  if (index >= count) {
    return "it has " + std::to_string(count) + (count == 1 ? " device" : " devices") + "; index " +
           std::to_string(index) + " was asked";
  }
  frl_device_info info{};
  info.struct_size = sizeof(info);
  status = plugin.api()->device_info(index, &info, &error);
  return status == FRL_OK ? "" : "device " + std::to_string(index) + ": " + describe(status, error);
}

std::string describe(frl_status status, const frl_error& error) {
  const std::string text(error.message, strnlen(error.message, sizeof(error.message)));
  if (!text.empty()) return text;
  switch (status) {
    case FRL_OK:
      return "ok";
    case FRL_INVALID_ARGUMENT:
      return "invalid argument";
    case FRL_UNSUPPORTED:
      return "unsupported";
    case FRL_OUT_OF_MEMORY:
      return "out of memory";
    case FRL_DEVICE_LOST:
      return "device lost";
    case FRL_TIMEOUT:
      return "timeout";
    case FRL_CANCELLED:
      return "cancelled";
    case FRL_INVALID_STATE:
      return "invalid state";
    case FRL_INTERNAL:
      return "internal error";
    default:
      return "status " + std::to_string(status);
  }
}

}  // namespace ferrule::loader
