#!/bin/bash
# in_profile.sh PROFILE SCRIPT [PROGRAM…]: runs a test script under the rules of an OpenShell sandbox,
# with copies of it and of the programs, since the tree may lie where only its owner gets.
set -eu
profile=$1 script=$2
shift 2
work=$(mktemp -d /tmp/nemoinit-test.XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cp -r "$(dirname "$script")" "$work/tests"
cp "${NEMOPAIR:?}" "${NOTIFY_SINK:?}" "$@" "$work"
programs=()
for program; do
	programs+=("$work/$(basename "$program")")
done
NEMOPAIR=$work/$(basename "$NEMOPAIR") NOTIFY_SINK=$work/$(basename "$NOTIFY_SINK") \
	"$profile" --read "$work" -- "$work/tests/$(basename "$script")" "${programs[@]}"
