#include "ferrule/loader/manifest.h"

#include <cstring>

#include "ferrule/loader/error.h"

namespace ferrule::loader {
namespace {

template <size_t N>
std::string read_string(const char (&bytes)[N], const char* field) {
  const size_t length = strnlen(bytes, N);
  if (length == N) throw Error(std::string("has a damaged manifest: ") + field + " has no end");
  for (size_t i = 0; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte < 0x20 || byte == 0x7f) {
      throw Error(std::string("has a damaged manifest: ") + field + " holds the control character " +
                  std::to_string(byte));
    }
  }
  return std::string(bytes, length);
}

bool is_name(const std::string& text) {
  if (text.empty() || text[0] < 'a' || text[0] > 'z') return false;
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

std::string version_range(uint32_t major, uint32_t low, uint32_t high) {
  std::string text = std::to_string(major) + "." + std::to_string(low);
  if (high != low) text += " to " + std::to_string(major) + "." + std::to_string(high);
  return text;
}

constexpr uint32_t own_sanitizer() {
#if defined(__SANITIZE_ADDRESS__)
  return FRL_BUILD_ASAN;
#elif defined(__SANITIZE_THREAD__)
  return FRL_BUILD_TSAN;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  return FRL_BUILD_ASAN;
#elif __has_feature(thread_sanitizer)
  return FRL_BUILD_TSAN;
#else
  return 0;
#endif
#else
  return 0;
#endif
}

}  // namespace

Manifest read_manifest_head(const frl_manifest_head& head) {
  if (head.magic != FRL_MANIFEST_MAGIC) {
    throw Error("has a damaged manifest: magic " + std::to_string(head.magic) + ", expected " +
                std::to_string(FRL_MANIFEST_MAGIC));
  }
  Manifest manifest;
  manifest.abi_major = head.abi_major;
  manifest.abi_minor_min = head.abi_minor_min;
  manifest.abi_minor_max = head.abi_minor_max;
  manifest.role = head.role;
  manifest.build_flags = head.build_flags;
  manifest.score = head.score;
  manifest.name = read_string(head.name, "name");
  manifest.vendor = read_string(head.vendor, "vendor");
  manifest.version = read_string(head.version, "version");
  manifest.build_id = read_string(head.build_id, "build_id");
  if (!is_name(manifest.name)) {
    throw Error("has a damaged manifest: name \"" + manifest.name + "\", expected [a-z][a-z0-9_]*");
  }
  if (manifest.role != FRL_ROLE_BACKEND && manifest.role != FRL_ROLE_LAYER) {
    throw Error("has role " + std::to_string(manifest.role) + "; expected 0 (backend) or 1 (layer)");
  }
  if (head.struct_size < sizeof(frl_manifest)) {
    throw Error("has a damaged manifest: struct_size " + std::to_string(head.struct_size) + ", expected at least " +
                std::to_string(sizeof(frl_manifest)));
  }
  return manifest;
}

std::string incompatibility(const Manifest& manifest) {
  const bool disjoint = manifest.abi_minor_min > kHostMinorMax || manifest.abi_minor_max < kHostMinorMin ||
                        manifest.abi_minor_min > manifest.abi_minor_max;
  if (manifest.abi_major != FRL_ABI_MAJOR || disjoint) {
    return "speaks ABI " + version_range(manifest.abi_major, manifest.abi_minor_min, manifest.abi_minor_max) +
           "; this loader speaks " + version_range(FRL_ABI_MAJOR, kHostMinorMin, kHostMinorMax);
  }
  // A sanitizer's runtime must be the first library of the process: opened later, it ends the process.
  const uint32_t sanitizer = manifest.build_flags & (FRL_BUILD_ASAN | FRL_BUILD_TSAN);
  if (sanitizer != 0 && sanitizer != own_sanitizer()) {
    return "was built with " + describe_build_flags(sanitizer) + "; this process was built with " +
           describe_build_flags(own_sanitizer());
  }
  return "";
}

std::string describe_build_flags(uint32_t build_flags) {
  std::string text;
  const auto add = [&](uint32_t flag, const char* word) {
    if ((build_flags & flag) == 0) return;
    if (!text.empty()) text += ", ";
    text += word;
  };
  add(FRL_BUILD_ASAN, "AddressSanitizer");
  add(FRL_BUILD_TSAN, "ThreadSanitizer");
  add(FRL_BUILD_DEBUG, "debug checks");
  return text.empty() ? "no sanitizer" : text;
}

}  // namespace ferrule::loader
