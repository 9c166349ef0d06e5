#!/usr/bin/env bash
# A privileged process ignores every variable: as root, runs the tool set-user-ID for another user.
# Usage: privileged_test.sh FERRULE PLUGIN
set -euo pipefail
if ((EUID != 0)) || ! id nobody >/dev/null 2>&1; then
  echo "skipped: only root can make a set-user-ID program of another user"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
mkdir "$folder/bin"
cp "$1" "$folder/bin/ferrule"
chown nobody "$folder/bin/ferrule"
cp "$2" "$folder/"
plugin=$folder/$(basename "$2")
export FERRULE_PLUGIN_PATH=$plugin FERRULE_BACKEND=good XDG_DATA_HOME=$folder HOME=$folder

report() { "$folder/bin/ferrule" doctor 2>&1 || true; } # the plugin's device does not open: only the listing counts
if [[ $(report) != *"ok  $plugin"* ]]; then
  echo "FAILED: without privileges the variable should have been followed"
  exit 1
fi
chmod 4755 "$folder/bin/ferrule"
if [[ $(findmnt -no OPTIONS --target "$folder" 2>/dev/null) == *nosuid* ]]; then
  echo "skipped: $folder ignores set-user-ID"
  exit 77
fi
if [[ $(report) == *"$plugin"* ]]; then
  echo "FAILED: a privileged process followed FERRULE_PLUGIN_PATH"
  exit 1
fi
echo "a privileged process ignores the variables"
