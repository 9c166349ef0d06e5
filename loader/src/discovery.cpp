#include "ferrule/loader/discovery.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "ferrule/loader/error.h"
#include "loader/platform/platform.h"
#include "loader/src/elf_reader.h"

namespace ferrule::loader {
namespace {

constexpr std::string_view kPrefix = "libferrule_";
constexpr std::string_view kSuffix = ".so";

bool is_plugin_file_name(std::string_view name) {
  return name.size() > kPrefix.size() + kSuffix.size() && name.starts_with(kPrefix) && name.ends_with(kSuffix);
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

Candidate refused(std::string path, std::string reason) {
  Candidate candidate;
  candidate.path = path;
  candidate.found = std::move(path);
  candidate.reason = std::move(reason);
  return candidate;
}

// Collects candidates in order, drops a file seen before, and marks shadowed names.
class Search {
 public:
  explicit Search(const LogHandler& log) : log_(log) {}

  void add_entry(const std::string& entry) {
    if (entry.empty() || entry[0] != '/') {
      add(refused(entry, "the path is relative; FERRULE_PLUGIN_PATH takes absolute files or folders"));
      return;
    }
    switch (platform::kind_of(entry)) {
      case platform::PathKind::missing:
        add(refused(entry, "no such file or folder"));
        break;
      case platform::PathKind::folder:
        add_folder(entry, true);
        break;
      case platform::PathKind::file:
        add(inspect(entry));
        break;
      case platform::PathKind::other:
        add(refused(entry, "is neither a regular file nor a folder"));
        break;
    }
  }

  // A folder that was not asked for by name may be missing.
  void add_folder(const std::string& folder, bool asked) {
    if (folder.empty() || folder[0] != '/') return;
    if (!asked && platform::kind_of(folder) != platform::PathKind::folder) return;
    std::string why;
    const std::vector<std::string> names = platform::list_folder(folder, &why);
    if (!why.empty()) {
      add(refused(folder, "the folder cannot be read: " + why));
      return;
    }
    size_t count = 0;
    for (const std::string& name : names) {
      if (!is_plugin_file_name(name)) continue;
      ++count;
      add(inspect(folder == "/" ? "/" + name : folder + "/" + name));
    }
    if (asked && count == 0) add(refused(folder, "the folder holds no file libferrule_<name>.so"));
  }

  std::vector<Candidate> take() { return std::move(candidates_); }

 private:
  void add(Candidate candidate) {
    if (!seen_.insert(candidate.path).second) return;
    if (candidate.usable) {
      for (const Candidate& earlier : candidates_) {
        if (!earlier.usable || earlier.manifest.name != candidate.manifest.name) continue;
        candidate.usable = false;
        candidate.reason = "shadowed by " + earlier.path + ", which comes first in the search order";
        break;
      }
    }
    if (log_) log_(FRL_LOG_DEBUG, "plugin " + candidate.path + ": " + (candidate.usable ? "usable" : candidate.reason));
    candidates_.push_back(std::move(candidate));
  }

  const LogHandler& log_;
  std::vector<Candidate> candidates_;
  std::set<std::string> seen_;
};

}  // namespace

SearchOptions SearchOptions::from_environment() {
  SearchOptions options;
  options.plugin_path = platform::environment("FERRULE_PLUGIN_PATH").value_or("");
  options.library_folders.push_back(platform::own_folder());
  const std::string program = platform::program_folder();
  if (!program.empty()) {
    for (const char* folder : {"/../lib", "/../" FERRULE_LIBRARY_FOLDER}) {
      const std::string resolved = platform::resolve(program + folder, nullptr);
      if (!resolved.empty()) options.library_folders.push_back(resolved);
    }
  }
  const std::string data = platform::environment("XDG_DATA_HOME").value_or("");
  const std::string home = platform::home_folder();
  if (!data.empty() && data[0] == '/') {
    options.user_folder = data + "/ferrule/plugins";
  } else if (!home.empty() && home[0] == '/') {
    options.user_folder = home + "/.local/share/ferrule/plugins";
  }
  options.system_folders = {"/usr/local/lib/ferrule", "/usr/lib/ferrule"};
  return options;
}

Candidate inspect(const std::string& path) {
  Candidate candidate = refused(path, "");
  if (path.empty() || path[0] != '/') {
    candidate.reason = "the path is relative; a plugin is named by its absolute path";
    return candidate;
  }
  std::string why;
  const std::string resolved = platform::resolve(path, &why);
  if (resolved.empty()) {
    candidate.reason = "cannot be resolved: " + why;
    return candidate;
  }
  candidate.path = resolved;
  if (platform::kind_of(resolved) != platform::PathKind::file) {
    candidate.reason = "is not a regular file";
    return candidate;
  }
  // Also the folder in which a link lies: whoever can write there can point the link elsewhere.
  for (const std::string& each : {parent_of(path), parent_of(resolved), resolved}) {
    candidate.reason = platform::distrust(each);
    if (!candidate.reason.empty()) return candidate;
  }
  try {
    FileSource source(resolved);
    candidate.manifest = read_manifest_head(read_plugin_elf(source, platform::own_target()));
    candidate.reason = incompatibility(candidate.manifest);
    candidate.usable = candidate.reason.empty();
  } catch (const Error& error) {
    candidate.reason = error.what();
  }
  return candidate;
}

std::vector<Candidate> discover(const SearchOptions& options) {
  Search search(options.log);
  for (size_t begin = 0; begin < options.plugin_path.size();) {
    const size_t end = std::min(options.plugin_path.find(':', begin), options.plugin_path.size());
    if (end != begin) search.add_entry(options.plugin_path.substr(begin, end - begin));
    begin = end + 1;
  }
  for (const std::string& folder : options.library_folders) search.add_folder(folder, false);
  search.add_folder(options.user_folder, false);
  for (const std::string& folder : options.system_folders) search.add_folder(folder, false);
  return search.take();
}

std::string describe(const std::vector<Candidate>& candidates) {
  if (candidates.empty()) return "  (no plugin file was found)";
  std::string text;
  for (const Candidate& candidate : candidates) {
    if (!text.empty()) text += "\n";
    const std::string& name = candidate.manifest.name;
    text += "  " + (name.empty() ? candidate.path : name + " (" + candidate.path + ")") + ": " +
            (candidate.usable ? "usable" : candidate.reason);
  }
  return text;
}

}  // namespace ferrule::loader
