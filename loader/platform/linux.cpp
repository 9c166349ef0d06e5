// platform.h on Linux (ELF, glibc or musl).
#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>

#include "loader/platform/platform.h"

namespace ferrule::loader::platform {
namespace {

std::string error_text(int code) { return std::error_code(code, std::generic_category()).message(); }

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return "";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

std::optional<std::string> environment(const char* name) {
  if (getauxval(AT_SECURE) != 0) return std::nullopt;
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

std::string home_folder() { return environment("HOME").value_or(""); }

std::string own_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0 || info.dli_fname == nullptr) return "";
  // For the program itself dli_fname is argv[0], which its caller chose: ask the kernel instead.
  const auto* header = static_cast<const ElfW(Ehdr)*>(info.dli_fbase);
  const uintptr_t phdrs = reinterpret_cast<uintptr_t>(info.dli_fbase) + header->e_phoff;
  if (phdrs == getauxval(AT_PHDR) || info.dli_fname[0] != '/') return program_folder();
  return parent_of(resolve(info.dli_fname, nullptr));
}

std::string program_folder() { return parent_of(resolve("/proc/self/exe", nullptr)); }

std::string resolve(const std::string& path, std::string* why) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(realpath(path.c_str(), nullptr), &std::free);
  if (resolved) return resolved.get();
  if (why != nullptr) *why = error_text(errno);
  return "";
}

PathKind kind_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return PathKind::missing;
  if (S_ISREG(status.st_mode)) return PathKind::file;
  return S_ISDIR(status.st_mode) ? PathKind::folder : PathKind::other;
}

std::string distrust(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return path + " cannot be examined: " + error_text(errno);
  if (status.st_uid != 0 && status.st_uid != geteuid()) {
    return path + " belongs to user " + std::to_string(status.st_uid) + "; expected root or user " +
           std::to_string(geteuid());
  }
  const char* writer = (status.st_mode & S_IWOTH) != 0   ? "everyone"
                       : (status.st_mode & S_IWGRP) != 0 ? "its group"
                                                         : nullptr;
  if (writer == nullptr) return "";
  return path + " can be written by " + writer + "; expected its owner alone (chmod go-w)";
}

std::vector<std::string> list_folder(const std::string& path, std::string* why) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), &closedir);
  if (!folder) {
    if (why != nullptr) *why = error_text(errno);
    return names;
  }
  while (const dirent* entry = readdir(folder.get())) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

int stay_mapped_flag() { return RTLD_NODELETE; }

Target own_target() {
#if defined(__x86_64__)
  constexpr uint16_t machine = EM_X86_64;
#elif defined(__aarch64__)
  constexpr uint16_t machine = EM_AARCH64;
#elif defined(__i386__)
  constexpr uint16_t machine = EM_386;
#elif defined(__arm__)
  constexpr uint16_t machine = EM_ARM;
#elif defined(__riscv)
  constexpr uint16_t machine = EM_RISCV;
#elif defined(__powerpc64__)
  constexpr uint16_t machine = EM_PPC64;
#else
#error "tell loader/platform/linux.cpp the ELF machine of this architecture"
#endif
  return Target{sizeof(void*) == 8, machine};
}

std::string machine_name(uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "arm64";
    case EM_386:
      return "i386";
    case EM_ARM:
      return "arm";
    case EM_RISCV:
      return "riscv";
    case EM_PPC64:
      return "ppc64";
    default:
      return "machine " + std::to_string(machine);
  }
}

}  // namespace ferrule::loader::platform
