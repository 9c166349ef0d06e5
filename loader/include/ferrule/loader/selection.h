// FERRULE_BACKEND: which candidate becomes the default device. Values are immutable and may be shared between threads.
//
//   list    := entry { "," entry }            spaces around an entry are ignored; an empty text means unset
//   entry   := pattern [ ":" index ] | "!" pattern
//   pattern := letters, digits, "_" and the wildcards "*" (any run) and "?" (any one)
//   index   := decimal, below 2^32
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ferrule/loader/discovery.h"

namespace ferrule::loader {

class Selection {
 public:
  struct Entry {
    std::string pattern;
    uint32_t index = 0;
    bool has_index = false;
    bool exclude = false;
    std::string text;  // as written

    bool is_glob() const { return pattern.find_first_of("*?") != std::string::npos; }
    bool matches(std::string_view name) const;
  };

  Selection() = default;  // unset
  // Throws Error with the position (from 1) of what does not fit the grammar.
  static Selection parse(std::string_view text);
  // FERRULE_BACKEND, ignored in a privileged process.
  static Selection from_environment();

  bool is_set() const { return !entries_.empty(); }
  const std::string& text() const { return text_; }
  const std::vector<Entry>& entries() const { return entries_; }
  // True when an entry "!pattern" matches: the backend is not used, not even as fallback.
  bool excludes(std::string_view name) const;

 private:
  std::string text_;
  std::vector<Entry> entries_;
};

// Empty when device `index` of the candidate can be used, else why not, in words. Called without any lock; may open the
// plugin (see unusable_device).
using DeviceProbe = std::function<std::string(const Candidate&, uint32_t index)>;

struct Choice {
  struct Skipped {
    std::string entry;  // what was asked or considered: "cuda:1"
    std::string reason;
  };
  Candidate candidate;
  uint32_t device_index = 0;
  std::string reason;            // why this one: "first usable entry of FERRULE_BACKEND=cuda,cpu"
  std::vector<Skipped> skipped;  // what came before it, in order
};

// The first usable entry wins; a glob tries its matches by score. Without a positive entry: the best positive score,
// cpu last. A name that neither a candidate nor one of the project's own backends (cpu, cuda, rocm, template) has is an
// error even when a later entry is usable; so is a list with no usable entry. Both messages name every candidate and
// why it was not taken. Layers and excluded names are never chosen.
Choice choose(const Selection& selection, const std::vector<Candidate>& candidates, const DeviceProbe& probe);

}  // namespace ferrule::loader
