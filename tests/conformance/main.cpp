// ferrule-conformance: checks a backend against the contracts of plugin.h and the values of docs/numerics.md.
// Exit status: 0 all cases passed or were skipped with a reason, 1 a case failed or none ran, 2 wrong usage or the
// backend cannot be opened, 3 a case hung.
#include <fnmatch.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "catalog.h"
#include "report.h"
#include "watchdog.h"

namespace ferrule::conformance {
namespace {

struct Options {
  std::string plugin, backend, profile, filter, report, shard;
  bool list = false, verbose = false;
  int case_timeout = 300;
};

// GoogleTest's view of a case.
class CaseTest : public testing::Test {
 public:
  CaseTest(const Case& c, Context& context) : case_(c), context_(context) {}
  void TestBody() override {
    try {
      case_.body(context_);
    } catch (const std::exception& e) {
      ADD_FAILURE() << "the case threw: " << e.what();
    }
  }

 private:
  const Case& case_;
  Context& context_;
};

// "a*,b*,!c*": any of the positive globs (all, if there are none) and none of the negated ones.
bool matches(const std::string& filter, const std::string& id) {
  bool positive = false, taken = false;
  size_t begin = 0;
  while (begin <= filter.size() && !filter.empty()) {
    const size_t end = std::min(filter.find(',', begin), filter.size());
    std::string glob = filter.substr(begin, end - begin);
    const bool negated = !glob.empty() && glob[0] == '!';
    if (negated) glob.erase(0, 1);
    const bool hit = fnmatch(glob.c_str(), id.c_str(), 0) == 0;
    if (negated && hit) return false;
    positive = positive || !negated;
    taken = taken || (!negated && hit);
    begin = end + 1;
  }
  return taken || !positive;
}

Profile parse_profile(const std::string& name) {
  for (Profile p : {Profile::ABI, Profile::RUNTIME, Profile::BASE, Profile::TRAIN})
    if (name == profile_name(p)) return p;
  throw std::runtime_error(fmt::format("--profile: got \"{}\"; expected abi, runtime, base or train", name));
}

std::vector<const Case*> choose(const Catalog& catalog, Profile profile, const Options& options) {
  size_t index = 1, of = 1;
  if (!options.shard.empty()) {
    char slash = 0, rest = 0;
    unsigned long i = 0, n = 0;
    if (std::sscanf(options.shard.c_str(), "%lu%c%lu%c", &i, &slash, &n, &rest) != 3 || slash != '/' || i < 1 || i > n)
      throw std::runtime_error(fmt::format("--shard: got \"{}\"; expected i/n with 1 <= i <= n", options.shard));
    index = i;
    of = n;
  }
  std::vector<const Case*> chosen;
  size_t position = 0;
  for (const Case& c : catalog.cases())
    if (c.profile <= profile && matches(options.filter, c.id) && position++ % of == index - 1) chosen.push_back(&c);
  return chosen;
}

void register_case(const Case& c, Context& context) {
  const size_t slash = c.id.find('/');
  testing::RegisterTest(c.id.substr(0, slash).c_str(), c.id.substr(slash + 1).c_str(), nullptr, nullptr, __FILE__,
                        __LINE__, [&c, &context]() -> testing::Test* { return new CaseTest(c, context); });
}

void print_summary(const Summary& s) {
  std::map<std::string, int64_t> reasons;
  for (const Record& r : s.records)
    if (r.status == Record::SKIPPED) ++reasons[r.message];
  for (const auto& [reason, n] : reasons) fmt::print("skipped {:5}: {}\n", n, reason);
  fmt::print("{} on {}: {} passed, {} failed, {} skipped in {:.1f} s (profile {})\n", s.backend, s.device,
             s.with(Record::PASSED), s.with(Record::FAILED), s.with(Record::SKIPPED), s.seconds, s.profile);
}

int run_all(const Options& options) {
  const std::unique_ptr<Backend> backend =
      options.plugin.empty() ? Backend::by_name(options.backend) : Backend::by_path(options.plugin);
  const Profile claimed = backend->claimed_profile();
  const Profile profile = options.profile.empty() ? claimed : parse_profile(options.profile);
  if (profile > Profile::ABI && !backend->device())
    throw std::runtime_error(fmt::format("{}: {}", backend->name(), backend->no_device()));
  const Catalog catalog = full_catalog();
  const std::vector<const Case*> chosen = choose(catalog, profile, options);

  Summary summary;
  summary.backend = backend->name();
  summary.path = backend->path();
  summary.device = backend->device() ? backend->info().name : backend->no_device();
  summary.architecture = backend->info().architecture;
  summary.profile = profile_name(profile);
  summary.claimed = profile_name(claimed);

  Runner runner(*backend);
  Context context{*backend, runner};
  for (const Case* c : chosen) register_case(*c, context);
  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new Collector(summary, chosen.size(), options.verbose));
  listeners.Append(new Watchdog(std::chrono::seconds(options.case_timeout)));

  const auto begin = std::chrono::steady_clock::now();
  const int failed = RUN_ALL_TESTS();
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!options.report.empty()) write_reports(summary, options.report);
  if (isatty(STDOUT_FILENO)) fmt::print("\r\033[K");
  print_summary(summary);
  if (summary.with(Record::PASSED) + summary.with(Record::FAILED) == 0) {
    fmt::print("no case ran: a run that checks nothing is a failure\n");
    return 1;
  }
  return failed || summary.with(Record::FAILED) ? 1 : 0;
}

int list_cases(const Options& options) {
  const Profile profile = options.profile.empty() ? Profile::TRAIN : parse_profile(options.profile);
  const Catalog catalog = full_catalog();
  const auto chosen = choose(catalog, profile, options);
  for (const Case* c : chosen) fmt::print("{}\n", c->id);
  return chosen.empty() ? 1 : 0;
}

}  // namespace
}  // namespace ferrule::conformance

int main(int argc, char** argv) {
  using namespace ferrule::conformance;
  Options options;
  CLI::App app(
      "Checks a Ferrule backend: ABI rules, memory, streams, events, threads, and every op on every dtype and layout,\n"
      "against the suite's own reference. See tests/conformance/README.md.",
      "ferrule-conformance");
  auto* source = app.add_option_group("what to check");
  source->add_option("--backend", options.backend, "a backend by name, searched for as programs do");
  source->add_option("--plugin", options.plugin, "a plugin by path");
  app.add_option(
      "--profile", options.profile,
      "abi, runtime, base or train; default: the highest the backend has a kernel for; abi without a device");
  app.add_option("--filter", options.filter, "globs over case ids, comma separated; !glob excludes");
  app.add_option("--report", options.report, "folder for conformance.json, .xml (JUnit) and .html");
  app.add_option("--shard", options.shard, "i/n: every n-th case, from the i-th");
  app.add_option("--case-timeout", options.case_timeout, "seconds after which a case counts as hung")
      ->check(CLI::PositiveNumber);
  app.add_flag("--list", options.list, "print the ids of the chosen cases and run nothing");
  app.add_flag("-v,--verbose", options.verbose, "print every case");
  CLI11_PARSE(app, argc, argv);
  try {
    if (options.list) return list_cases(options);
    if (options.plugin.empty() == options.backend.empty())
      throw std::runtime_error("give either --backend NAME or --plugin PATH");
    int one = 1;
    testing::InitGoogleTest(&one, argv);
    return run_all(options);
  } catch (const std::exception& e) {
    fmt::print(stderr, "ferrule-conformance: {}\n", e.what());
    return 2;
  }
}
