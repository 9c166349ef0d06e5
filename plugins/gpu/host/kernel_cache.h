// Compiled kernels on disk, shared by processes. An entry is a file named by a hash of its key; it holds the key and a
// checksum, so that neither a collision nor a damaged file is ever taken for a kernel. Any thread; failures to write are
// silent, because a cache may always be absent.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace ferrule::gpu {

class KernelCache {
 public:
  static constexpr uint64_t kDefaultBytes = uint64_t{256} << 20;

  // An empty folder is no cache. The folder is made (for the user alone) at first use; one that belongs to somebody else
  // or that others may write to is not used, and problem() says so.
  explicit KernelCache(std::string folder, uint64_t max_bytes = kDefaultBytes);

  // The folder for this process: `configured`, or $XDG_CACHE_HOME/ferrule, or ~/.cache/ferrule; empty when there is
  // none, also in privileged processes.
  static std::string default_folder(const char* configured);

  std::optional<std::string> find(const std::string& key);
  // Written to a temporary file that is then renamed; the oldest entries make room when the bound is passed.
  void store(const std::string& key, const std::string& binary);

  // Why the folder is not used; empty when it is.
  std::string problem();

 private:
  bool usable();
  std::string path_of(const std::string& key) const;
  void evict();

  const std::string folder_;
  const uint64_t max_bytes_;
  std::mutex mutex_;
  bool checked_ = false, usable_ = false;
  uint64_t written_since_eviction_ = 0;
  std::string problem_;
};

}  // namespace ferrule::gpu
