#!/usr/bin/env bash
# The program `ferrule`: exit codes, one-line errors, JSON. Usage: command_line_test.sh FERRULE TEMPLATE TEST_PLUGINS
set -uo pipefail
ferrule=$1 template=$2 plugins=$3
unset FERRULE_BACKEND FERRULE_PLUGIN_PATH FERRULE_LOG FERRULE_THREADS FERRULE_FALLBACK FERRULE_CPU_TARGET FERRULE_TF32
failures=0

complain() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# expect CODE TEXT COMMAND...: the exit code, and a text in the output; a failure is one line on stderr.
expect() {
  local code=$1 text=$2 out err got
  shift 2
  err=$(mktemp)
  out=$("$@" 2>"$err" </dev/null)
  got=$?
  if [[ $got != "$code" ]]; then complain "$*: exit code $got, expected $code: $out $(<"$err")"; fi
  if [[ $out$(<"$err") != *"$text"* ]]; then complain "$*: expected \"$text\", got: $out $(<"$err")"; fi
  if ((code != 0)) && [[ $(wc -l <"$err") != 1 ]]; then complain "$*: expected one line on stderr, got: $(<"$err")"; fi
  rm -f "$err"
}

with() { env "$@"; }

expect 0 "Usage:" "$ferrule" --help
for command in devices doctor ops bench; do
  expect 0 "Usage:" "$ferrule" "$command" --help
  expect 0 "--json" "$ferrule" "$command" --help
  expect 2 "see ferrule --help" "$ferrule" "$command" --nonsense
done
expect 2 "subcommand" "$ferrule"
expect 2 "\"nonsense\" is no subcommand" "$ferrule" nonsense
expect 2 "--elements" "$ferrule" bench --elements -5
expect 1 "expected one of bool" with FERRULE_BACKEND=template "$ferrule" bench --dtype float33
expect 1 "no op" with FERRULE_BACKEND=template "$ferrule" ops --filter nosuchop
expect 1 "no usable backend is called \"nosuch\"" "$ferrule" ops --backend nosuch

expect 0 "* template:0" with FERRULE_BACKEND=template "$ferrule" devices
expect 0 "default device" with FERRULE_BACKEND="nosuch*,template" "$ferrule" devices
expect 0 "copy to the device" with FERRULE_BACKEND=template "$ferrule" doctor
expect 0 "no kernel" with FERRULE_BACKEND=template "$ferrule" ops
expect 0 "logreg 1000x100 step" with FERRULE_BACKEND=template FERRULE_FALLBACK=allow "$ferrule" bench --suite performance --shrink 256 --filter logreg --seconds 0.01
expect 1 "see --suite performance --list" with FERRULE_BACKEND=template "$ferrule" bench --suite performance --filter nothing
if grep -q '^\* cpu' <<<"$("$ferrule" devices)"; then
  expect 0 "ferrule doctor" "$ferrule" bench --suite performance --filter "sum(16)" --seconds 0.001
fi
expect 2 "--suite" "$ferrule" bench --suite fast
expect 0 "no kernels" with FERRULE_BACKEND=template "$ferrule" bench --filter add
expect 0 "libferrule_template.so: usable" with FERRULE_BACKEND=template FERRULE_LOG=debug "$ferrule" devices

# Every illegal value is one line with exit code 1.
for bad in "FERRULE_BACKEND=nosuch" "FERRULE_BACKEND=," "FERRULE_BACKEND=cuda:x" "FERRULE_BACKEND=!*" "FERRULE_LOG=loud" \
  "FERRULE_THREADS=0" "FERRULE_THREADS=-1" "FERRULE_THREADS=many" "FERRULE_FALLBACK=maybe" "FERRULE_TF32=2" \
  "FERRULE_CPU_LIBRARIES=mkl" "FERRULE_MEMORY=host" "FERRULE_GRAPH=maybe" \
  "FERRULE_CPU_TARGET=sse" "FERRULE_PLUGIN_PATH=relative/libferrule_x.so"; do
  expect 1 "${bad%%=*}" with "$bad" "$ferrule" devices
  expect 1 "${bad%%=*}" with "$bad" "$ferrule" doctor
done
# Those that their readers ignore are named by doctor alone.
for bad in "FERRULE_CACHE_DIR=relative" "FERRULE_CUDA_BATCH=some" "FERRULE_CUDA_BATCH_COMMANDS=0" "FERRULE_CUDA_TUNE=yes" \
  "FERRULE_CUDA_GRAPH_COMMANDS=4096" "FERRULE_CUDA_GRAPH_BRANCHES=2" "FERRULE_CUDA_LIBRARY_PATH=lib"; do
  expect 0 "template" with FERRULE_BACKEND=template "$bad" "$ferrule" devices
  expect 1 "${bad%%=*}: got \"${bad#*=}\"; expected" with FERRULE_BACKEND=template "$bad" "$ferrule" doctor
done

# Bad plugins beside the good one: doctor says what is wrong with each, and works.
bad_path=/nonexistent/libferrule_x.so:/etc:$plugins/other_major:$plugins/no_symbol:$plugins/future_minor:$plugins/no_device
for text in "no such file or folder" "holds no file" "speaks ABI 2.0" "exports no function" "no device: the variant has none"; do
  expect 0 "$text" with FERRULE_BACKEND=template FERRULE_PLUGIN_PATH="$bad_path" "$ferrule" doctor
done
expect 1 "the driver answered 42" with FERRULE_BACKEND=init_fails FERRULE_PLUGIN_PATH="$plugins/init_fails" "$ferrule" devices

# Every value with its plugin present and absent: what was named runs, or there is an error. Nothing else is ever chosen.
chosen() { # VALUE FOLDER: the default device, or "error"
  local out
  if out=$(FERRULE_BACKEND=$1 FERRULE_PLUGIN_PATH=$2 "$ferrule" devices 2>/dev/null | grep '^\* [a-z0-9_]*:[0-9]'); then
    awk '{print $2}' <<<"$out"
  else
    echo error
  fi
}
stranger=$(mktemp -d)
chmod 755 "$stranger"
LC_ALL=C sed 's/template\x00/stranger\x00/g' "$template" >"$stranger/libferrule_stranger.so" # the name has as many letters
while read -r value where want; do
  folder=""
  if [[ $where == present ]]; then folder=$stranger; fi
  got=$(chosen "$value" "$folder")
  if [[ $got != "$want" ]]; then complain "FERRULE_BACKEND=$value with the plugin $where: got $got, expected $want"; fi
done <<'END'
stranger present stranger:0
stranger absent error
stranger:0 present stranger:0
stranger:1 present error
stranger:1,template present template:0
stranger,template present stranger:0
stranger,template absent error
str* present stranger:0
str* absent error
str*,template absent template:0
template,stranger present template:0
!stranger,template present template:0
stranger,!stranger present error
*,!cpu,!stranger,!template,!sim,!sim64,!cuda present error
STRANGER present error
END
rm -rf "$stranger"

for command in devices doctor "ops --filter add" "bench --filter add"; do
  # shellcheck disable=SC2086
  if ! FERRULE_BACKEND=template "$ferrule" $command --json | python3 -m json.tool >/dev/null; then
    complain "$command --json is not JSON"
  fi
done

# A planted plugin in the current folder is never found.
folder=$(mktemp -d)
cp "$plugins/good/libferrule_good.so" "$folder/"
if grep -q libferrule_good.so <<<"$(cd "$folder" && FERRULE_BACKEND=template "$ferrule" doctor)"; then
  complain "the current folder was searched"
fi
rm -rf "$folder"

echo "$failures failures"
((failures == 0))
