// A kernel that was made at run time, such as the compiled form of an expression (frl.fusion/1). Its frl_kernel holds it;
// query and run are called as those of a Kernel are (kernel.h).
#pragma once

#include <span>

#include "host/kernel.h"

namespace ferrule::gpu {

class Program {
 public:
  virtual ~Program() = default;
  virtual const char* query(Device& device, const frl_call& call, Answer& answer, std::span<char> reason) const = 0;
  virtual void run(Device& device, const Call& call, CommandList& commands) const = 0;
};

}  // namespace ferrule::gpu
