// A plugin's manifest head as C++ fields, and the checks that every head passes before its plugin may run.
#pragma once
#include <cstdint>
#include <string>

#include "ferrule/plugin.h"

namespace ferrule::loader {

// The range of ABI minors that this loader speaks within FRL_ABI_MAJOR.
inline constexpr uint32_t kHostMinorMin = 0;
inline constexpr uint32_t kHostMinorMax = FRL_ABI_MINOR;

struct Manifest {
  std::string name, vendor, version, build_id;
  uint32_t abi_major = 0, abi_minor_min = 0, abi_minor_max = 0;
  uint32_t role = FRL_ROLE_BACKEND;  // FRL_ROLE_*
  uint32_t build_flags = 0;          // FRL_BUILD_*
  uint32_t score = 0;

  bool is_layer() const { return role == FRL_ROLE_LAYER; }
};

// Turns a head into fields. Throws Error for a wrong magic, an unterminated or unprintable string, a name outside
// [a-z][a-z0-9_]*, an unknown role or a struct_size too small to hold the entry point.
Manifest read_manifest_head(const frl_manifest_head& head);

// Why a plugin with this manifest cannot be loaded into this process (ABI range, sanitizer build); empty when it can.
std::string incompatibility(const Manifest& manifest);

// "AddressSanitizer, debug checks"; "no sanitizer" when no flag is set.
std::string describe_build_flags(uint32_t build_flags);

}  // namespace ferrule::loader
