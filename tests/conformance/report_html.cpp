// The HTML page: one file without scripts or links, readable from top to bottom: verdict, failures, support matrix with
// the largest errors seen, skips by reason.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "op_table.h"
#include "report.h"

namespace ferrule::conformance {
namespace {

constexpr const char* kStyle = R"(
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.5rem;margin:0 0 .2rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
.sub{color:#57606a;margin:0 0 1rem}.tiles{display:flex;gap:.75rem;flex-wrap:wrap}
.tile{border:1px solid #d0d7de;border-radius:8px;padding:.6rem 1rem;min-width:7rem}.tile b{display:block;font-size:1.4rem}
.bad{color:#b42318}.good{color:#1a7f37}.skip{color:#8a6100}
table{border-collapse:collapse;font-size:13px}th,td{border:1px solid #d8dee4;padding:.2rem .45rem;text-align:center}
th{background:#f6f8fa;font-weight:600}td.n{text-align:left;font-family:ui-monospace,monospace}
td.p{background:#e6f4ea}td.f{background:#fbd5d0;font-weight:600}td.s{background:#fff4d6}td.e{color:#c0c6cc}
.wrap{overflow-x:auto}pre{white-space:pre-wrap;margin:0;font-size:12.5px}
li{margin:.35rem 0}code{font-family:ui-monospace,monospace;font-size:12.5px}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}.sub{color:#9198a1}th{background:#161b22}
th,td,.tile{border-color:#30363d}td.p{background:#12261a}td.f{background:#4a1a18}td.s{background:#352a0c}td.e{color:#484f58}
.bad{color:#ff8b7e}.good{color:#56d364}.skip{color:#e3b341}})";

std::string escape(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

std::vector<std::string> split(const std::string& id) {
  std::vector<std::string> parts(1);
  for (char c : id)
    if (c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

struct Cell {
  int64_t passed = 0, failed = 0, skipped = 0;
  double max_ulps = -1;
};

std::string tile(const char* label, const std::string& value, const char* style) {
  return fmt::format("<div class=\"tile\"><b class=\"{}\">{}</b>{}</div>\n", style, value, label);
}

// Rows are ops, columns dtypes; a cell counts its cases and shows the largest error.
std::string matrix(const Summary& s) {
  std::map<std::string, std::map<std::string, Cell>> cells;
  for (const Record& r : s.records) {
    const auto parts = split(r.id);
    if (parts.size() < 4) continue;
    Cell& cell = cells[parts[1]][parts[2].substr(0, parts[2].find('>'))];
    (r.status == Record::PASSED ? cell.passed : r.status == Record::FAILED ? cell.failed : cell.skipped)++;
    if (!r.max_ulps.empty()) cell.max_ulps = std::max(cell.max_ulps, std::stod(r.max_ulps));
  }
  std::string out = "<div class=\"wrap\"><table><tr><th>op</th><th>allowed</th>";
  for (const Dtype& d : all_dtypes()) out += fmt::format("<th>{}</th>", d.short_name);
  out += "</tr>\n";
  for (const Op& op : all_ops()) {
    const auto row = cells.find(op.name);
    if (row == cells.end()) continue;
    const char* kRules[] = {"exact", "rounded", "sum", "composite", "factor"};
    const std::string rule = op.tolerance == Tolerance::ULP && op.ulp > 0 ? fmt::format("{} ulp", op.ulp)
                                                                          : kRules[static_cast<size_t>(op.tolerance)];
    out += fmt::format("<tr><td class=\"n\">{}</td><td>{}</td>", op.name, rule);
    for (const Dtype& d : all_dtypes()) {
      const auto cell = row->second.find(d.short_name);
      if (cell == row->second.end()) {
        out += "<td class=\"e\">·</td>";
        continue;
      }
      const Cell& c = cell->second;
      const char* style = c.failed ? "f" : c.passed ? "p" : "s";
      std::string text = c.failed ? fmt::format("{}/{}", c.failed, c.failed + c.passed + c.skipped)
                                  : fmt::format("{}", c.passed ? c.passed : c.skipped);
      if (op.tolerance == Tolerance::ULP && c.max_ulps >= 0) text += fmt::format("<br>{:.2f}", c.max_ulps);
      out += fmt::format("<td class=\"{}\" title=\"{} passed, {} failed, {} skipped\">{}</td>", style, c.passed,
                         c.failed, c.skipped, text);
    }
    out += "</tr>\n";
  }
  return out + "</table></div>\n";
}

std::string families(const Summary& s) {
  std::map<std::string, Cell> cells;
  for (const Record& r : s.records) {
    Cell& cell = cells[r.id.substr(0, r.id.find('/'))];
    (r.status == Record::PASSED ? cell.passed : r.status == Record::FAILED ? cell.failed : cell.skipped)++;
  }
  std::string out = "<table><tr><th>family</th><th>passed</th><th>failed</th><th>skipped</th></tr>\n";
  for (const auto& [family, c] : cells)
    out += fmt::format("<tr><td class=\"n\">{}</td><td>{}</td><td{}>{}</td><td>{}</td></tr>\n", escape(family),
                       c.passed, c.failed ? " class=\"f\"" : "", c.failed, c.skipped);
  return out + "</table>\n";
}

}  // namespace

std::string to_html(const Summary& s) {
  const int64_t passed = s.with(Record::PASSED), failed = s.with(Record::FAILED), skipped = s.with(Record::SKIPPED);
  std::string out = fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
      "<title>Conformance of {0}</title><style>{1}</style>\n<h1>Conformance of {0}</h1>\n"
      "<p class=\"sub\">{2} ({3}), plugin <code>{4}</code>, profile {5}</p>\n<div class=\"tiles\">",
      escape(s.backend), kStyle, escape(s.device), escape(s.architecture), escape(s.path), escape(s.profile));
  const bool good = failed == 0 && passed > 0;
  out += tile("verdict", good ? "conforms" : "does not conform", good ? "good" : "bad");
  out += tile("passed", std::to_string(passed), "good");
  out += tile("failed", std::to_string(failed), failed ? "bad" : "good");
  out += tile("skipped, with reasons", std::to_string(skipped), skipped ? "skip" : "good");
  out += tile("seconds", fmt::format("{:.1f}", s.seconds), "") + "</div>\n";

  if (failed) {
    // One entry per message: a missing kernel fails hundreds of cases in one way.
    std::map<std::string, std::vector<std::string>> causes;
    for (const Record& r : s.records)
      if (r.status == Record::FAILED) causes[r.message].push_back(r.id);
    out += "<h2>Failures</h2>\n<ul>\n";
    size_t shown = 0;
    for (const auto& [cause, ids] : causes) {
      if (shown++ == 300) break;
      out += fmt::format("<li><pre>{}</pre>", escape(cause));
      for (size_t i = 0; i < std::min<size_t>(ids.size(), 4); ++i)
        out += fmt::format("{}<code>{}</code>", i ? ", " : "", escape(ids[i]));
      out += ids.size() > 4 ? fmt::format(" and {} more</li>\n", ids.size() - 4) : "</li>\n";
    }
    if (causes.size() > shown)
      out += fmt::format("<li>and {} more kinds, in conformance.json</li>\n", causes.size() - shown);
    out += "</ul>\n";
  }
  out += "<h2>Families</h2>\n" + families(s);
  out +=
      "<h2>Ops and dtypes</h2>\n<p class=\"sub\">Cases per cell; below them the largest error seen, in ulps of the "
      "output, where the op is judged by ULP. A red cell shows failed/all.</p>\n" +
      matrix(s);
  std::map<std::string, std::vector<std::string>> reasons;
  for (const Record& r : s.records)
    if (r.status == Record::SKIPPED) reasons[r.message].push_back(r.id);
  if (!reasons.empty()) {
    out += "<h2>Skipped</h2>\n<ul>\n";
    for (const auto& [reason, ids] : reasons)
      out += fmt::format("<li>{} ({}): <code>{}</code>{}</li>\n", escape(reason), ids.size(), escape(ids.front()),
                         ids.size() > 1 ? " and others" : "");
    out += "</ul>\n";
  }
  return out + "</html>\n";
}

}  // namespace ferrule::conformance
