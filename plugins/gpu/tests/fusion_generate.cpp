// Writes the kernels of fusion_cases.h as one source for the simulated device.
#include <cstdio>
#include <fstream>

#include "fusion_cases.h"

namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fusion_generate <file>\n");
    return 2;
  }
  std::ofstream out(argv[1]);
  out << "#include \"fusion_registry.h\"\n#include \"kernels/fusion/map.h\"\n#include \"kernels/fusion/reduce.h\"\n";
  std::string table;
  const auto cases = ferrule::gpu::testing::fusion_cases();
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string suffix = "_" + std::to_string(i);
    std::string text = ferrule::gpu::fused_source(cases[i].expression, cases[i].form).text;
    replace_all(text, "Body", "Body" + suffix);
    for (const char* name : {"fused_main", "fused_finish"}) replace_all(text, name, name + suffix);
    out << text;
    const auto function = [&](const char* name) { return "vendor::function_of<&fused::" + (name + suffix) + ">()"; };
    const bool reduces = ferrule::gpu::reduces(cases[i].form);
    table += "      {" + function("fused_main") + ", " + (reduces ? function("fused_finish") : "nullptr") + "},\n";
  }
  out << "\nnamespace ferrule::gpu::testing {\n\nstd::vector<GeneratedKernels> generated_kernels() {\n  return {\n"
      << table << "  };\n}\n\n}  // namespace ferrule::gpu::testing\n";
  return out.good() ? 0 : 1;
}
