// What the operating system does its own way: environment, links, ownership, where this binary lies. Every function is
// safe from any thread and reports by value.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ferrule::loader::platform {

// The variable's value; nothing when unset or when the process runs with more privileges than its user.
std::optional<std::string> environment(const char* name);

// The user's home folder from the environment; empty when unknown.
std::string home_folder();

// The folder of the binary (library or program) that holds this code, and of the program; empty when unknown.
std::string own_folder();
std::string program_folder();

// Resolves every link. Empty with `why` filled when the path cannot be resolved.
std::string resolve(const std::string& path, std::string* why);

enum class PathKind { missing, file, folder, other };
PathKind kind_of(const std::string& path);

// Why a file or folder cannot be trusted: it belongs to someone else than root and the effective user, or its group or
// others may write to it. A sticky bit excuses nothing, since it does not stop others from adding files. Empty when it
// can be trusted.
std::string distrust(const std::string& path);

// The names in a folder, sorted; nothing with `why` filled when it cannot be read.
std::vector<std::string> list_folder(const std::string& path, std::string* why);

// The flag that keeps a library mapped after its last close.
int stay_mapped_flag();

// What a plugin file of this process must be.
struct Target {
  bool is_64bit;
  uint16_t machine;  // ELF e_machine
};
Target own_target();
std::string machine_name(uint16_t machine);

}  // namespace ferrule::loader::platform
