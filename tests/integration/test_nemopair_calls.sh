#!/bin/bash
# Calls that go wrong: what nemopair makes of them, and that nothing of them is left behind.
# shellcheck disable=SC2016,SC2034,SC2317 # code for the fixture; used by nemopair.sh and `check`
# shellcheck source=tests/integration/nemopair.sh
. "$(dirname "$0")/nemopair.sh"

# list_fails NAME REASON CODE: the list does this; the next one is good.
list_fails() {
	local start
	new "$1"
	echo "$3" >"$FAKE/list.do"
	watch
	wait_for 10 test -s "$FAKE/calls"
	start=$(now_ms)
	check "$1: the list failed" says "[auto-pair] list failed reason=$2"
	# A second to be told, and one more for a busy machine.
	check "$1: within the run timeout" below $((${NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS:-10} * 1000 + 2000)) \
		$(($(now_ms) - start))
	check "$1: nothing is approved" is "$(count_calls approve)" 0
	rm "$FAKE/list.do"
	check "$1: the next list counts" says "approved request=r1"
	check "$1: it ends" ends
	check "$1: nothing is left" leaves_nothing
}

export NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS=1
list_fails hang timeout 'exec sleep $NAP.12'
check "hang: the time-out is told" has_line "$STAGE/log" "[auto-pair] timeout calling devices list"
check "hang: the call is gone" nobody_left "sleep $NAP.12"
list_fails ignores-TERM timeout 'trap "" TERM; echo $BASHPID >"$FAKE/pid"; while :; do sleep 0.1; done' # poll
check "ignores-TERM: killed" is_gone "$(cat "$FAKE/pid")"
list_fails lives-on timeout 'exec >/dev/null 2>&1; exec sleep $NAP.13'
check "lives-on: the call is gone" nobody_left "sleep $NAP.13"
list_fails stopped timeout 'kill -STOP $$; cat "$FAKE/list"'
list_fails never-exits timeout 'cat "$FAKE/list"; exec sleep $NAP.22'
list_fails closes-stdout timeout 'cat "$FAKE/list"; exec >&-; exec sleep $NAP.23'
list_fails slow-writer timeout 'while :; do printf " "; sleep 0.1; done' # poll
list_fails respawned timeout 'setsid sleep $NAP.24 & setsid sh -c "setsid sleep $NAP.25 & sleep $NAP.26" & wait'
unset NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS
list_fails empty empty-output 'echo'
list_fails garbage invalid-json 'printf "no JSON %.0s" {1..300}'
list_fails banner invalid-json 'echo Welcome; cat "$FAKE/list"'
list_fails truncated invalid-json 'head -c 40 "$FAKE/list"'
list_fails deep invalid-json 'printf "[%.0s" {1..20000}'
list_fails silent empty-output 'exec >&- 2>&-'
list_fails huge invalid-json 'head -c 100000000 /dev/zero | tr "\0" " "; cat "$FAKE/list"'
list_fails not-ok invalid-response 'echo "{\"ok\":false,\"error\":{\"message\":\"x\"}}"'
list_fails no-lists invalid-response 'echo "{}"'
list_fails exit-code command-failed 'cat "$FAKE/list"; exit 1'
list_fails killed command-failed 'cat "$FAKE/list"; kill -KILL $$'
list_fails pairing pairing-required 'echo "gateway closed (1008): pairing required" >&2; exit 1'

new memory
peak() {
	awk '$1 == "VmHWM:" { print $2 }' "/proc/$PID/status"
}
echo 'head -c 100000000 /dev/zero; head -c 100000000 /dev/zero >&2' >"$FAKE/list.do"
watch
before=$(peak)
says "[auto-pair] list failed"
# A sanitizer keeps what is freed for a while.
grep -q __asan_init "$NEMOPAIR" && before=$((before + 32768))
check "a hundred megabytes cost no more than is kept" below 8192 $(($(peak) - before))
check "memory: it ends" ends

new noise
# shellcheck disable=SC2016 # for the fixture
echo 'echo "gateway connect failed: scope upgrade pending" >&2; cat "$FAKE/list"' >"$FAKE/list.do"
watch
check "noise on stderr harms no list" says "approved request=r1"
check "noise: it ends" ends

new approve-hangs
export NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS=1
# shellcheck disable=SC2016
echo 'cp "$FAKE/after.$3" "$FAKE/list"; echo "{}"; exec sleep $NAP.14' >"$FAKE/approve.do"
watch
check "an approval that hangs is told" says "timeout calling devices approve request=r1"
check "and counts when it has worked" says "approved request=r1"
check "and is made once" is "$(count_calls approve)" 1
check "approve-hangs: it ends" ends
check "approve-hangs: the call is gone" nobody_left "sleep $NAP.14"

new approve-says-nothing
echo 'cp "$FAKE/after.$3" "$FAKE/list"' >"$FAKE/approve.do"
watch
check "an approval without a word counts by its exit code" says "approved request=r1"
check "approve-says-nothing: it ends" ends

new approve-huge
echo 'cp "$FAKE/after.$3" "$FAKE/list"; head -c 100000000 /dev/zero' >"$FAKE/approve.do"
watch
check "and so does one with too many" says "approved request=r1"
check "approve-huge: it ends" ends

new approve-again
echo 'rm "$FAKE/approve.do"; exec sleep $NAP.15' >"$FAKE/approve.do"
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
wait_for 5 lists_at_least 4
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
echo 'setsid sh -c "echo \$\$ >$FAKE/pid; exec sleep $NAP.16" & wait_pid=$!
while [ ! -s "$FAKE/pid" ]; do sleep 0.02; done; cat "$FAKE/list"' >"$FAKE/list.do" # poll
watch
check "a child left in its own session holds nothing up" says "approved request=r1" 5
check "own-session: it ends" ends
check "and it is gone" nobody_left "sleep $NAP.16"
check "own-session: nothing is left" leaves_nothing

new term-in-call
echo 'trap "" TERM; setsid sleep $NAP.17 & sleep $NAP.18' >"$FAKE/list.do"
watch
wait_for 5 pgrep -f "sleep $NAP.18"
check "TERM during a call" ends
check "leaves no child" nobody_left "sleep $NAP.18"
check "and no child of its own session" nobody_left "sleep $NAP.17"

new no-openclaw
export OPENCLAW_BIN=$STAGE/late
watch
check "a missing openclaw is a failed list" says "[auto-pair] list failed reason=command-failed"
ln -s "$here/fixtures/openclaw" "$STAGE/late"
check "and found when it comes" says "approved request=r1"
check "no-openclaw: it ends" ends
export OPENCLAW_BIN=openclaw

finish
