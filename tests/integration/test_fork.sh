#!/usr/bin/env bash
# No more processes: nothing can be started, and nemoinit lives on.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"
# shellcheck source=tests/integration/lib_cgroup.sh
. "$(dirname "$0")/lib_cgroup.sh"
own_cgroup pids "$(mount_with pids || true)"

test_a_fork_that_fails_is_a_failed_start() {
	configure <<-END
		[service a]
		command = F pause
		restart_delay = 50ms
		restart_delay_max = 200ms
		crash_limit = 1000/1h
		[service b]
		command = F pause
	END
	boot
	state a ready
	state b ready
	echo 1 >"$group/pids.max"
	inside kill -KILL "$(of a .pid)"
	hears a backoff 4
	expect_match events "starting ready backoff backoff backoff backoff*" "$(events a)"
	expect_match "why" "could not be started (exec-failed*: *Resource temporarily unavailable*" \
		"$(messages a backoff | sed -n 3p)"
	expect "last exit" "exec-failed null null" "$(of a '.last_exit | "\(.reason) \(.code) \(.signal)"')"
	expect "the other one" "starting ready" "$(events b)"
	expect live 0 "$(ctl live)"
	expect health degraded "$(ask .health)"
	echo max >"$group/pids.max"
	state a ready
	expect health healthy "$(ask .health)"
	halt
}

run_tests
