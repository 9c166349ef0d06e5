// Layout: u64 length n, n bytes of JSON, data. The data is covered by the tensors without holes or overlaps and ends
// where the file ends. The JSON is read by events, because a document would hide duplicate keys and could be made huge.
#include "lib/io/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>

namespace ferrule::detail {

namespace {

constexpr uint64_t kMaxHeader = 100'000'000;
constexpr int kMaxDepth = 127;
constexpr uint64_t kHeaderAlignment = 8;
constexpr const char* kMetadata = "__metadata__";

struct DtypeName {
  const char* name;
  Dtype dtype;
};
constexpr DtypeName kDtypes[] = {{"BOOL", bool_},  {"U8", uint8},     {"U16", uint16},    {"U32", uint32},
                                 {"U64", uint64},  {"I8", int8},      {"I16", int16},     {"I32", int32},
                                 {"I64", int64},   {"F16", float16},  {"BF16", bfloat16}, {"F32", float32},
                                 {"F64", float64}, {"C64", complex64}};

// Receives the parser's events and fills the header.
class HeaderEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderEvents(const ByteSource& source, SafetensorsHeader& header) : source_(source), header_(header) {}

  bool null() override {
    if (skipping()) return true;
    // A metadata of null is none.
    if (depth_ == 1 && key_ == kMetadata) return true;
    return unexpected("null");
  }
  bool boolean(bool) override { return skipping() || unexpected("a boolean"); }
  bool number_integer(int64_t value) override { return skipping() || unexpected(fmt::format("{}", value)); }
  bool number_float(double, const std::string& text) override { return skipping() || unexpected(text); }
  bool binary(nlohmann::json::binary_t&) override { return unexpected("binary"); }
  bool number_unsigned(uint64_t value) override {
    if (skipping()) return true;
    if (array_ == nullptr) return unexpected(fmt::format("{}", value));
    array_->push_back(value);
    return true;
  }
  bool string(std::string& value) override {
    if (skipping()) return true;
    if (depth_ == 2 && in_metadata_) {
      header_.metadata[key_] = value;
      return true;
    }
    if (depth_ != 2 || key_ != "dtype") return unexpected("a string");
    dtype_ = value;
    return true;
  }
  bool start_object(size_t) override {
    if (!skipping()) {
      if (depth_ >= 2 || array_ != nullptr) return unexpected("an object");
      if (depth_ == 1) {
        in_metadata_ = key_ == kMetadata;
        tensor_ = key_;
        dtype_.reset();
        shape_.reset();
        offsets_.reset();
        inner_keys_.clear();
      }
    }
    return deeper();
  }
  bool key(std::string& value) override {
    if (skip_from_ >= 0 && depth_ > skip_from_) return true;
    skip_from_ = -1;
    key_ = value;
    auto& seen = depth_ == 1 ? names_ : inner_keys_;
    bool known = depth_ == 1 || in_metadata_ || value == "dtype" || value == "shape" || value == "data_offsets";
    if (known && !seen.insert(value).second)
      source_.fail(fmt::format("malformed header; got the key '{}' twice", value));
    if (!known) skip_from_ = depth_;  // as the reference reader, which ignores unknown fields of a tensor
    return true;
  }
  bool end_object() override {
    --depth_;
    if (skip_from_ >= 0) {
      if (depth_ >= skip_from_) return true;
      skip_from_ = -1;
    }
    if (depth_ == 1 && !in_metadata_) finish_tensor();
    in_metadata_ = false;
    return true;
  }
  bool start_array(size_t) override {
    if (!skipping()) {
      if (depth_ != 2 || in_metadata_ || array_ != nullptr) return unexpected("an array");
      auto* target = key_ == "shape" ? &shape_ : key_ == "data_offsets" ? &offsets_ : nullptr;
      if (target == nullptr) return unexpected("an array");
      array_ = &target->emplace();
    }
    return deeper();
  }
  bool end_array() override {
    --depth_;
    if (skip_from_ < 0) array_ = nullptr;
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    source_.fail(fmt::format("malformed header; invalid JSON at byte {}", position));
  }

