// The run-time compiler of a backend: NVRTC in plugins/cuda, hipRTC elsewhere. Any thread.
#pragma once

#include <span>
#include <string>

namespace ferrule::gpu {

// A file that sources may include.
struct EmbeddedHeader {
  const char* name;  // as in #include "name"
  const char* text;
};
// The headers that kernels are made of, compiled into the plugin.
std::span<const EmbeddedHeader> embedded_headers();

class RuntimeCompiler {
 public:
  virtual ~RuntimeCompiler() = default;
  // Whether the compiler is there; otherwise *why says what was looked for. Opens the library at the first call.
  virtual bool available(std::string* why) = 0;
  // Changes whenever the compiler could make other code; part of the cache's key. Only when available.
  virtual std::string version() = 0;
  // Compiles `source` for "sm_90" and the like. False, with the compiler's messages in *log, on failure.
  virtual bool compile(const std::string& source, const std::string& architecture, std::string* binary,
                       std::string* log) = 0;
};

// The backend's compiler; lives as long as the process.
RuntimeCompiler& runtime_compiler();

}  // namespace ferrule::gpu
