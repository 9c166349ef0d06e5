// The idx format: a big-endian magic (0, 0, type 8 = unsigned byte, number of axes), the extents, the bytes.
#include "data.h"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

namespace fr = ferrule;

namespace {

constexpr const char* kDefaultFolders[] = {"/usr/share/datasets/fashion-mnist",
                                           "/usr/local/share/datasets/fashion-mnist"};
constexpr uint32_t kMaxItems = 1'000'000;
constexpr uint32_t kSide = 28;
constexpr int kClasses = 10;

[[noreturn]] void fail(const std::string& file, const std::string& what) {
  throw fr::error(fr::ErrorCode::io, "[fashion_mnist] file '" + file + "': " + what);
}

class GzipFile {
 public:
  explicit GzipFile(const std::string& name) : name_(name), file_(gzopen(name.c_str(), "rb"), gzclose) {
    if (!file_) fail(name, "cannot be opened");
  }
  void read(void* out, size_t n) {
    auto* to = static_cast<unsigned char*>(out);
    while (n > 0) {
      int got = gzread(file_.get(), to, static_cast<unsigned>(std::min<size_t>(n, 1u << 30)));
      if (got <= 0) fail(name_, "is damaged or ends too early; " + std::to_string(n) + " more bytes were expected");
      to += got;
      n -= static_cast<size_t>(got);
    }
  }
  uint32_t read_u32() {
    unsigned char b[4];
    read(b, 4);
    return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | b[3];
  }
  // zlib compares the checksum when it meets the end.
  void expect_end() {
    char byte;
    int got = gzread(file_.get(), &byte, 1);
    if (got < 0) fail(name_, "is damaged: wrong checksum or length");
    if (got > 0) fail(name_, "holds more bytes than its header says");
    int code = Z_OK;
    const char* text = gzerror(file_.get(), &code);
    if (code != Z_OK && code != Z_STREAM_END) fail(name_, std::string("is damaged: ") + text);
  }

 private:
  std::string name_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
};

fr::array read_idx(const std::string& name, uint32_t axes) {
  GzipFile file(name);
  uint32_t magic = file.read_u32(), expected = 0x0800u | axes;
  if (magic != expected) {
    fail(name,
         "is no idx file of this kind; got magic " + std::to_string(magic) + "; expected " + std::to_string(expected));
  }
  uint32_t items = file.read_u32();
  if (items == 0 || items > kMaxItems) {
    fail(name, "got " + std::to_string(items) + " items; expected 1 to " + std::to_string(kMaxItems));
  }
  fr::Shape shape{items};
  size_t bytes = items;
  for (uint32_t axis = 1; axis < axes; ++axis) {
    uint32_t extent = file.read_u32();
    if (extent != kSide) fail(name, "got images of side " + std::to_string(extent) + "; expected 28");
    shape.push_back(extent);
    bytes *= extent;
  }
  if (axes > 1) shape.push_back(1);
  std::unique_ptr<void, void (*)(void*)> memory(std::aligned_alloc(64, (bytes + 63) / 64 * 64), std::free);
  if (!memory) fail(name, "does not fit into memory");
  file.read(memory.get(), bytes);
  file.expect_end();
  if (axes == 1) {
    const auto* labels = static_cast<const unsigned char*>(memory.get());
    if (std::any_of(labels, labels + bytes, [](unsigned char l) { return l >= kClasses; })) {
      fail(name, "holds a label above 9");
    }
  }
  return fr::array(memory.release(), shape, fr::uint8, std::free);
}

Images read_pair(const std::filesystem::path& folder, const std::string& prefix) {
  std::string image_file = (folder / (prefix + "-images-idx3-ubyte.gz")).string();
  Images images{read_idx(image_file, 3), read_idx((folder / (prefix + "-labels-idx1-ubyte.gz")).string(), 1)};
  if (images.pixels.shape(0) != images.labels.shape(0)) {
    fail(image_file, "got " + std::to_string(images.pixels.shape(0)) + " images; expected as many as labels, " +
                         std::to_string(images.labels.shape(0)));
  }
  return images;
}

std::filesystem::path find_folder(const std::string& folder) {
  if (!folder.empty()) return folder;
  for (const char* candidate : kDefaultFolders) {
    if (std::filesystem::exists(candidate)) return candidate;
  }
  throw fr::error(fr::ErrorCode::io,
                  "[fashion_mnist] the images were not found; install Debian's package dataset-fashion-mnist, or name "
                  "their folder with --data");
}

}  // namespace

FashionMnist load_fashion_mnist(const std::string& folder) {
  std::filesystem::path found = find_folder(folder);
  return {read_pair(found, "train"), read_pair(found, "t10k")};
}
