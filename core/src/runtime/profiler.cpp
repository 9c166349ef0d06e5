// The public profiler over the extension's table.
#include "ferrule/profiler.h"

#include <algorithm>
#include <cstring>

#include "runtime/failure.h"
#include "runtime/runtime.h"

namespace ferrule {
namespace {

using detail::PluginError;

const frl_profiler_api* find(const detail::DeviceRuntime& device) {
  return static_cast<const frl_profiler_api*>(device.extension(FRL_EXT_PROFILER, 1));
}

const frl_profiler_api& require(const detail::DeviceRuntime& device) {
  const frl_profiler_api* profiler = find(device);
  if (!profiler) detail::fail(ErrorCode::unsupported, "[profiler] {} does not offer frl.profiler", device.label());
  return *profiler;
}

detail::DeviceRuntime& runtime_of(const Device& device) { return detail::Runtime::get().device(device); }

}  // namespace

bool has_profiler(const Device& device) { return find(runtime_of(device)) != nullptr; }

void start_profiler(const Device& device, uint64_t max_records) {
  detail::DeviceRuntime& runtime = runtime_of(device);
  PluginError plugin_error;
  check(require(runtime).profiler_start(runtime.handle(), max_records, &plugin_error), plugin_error, "profiler_start");
}

void stop_profiler(const Device& device) {
  detail::DeviceRuntime& runtime = runtime_of(device);
  PluginError plugin_error;
  check(require(runtime).profiler_stop(runtime.handle(), &plugin_error), plugin_error, "profiler_stop");
}

Profile read_profiler(const Device& device) {
  detail::DeviceRuntime& runtime = runtime_of(device);
  const frl_profiler_api& api = require(runtime);
  runtime.wait_for_all_streams();
  Profile profile;
  std::vector<frl_profile_record> records(1024);
  for (uint64_t count = records.size(); count == records.size();) {
    uint64_t dropped = 0;
    PluginError plugin_error;
    check(api.profiler_read(runtime.handle(), records.data(), records.size(), &count, &dropped, &plugin_error),
          plugin_error, "profiler_read");
    profile.dropped += dropped;
    for (uint64_t i = 0; i < std::min<uint64_t>(count, records.size()); ++i) {
      const frl_profile_record& record = records[i];
      std::string name(record.name, strnlen(record.name, sizeof record.name));
      profile.records.push_back({std::move(name), record.stream, record.begin_ns, record.end_ns, record.bytes});
    }
  }
  return profile;
}

}  // namespace ferrule
