#!/usr/bin/env bash
# install_test.sh CMAKE BUILD SOURCE GENERATOR CC CXX SANITIZE: what a stranger does who has only the installed files.
set -euo pipefail
cmake=$1 build=$2 source=$3 generator=$4 cc=$5 cxx=$6 sanitize=$7
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
unset FERRULE_PLUGIN_PATH FERRULE_BACKEND

"$cmake" --install "$build" --prefix "$prefix" >"$work/install.log" || { cat "$work/install.log"; exit 1; }
for file in include/ferrule/plugin.h include/ferrule/ops.def bin/ferrule; do
  [[ -e $prefix/$file ]] || { echo "FAILED: $file was not installed"; exit 1; }
done

configure_and_build() { # FROM TO
  local flags=${sanitize:+-fsanitize=$sanitize}
  "$cmake" -S "$1" -B "$2" -G "$generator" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" \
    -DFERRULE_SANITIZE="$sanitize" >"$2.log" 2>&1 && "$cmake" --build "$2" >>"$2.log" 2>&1 || { cat "$2.log"; exit 1; }
}

# A plugin: the template's folder alone, renamed, with nothing of the source tree in reach.
mkdir "$work/backend"
cp "$source/plugins/template/template.c" "$source/plugins/template/CMakeLists.txt" "$work/backend/"
sed -i 's/FRL_DEFINE_PLUGIN("template"/FRL_DEFINE_PLUGIN("stranger"/' "$work/backend/template.c"
sed -i 's/ferrule_add_plugin(template/ferrule_add_plugin(stranger/' "$work/backend/CMakeLists.txt"
configure_and_build "$work/backend" "$work/backend-build"
plugin=$(find "$work/backend-build" -name libferrule_stranger.so)
exports=$(nm -D --defined-only "$plugin" | awk '{print $3}')
[[ $exports == frl_plugin_query ]] || { echo "FAILED: the plugin exports $exports"; exit 1; }

# The installed tool finds the installed plugins by itself, and the stranger's by its path.
# (Into a variable first: grep -q ends at the first match, and what still writes into the pipe then fails.)
found=$("$prefix/bin/ferrule" doctor --json)
grep -q "$prefix/lib.*libferrule_template.so" <<<"$found" || { echo "FAILED: the installed plugins were not found"; exit 1; }
found=$(FERRULE_PLUGIN_PATH=$plugin FERRULE_BACKEND=stranger "$prefix/bin/ferrule" devices)
grep -q '^\* stranger:0' <<<"$found" || { echo "FAILED: the stranger's plugin was not used"; exit 1; }

# Two programs against find_package(ferrule): one runs with that plugin as its device, the other is the README's example.
mkdir "$work/program"
cp "$source/tests/packaging/program/"* "$work/program/"
sed -n '/^```cpp$/,/^```$/p' "$source/README.md" | sed -e '1d' -e '/^```$/,$d' >"$work/program/readme_example.cpp"
configure_and_build "$work/program" "$work/program-build"
answer=$(FERRULE_PLUGIN_PATH=$plugin FERRULE_BACKEND=stranger FERRULE_FALLBACK=allow "$work/program-build/program")
if [[ $answer != "stranger: 5 7 9" ]]; then
  echo "FAILED: the program printed \"$answer\"; expected \"stranger: 5 7 9\""
  exit 1
fi
losses=$("$work/program-build/readme_example" | awk '{print $4}')
first=$(head -n 1 <<<"$losses") last=$(tail -n 1 <<<"$losses")
awk -v a="$first" -v b="$last" 'BEGIN { exit !(b > 0 && b < 0.95 * a) }' ||
  { echo "FAILED: the README's example went from loss $first to $last"; exit 1; }
echo "the installed packages work; the README's example went from loss $first to $last"
