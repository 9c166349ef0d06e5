// The public functions: arrays in and out of files.
#include "ferrule/io.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "ferrule/ops.h"
#include "ferrule/transforms.h"
#include "lib/io/atomic_file.h"
#include "lib/io/npy.h"
#include "lib/io/safetensors.h"
#include "lib/io/zip.h"

namespace ferrule {

namespace {

using ArrayMap = std::unordered_map<std::string, array>;

std::string with_extension(std::string file, std::string_view extension) {
  if (file.size() < extension.size() || !file.ends_with(extension)) file += extension;
  return file;
}

array placed(array a, const StreamOrDevice& s) {
  return std::holds_alternative<std::monostate>(s) ? a : copy(std::move(a), s);
}

// One evaluation for all, rather than one per array.
void evaluate(const ArrayMap& arrays) {
  std::vector<array> all;
  for (const auto& [name, a] : arrays) all.push_back(a);
  eval(std::move(all));
}

void save_zip(const char* op, std::string file, const ArrayMap& arrays, bool deflate) {
  evaluate(arrays);
  detail::AtomicFile out(op, with_extension(std::move(file), ".npz"));
  detail::ZipWriter zip(out);
  std::map<std::string, const array*> ordered;
  for (const auto& [name, a] : arrays) ordered.emplace(name, &a);
  for (const auto& [name, a] : ordered) {
    std::string header = detail::npy_header(a->shape(), a->dtype());
    zip.add(name + ".npy", {{header.data(), header.size()}, {a->size() == 0 ? nullptr : a->data(), a->nbytes()}},
            deflate);
  }
  zip.finish();
  out.commit();
}

}  // namespace

void save(std::string file, array a) {
  a.eval();
  detail::AtomicFile out("save", with_extension(std::move(file), ".npy"));
  std::string header = detail::npy_header(a.shape(), a.dtype());
  out.write(header.data(), header.size());
  if (a.size() != 0) out.write(a.data(), a.nbytes());
  out.commit();
}

array load(std::string file, StreamOrDevice s) {
  detail::FileSource source("load", file);
  return placed(detail::read_npy(source), s);
}

void savez(std::string file, ArrayMap arrays) { save_zip("savez", std::move(file), arrays, false); }

void savez_compressed(std::string file, ArrayMap arrays) {
  save_zip("savez_compressed", std::move(file), arrays, true);
}

NpzLoad load_npz(const std::string& file, StreamOrDevice s) {
  detail::FileSource source("load_npz", file);
  NpzLoad arrays;
  for (const detail::ZipEntry& entry : detail::read_zip_directory(source)) {
    detail::MemorySource member("load_npz", fmt::format("{}, member '{}'", source.label(), entry.name),
                                detail::read_zip_member(source, entry));
    std::string name = entry.name.ends_with(".npy") ? entry.name.substr(0, entry.name.size() - 4) : entry.name;
    if (!arrays.emplace(name, placed(detail::read_npy(member), s)).second) {
      source.fail(fmt::format("got the array '{}' twice", name));
    }
  }
  return arrays;
}

void save_safetensors(std::string file, ArrayMap arrays, std::unordered_map<std::string, std::string> metadata) {
  evaluate(arrays);
  std::vector<std::pair<detail::SafetensorsEntry, const array*>> items;
  for (const auto& [name, a] : arrays) {
    if (name == "__metadata__") {
      throw error(ErrorCode::invalid_argument, "[save_safetensors] the name '__metadata__' is reserved");
    }
    detail::SafetensorsEntry entry;
    entry.name = name;
    entry.dtype = a.dtype();
    entry.shape.assign(a.shape().begin(), a.shape().end());
    items.emplace_back(std::move(entry), &a);
  }
  // Wide elements first, as the reference writer: then every tensor is aligned to its element.
  std::sort(items.begin(), items.end(), [](auto& a, auto& b) {
    return std::make_tuple(-int{a.first.dtype.size()}, std::cref(a.first.name)) <
           std::make_tuple(-int{b.first.dtype.size()}, std::cref(b.first.name));
  });
  std::vector<detail::SafetensorsEntry> entries;
  uint64_t at = 0;
  for (auto& [entry, a] : items) {
    entry.begin = at;
    entry.end = at += a->nbytes();
    entries.push_back(entry);
  }
  std::string header = detail::safetensors_header(entries, {metadata.begin(), metadata.end()});
  detail::AtomicFile out("save_safetensors", with_extension(std::move(file), ".safetensors"));
  out.write(header.data(), header.size());
  for (auto& [entry, a] : items) {
    if (a->size() != 0) out.write(a->data(), a->nbytes());
  }
  out.commit();
}

SafetensorsLoad load_safetensors(const std::string& file, StreamOrDevice s) {
  detail::FileSource source("load_safetensors", file);
  detail::SafetensorsHeader header = detail::parse_safetensors_header(source);
  SafetensorsLoad result;
  for (const detail::SafetensorsEntry& entry : header.entries) {
    result.first.emplace(
        entry.name, placed(detail::read_array(source, header.data_offset + entry.begin, entry.shape, entry.dtype), s));
  }
  result.second = std::move(header.metadata);
  return result;
}

}  // namespace ferrule
