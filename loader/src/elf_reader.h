// Reads a plugin file as data. Nothing of the file is executed or mapped, and no bytes, however damaged, do more than
// raise an Error: every offset and count is checked against the file before it is used.
#pragma once
#include "ferrule/plugin.h"
#include "loader/platform/platform.h"
#include "loader/src/byte_source.h"

namespace ferrule::loader {

// Checks the class, byte order, machine and type, that every segment lies within the file, that the dynamic tables
// which dlopen walks lie within the segments, and that frl_plugin_query is exported; returns the manifest head of the
// note. Throws Error; its text is a predicate ("is not an ELF file: ...") to be put behind the file's name.
frl_manifest_head read_plugin_elf(ByteSource& source, const platform::Target& target);

}  // namespace ferrule::loader
