#include "ferrule/loader/selection.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "ferrule/loader/error.h"
#include "loader/platform/platform.h"

namespace ferrule::loader {
namespace {

constexpr std::string_view kVariable = "FERRULE_BACKEND";
constexpr std::string_view kCpu = "cpu";
// Names that may stand in a list although no such plugin is installed: the entry is then skipped, not an error.
constexpr std::array<std::string_view, 4> kOwnBackends = {"cpu", "cuda", "rocm", "template"};

[[noreturn]] void bad_grammar(std::string_view text, size_t position, const std::string& what) {
  throw Error(std::string(kVariable) + "=\"" + std::string(text) + "\": " + what + " at position " +
              std::to_string(position + 1) + "; expected a list such as cuda:1,rocm,cpu or !cuda");
}

bool is_pattern_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '*' || c == '?';
}

std::string quoted(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte >= 0x7f ? "byte " + std::to_string(byte) : std::string("'") + c + "'";
}

// Parses text[begin, end), trimmed, with positions counted in the whole text.
Selection::Entry parse_entry(std::string_view text, size_t begin, size_t end) {
  while (begin < end && text[begin] == ' ') ++begin;
  while (begin < end && text[end - 1] == ' ') --end;
  if (begin == end) bad_grammar(text, begin, "an empty entry");
  Selection::Entry entry;
  entry.text = std::string(text.substr(begin, end - begin));
  size_t at = begin;
  if (text[at] == '!') {
    entry.exclude = true;
    ++at;
  }
  const size_t name = at;
  while (at < end && is_pattern_character(text[at])) ++at;
  if (at == name) {
    bad_grammar(text, at, at == end ? "a name is missing" : "got " + quoted(text[at]) + " where a name begins");
  }
  entry.pattern = std::string(text.substr(name, at - name));
  if (at == end) return entry;
  if (text[at] != ':') bad_grammar(text, at, "got " + quoted(text[at]) + " in a name (a to z, 0 to 9, _, *, ?)");
  if (entry.exclude) bad_grammar(text, at, "an exclusion takes no index");
  if (++at == end) bad_grammar(text, at, "an index is missing");
  uint64_t index = 0;
  for (; at < end; ++at) {
    if (text[at] < '0' || text[at] > '9') bad_grammar(text, at, "got " + quoted(text[at]) + " in an index");
    index = index * 10 + static_cast<uint64_t>(text[at] - '0');
    if (index > std::numeric_limits<uint32_t>::max()) bad_grammar(text, at, "an index above 4294967295");
  }
  entry.index = static_cast<uint32_t>(index);
  entry.has_index = true;
  return entry;
}

// Iterative glob: on a mismatch the last star takes one character more, so the time is at most |pattern| * |name|.
bool glob(std::string_view pattern, std::string_view name) {
  size_t p = 0, n = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p, ++n;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// The search for one choice: tries candidates in order and remembers why each was passed over.
class Chooser {
 public:
  Chooser(const Selection& selection, const std::vector<Candidate>& candidates, const DeviceProbe& probe)
      : selection_(selection), candidates_(candidates), probe_(probe), notes_(candidates.size()) {}

  Choice choose() {
    reject_unknown_names();
    bool any_positive = false;
    for (const Selection::Entry& entry : selection_.entries()) {
      if (entry.exclude) continue;
      any_positive = true;
      if (try_entry(entry)) return std::move(choice_);
    }
    if (any_positive) throw Error(text() + " names no usable backend;" + skipped_text() + listing());
    for (const Candidate* candidate : ranked()) {
      if (candidate->manifest.score == 0) {
        note(*candidate, "its score is 0: it is only used when it is named");
        continue;
      }
      const char* reason = selection_.is_set() ? "the best score that FERRULE_BACKEND does not exclude"
                                               : "the best score (FERRULE_BACKEND is not set)";
      if (try_candidate(*candidate, 0, candidate->manifest.name, reason)) return std::move(choice_);
    }
    throw Error((selection_.is_set() ? text() + " leaves no usable backend;" : std::string("no usable backend;")) +
                listing());
  }

 private:
  std::string text() const { return std::string(kVariable) + "=\"" + selection_.text() + "\""; }

  void reject_unknown_names() const {
    for (const Selection::Entry& entry : selection_.entries()) {
      if (entry.is_glob() || std::count(kOwnBackends.begin(), kOwnBackends.end(), entry.pattern) != 0) continue;
      const bool known = std::any_of(candidates_.begin(), candidates_.end(),
                                     [&](const Candidate& each) { return each.manifest.name == entry.pattern; });
      if (!known) throw Error(text() + ": no plugin is called \"" + entry.pattern + "\";" + listing());
    }
  }

  // Backends that could be opened, best score first, cpu after all others with a positive score.
  std::vector<const Candidate*> ranked() const {
    std::vector<const Candidate*> order;
    for (const Candidate& candidate : candidates_) {
      if (!candidate.manifest.name.empty()) order.push_back(&candidate);
    }
    const auto rank = [](const Candidate* each) -> uint64_t {
      const uint64_t score = each->manifest.score;
      return score != 0 && each->manifest.name == kCpu ? 1 : 2 * score;
    };
    std::stable_sort(order.begin(), order.end(), [&](auto* a, auto* b) { return rank(a) > rank(b); });
    return order;
  }

  bool try_entry(const Selection::Entry& entry) {
    size_t matches = 0;
    for (const Candidate* candidate : ranked()) {
      if (!entry.matches(candidate->manifest.name)) continue;
      ++matches;
      const std::string asked =
          entry.has_index ? candidate->manifest.name + ":" + std::to_string(entry.index) : candidate->manifest.name;
      if (try_candidate(*candidate, entry.index, asked, "the first usable entry of " + text())) return true;
    }
    if (matches == 0) {
      choice_.skipped.push_back({entry.text, entry.is_glob() ? "it matches no plugin" : "no such plugin was found"});
    }
    return false;
  }

  bool try_candidate(const Candidate& candidate, uint32_t index, const std::string& asked, const std::string& reason) {
    std::string why;
    if (!candidate.usable) {
      why = candidate.reason;
    } else if (candidate.manifest.is_layer()) {
      why = "is a layer, not a backend (see FERRULE_LAYERS)";
    } else if (selection_.excludes(candidate.manifest.name)) {
      why = "is excluded by " + text();
    } else {
      why = probe_(candidate, index);
    }
    if (!why.empty()) {
      note(candidate, why);
      choice_.skipped.push_back({asked, why});
      return false;
    }
    choice_.candidate = candidate;
    choice_.device_index = index;
    choice_.reason = reason;
    return true;
  }

  void note(const Candidate& candidate, const std::string& why) {
    notes_[static_cast<size_t>(&candidate - candidates_.data())] = why;
  }

  std::string skipped_text() const {
    std::string text;
    for (const Choice::Skipped& each : choice_.skipped) text += " " + each.entry + ": " + each.reason + ";";
    return text;
  }

  // Every candidate and why it was not taken.
  std::string listing() const {
    std::string text = " candidates:";
    if (candidates_.empty()) return text + " none (is FERRULE_PLUGIN_PATH right?)";
    for (size_t i = 0; i < candidates_.size(); ++i) {
      const Candidate& each = candidates_[i];
      const std::string& name = each.manifest.name;
      std::string why = !notes_[i].empty() ? notes_[i] : each.usable ? "was not asked for" : each.reason;
      text += (i == 0 ? " " : "; ") + (name.empty() ? each.path : name + " (" + each.path + ")") + ": " + why;
    }
    return text;
  }

  const Selection& selection_;
  const std::vector<Candidate>& candidates_;
  const DeviceProbe& probe_;
  std::vector<std::string> notes_;
  Choice choice_;
};

}  // namespace

bool Selection::Entry::matches(std::string_view name) const { return glob(pattern, name); }

Selection Selection::parse(std::string_view text) {
  Selection selection;
  selection.text_ = std::string(text);
  if (text.find_first_not_of(' ') == std::string_view::npos) return selection;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    selection.entries_.push_back(parse_entry(text, begin, end));
    begin = end + 1;
  }
  return selection;
}

Selection Selection::from_environment() {
  return parse(platform::environment(std::string(kVariable).c_str()).value_or(""));
}

bool Selection::excludes(std::string_view name) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.exclude && entry.matches(name); });
}

Choice choose(const Selection& selection, const std::vector<Candidate>& candidates, const DeviceProbe& probe) {
  return Chooser(selection, candidates, probe).choose();
}

}  // namespace ferrule::loader
