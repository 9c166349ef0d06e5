# Sourced by demo.sh and test.sh: installs missing Debian packages, configures and builds to build/. Defines the functions
# ferrule_packages, ferrule_configure, ferrule_build and ferrule_gpu_notes; changes to the repository's root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
umask 022 # plugins that others can write to are refused

FERRULE_PACKAGES=(
  g++ cmake ninja-build ccache
  libboost-dev libboost-context-dev libfmt-dev libcli11-dev nlohmann-json3-dev zlib1g-dev # the core, the loader and the tools
  libhwy-dev libdnnl-dev                                             # the cpu backend
  dataset-fashion-mnist                                              # the examples' images
)
FERRULE_TEST_PACKAGES=(clang clang-format libgtest-dev libbenchmark-dev libmpfr-dev python3)

say() { printf '\n== %s\n' "$*"; }

# ferrule_packages NAME...: installs what is missing, or says what to install.
ferrule_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian system: nothing is installed. Needed, in Debian's names: $*"
    return
  fi
  local missing=() package
  for package in "$@"; do
    if [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) != "install ok installed" ]]; then
      missing+=("$package")
    fi
  done
  if ((${#missing[@]} == 0)); then return; fi
  local as_root=()
  if ((EUID != 0)); then as_root=(sudo -n); fi
  if ((EUID != 0)) && ! sudo -n true 2>/dev/null; then
    echo "Missing packages, and no right to install them. Run this, then try again:" >&2
    echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -q </dev/null
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}" </dev/null
}

# ferrule_configure OPTION...: configures build/, with Ninja where it is there.
ferrule_configure() {
  local generator=()
  if [[ ! -f build/CMakeCache.txt ]] && command -v ninja >/dev/null; then generator=(-G Ninja); fi
  say "configuring build/"
  cmake -S . -B build "${generator[@]}" "$@"
}

ferrule_build() {
  say "building"
  cmake --build build --parallel "$(nproc)"
}

# Which accelerator backends are left out here, and why.
ferrule_gpu_notes() {
  if [[ ! -d plugins/cuda ]]; then
    echo "cuda: skipped, the backend is not part of this version"
  elif ! command -v nvcc >/dev/null && [[ ! -x /usr/local/cuda/bin/nvcc ]]; then
    echo "cuda: skipped, no CUDA toolkit (nvcc) was found"
  fi
  if [[ ! -d plugins/rocm ]]; then
    echo "rocm: skipped, the backend is not part of this version"
  elif ! command -v hipcc >/dev/null && [[ ! -x /opt/rocm/bin/hipcc ]]; then
    echo "rocm: skipped, no HIP toolkit (hipcc) was found"
  fi
}
