#!/bin/bash
# The watcher lives on: what the predecessor's users ran into, one case a name; and two watchers at once.
# shellcheck disable=SC2016,SC2034,SC2317 # code for the fixture; used by nemopair.sh and `check`
# shellcheck source=tests/integration/nemopair.sh
. "$(dirname "$0")/nemopair.sh"

pending() {
	printf '{"pending":[%s],"paired":[{"deviceId":"d0","clientId":"cli"}]}\n' "$(IFS=,; echo "$*")" >"$FAKE/.list"
	mv "$FAKE/.list" "$FAKE/list"
}

# Slow after four quiet polls, then a poll a second.
converged() {
	export NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS=1
	pending
	watch
	says "[auto-pair] devices paired (1); entering slow-mode approvals=0" 60
}

new late_upgrade_in_slow
converged
pending "$REQUEST"
check "late_upgrade_in_slow" says "[auto-pair] approved request=r1 client=cli mode=cli" 30
check "late_upgrade_in_slow: and a few faster polls" has_line "$STAGE/log" "[auto-pair] fast-reentry bumped polls=5"
check "late_upgrade_in_slow: it ends" ends

new unknown_in_slow
converged
pending "$STRANGER"
check "unknown_in_slow" says "[auto-pair] rejected request=r2 client=openclaw-ios mode= reason=unknown-client" 30
lists=$(count_calls list)
wait_for 30 lists_at_least $((lists + 2))
check "unknown_in_slow: once" is "$(grep -c rejected "$STAGE/log")" 1
check "unknown_in_slow: it is not approved" is "$(count_calls approve)" 0
check "unknown_in_slow: and makes nothing faster" lacks "$STAGE/log" fast-reentry
check "unknown_in_slow: it ends" ends

export NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS=2.5 NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS=300
new fast_deadline
echo "$NOTHING" >"$FAKE/list"
watch
check "fast_deadline" says "[auto-pair] fast deadline reached; entering slow-mode approvals=0" 30
check "fast_deadline: it ends" ends

# A request that stays, refused, does not hold the watcher at a poll a second.
new sticky_pending
pending "$STRANGER"
watch
check "sticky_pending" says "[auto-pair] fast deadline reached; entering slow-mode approvals=0" 30
check "sticky_pending: no more than a poll a second till then" below 6 "$(count_calls list)"
check "sticky_pending: it ends" ends
unset NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS

new wedged_list_reaches_deadline
export NEMOCLAW_AUTO_PAIR_DEADLINE_SECS=4 NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS=0.5
echo 'trap "" TERM; while :; do sleep $NAP.31; done' >"$FAKE/list.do" # poll
start=$(now_ms)
watch
wait "$PID"
CODE=$?
check "wedged_list_reaches_deadline" has_line "$STAGE/log" "[auto-pair] watcher deadline reached approvals=0"
check "wedged_list_reaches_deadline: with exit code 0" is "$CODE" 0
check "wedged_list_reaches_deadline: in time" below 7000 $(($(now_ms) - start))
check "wedged_list_reaches_deadline: nothing is left" nobody_left "sleep $NAP.31"
unset NEMOCLAW_AUTO_PAIR_DEADLINE_SECS

new flaky_approve_once_then_exactly_one
echo 'rm "$FAKE/approve.do"; exec sleep $NAP.32' >"$FAKE/approve.do"
watch
check "flaky_approve_once_then_exactly_one" says "[auto-pair] approved request=r1 client=cli mode=cli" 30
lists=$(count_calls list)
wait_for 30 lists_at_least $((lists + 2))
check "flaky_approve_once_then_exactly_one: the time-out is told" \
	has_line "$STAGE/log" "[auto-pair] timeout calling devices approve request=r1"
check "flaky_approve_once_then_exactly_one: two calls" is "$(count_calls approve)" 2
check "flaky_approve_once_then_exactly_one: one approval" is "$(grep -c approved "$STAGE/log")" 1
check "flaky_approve_once_then_exactly_one: it ends" ends
unset NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS

new refused_is_not_retried
echo 'echo "[openclaw] Reason: unknown requestId" >&2; exit 1' >"$FAKE/approve.do"
watch
says "[auto-pair] approve failed request=r1: [openclaw] Reason: unknown requestId" 30
wait_for 30 lists_at_least 4
check "refused_is_not_retried" is "$(count_calls approve)" 1
check "refused_is_not_retried: it ends" ends

once() {
	"$NEMOPAIR" --once "$@" >"$STAGE/out" 2>"$STAGE/errors"
}

new once_happy
check "once_happy: exit code 0" once --strict
check "once_happy" has_line "$STAGE/out" \
	'{"approved":1,"rejected":0,"timeouts":0,"failed":0,"pending":0,"result":"ok"}'
new once_list_fails
echo 'echo "{\"ok\":false}"; exit 1' >"$FAKE/list.do"
check "once_list_fails: exit code 0" once
check "once_list_fails" has_line "$STAGE/out" \
	'{"approved":0,"rejected":0,"timeouts":0,"failed":0,"pending":0,"result":"list-failed"}'
new once_hangs_but_caller_is_back_in_time
echo 'trap "" TERM; setsid sleep $NAP.33 & sleep $NAP.34' >"$FAKE/list.do"
start=$(now_ms)
check "once_hangs_but_caller_is_back_in_time: exit code 0" once --limit 3s
check "once_hangs_but_caller_is_back_in_time" below 3001 $(($(now_ms) - start))
check "once_hangs_but_caller_is_back_in_time: and says so" grep -q '"result":"limit"' "$STAGE/out"
check "once_hangs_but_caller_is_back_in_time: nothing is left" nobody_left "sleep $NAP.3[34]"

# The lock: the first is in the middle of its pass, so the second waits, and then finds nothing to do.
new two_watchers
echo 'while [ ! -e "$FAKE/go" ]; do sleep 0.05; done; cp "$FAKE/after.$3" "$FAKE/list"' >"$FAKE/approve.do" # poll
watch
first=$PID
wait_for 10 grep -q approve "$FAKE/calls"
"$NEMOPAIR" >"$STAGE/second" 2>"$STAGE/errors" &
second=$!
STARTED+=("$second")
"$NEMOPAIR" --once --limit 1s >"$STAGE/out" 2>"$STAGE/errors"
check "two_watchers: once is busy" grep -q '"result":"busy"' "$STAGE/out"
check "two_watchers: the second has not called" is "$(count_calls list)" 1
: >"$FAKE/go"
check "two_watchers: the first approves" says "approved request=r1" 30
wait_for 30 lists_at_least 4
check "two_watchers: once" is "$(count_calls approve)" 1
check "two_watchers: the second has nothing to approve" lacks "$STAGE/second" approved
kill "$second"
wait "$second"
PID=$first
check "two_watchers: it ends" ends

finish
