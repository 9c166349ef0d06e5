#include "host/kernel_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <new>
#include <vector>

namespace ferrule::gpu {
namespace {

constexpr char kMagic[8] = {'F', 'R', 'L', 'K', 'C', '0', '0', '1'};
constexpr const char* kSuffix = ".kernel";
constexpr time_t kStaleSeconds = 3600;  // of a temporary file whose writer must have died

struct Head {
  char magic[8];
  uint64_t key_bytes, binary_bytes, checksum;
};

// Fowler, Noll and Vo's FNV-1a over 64 bits, finished by SplitMix64's mixer.
uint64_t hash(const std::string& text, uint64_t seed) {
  uint64_t h = 0xcbf29ce484222325u ^ seed;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
  return h ^ (h >> 31);
}
uint64_t checksum_of(const std::string& key, const std::string& binary) { return hash(binary, hash(key, 1)); }

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

  bool read(void* to, size_t bytes) const {
    for (auto* at = static_cast<char*>(to); bytes > 0;) {
      const ssize_t got = ::read(descriptor_, at, bytes);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      at += got;
      bytes -= static_cast<size_t>(got);
    }
    return true;
  }
  bool write(const void* from, size_t bytes) const {
    for (const auto* at = static_cast<const char*>(from); bytes > 0;) {
      const ssize_t put = ::write(descriptor_, at, bytes);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return false;
      at += put;
      bytes -= static_cast<size_t>(put);
    }
    return true;
  }

 private:
  int descriptor_;
};

bool make_folders(const std::string& path) {
  for (size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    struct stat status {};
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST && ::stat(part.c_str(), &status) != 0) return false;
    if (at == std::string::npos) return true;
  }
}

bool ends_with(const std::string& text, const char* end) {
  const size_t n = std::strlen(end);
  return text.size() >= n && text.compare(text.size() - n, n, end) == 0;
}

}  // namespace

KernelCache::KernelCache(std::string folder, uint64_t max_bytes) : folder_(std::move(folder)), max_bytes_(max_bytes) {}

std::string KernelCache::default_folder(const char* configured) {
  if (configured != nullptr && configured[0] == '/') return configured;
  if (const char* base = ::secure_getenv("XDG_CACHE_HOME"); base != nullptr && base[0] == '/') {
    return std::string(base) + "/ferrule";
  }
  if (const char* home = ::secure_getenv("HOME"); home != nullptr && home[0] == '/') {
    return std::string(home) + "/.cache/ferrule";
  }
  return {};
}

bool KernelCache::usable() {
  std::lock_guard lock(mutex_);
  if (checked_) return usable_;
  checked_ = true;
  struct stat status {};
  if (folder_.empty()) {
    problem_ = "no folder for compiled kernels: neither cache_dir, XDG_CACHE_HOME nor HOME is an absolute path";
  } else if (!make_folders(folder_) || ::stat(folder_.c_str(), &status) != 0) {
    problem_ = folder_ + ": " + std::strerror(errno);
  } else if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    problem_ = folder_ + ": expected a folder of this user that nobody else may write to (chmod go-w)";
  } else {
    usable_ = true;
  }
  return usable_;
}

std::string KernelCache::problem() {
  usable();
  return problem_;
}

std::string KernelCache::path_of(const std::string& key) const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string name;
  for (const uint64_t seed : {uint64_t{2}, uint64_t{3}}) {
    const uint64_t h = hash(key, seed);
    for (int shift = 60; shift >= 0; shift -= 4) name += kDigits[(h >> shift) & 15];
  }
  return folder_ + "/" + name + kSuffix;
}

std::optional<std::string> KernelCache::find(const std::string& key) {
  if (!usable()) return std::nullopt;
  const std::string path = path_of(key);
  const File file(
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));  // a pipe has nothing to wait for
  struct stat status {};
  if (!file.open() || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const auto size = static_cast<uint64_t>(status.st_size);
  Head head{};
  std::string stored, binary;
  const bool sound = [&] {
    if (status.st_uid != ::geteuid() || size < sizeof head || !file.read(&head, sizeof head)) return false;
    if (std::memcmp(head.magic, kMagic, sizeof kMagic) != 0 || head.key_bytes != key.size()) return false;
    if (head.binary_bytes != size - sizeof head - key.size() || size < sizeof head + key.size()) return false;
    stored.resize(head.key_bytes);
    binary.resize(head.binary_bytes);
    if (!file.read(stored.data(), stored.size()) || !file.read(binary.data(), binary.size())) return false;
    return stored == key && head.checksum == checksum_of(stored, binary);
  }();
  if (!sound) {
    (void)::unlink(path.c_str());
    return std::nullopt;
  }
  (void)::futimens(file.get(), nullptr);  // the least recently used are evicted
  return binary;
}

void KernelCache::store(const std::string& key, const std::string& binary) try {
  if (!usable()) return;
  const std::string path = path_of(key);
  std::string temporary = path + ".tmp.XXXXXX";
  Head head{};
  std::memcpy(head.magic, kMagic, sizeof kMagic);
  head.key_bytes = key.size();
  head.binary_bytes = binary.size();
  head.checksum = checksum_of(key, binary);
  {
    const File file(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!file.open()) return;
    if (!file.write(&head, sizeof head) || !file.write(key.data(), key.size()) ||
        !file.write(binary.data(), binary.size())) {
      (void)::unlink(temporary.c_str());
      return;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    (void)::unlink(temporary.c_str());
    return;
  }
  std::lock_guard lock(mutex_);
  const uint64_t before = written_since_eviction_;
  written_since_eviction_ += sizeof head + key.size() + binary.size();
  // The first entry of a process, and then whenever a sixteenth of the bound was written.
  if (before == 0 || written_since_eviction_ > max_bytes_ / 16) evict();
} catch (const std::bad_alloc&) {  // the next one that is stored makes room
}

void KernelCache::evict() {
  written_since_eviction_ = 1;
  struct Entry {
    std::string path;
    uint64_t bytes;
    struct timespec used;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(folder_.c_str()), ::closedir);
  if (folder == nullptr) return;
  while (const dirent* item = ::readdir(folder.get())) {
    const std::string name = item->d_name;
    const bool entry = ends_with(name, kSuffix);
    if (!entry && name.find(std::string(kSuffix) + ".tmp.") == std::string::npos) continue;
    const std::string path = folder_ + "/" + name;
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (!entry) {
      if (status.st_mtime + kStaleSeconds < ::time(nullptr)) (void)::unlink(path.c_str());
      continue;
    }
    total += static_cast<uint64_t>(status.st_size);
    entries.push_back({path, static_cast<uint64_t>(status.st_size), status.st_mtim});
  }
  if (total <= max_bytes_) return;
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.used.tv_sec != b.used.tv_sec ? a.used.tv_sec < b.used.tv_sec : a.used.tv_nsec < b.used.tv_nsec;
  });
  // Down to three quarters, so that the next entries need no scan.
  for (const Entry& entry : entries) {
    if (total <= max_bytes_ / 4 * 3) break;
    if (::unlink(entry.path.c_str()) == 0 || errno == ENOENT) total -= entry.bytes;
  }
}

}  // namespace ferrule::gpu
