#include "report.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ferrule::conformance {
namespace {

const char* name(Record::Status status) {
  return status == Record::PASSED ? "passed" : status == Record::FAILED ? "failed" : "skipped";
}

std::string escape_xml(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) >= 0x20 || c == '\n')
      out += c;
  }
  return out;
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.flush();
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

std::string to_json(const Summary& s) {
  nlohmann::json cases = nlohmann::json::array();
  for (const Record& r : s.records) {
    nlohmann::json c = {{"id", r.id}, {"status", name(r.status)}, {"seconds", r.seconds}};
    if (!r.message.empty()) c["message"] = r.message;
    if (!r.max_ulps.empty()) c["max_ulps"] = std::stod(r.max_ulps);
    cases.push_back(std::move(c));
  }
  const nlohmann::json report = {{"program", "ferrule-conformance"},
                                 {"backend", s.backend},
                                 {"plugin", s.path},
                                 {"device", s.device},
                                 {"architecture", s.architecture},
                                 {"profile", s.profile},
                                 {"claimed_profile", s.claimed},
                                 {"seconds", s.seconds},
                                 {"passed", s.with(Record::PASSED)},
                                 {"failed", s.with(Record::FAILED)},
                                 {"skipped", s.with(Record::SKIPPED)},
                                 {"cases", std::move(cases)}};
  return report.dump(1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string to_junit(const Summary& s) {
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"ferrule-conformance.{}\" "
      "tests=\"{}\" "
      "failures=\"{}\" skipped=\"{}\" time=\"{:.3f}\">\n",
      escape_xml(s.backend), s.records.size(), s.with(Record::FAILED), s.with(Record::SKIPPED), s.seconds);
  for (const Record& r : s.records) {
    const size_t slash = r.id.find('/');
    out += fmt::format("<testcase classname=\"{}\" name=\"{}\" time=\"{:.6f}\"", escape_xml(r.id.substr(0, slash)),
                       escape_xml(slash == std::string::npos ? r.id : r.id.substr(slash + 1)), r.seconds);
    if (r.status == Record::PASSED)
      out += "/>\n";
    else
      out += fmt::format("><{0} message=\"{1}\"/></testcase>\n", r.status == Record::FAILED ? "failure" : "skipped",
                         escape_xml(r.message));
  }
  return out + "</testsuite>\n</testsuites>\n";
}

}  // namespace

int64_t Summary::with(Record::Status status) const {
  int64_t n = 0;
  for (const Record& r : records) n += r.status == status;
  return n;
}

Collector::Collector(Summary& summary, size_t planned, bool verbose)
    : summary_(summary), planned_(planned), verbose_(verbose), terminal_(isatty(STDOUT_FILENO) != 0) {}

std::string Collector::id_of(const testing::TestInfo& test) {
  return std::string(test.test_suite_name()) + "/" + test.name();
}

void Collector::OnTestStart(const testing::TestInfo& test) {
  if (verbose_) fmt::print("run  {}\n", id_of(test));
}

void Collector::OnTestEnd(const testing::TestInfo& test) {
  const testing::TestResult& result = *test.result();
  Record r;
  r.id = id_of(test);
  r.seconds = static_cast<double>(result.elapsed_time()) / 1000;
  r.status = result.Failed() ? Record::FAILED : result.Skipped() ? Record::SKIPPED : Record::PASSED;
  for (int i = 0; i < result.total_part_count(); ++i) {
    const testing::TestPartResult& part = result.GetTestPartResult(i);
    if (part.passed() || (part.skipped() && r.status == Record::FAILED)) continue;
    std::string text = part.message();
    for (const char* prefix : {"Failed\n", "Skipped\n"})  // GoogleTest's own word
      if (text.rfind(prefix, 0) == 0) text.erase(0, std::strlen(prefix));
    r.message += (r.message.empty() ? "" : "\n") + text;
  }
  for (int i = 0; i < result.test_property_count(); ++i)
    if (std::string(result.GetTestProperty(i).key()) == "max_ulps") r.max_ulps = result.GetTestProperty(i).value();
  if (terminal_) fmt::print("\r\033[K");
  if (r.status == Record::SKIPPED && r.message.empty()) {
    r.status = Record::FAILED;
    r.message = "skipped without a reason";
  }
  if (r.status == Record::FAILED)
    fmt::print("FAIL {}\n     {}\n", r.id, r.message);
  else if (verbose_)
    fmt::print("{} {} {}\n", r.status == Record::PASSED ? "ok  " : "skip", r.id, r.message);
  summary_.records.push_back(std::move(r));
  if (terminal_) fmt::print("[{}/{}] {} failed", summary_.records.size(), planned_, summary_.with(Record::FAILED));
  if (terminal_ || verbose_) std::fflush(stdout);
}

void write_reports(const Summary& summary, const std::string& folder) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) throw std::runtime_error(fmt::format("cannot create {}: {}", folder, code.message()));
  const std::filesystem::path base(folder);
  write_file(base / "conformance.json", to_json(summary));
  write_file(base / "conformance.xml", to_junit(summary));
  write_file(base / "conformance.html", to_html(summary));
}

}  // namespace ferrule::conformance
