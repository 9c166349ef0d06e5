// Runs what kernels' host sides append to a command list at once on the simulated device, whose memory is the host's. For
// tests of kernel families below the ABI.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "host/command_list.h"
#include "host/device.h"

namespace ferrule::gpu::test {

inline void run_now(CommandList& commands) {
  vendor::Stream stream{};
  ASSERT_EQ(vendor::stream_create(&stream, 0), vendor::kOk);
  std::vector<void*> arguments;
  for (const Command& command : commands.commands()) {
    ASSERT_EQ(command.kind, Command::Kind::kKernel);
    commands.arguments_of(command, arguments);
    const vendor::Status status = vendor::launch(command.function, command.shape, arguments.data(), stream);
    ASSERT_EQ(status, vendor::kOk) << vendor::describe(status);
  }
  const vendor::Status status = vendor::stream_synchronize(stream);
  ASSERT_EQ(status, vendor::kOk) << vendor::describe(status);
  ASSERT_EQ(vendor::stream_destroy(stream), vendor::kOk);
  commands.clear();
}

}  // namespace ferrule::gpu::test
