#!/bin/bash
# nemopair against a scripted openclaw: what it calls, what it says, what it leaves behind.
# NEMOPAIR: the program.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/integration/tap.sh
. "$here/tap.sh"

export PATH="$here/fixtures:$PATH" OPENCLAW_BIN=openclaw
unset NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID OPENCLAW_STATE_DIR OPENCLAW_HOME OPENCLAW_GATEWAY_URL
for name in $(compgen -e | grep -E '^NEMO(CLAW|PAIR)_'); do unset "$name"; done

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

# ends: TERM ends the watcher within a second, with exit code 0.
ends() {
	local start code
	start=$(now_ms)
	kill -TERM "$PID"
	wait "$PID"
	code=$?
	STARTED=()
	is "$code" 0 && below 1000 $(($(now_ms) - start))
}

count_calls() {
	grep -c "^devices $1" "$FAKE/calls"
}

# once RESULT [OPTION…]: the JSON line must hold this; leaves it in $STAGE/out, its exit code in CODE.
once() {
	local want=$1
	shift
	"$NEMOPAIR" --once "$@" >"$STAGE/out" 2>"$STAGE/errors"
	CODE=$?
	is "$(wc -l <"$STAGE/out")" 1 && is "$(cat "$STAGE/out")" "$want"
}

line() {
	printf '{"approved":%s,"rejected":%s,"timeouts":%s,"failed":%s,"pending":%s,"result":"%s"}' "$@"
}

# nobody_left NAME: no process with that argument.
nobody_left() {
	! pgrep -f -- "$1"
}

### the watcher

new happy
echo "{\"pending\":[$STRANGER,$REQUEST],\"paired\":[]}" >"$FAKE/list"
export OPENCLAW_GATEWAY_URL=ws://127.0.0.1:1 OPENCLAW_GATEWAY_TOKEN=t OPENCLAW_GATEWAY_PORT=1
watch
check "an allowed request is approved" says "[auto-pair] approved request=r1 client=cli mode=cli"
check "a stranger is rejected" \
	says "[auto-pair] rejected request=r2 client=openclaw-ios mode= reason=unknown-client"
check "list before and after" wait_for 5 is "$(head -n 3 "$FAKE/calls" | cut -d' ' -f1-3 | xargs)" \
	"devices list --json devices approve r1 devices list --json"
check "the CLI gets its own, shorter limit" \
	has_line "$FAKE/calls" "devices approve r1 --json --timeout 4000"
check "the gateway's URL is kept from the CLI" lacks "$FAKE/environment" OPENCLAW_GATEWAY_URL
check "its token and port are not" \
	is "$(grep -c '^OPENCLAW_GATEWAY_' "$FAKE/environment")" 2
check "the CLI is told not to respawn" has_line "$FAKE/environment" OPENCLAW_NO_RESPAWN=1
check "TERM ends it at once" ends
unset OPENCLAW_GATEWAY_URL OPENCLAW_GATEWAY_TOKEN OPENCLAW_GATEWAY_PORT

new nudge
echo "$NOTHING" >"$FAKE/list"
export NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS=0.05 NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS=300
watch
check "slow after the fast deadline" \
	says "[auto-pair] fast deadline reached; entering slow-mode approvals=0"
wait_for 5 grep -q list "$FAKE/calls"
echo "{\"pending\":[$REQUEST],\"paired\":[]}" >"$FAKE/list"
kill -USR1 "$PID"
check "USR1 polls now" says "approved request=r1"
check "USR1 later" ends
unset NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS

new deadline
export NEMOCLAW_AUTO_PAIR_DEADLINE_SECS=1.5 NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS=inf
echo 'exec sleep 4711' >"$FAKE/list.do"
watch
start=$(now_ms)
wait "$PID"
CODE=$?
check "the deadline ends it with 0" is "$CODE" 0
check "and cuts a call" below 3000 $(($(now_ms) - start))
check "and is told" has_line "$STAGE/log" "[auto-pair] watcher deadline reached approvals=0"
check "a bad value is warned of" grep -q "RUN_TIMEOUT_SECS='inf' is not 0.05 to 300" "$STAGE/errors"
check "the call is gone" nobody_left "sleep 4711"
unset NEMOCLAW_AUTO_PAIR_DEADLINE_SECS NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS

# list_fails NAME REASON CODE: the list does this; the next one is good.
list_fails() {
	new "$1"
	echo "$3" >"$FAKE/list.do"
	watch
	check "$1: the list failed" says "[auto-pair] list failed reason=$2"
	check "$1: nothing is approved" is "$(count_calls approve)" 0
	rm "$FAKE/list.do"
	check "$1: the next list counts" says "approved request=r1"
	check "$1: it ends" ends
}

export NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS=1
list_fails hang timeout 'exec sleep 4712'
check "hang: the time-out is told" has_line "$STAGE/log" "[auto-pair] timeout calling devices list"
check "hang: the call is gone" nobody_left "sleep 4712"
list_fails ignores-TERM timeout 'trap "" TERM; echo $BASHPID >"$FAKE/pid"; while :; do sleep 0.1; done' # poll
check "ignores-TERM: killed" is_gone "$(cat "$FAKE/pid")"
list_fails lives-on timeout 'exec >/dev/null 2>&1; exec sleep 4713'
check "lives-on: the call is gone" nobody_left "sleep 4713"
list_fails stopped timeout 'kill -STOP $$; cat "$FAKE/list"'
unset NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS
list_fails empty empty-output 'echo'
list_fails garbage invalid-json 'head -c 3000 /dev/urandom'
list_fails banner invalid-json 'echo Welcome; cat "$FAKE/list"'
list_fails truncated invalid-json 'head -c 40 "$FAKE/list"'
list_fails deep invalid-json 'printf "[%.0s" {1..20000}'
list_fails huge invalid-json 'head -c 100000000 /dev/zero | tr "\0" " "; cat "$FAKE/list"'
list_fails not-ok invalid-response 'echo "{\"ok\":false,\"error\":{\"message\":\"x\"}}"'
list_fails no-lists invalid-response 'echo "{}"'
list_fails exit-code command-failed 'cat "$FAKE/list"; exit 1'
list_fails killed command-failed 'cat "$FAKE/list"; kill -KILL $$'
list_fails pairing pairing-required 'echo "gateway closed (1008): pairing required" >&2; exit 1'

new noise
# shellcheck disable=SC2016 # for the fixture
echo 'echo "gateway connect failed: scope upgrade pending" >&2; cat "$FAKE/list"' >"$FAKE/list.do"
watch
check "noise on stderr harms no list" says "approved request=r1"
check "noise: it ends" ends

new approve-hangs
export NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS=1
# shellcheck disable=SC2016
echo 'cp "$FAKE/after.$3" "$FAKE/list"; echo "{}"; exec sleep 4714' >"$FAKE/approve.do"
watch
check "an approval that hangs is told" says "timeout calling devices approve request=r1"
check "and counts when it has worked" says "approved request=r1"
check "and is made once" is "$(count_calls approve)" 1
check "approve-hangs: it ends" ends
check "approve-hangs: the call is gone" nobody_left "sleep 4714"

new approve-again
echo 'rm "$FAKE/approve.do"; exec sleep 4715' >"$FAKE/approve.do"
watch
check "an approval without effect is tried again" says "approved request=r1"
check "approve-again: two calls" is "$(count_calls approve)" 2
check "approve-again: it ends" ends
unset NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS

new approve-refused
echo 'echo "[openclaw] Reason: unknown requestId" >&2; exit 1' >"$FAKE/approve.do"
watch
check "a refusal is told" \
	says "[auto-pair] approve failed request=r1: [openclaw] Reason: unknown requestId"
# shellcheck disable=SC2034 # for eval
calls=$(count_calls list)
wait_for 5 eval '[ "$(count_calls list)" -gt $((calls + 1)) ]'
check "a refusal is final" is "$(count_calls approve)" 1
check "approve-refused: it ends" ends

new approve-deferred
echo 'rm "$FAKE/approve.do"; echo "connect ECONNREFUSED 127.0.0.1:1" >&2; exit 1' >"$FAKE/approve.do"
watch
check "a gateway that is away is told" \
	says "[auto-pair] approve deferred request=r1: connect ECONNREFUSED 127.0.0.1:1"
check "and asked again" says "approved request=r1"
check "approve-deferred: it ends" ends

new own-session
# shellcheck disable=SC2016
echo 'setsid sh -c "echo \$\$ >$FAKE/pid; exec sleep 4716" & wait_pid=$!
while [ ! -s "$FAKE/pid" ]; do sleep 0.02; done; cat "$FAKE/list"' >"$FAKE/list.do" # poll
watch
check "a child left in its own session holds nothing up" says "approved request=r1" 5
check "own-session: it ends" ends
check "and it is gone" nobody_left "sleep 4716"

new term-in-call
echo 'trap "" TERM; setsid sleep 4717 & sleep 4718' >"$FAKE/list.do"
watch
wait_for 5 pgrep -f "sleep 4718"
check "TERM during a call" ends
check "leaves no child" nobody_left "sleep 4718"
check "and no child of its own session" nobody_left "sleep 4717"

new no-openclaw
export OPENCLAW_BIN=$STAGE/late
watch
check "a missing openclaw is a failed list" says "[auto-pair] list failed reason=command-failed"
ln -s "$here/fixtures/openclaw" "$STAGE/late"
check "and found when it comes" says "approved request=r1"
check "no-openclaw: it ends" ends
export OPENCLAW_BIN=openclaw

### the older store

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

### --once

