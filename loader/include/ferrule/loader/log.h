// What the loader reports while it works. It prints nothing itself: the caller passes a handler, or none.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

namespace ferrule::loader {

// level is one of FRL_LOG_ERROR .. FRL_LOG_DEBUG. Called on the thread that called the loader.
using LogHandler = std::function<void(int32_t level, const std::string& text)>;

}  // namespace ferrule::loader
