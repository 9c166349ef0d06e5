// The grammar of FERRULE_BACKEND and the choice it makes, with every skip and refusal explained.
#include "ferrule/loader/selection.h"

#include "test_files.h"

namespace ferrule::loader::test {
namespace {

Candidate backend(const std::string& name, uint32_t score, bool usable = true) {
  Candidate candidate;
  candidate.path = "/plugins/libferrule_" + name + ".so";
  candidate.manifest.name = name;
  candidate.manifest.score = score;
  candidate.usable = usable;
  if (!usable) candidate.reason = "is damaged";
  return candidate;
}

Candidate layer(const std::string& name) {
  Candidate candidate = backend(name, 100);
  candidate.manifest.role = FRL_ROLE_LAYER;
  return candidate;
}

// cuda has two devices, rocm none.
std::string probe(const Candidate& candidate, uint32_t index) {
  if (candidate.manifest.name == "rocm") return "no device: no driver";
  const uint32_t count = candidate.manifest.name == "cuda" ? 2 : 1;
  return index < count ? ""
                       : "it has " + std::to_string(count) + " devices; index " + std::to_string(index) + " was asked";
}

const std::vector<Candidate> kMachine = {backend("template", 0), backend("cpu", 10), backend("cuda", 100),
                                         backend("rocm", 100),   layer("trace"),     backend("broken", 100, false),
                                         backend("tpu", 5)};

std::string chosen(const std::string& text, const std::vector<Candidate>& candidates = kMachine) {
  const Choice choice = choose(Selection::parse(text), candidates, probe);
  return choice.candidate.manifest.name + ":" + std::to_string(choice.device_index);
}

std::string failure(const std::string& text, const std::vector<Candidate>& candidates = kMachine) {
  try {
    return "chose " + chosen(text, candidates);
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Selection, TheFirstUsableEntryWins) {
  EXPECT_EQ(chosen("cpu"), "cpu:0");
  EXPECT_EQ(chosen("cuda:1,cpu"), "cuda:1");
  EXPECT_EQ(chosen("rocm,cuda"), "cuda:0");
  EXPECT_EQ(chosen("cuda:7,rocm,cpu"), "cpu:0");
  EXPECT_EQ(chosen(" cpu , cuda "), "cpu:0");
  EXPECT_EQ(chosen("template"), "template:0");
  EXPECT_EQ(chosen("broken,tpu"), "tpu:0");
}

TEST(Selection, EverySkippedEntryHasItsReason) {
  const Choice choice = choose(Selection::parse("cuda:7,rocm,x*,cpu"), kMachine, probe);
  ASSERT_EQ(choice.skipped.size(), 3u);
  EXPECT_EQ(choice.skipped[0].entry, "cuda:7");
  EXPECT_EQ(choice.skipped[0].reason, "it has 2 devices; index 7 was asked");
  EXPECT_EQ(choice.skipped[1].reason, "no device: no driver");
  EXPECT_EQ(choice.skipped[2].entry, "x*");
  EXPECT_EQ(choice.skipped[2].reason, "it matches no plugin");
  EXPECT_TRUE(contains(choice.reason, "cuda:7,rocm,x*,cpu")) << choice.reason;
}

TEST(Selection, GlobsTryTheirMatchesByScore) {
  EXPECT_EQ(chosen("c*"), "cuda:0");
  EXPECT_EQ(chosen("c*:1"), "cuda:1");
  EXPECT_EQ(chosen("?p?"), "tpu:0");
  EXPECT_EQ(chosen("?pu,!tpu"), "cpu:0");
  EXPECT_EQ(chosen("*"), "cuda:0");
  EXPECT_EQ(chosen("t*e"), "template:0");
}

TEST(Selection, ExclusionsHoldForTheWholeList) {
  EXPECT_EQ(chosen("!cuda"), "tpu:0");
  EXPECT_EQ(chosen("!cu*,!tpu"), "cpu:0");
  EXPECT_EQ(chosen("*,!cuda"), "tpu:0");
  EXPECT_EQ(chosen("cuda,cpu,!cuda"), "cpu:0");
  EXPECT_TRUE(Selection::parse("!c*").excludes("cpu"));
  EXPECT_FALSE(Selection::parse("c*").excludes("cpu"));
}

TEST(Selection, UnsetTakesTheBestScoreAndCpuLast) {
  EXPECT_EQ(chosen(""), "cuda:0");
  EXPECT_EQ(chosen("   "), "cuda:0");
  EXPECT_EQ(chosen("", {backend("cpu", 10), backend("tpu", 5)}), "tpu:0");
  EXPECT_EQ(chosen("", {backend("template", 0), backend("cpu", 10)}), "cpu:0");
}

TEST(Selection, NoUsableBackendIsAnErrorThatListsEveryCandidate) {
  const std::string nothing = failure("", {backend("template", 0), backend("broken", 9, false), layer("trace")});
  EXPECT_TRUE(contains(nothing, "template (/plugins/libferrule_template.so): its score is 0")) << nothing;
  EXPECT_TRUE(contains(nothing, "broken (/plugins/libferrule_broken.so): is damaged")) << nothing;
  EXPECT_TRUE(contains(nothing, "trace (/plugins/libferrule_trace.so): is a layer")) << nothing;
  expect_one_line(nothing);
  EXPECT_TRUE(contains(failure("", {}), "candidates: none")) << failure("", {});
  const std::string named = failure("rocm,cuda:9");
  EXPECT_TRUE(contains(named, "FERRULE_BACKEND=\"rocm,cuda:9\" names no usable backend")) << named;
  EXPECT_TRUE(contains(named, "rocm: no device: no driver;")) << named;
  EXPECT_TRUE(contains(named, "cpu (/plugins/libferrule_cpu.so): was not asked for")) << named;
  EXPECT_TRUE(contains(failure("trace"), "is a layer, not a backend")) << failure("trace");
  EXPECT_TRUE(contains(failure("!*"), "leaves no usable backend")) << failure("!*");
}

TEST(Selection, AnUnknownNameIsAnErrorEvenBeforeAUsableOne) {
  EXPECT_TRUE(contains(failure("cdua,cpu"), "no plugin is called \"cdua\"")) << failure("cdua,cpu");
  EXPECT_TRUE(contains(failure("cpu,nosuch"), "no plugin is called \"nosuch\"")) << failure("cpu,nosuch");
  EXPECT_TRUE(contains(failure("!nosuch"), "no plugin is called \"nosuch\"")) << failure("!nosuch");
}

TEST(Selection, AnOwnBackendThatIsNotInstalledIsSkipped) {
  const std::vector<Candidate> machine = {backend("cpu", 10)};
  EXPECT_EQ(chosen("cuda:1,rocm,cpu", machine), "cpu:0");
  EXPECT_TRUE(contains(failure("cuda", machine), "cuda: no such plugin was found")) << failure("cuda", machine);
}

TEST(Selection, BadGrammarSaysWhere) {
  const std::pair<const char*, const char*> cases[] = {
      {",", "an empty entry at position 1"},
      {"cpu,", "an empty entry at position 5"},
      {"cpu,,cuda", "an empty entry at position 5"},
      {"cpu cuda", "got ' ' in a name (a to z, 0 to 9, _, *, ?) at position 4"},
      {"CPU", "got 'C' where a name begins at position 1"},
      {"cPu", "got 'P' in a name"},
      {"cuda:", "an index is missing at position 6"},
      {"cuda:x", "got 'x' in an index at position 6"},
      {"cuda:-1", "got '-' in an index at position 6"},
      {"cuda:1:2", "got ':' in an index at position 7"},
      {"cuda:99999999999", "an index above 4294967295"},
      {"!", "a name is missing at position 2"},
      {"!!cpu", "got '!' where a name begins at position 2"},
      {"!cuda:1", "an exclusion takes no index at position 6"},
      {":1", "got ':' where a name begins at position 1"},
      {"/lib/x.so", "got '/' where a name begins at position 1"},
      {"\xc3\xa4", "got byte 195 where a name begins at position 1"},
      {"cpu\n", "got byte 10 in a name"},
  };
  for (const auto& [text, part] : cases) {
    const std::string message = failure(text);
    EXPECT_TRUE(contains(message, part)) << text << " gave: " << message;
  }
}

TEST(Selection, AHostileGlobEndsSoon) {
  const std::string name(60, 'a'), pattern = "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";
  EXPECT_FALSE(Selection::parse(pattern).entries().front().matches(name));
}

}  // namespace
}  // namespace ferrule::loader::test
