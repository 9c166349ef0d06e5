// Turns a plugin's table, which may be shorter than ours and hold NULL, into one in which every slot can be called.
#pragma once
#include <algorithm>
#include <cstring>
#include <tuple>

#include "ferrule/plugin.h"

namespace ferrule::loader {

// Writes "[device] slot <name> is not offered by this plugin" into the caller's error.
void write_absent_slot(const char* slot, frl_error* error);

// A string as a template argument, so that each stub knows its slot's name without any state.
template <size_t N>
struct SlotName {
  char text[N];
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is passed as the argument itself
  constexpr SlotName(const char (&from)[N]) { std::copy_n(from, N, text); }
};

template <SlotName Name, typename Function>
struct Stub;

template <SlotName Name, typename... Args>
struct Stub<Name, frl_status(FRL_CALL*)(Args...)> {
  static frl_status FRL_CALL unsupported(Args... args) {
    write_absent_slot(Name.text, std::get<sizeof...(Args) - 1>(std::tie(args...)));
    return FRL_UNSUPPORTED;
  }
  static frl_status FRL_CALL succeed(Args...) { return FRL_OK; }
};
template <SlotName Name, typename... Args>
struct Stub<Name, void(FRL_CALL*)(Args...)> {
  static void FRL_CALL nothing(Args...) {}
};
template <SlotName Name, typename... Args>
struct Stub<Name, const void*(FRL_CALL*)(Args...)> {
  static const void* FRL_CALL nothing(Args...) { return nullptr; }
};

// Copies what the callee wrote of the table into a zeroed one of our size.
template <typename Table>
Table read_table(const Table* table) {
  Table full{};
  if (table != nullptr) {
    const size_t bytes = std::min<size_t>(table->struct_size, sizeof(Table));
    std::memcpy(static_cast<void*>(&full), table, bytes);
  }
  full.struct_size = sizeof(Table);
  return full;
}

frl_plugin_api full_plugin_api(const frl_plugin_api* table);

}  // namespace ferrule::loader
