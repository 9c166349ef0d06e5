#!/usr/bin/env bash
# Checks the dependency rule over the #include lines (docs/architecture.md): who may see whose headers, and no device header
# outside its own plugin. Prints each line that breaks it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
status=0

# forbid FOLDER PATTERN WHY: no #include in FOLDER may match the extended regular expression.
forbid() {
  local found
  [[ -d $1 ]] || return 0
  found=$(grep -rEn --include='*.h' --include='*.hpp' --include='*.c' --include='*.cc' --include='*.cpp' --include='*.cu' \
    --include='*.cuh' --include='*.hip' "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" "$1" || true)
  if [[ -n $found ]]; then
    printf '%s\n  -> %s\n' "$found" "$3"
    status=1
  fi
}

plugin_headers='plugin\.h|plugin_entry\.h|op_attrs\.h|ops\.def|dtypes\.def'
core_headers=$(cd core/include/ferrule && find . -name '*.h' -printf '%P\n' | sed 's/\./\\./g' | paste -sd'|')
device_headers='cuda|cublas|cudnn|cufft|cusolver|nvrtc|nccl|hip/|rocblas|hipblas|hiprtc|rocprim|cub/'

forbid plugin_api/include "(ferrule/loader/|boost/|loader/|core/)" "plugin_api depends on nothing"
forbid plugin_api/include "ferrule/($core_headers)" "plugin_api depends on nothing"
forbid loader "ferrule/($core_headers)|core/" "the loader depends on plugin_api alone"
forbid core "plugins/|cpu/" "the core contains no backend"
forbid tools "core/src/|loader/src/|loader/platform/" "tools use public headers"
forbid examples "core/src/|ferrule/loader/|ferrule/($plugin_headers)" "examples use the public headers of ferrule"
forbid tests/conformance "ferrule/($core_headers)|core/" "conformance depends on plugin_api and loader"
for plugin in plugins/* layers/*; do
  [[ -d $plugin ]] || continue
  forbid "$plugin" "ferrule/loader/|loader/|core/|ferrule/($core_headers)" "a plugin depends on plugin_api alone"
  for other in plugins/*; do
    name=${other#plugins/}
    if [[ $other != "$plugin" && $name != gpu ]]; then forbid "$plugin" "(\.\./)+$name/|plugins/$name/" "a plugin sees no other plugin"; fi
  done
done
for folder in plugin_api loader core tools examples tests plugins/common plugins/gpu plugins/cpu plugins/template; do
  forbid "$folder" "$device_headers" "device headers stay inside their own plugin"
done
if ((status == 0)); then echo "includes: the dependency rule holds"; fi
exit $status