new once-happy
check "once: happy" once "$(line 1 0 0 0 0 ok)" --strict
check "once: settled" is "$CODE" 0
new once-stranger
echo "{\"pending\":[$STRANGER],\"paired\":[]}" >"$FAKE/list"
check "once: a stranger stays" once "$(line 0 1 0 0 1 ok)" --strict
check "once: and unsettles nothing" is "$CODE" 0
new once-refused
echo 'exit 1' >"$FAKE/approve.do"
check "once: refused" once "$(line 0 0 0 1 1 ok)" --strict
check "once: not settled" is "$CODE" 1
check "once: not strict" once "$(line 0 0 0 1 1 ok)"
check "once: is 0" is "$CODE" 0
new once-list-failed
echo 'exit 1' >"$FAKE/list.do"
check "once: list failed" once "$(line 0 0 0 0 0 list-failed)" --strict
check "once: list failed is not settled" is "$CODE" 1
new once-no-openclaw
OPENCLAW_BIN=$STAGE/none
check "once: no openclaw" once "$(line 0 0 0 0 0 no-openclaw)"
OPENCLAW_BIN=openclaw
new once-limit
echo 'trap "" TERM; sleep 4719' >"$FAKE/list.do"
start=$(now_ms)
check "once: the limit" once "$(line 0 0 1 0 0 limit)" --limit 2s --strict
check "once: kept" below 2001 $(($(now_ms) - start))
check "once: nothing left" nobody_left "sleep 4719"
check "once: the limit is not settled" is "$CODE" 1
new once-many
many=$REQUEST
for i in {2..9}; do
	many="$many,{\"requestId\":\"m$i\",\"deviceId\":\"e$i\",$CLI}"
done
echo "{\"pending\":[$many],\"paired\":[]}" >"$FAKE/list"
echo 'exit 1' >"$FAKE/approve.do"
check "once: at most eight approvals" once "$(line 0 0 0 8 9 limit)"
check "once: eight calls" is "$(count_calls approve)" 8
new once-hang
# shellcheck disable=SC2016
echo 'cp "$FAKE/after.$3" "$FAKE/list"; exec sleep 4720' >"$FAKE/approve.do"
start=$(now_ms)
check "once: an approval that hangs, back in time" once "$(line 1 0 1 0 0 ok)" --strict --limit 30s
check "once: after its ten seconds" below 12000 $(($(now_ms) - start))
check "once: that is settled" is "$CODE" 0
new once-busy
exec 9<"$HOME/.openclaw"
flock -n 9
start=$(now_ms)
check "once: busy" once "$(line 0 0 0 0 0 busy)" --limit 1s
check "once: busy within the limit" below 1001 $(($(now_ms) - start))
check "once: busy calls nobody" is "$(count_calls list)" 0
exec 9<&-
check "once: no longer busy" once "$(line 1 0 0 0 0 ok)" --limit 5s

new env-file
echo "export NEMOPAIR_ALLOW_CLIENTS='openclaw-ios'
NEMOPAIR_ALLOW_MODES=\"\"
this is no variable" >"$STAGE/env"
echo "{\"pending\":[$STRANGER,$REQUEST],\"paired\":[]}" >"$FAKE/list"
echo "$NOTHING" >"$FAKE/after.r2"
check "the env file counts" once "$(line 1 1 0 0 0 ok)" --env-file "$STAGE/env"
check "a line that is none is warned of" grep -qF "$STAGE/env:3: no NAME=value" "$STAGE/errors"
chmod 666 "$STAGE/env"
echo "{\"pending\":[$STRANGER],\"paired\":[]}" >"$FAKE/list"
check "others may write it: ignored" once "$(line 0 1 0 0 1 ok)" --env-file "$STAGE/env"
check "with a warning" grep -qF "$STAGE/env: writable by others; ignored" "$STAGE/errors"
check "an absent one is ignored" once "$(line 0 1 0 0 1 ok)" --env-file "$STAGE/none"
check "a directory is ignored" once "$(line 0 1 0 0 1 ok)" --env-file "$STAGE"
if [ "$(id -u)" -eq 0 ]; then
	chmod 644 "$STAGE/env"
	chown 12345 "$STAGE/env"
	check "a stranger's is ignored" once "$(line 0 1 0 0 1 ok)" --env-file "$STAGE/env"
fi

### usage

new usage
usage_fails() {
	local code=0
	"$NEMOPAIR" "$@" >"$STAGE/out" 2>"$STAGE/errors" || code=$?
	is "$code" 2 && is "$(wc -l <"$STAGE/errors")" 1 && grep -q -- "--help" "$STAGE/errors"
}
check "an unknown option" usage_fails --frobnicate
check "is named" grep -q -- "--frobnicate" "$STAGE/errors"
check "a word" usage_fails word
check "a bad limit" usage_fails --once --limit x
check "a limit without once" usage_fails --limit 5s
check "a missing value" usage_fails --once --limit
check "help" eval '"$NEMOPAIR" --help | grep -q "^Usage: nemopair"'
check "version" eval '"$NEMOPAIR" --version | grep -qx "nemoinit [0-9.]*"'

finish
