// NVRTC, opened at first use: nothing of the toolkit is needed to load the plugin.
#pragma once

#include <mutex>
#include <string>

#include "host/fusion_compiler.h"

namespace ferrule::cuda {

class Nvrtc : public gpu::RuntimeCompiler {
 public:
  bool available(std::string* why) override;
  std::string version() override;
  bool compile(const std::string& source, const std::string& architecture, std::string* binary,
               std::string* log) override;

 private:
  struct Program;  // nvrtcProgram
  using Result = int;
  struct Functions {
    Result (*version)(int*, int*);
    const char* (*error_string)(Result);
    Result (*create)(Program**, const char*, const char*, int, const char* const*, const char* const*);
    Result (*destroy)(Program**);
    Result (*compile)(Program*, int, const char* const*);
    Result (*cubin_size)(Program*, size_t*);
    Result (*cubin)(Program*, char*);
    Result (*log_size)(Program*, size_t*);
    Result (*log)(Program*, char*);
  };

  void open();
  std::string log_of(Program* program) const;

  std::once_flag once_;
  bool opened_ = false;
  std::string why_not_;
  Functions call_{};
  int major_ = 0, minor_ = 0;
};

}  // namespace ferrule::cuda
