#!/usr/bin/env bash
# Copies what was built to a folder that runs on another machine: programs in bin/, libferrule, backends and the libraries
# they need beyond libc and the C++ runtime in lib/, all stripped.
#   tools/pack.sh [--build DIR] [--tests] OUT        --tests: also the test programs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build tests=0 out=
while (($#)); do
  case $1 in
    -h | --help) sed -n '2,4p' "$0"; exit 0 ;;
    --build) build=$2; shift 2 ;;
    --tests) tests=1; shift ;;
    *) out=$1; shift ;;
  esac
done
[[ -n $out ]] || { echo "pack.sh: expected a folder to write to; see pack.sh --help" >&2; exit 2; }
[[ -x $build/bin/ferrule ]] || { echo "pack.sh: $build/bin/ferrule is missing; build first" >&2; exit 1; }
rm -rf "$out"
mkdir -p "$out/bin" "$out/lib"

programs=(ferrule ferrule-conformance logistic_regression fashion_mnist)
if ((tests)); then
  while IFS= read -r file; do programs+=("$(basename "$file")"); done < <(find "$build/bin" -maxdepth 1 -type f -name '*_test')
fi
for program in "${programs[@]}"; do
  if [[ -x $build/bin/$program ]]; then install -s -m 755 "$build/bin/$program" "$out/bin/$program"; fi
done
for library in "$build"/lib/libferrule.so* "$build"/lib/libferrule_*.so; do
  [[ -e $library ]] || continue
  if [[ -L $library ]]; then cp -P "$library" "$out/lib/"; else install -s -m 755 "$library" "$out/lib/"; fi
done
system='^(linux-vdso|ld-linux|libc|libm|libdl|librt|libpthread|libstdc\+\+|libgcc_s)'
ldd "$out"/bin/* "$out"/lib/*.so 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// {print $1, $3}' | sort -u |
  while read -r name path; do
    if [[ $name =~ $system || $name == libferrule* ]]; then continue; fi
    install -s -m 755 "$path" "$out/lib/$name"
  done
du -sh "$out" | awk '{print "packed " $2 ": " $1}'
