// The header is a Python literal: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }. The parser below accepts
// what NumPy's writers have ever produced and nothing else: those three keys once each, strings without escapes,
// decimal integers.
#include "lib/io/npy.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <optional>
#include <string_view>

#include "ferrule/ops.h"

namespace ferrule::detail {

static_assert(std::endian::native == std::endian::little, "files are written in the order of memory");

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr uint64_t kMaxHeader = 10'000;  // as numpy.load
constexpr size_t kHeaderAlignment = 64;

class LiteralParser {
 public:
  LiteralParser(const ByteSource& source, std::string_view text) : source_(source), text_(text) {}

  NpyHeader parse() {
    NpyHeader header;
    std::optional<std::string> descr;
    std::optional<bool> fortran;
    std::optional<std::vector<int64_t>> shape;
    expect('{');
    while (!accept('}')) {
      std::string key = string();
      expect(':');
      if (key == "descr" && !descr)
        descr = string();
      else if (key == "fortran_order" && !fortran)
        fortran = boolean();
      else if (key == "shape" && !shape)
        shape = tuple();
      else
        fail(fmt::format("key '{}'", key), "'descr', 'fortran_order' and 'shape', once each");
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    space();
    if (at_ != text_.size()) fail(here(), "the end of the header");
    if (!descr || !fortran || !shape) fail("a missing key", "'descr', 'fortran_order' and 'shape'");
    set_dtype(header, *descr);
    header.fortran_order = *fortran;
    header.shape = std::move(*shape);
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& got, const std::string& expected) const {
    source_.fail(fmt::format("malformed .npy header; got {}; expected {}", got, expected));
  }
  std::string here() const {
    return at_ < text_.size() ? fmt::format("byte {} ({:#04x})", at_, static_cast<unsigned char>(text_[at_]))
                              : std::string("its end");
  }
  void space() {
    while (at_ < text_.size() && std::string_view(" \t\n\r\f").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool accept(char c) {
    space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(here(), fmt::format("'{}'", c));
  }
  std::string string() {
    space();
    if (at_ == text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) fail(here(), "a string");
    char quote = text_[at_++];
    size_t begin = at_;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] < ' ' || text_[at_] > '~' || text_[at_] == '\\') fail(here(), "a plain string");
    }
    if (at_ == text_.size()) fail("a string without end", "a closing quote");
    return std::string(text_.substr(begin, at_++ - begin));
  }
  bool boolean() {
    space();
    for (std::string_view word : {"True", "False"}) {
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return word == "True";
      }
    }
    fail(here(), "True or False");
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> values;
    expect('(');
    bool comma = true;
    while (!accept(')')) {
      if (!comma) fail(here(), "',' or ')'");
      values.push_back(integer());
      comma = accept(',');
      // (3) is a number, (3,) a tuple.
      if (!comma && values.size() == 1) fail("a number in parentheses", "a tuple for 'shape'");
    }
    return values;
  }
  int64_t integer() {
    space();
    size_t begin = at_;
    int64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (__builtin_mul_overflow(value, int64_t{10}, &value) ||
          __builtin_add_overflow(value, int64_t{text_[at_] - '0'}, &value)) {
        fail("an extent beyond 2^63 - 1", "extents that fit into 63 bits");
      }
    }
    if (at_ == begin) fail(here(), "a non-negative integer");
    if (text_[begin] == '0' && value != 0) fail("leading zeros", "a decimal integer");
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // written by Python 2
    return value;
  }
  void set_dtype(NpyHeader& header, const std::string& descr) const {
    struct Entry {
      std::string_view code;
      Dtype dtype;
    };
    static constexpr Entry kEntries[] = {{"b1", bool_},     {"i1", int8},    {"i2", int16},   {"i4", int32},
                                         {"i8", int64},     {"u1", uint8},   {"u2", uint16},  {"u4", uint32},
                                         {"u8", uint64},    {"f2", float16}, {"f4", float32}, {"f8", float64},
                                         {"c8", complex64}, {"V2", bfloat16}};
    std::string_view code = descr;
    char order = '=';
    if (!code.empty() && std::string_view("<>|=").find(code[0]) != std::string_view::npos) {
      order = code[0];
      code.remove_prefix(1);
    }
    for (const Entry& entry : kEntries) {
      if (entry.code != code) continue;
      header.dtype = entry.dtype;
      header.big_endian = order == '>' && entry.dtype.size() > 1 && entry.dtype != bfloat16;
      return;
    }
    source_.fail(fmt::format("unsupported dtype; got '{}'; expected one of ? b1 i1-i8 u1-u8 f2 f4 f8 c8 V2", descr));
  }

  const ByteSource& source_;
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

NpyHeader parse_npy_header(const ByteSource& source) {
  char start[8];
  source.read(0, start, sizeof start);
  if (std::string_view(start, 6) != kMagic) source.fail("is not a .npy file; expected it to begin with \\x93NUMPY");
  int major = static_cast<unsigned char>(start[6]), minor = static_cast<unsigned char>(start[7]);
  if (major < 1 || major > 3 || minor != 0) {
    source.fail(fmt::format("unknown .npy version; got {}.{}; expected 1.0, 2.0 or 3.0", major, minor));
  }
  unsigned char length_bytes[4] = {};
  size_t length_size = major == 1 ? 2 : 4;
  source.read(8, length_bytes, length_size);
  uint32_t length = 0;
  std::memcpy(&length, length_bytes, 4);
  if (length > kMaxHeader) {
    source.fail(fmt::format("the header is too long; got {} bytes; expected at most {}", length, kMaxHeader));
  }
  std::string text(length, '\0');
  source.read(8 + length_size, text.data(), length);
  NpyHeader header = LiteralParser(source, text).parse();
  header.data_offset = 8 + length_size + length;
  uint64_t expected = checked_bytes(source, header.shape, header.dtype.size());
  uint64_t got = source.size() - header.data_offset;
  if (got != expected) {
    source.fail(fmt::format("{} data; got {} bytes after the header; expected {} for {} of shape ({})",
                            got < expected ? "truncated" : "trailing", got, expected, dtype_name(header.dtype),
                            fmt::join(header.shape, ", ")));
  }
  return header;
}

array read_npy(const ByteSource& source) {
  NpyHeader header = parse_npy_header(source);
  if (!header.fortran_order || header.shape.size() < 2) {
    return read_array(source, header.data_offset, header.shape, header.dtype, header.big_endian);
  }
  std::vector<int64_t> reversed(header.shape.rbegin(), header.shape.rend());
  return transpose(read_array(source, header.data_offset, reversed, header.dtype, header.big_endian));
}

std::string npy_header(const Shape& shape, Dtype dtype) {
  static constexpr const char* kDescr[] = {"",    "|b1", "|u1", "<u2", "<u4", "<u8", "|i1", "<i2",
                                           "<i4", "<i8", "<f2", "<V2", "<f4", "<f8", "<c8"};
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", kDescr[dtype.code()],
                                 fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  size_t prefix = kMagic.size() + 4;
  size_t total = (prefix + text.size() + 1 + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment;
  text.append(total - prefix - text.size() - 1, ' ');
  text += '\n';
  auto length = static_cast<uint16_t>(text.size());
  std::string header(kMagic);
  header += {'\x01', '\x00', static_cast<char>(length & 0xff), static_cast<char>(length >> 8)};
  return header + text;
}

}  // namespace ferrule::detail
