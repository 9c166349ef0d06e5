// A shared library of the toolkit, opened at first use and never closed: the vendor's libraries keep threads and state.
#pragma once

#include <initializer_list>
#include <string>

namespace ferrule::gpu {

class Library {
 public:
  // Tries each name in the folder of "cuda.library_path", by the system's search path, then in the toolkit's
  // folders. A library that cannot be opened is a value too: see missing().
  Library(const char* title, std::initializer_list<const char*> names);

  bool opened() const { return handle_ != nullptr; }
  // Why it cannot be used: what was looked for, and the loader's or a symbol's message. Empty when all is well.
  const std::string& missing() const { return missing_; }

  // Points `function` at the symbol; where it is absent, the library counts as missing.
  template <typename F>
  void bind(F& function, const char* symbol) {
    function = reinterpret_cast<F>(find(symbol));
  }

 private:
  void* find(const char* symbol);

  const char* title_;
  void* handle_ = nullptr;
  std::string missing_;
};

}  // namespace ferrule::gpu
