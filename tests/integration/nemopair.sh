# shellcheck shell=bash
# What the tests of nemopair share: a stage with a scripted openclaw, and words about the watcher.
# NEMOPAIR: the program.
# shellcheck disable=SC2016,SC2034,SC2317 # for the fixture; for the tests; called by `check`
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/integration/tap.sh
. "$here/tap.sh"

export PATH="$here/fixtures:$PATH" OPENCLAW_BIN=openclaw
unset NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID OPENCLAW_STATE_DIR OPENCLAW_HOME OPENCLAW_GATEWAY_URL
for name in $(compgen -e | grep -E '^NEMO(CLAW|PAIR)_'); do unset "$name"; done

export NAP=$((100000 + $$)) # seconds that only this run sleeps, to find who does
CLI='"clientId":"cli","clientMode":"cli","role":"operator","scopes":["operator.write"]'
REQUEST='{"requestId":"r1","deviceId":"d1",'$CLI'}'
STRANGER='{"requestId":"r2","deviceId":"d2","clientId":"openclaw-ios","scopes":[]}'
NOTHING='{"pending":[],"paired":[]}'
PAIRED='{"pending":[],"paired":[{"deviceId":"d1","clientId":"cli"}]}'

# new NAME: a fresh stage with one request of the CLI pending.
new() {
	STAGE=$SCRATCH/$1
	export FAKE=$STAGE/fake HOME=$STAGE/home
	mkdir -p "$FAKE" "$HOME/.openclaw"
	: >"$FAKE/calls"
	echo "{\"pending\":[$REQUEST],\"paired\":[]}" >"$FAKE/list"
	echo "$PAIRED" >"$FAKE/after.r1"
}

watch() {
	"$NEMOPAIR" >"$STAGE/log" 2>"$STAGE/errors" &
	PID=$!
	STARTED+=("$PID")
}

says() {
	wait_for "${2:-10}" grep -qF -- "$1" "$STAGE/log" || {
		echo "no '$1' in:"
		cat "$STAGE/log" "$STAGE/errors"
		return 1
	}
}

# ends: TERM ends the watcher within a second; only its deadline would be an end with 0.
ends() {
	local start code
	start=$(now_ms)
	kill -TERM "$PID"
	wait "$PID"
	code=$?
	STARTED=()
	is "$code" 143 && below 1000 $(($(now_ms) - start))
}

count_calls() {
	grep -c "^devices $1" "$FAKE/calls"
}

lists_at_least() {
	[ "$(count_calls list)" -ge "$1" ]
}

# What a failed check has found alive must not outlive the test.
end_sleepers() {
	local pid
	for pid in $(pgrep -f -- "sleep $NAP\."); do
		kill -KILL "$pid"
	done
	clean_up
}
trap end_sleepers EXIT

# leaves_nothing: no process has this stage in its environment but those of the test's own choice.
leaves_nothing() {
	local file variables
	for file in /proc/[0-9]*/environ; do
		[ "$file" != "/proc/${PID:-}/environ" ] || continue
		mapfile -d '' -t variables 2>/dev/null <"$file" || continue
		case " ${variables[*]} " in
		*" FAKE=$FAKE "*)
			echo "left: $file $(tr '\0' ' ' <"${file%environ}cmdline")"
			return 1
			;;
		esac
	done 2>/dev/null
}

# nobody_left NAME: no process with that argument.
nobody_left() {
	! pgrep -f -- "$1"
}
