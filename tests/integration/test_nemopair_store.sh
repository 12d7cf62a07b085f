#!/bin/bash
# The look at the store: calls that nemopair does not make.
# shellcheck disable=SC2016,SC2034,SC2317 # code for the fixture; used by nemopair.sh and `check`
# shellcheck source=tests/integration/nemopair.sh
. "$(dirname "$0")/nemopair.sh"

# store NAME: the state directory of an older gateway before its first pairing event.
store() {
	new "$1"
	mkdir "$HOME/.openclaw/tasks"
	: >"$HOME/.openclaw/tasks/runs.sqlite"
	export NEMOCLAW_AUTO_PAIR_DEADLINE_SECS=2.5
}

store fresh
watch
wait "$PID"
check "a fresh older store is never listed" is "$(count_calls list)" 0
store absent
mkdir "$HOME/.openclaw/devices"
watch
wait "$PID"
check "no pending.json: no call" is "$(count_calls list)" 0
store empty-object
mkdir "$HOME/.openclaw/devices"
printf '{\n}\n' >"$HOME/.openclaw/devices/pending.json"
watch
wait "$PID"
check "an empty pending.json: no call" is "$(count_calls list)" 0
store pending
mkdir "$HOME/.openclaw/devices"
echo '{"r1":{}}' >"$HOME/.openclaw/devices/pending.json"
watch
check "a pending request is called for" says "approved request=r1"
check "pending: it ends" ends
store newer
mkdir "$HOME/.openclaw/devices" "$HOME/.openclaw/state"
: >"$HOME/.openclaw/state/openclaw.sqlite"
watch
check "a newer store is listed" says "approved request=r1"
check "newer: it ends" ends
store elsewhere
export OPENCLAW_STATE_DIR=$STAGE/other
mkdir -p "$OPENCLAW_STATE_DIR/devices"
watch
wait "$PID"
check "OPENCLAW_STATE_DIR is looked into" is "$(count_calls list)" 0
unset OPENCLAW_STATE_DIR NEMOCLAW_AUTO_PAIR_DEADLINE_SECS

finish