 private:
  // Within the value of an unknown field.
  bool skipping() const { return skip_from_ >= 0; }
  bool deeper() {
    if (++depth_ > kMaxDepth) source_.fail(fmt::format("malformed header; nested deeper than {}", kMaxDepth));
    return true;
  }
  bool unexpected(const std::string& got) const {
    source_.fail(
        fmt::format("malformed header; got {} at '{}'; expected tensors with 'dtype', 'shape' and "
                    "'data_offsets'",
                    got, depth_ >= 2 ? tensor_ + "." + key_ : key_));
  }
  void finish_tensor() {
    if (!dtype_ || !shape_ || !offsets_) {
      source_.fail(
          fmt::format("tensor '{}': a field is missing; expected 'dtype', 'shape' and 'data_offsets'", tensor_));
    }
    if (offsets_->size() != 2) {
      source_.fail(fmt::format("tensor '{}': got {} data offsets; expected 2", tensor_, offsets_->size()));
    }
    SafetensorsEntry entry;
    entry.name = tensor_;
    const auto* known =
        std::find_if(std::begin(kDtypes), std::end(kDtypes), [&](auto& d) { return *dtype_ == d.name; });
    if (known == std::end(kDtypes)) {
      source_.fail(
          fmt::format("tensor '{}': unknown dtype; got '{}'; expected one of BOOL U8-U64 I8-I64 F16 BF16 F32 "
                      "F64 C64",
                      tensor_, *dtype_));
    }
    entry.dtype = known->dtype;
    for (uint64_t extent : *shape_) {
      if (extent > static_cast<uint64_t>(INT64_MAX)) {
        source_.fail(fmt::format("tensor '{}': extent too large; got {}", tensor_, extent));
      }
      entry.shape.push_back(static_cast<int64_t>(extent));
    }
    entry.begin = (*offsets_)[0];
    entry.end = (*offsets_)[1];
    header_.entries.push_back(std::move(entry));
  }

  const ByteSource& source_;
  SafetensorsHeader& header_;
  int depth_ = 0, skip_from_ = -1;
  bool in_metadata_ = false;
  std::string key_, tensor_;
  std::set<std::string> names_, inner_keys_;
  std::optional<std::string> dtype_;
  std::optional<std::vector<uint64_t>> shape_, offsets_;
  std::vector<uint64_t>* array_ = nullptr;
};

void check_layout(const ByteSource& source, SafetensorsHeader& header) {
  std::sort(header.entries.begin(), header.entries.end(),
            [](auto& a, auto& b) { return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name); });
  uint64_t at = 0, available = source.size() - header.data_offset;
  for (const SafetensorsEntry& e : header.entries) {
    if (e.begin != at || e.end < e.begin) {
      source.fail(
          fmt::format("tensor '{}': got data offsets [{}, {}]; expected them to begin at {}, where the tensor "
                      "before ends",
                      e.name, e.begin, e.end, at));
    }
    uint64_t bytes = checked_bytes(source, e.shape, e.dtype.size());
    if (e.end - e.begin != bytes) {
      source.fail(fmt::format("tensor '{}': got {} bytes of data; expected {} for {} of shape ({})", e.name,
                              e.end - e.begin, bytes, dtype_name(e.dtype), fmt::join(e.shape, ", ")));
    }
    at = e.end;
  }
  if (at != available) {
    source.fail(fmt::format("{} data; got {} bytes after the header; expected {}",
                            available < at ? "truncated" : "trailing", available, at));
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(const ByteSource& source) {
  uint64_t length = 0;
  source.read(0, &length, sizeof length);
  if (length > kMaxHeader) {
    source.fail(fmt::format("the header is too long; got {} bytes; expected at most {}", length, kMaxHeader));
  }
  if (length > source.size() - sizeof length) {
    source.fail(fmt::format("truncated header; got {} bytes; expected {}", source.size() - sizeof length, length));
  }
  std::string text(length, '\0');
  source.read(sizeof length, text.data(), length);
  // The parser would take a zero byte for the end, and skip a byte order mark.
  if (text.find('\0') != std::string::npos) source.fail("malformed header; got a zero byte");
  if (text.starts_with("\xef\xbb\xbf")) source.fail("malformed header; got a byte order mark");
  SafetensorsHeader header;
  header.data_offset = sizeof length + length;
  HeaderEvents events(source, header);
  nlohmann::json::sax_parse(text, &events);
  check_layout(source, header);
  return header;
}

std::string safetensors_header(const std::vector<SafetensorsEntry>& entries,
                               const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!metadata.empty()) json[kMetadata] = metadata;
  // Entries are not looked up by name while the document grows: that would be quadratic.
  std::string text;
  try {
    text = json.dump();
    text.pop_back();
    for (const SafetensorsEntry& e : entries) {
      const auto* name =
          std::find_if(std::begin(kDtypes), std::end(kDtypes), [&](auto& d) { return e.dtype == d.dtype; });
      text +=
          fmt::format("{}{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", text.size() > 1 ? "," : "",
                      nlohmann::json(e.name).dump(), name->name, fmt::join(e.shape, ","), e.begin, e.end);
    }
  } catch (const nlohmann::json::exception&) {
    throw error(ErrorCode::invalid_argument, "[save_safetensors] names and metadata must be valid UTF-8");
  }
  text += '}';
  text.append((kHeaderAlignment - text.size() % kHeaderAlignment) % kHeaderAlignment, ' ');
  if (text.size() > kMaxHeader) {
    throw error(ErrorCode::invalid_argument,
                fmt::format("[save_safetensors] the header is too long; got {} bytes; expected at most {}", text.size(),
                            kMaxHeader));
  }
  uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text;
}

}  // namespace ferrule::detail
