#!/usr/bin/env bash
# Builds the tests with a sanitizer and runs them: the presets asan, tsan and ubsan as one command. See --help.
usage() {
  cat <<'END'
Usage: tools/sanitize.sh address|thread|undefined [REGEX] [--build TARGET]...

Installs missing Debian packages, configures, builds and runs the tests under
  address     AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer, in build-asan
  thread      ThreadSanitizer, without oneDNN, whose OpenMP is not instrumented, in build-tsan
  undefined   UndefinedBehaviorSanitizer alone, in build-ubsan

REGEX         run only the tests whose names it matches (ctest -R)
--build NAME  build only this target, and what it needs (may be given again)

  tools/sanitize.sh address
  tools/sanitize.sh address '^loader\.' --build loader_test
  tools/sanitize.sh thread 'conformance_'

The first report ends its test and is printed with it. Exit code 0: every test passed or was skipped with its reason.
END
}

# The leak checker of gcc 12 crashes on thread-local memory of loaded plugins that is aligned to more than 16 bytes, which it
# takes for something else; the preset's intercept_tls_get_addr=0 turns that guess off.
regex="" preset="" targets=()
while (($# > 0)); do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --build) targets+=("${2:?--build needs the name of a target}") && shift ;;
    -*) echo "sanitize.sh: got the unknown option $1; see --help" >&2 && exit 2 ;;
    *)
      if [[ -z $preset ]]; then
        case $1 in
          address) preset=asan ;;
          thread) preset=tsan ;;
          undefined) preset=ubsan ;;
          *) echo "sanitize.sh: got \"$1\"; expected address, thread or undefined; see --help" >&2 && exit 2 ;;
        esac
      elif [[ -z $regex ]]; then
        regex=$1
      else
        echo "sanitize.sh: got \"$1\" after the regular expression; see --help" >&2 && exit 2
      fi
      ;;
  esac
  shift
done
if [[ -z $preset ]]; then
  usage >&2
  exit 2
fi

source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
ferrule_packages "${FERRULE_PACKAGES[@]}" "${FERRULE_TEST_PACKAGES[@]}"
say "configuring build-$preset/"
generator=()
if [[ ! -f build-$preset/CMakeCache.txt ]] && command -v ninja >/dev/null; then generator=(-G Ninja); fi
cmake --preset "$preset" "${generator[@]}"
say "building"
cmake --build --preset "$preset" --parallel "$(nproc)" ${targets[@]:+--target "${targets[@]}"}
say "testing"
ctest --preset "$preset" --no-tests=error --parallel "$(nproc)" ${regex:+-R "$regex"}
