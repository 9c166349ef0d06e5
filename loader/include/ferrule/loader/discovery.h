// Finding plugin files and judging each as data, before any of its code runs. Free functions, callable from any thread.
#pragma once
#include <string>
#include <vector>

#include "ferrule/loader/log.h"
#include "ferrule/loader/manifest.h"

namespace ferrule::loader {

// Where to look, in this order. Every folder is absolute; only files named libferrule_<name>.so count inside a folder.
struct SearchOptions {
  std::string plugin_path;                   // FERRULE_PLUGIN_PATH: absolute files or folders, ':' separated
  std::vector<std::string> library_folders;  // the folder of libferrule, and where an installed tree keeps it
  std::string user_folder;                   // $XDG_DATA_HOME/ferrule/plugins or ~/.local/share/ferrule/plugins
  std::vector<std::string> system_folders;   // /usr/local/lib/ferrule, /usr/lib/ferrule
  LogHandler log;                            // optional: each file and its verdict, as it happens

  // Reads the environment (ignored in a privileged process) and finds the folder of the binary that holds this code.
  static SearchOptions from_environment();
};

// One file or folder that was looked at, and the verdict.
struct Candidate {
  std::string path;   // with links resolved; as given when it cannot be resolved
  std::string found;  // as it was found: the search entry, or the folder's entry
  Manifest manifest;  // empty name: it could not be read
  bool usable = false;
  std::string reason;  // why it is not usable, in one line; empty when it is
};

// Looks at every file of the search path. Never throws on what it finds: a file that fails a check is a candidate with
// the reason. Of two usable plugins with one name the first wins and the later is unusable, "shadowed by" the first.
std::vector<Candidate> discover(const SearchOptions& options = SearchOptions::from_environment());

// Judges one file as discover does. `path` must be absolute.
Candidate inspect(const std::string& path);

// One line per candidate, "  name (path): verdict", for error messages and reports.
std::string describe(const std::vector<Candidate>& candidates);

}  // namespace ferrule::loader
