// Saving and loading checkpoints.
#include "checkpoint.h"

#include <ferrule/io.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace fr = ferrule;
namespace nn = ferrule::nn;

namespace {

constexpr const char* kFormat = "ferrule fashion_mnist 1";

// %a keeps every bit of a double.
std::string exact(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%a", value);
  return text;
}

[[noreturn]] void fail(const std::string& file, const std::string& what) {
  throw fr::error(fr::ErrorCode::io, "[fashion_mnist] file '" + file + "': " + what);
}

// The entries "<prefix>.*" in the order of their numbering.
nn::Parameters section(const std::unordered_map<std::string, fr::array>& arrays, const std::string& prefix,
                       const std::string& order, const std::string& file) {
  nn::Parameters out;
  for (size_t begin = 0; begin < order.size();) {
    size_t end = std::min(order.find('\n', begin), order.size());
    std::string name = order.substr(begin, end - begin);
    auto it = arrays.find(prefix + "." + name);
    if (it == arrays.end()) fail(file, "no array '" + prefix + "." + name + "'");
    out.emplace_back(name, it->second);
    begin = end + 1;
  }
  return out;
}

std::string names_of(const nn::Parameters& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) out += (out.empty() ? "" : "\n") + name;
  return out;
}

}  // namespace

void save_checkpoint(const std::string& file, const Checkpoint& c) {
  std::unordered_map<std::string, fr::array> arrays;
  for (const auto& entry : nn::with_prefix("model", c.parameters)) arrays.insert(entry);
  for (const auto& entry : nn::with_prefix("optimizer", c.optimizer_state)) arrays.insert(entry);
  arrays.emplace("random.shuffle", c.shuffle_key);
  arrays.emplace("random.step", c.step_key);
  // The order of entries is kept beside them: a map of arrays has none.
  fr::save_safetensors(file, arrays,
                       {{"format", kFormat},
                        {"model", c.settings.model},
                        {"batch", std::to_string(c.settings.batch)},
                        {"learning_rate", exact(c.settings.learning_rate)},
                        {"seed", std::to_string(c.settings.seed)},
                        {"epoch", std::to_string(c.epoch)},
                        {"model_order", names_of(c.parameters)},
                        {"optimizer_order", names_of(c.optimizer_state)}});
}

Checkpoint load_checkpoint(const std::string& file) {
  auto [arrays, metadata] = fr::load_safetensors(file);
  auto text = [&, &metadata = metadata](const char* key) -> const std::string& {
    auto it = metadata.find(key);
    if (it == metadata.end()) fail(file, std::string("is no checkpoint of this program; it has no '") + key + "'");
    return it->second;
  };
  if (text("format") != kFormat) fail(file, "got format '" + text("format") + "'; expected '" + kFormat + "'");
  auto key = [&, &arrays = arrays](const char* name) {
    auto it = arrays.find(name);
    if (it == arrays.end() || it->second.dtype() != fr::uint32 || it->second.shape() != fr::Shape{2}) {
      fail(file, std::string("no random key '") + name + "'");
    }
    return it->second;
  };
  try {
    Checkpoint c{{text("model"), std::stoi(text("batch")), std::strtod(text("learning_rate").c_str(), nullptr),
                  std::stoull(text("seed"))},
                 std::stoi(text("epoch")),
                 key("random.shuffle"),
                 key("random.step"),
                 section(arrays, "model", text("model_order"), file),
                 section(arrays, "optimizer", text("optimizer_order"), file)};
    if (c.epoch < 0 || c.settings.batch < 1) fail(file, "negative numbers in the metadata");
    return c;
  } catch (const std::logic_error&) {  // of stoi; ferrule::error is a runtime_error
    fail(file, "a number in the metadata cannot be read");
  }
}
