#!/usr/bin/env bash
# What is told of a process that does not serve, before anything is done to it.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"
# shellcheck source=tests/integration/probed.sh
. "$(dirname "$0")/probed.sh"

# diagnosed PATTERN: of a, before it is stopped.
diagnosed() {
	hears a stopping
	expect_match diagnosis "$1" "$(messages a probe-stop | head -n 1)"
	expect_match "the order" "*probe-stop stopping*" "$(events a)"
}

test_a_gateway_that_hangs_is_diagnosed() {
	service "F print=hello listen=8000 serve=$W/mood" http://127.0.0.1:8000/ \
		"probe_timeout = 500ms" "unhealthy_after = 1s"
	boot
	state a ready
	mood hang
	diagnosed "no success for * (* misses, last: no reply in time); process S sleeping, 1 thread, last output * ago, port 8000 held by itself"
	mood ok
	hears a ready 2
	expect reason probe-failed "$(of a .last_exit.reason)"
	halt
}

test_a_stopped_gateway_is_diagnosed() {
	service "F listen=8000 serve=$W/mood" http://127.0.0.1:8000/ \
		"probe_timeout = 500ms" "unhealthy_after = 1s"
	boot
	state a ready
	inside kill -STOP "$(of a .pid)"
	diagnosed "no success for *; process T stopped, 1 thread, no output, port 8000 held by itself"
	hears a ready 2
	halt
}

test_a_lost_listener_is_diagnosed() {
	service "F child listen=8000 until=$W/go deaf pause parent pause" tcp://127.0.0.1:8000 "unhealthy_after = 1s"
	boot
	state a ready
	touch "$W/go"
	diagnosed "no success for *, last: connect: Connection refused); process S sleeping, *, port 8000 held by nobody"
	halt
}

test_a_start_that_takes_too_long_is_diagnosed() {
	service "F pause" exec:false "start_timeout = 2s"
	boot
	diagnosed "not ready for * (* misses, last: exited with 1); process S sleeping, 1 thread, no output"
	halt
}

test_what_is_only_reported_goes_on() {
	local misses

	asked 'exit 0' "unhealthy_after = 500ms" "unhealthy_action = report"
	boot
	state a ready
	answers 'exit 1'
	hears a probe-stop
	expect_match diagnosis "*; left as it is (unhealthy_action = report)" "$(messages a probe-stop)"
	misses=$(of a .probe.failures)
	await "$limit" is a ".probe.failures > $misses" true || fail "it is probed no more"
	expect events "starting ready failing probe-stop" "$(events a)"
	answers 'exit 0'
	state a ready
	answers 'exit 1'
	hears a probe-stop 2
	expect restarts 0 "$(of a .restarts)"
	halt
}

run_tests
