// Saving and loading arrays: .npy and .npz (NumPy's formats 1.0 to 3.0), .safetensors. Names follow mlx.core.
// Thread-safe. A writer fills a temporary file beside the target, flushes it to disk and renames it, so that the target
// is always the old file or the new one, whole. A reader compares every size with the file before it allocates and
// refuses what the formats' reference readers refuse. Failures throw error(ErrorCode::io), or invalid_argument for bad
// arguments.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>

#include "ferrule/array.h"
#include "ferrule/device.h"

#pragma GCC visibility push(default)
namespace ferrule {

using NpzLoad = std::unordered_map<std::string, array>;
// The arrays and the metadata of a safetensors file.
using SafetensorsLoad = std::pair<std::unordered_map<std::string, array>, std::unordered_map<std::string, std::string>>;

// Writes one array; evaluates it. ".npy" is appended to a name without it. bfloat16 is stored as '<V2', as MLX does.
void save(std::string file, array a);
// Reads a .npy file. Big-endian data is converted, Fortran order gives a transposed array.
array load(std::string file, StreamOrDevice s = {});

// Several arrays by name, stored or deflated. ".npz" is appended to a name without it.
void savez(std::string file, std::unordered_map<std::string, array> arrays);
void savez_compressed(std::string file, std::unordered_map<std::string, array> arrays);
NpzLoad load_npz(const std::string& file, StreamOrDevice s = {});

// The same arrays and metadata always give the same bytes. ".safetensors" is appended to a name without it.
void save_safetensors(std::string file, std::unordered_map<std::string, array> arrays,
                      std::unordered_map<std::string, std::string> metadata = {});
SafetensorsLoad load_safetensors(const std::string& file, StreamOrDevice s = {});

}  // namespace ferrule
#pragma GCC visibility pop
