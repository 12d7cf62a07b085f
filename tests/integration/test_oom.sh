#!/usr/bin/env bash
# Whom the kernel's OOM killer takes is told apart from whom somebody kills. In a cgroup of little memory.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# shellcheck source=tests/integration/lib_cgroup.sh
. "$(dirname "$0")/lib_cgroup.sh"
own_cgroup memory "$(mount_with memory || true)"
if [[ -e $group/memory.max ]]; then
	echo 200M >"$group/memory.max"
else
	echo 200M >"$group/memory.limit_in_bytes"
fi

# last NAME: how its last process ended. In a sandbox /sys is out of sight: nobody knows why.
last() {
	of "$1" '.last_exit | "\(.reason) \(.signal) \(.oom)"'
}
out_of_memory="oom 9 true" killed="signal 9 false"
[[ $mode != profile ]] || out_of_memory="signal 9 null" killed="signal 9 null"

strikes() {
	jq -rR 'fromjson? | select(.event == "oom") | .message' "$work/log"
}

test_out_of_memory_is_told_and_the_service_comes_back() {
	configure <<-END
		[service a]
		command = F once=$W/once eat=1000 print=fed pause
		restart_delay = 20ms
		[service b]
		command = F pause
		restart_delay = 20ms
	END
	boot
	hears a ready 2
	expect "last exit" "$out_of_memory" "$(last a)"
	expect events "starting ready backoff starting ready" "$(events a)"
	expect_match "why" "ended by signal 9 (KILL) (${out_of_memory%% *}, after *" "$(messages a backoff)"
	expect restarts 1 "$(of a .restarts)"
	expect "it ate its fill" "" "$(lines a)"
	expect "the other one lives" "starting ready" "$(events b)"
	if [[ $mode != profile ]]; then
		expect "one strike" "out of memory: the kernel has killed 1 of the processes here" "$(strikes)"
	fi
	# In the same cgroup, a moment later.
	inside kill -KILL "$(of b .pid)"
	hears b ready 2
	expect "killed by somebody" "$killed" "$(last b)"
	inside kill -KILL "$(of a .pid)"
	becomes a .restarts 2
	expect "it too" "$killed" "$(last a)"
	halt
}

# A tool of the gateway, say: what it takes down is not the gateway.
test_a_child_that_runs_out_of_memory_is_no_exit() {
	local before

	configure <<-END
		[service a]
		command = F child until=$W/go eat=1000 pause parent pause
		restart_delay = 20ms
	END
	boot
	state a ready
	before=$(strikes_so_far)
	touch "$W/go"
	await "$limit" has_struck || fail "nothing was killed: $(strikes_so_far)"
	expect events "starting ready" "$(events a)"
	expect state ready "$(of a .state)"
	halt
}

strikes_so_far() {
	cat "$group"/memory.{oom_control,events} 2>/dev/null | awk '$1 == "oom_kill" { print $2 }'
}

has_struck() {
	(($(strikes_so_far) > before))
}

run_tests
