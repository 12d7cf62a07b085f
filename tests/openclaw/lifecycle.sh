#!/bin/bash
# Start, crash, loss of the pod and orderly end of a real gateway.
. "$(dirname "$0")/lib.sh"

# Looks at the status all through the start. As soon as it says ready, a client must get an answer.
ready_is_true()
{
	local end=$((SECONDS + 120)) stage=
	until [ "$stage" = ready ]; do
		stage=$(value 'if gateway.ready then "ready" elif pair.pid then "too early" else "starting" end')
		[ "$stage" != "too early" ] && [ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1 # poll
	done
	health
}

holds_its_port()
{
	status 'gateway | .listener.owner == "self" and .listener.pid == .pid and .listener.port == 18789'
}

auto_pair_came_after_ready()
{
	local order
	order=$(grep -oE 'nemoinit (gateway: ready|auto-pair: starting)' "$log" | head -n 2 | paste -sd,)
	[ "$order" = "nemoinit gateway: ready,nemoinit auto-pair: starting" ]
}

# The pid an earlier gateway of this state left in its lock.
locked_pid()
{
	find "$OPENCLAW_STATE_DIR" "$TMPDIR" -name 'gateway.*.lock' -exec jq -r '.pid // empty' {} + 2>/dev/null | head -n 1
}

# Run inside the new pod before nemoinit: some process that lives on has that very pid.
decoy='until sleep infinity & [ $! -ge "$1" ]; do kill $!; done'

pid_is_taken()
{
	[ "$(in_pod cat "/proc/$1/comm")" = sleep ]
}

new_home lifecycle
pod_start
check "ready is reported only when the gateway serves" ready_is_true
check "the port is held by the gateway's own process" holds_its_port
check "auto-pair started after the gateway was ready" auto_pair_came_after_ready
check "healthy" within 30 is_healthy

# The token of the configuration is test-token-… (see lib.sh).
all_that_is_told()
{
	nemoctl --json logs gateway
	nemoctl --json status
	nemoctl --json events
	cat "$log"
} 2>/dev/null

check "something is told of the gateway" grep -q 'gateway | ' "$log"
check "its token appears nowhere in clear" sh -c '! grep -qF "$1"' - test-token-0123456789abcdef < <(all_that_is_told)

killed=$(value 'gateway.pid')
in_pod kill -KILL "$killed"
check "killed: ready again by itself" within 120 status 'gateway | .ready and .restarts == 1'
check "killed: said so" status 'gateway.last_exit | .reason == "signal" and .signal == 9 and .pid == '"$killed"
check "killed: serves" health
check "killed: healthy, auto-pair included" within 60 is_healthy

old_pid=$(locked_pid)
check "the gateway has left a lock with its pid" [ "${old_pid:-0}" -gt 1 ]
pod_kill
pod_start bash -c "$decoy" decoy "${old_pid:-2}"
check "pod lost: the pid in the lock is another process now" pid_is_taken "${old_pid:-2}"
check "pod lost: ready again" within 120 status 'gateway.ready'
check "pod lost: serves" health
check "pod lost: healthy, auto-pair included" within 60 is_healthy

pod_stop
check "TERM: exit code 0" [ "$pod_code" -eq 0 ]
check "TERM: within stop_budget (8 s)" [ "$pod_seconds" -le 9 ]
check "TERM: nothing is left" within 5 nothing_runs
finish
