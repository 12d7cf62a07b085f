#!/usr/bin/env bash
# How services end by themselves, and what follows from it.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

test_a_failure_is_told_and_started_again() {
	configure <<-END
		[service a]
		command = F once=$W/once exit=7
		restart_delay = 20ms
	END
	boot
	hears a ready 2
	expect events "starting ready backoff starting ready" "$(events a)"
	expect "last exit" "failure 7 null" "$(of a '.last_exit | "\(.reason) \(.code) \(.signal)"')"
	expect restarts 1 "$(of a .restarts)"
	expect failures 1 "$(of a .consecutive_failures)"
	expect_match message "exited with 7 (failure, after *); backoff, next start in *" "$(messages a backoff)"
	halt
}

test_a_signal_is_told_with_its_number() {
	configure <<-END
		[service a]
		command = F once=$W/once die=USR1
		restart_delay = 20ms
	END
	boot
	hears a ready 2
	expect "last exit" "signal null 10" "$(of a '.last_exit | "\(.reason) \(.code) \(.signal)"')"
	expect_match message "ended by signal 10 (USR1) (signal, *" "$(messages a backoff)"
	halt
}

test_killed_from_outside_is_started_again() {
	local pid

	configure <<-END
		[service a]
		command = F pause
		restart_delay = 20ms
	END
	boot
	state a ready
	pid=$(of a .pid)
	inside kill -KILL "$pid"
	becomes a .restarts 1
	state a ready
	expect "last exit" "signal 9 $pid" "$(of a '.last_exit | "\(.reason) \(.signal) \(.pid)"')"
	[[ $(of a .pid) != "$pid" ]] || fail "the same pid"
	halt
}

test_the_delay_doubles_up_to_its_maximum() {
	local delays

	configure <<-END
		[service a]
		command = F exit=1
		restart_delay = 40ms
		restart_delay_max = 150ms
		crash_limit = 1000/1h
	END
	boot
	hears a backoff 4
	delays=$(messages a backoff | head -n 4 | sed 's/.*next start in \([0-9]*\)ms/\1/' | xargs)
	# shellcheck disable=SC2086 # four numbers
	set -- $delays
	(($1 >= 36 && $1 <= 44 && $2 >= 72 && $2 <= 88 && $3 >= 135 && $3 <= 165 && $4 >= 135 && $4 <= 165)) ||
		fail "delays: $delays"
	halt
}

# A gateway asks for a new start this way.
test_a_clean_exit_after_ready_starts_again_at_once() {
	local code

	for code in 0 75; do
		configure <<-END
			[service a]
			command = F once=$W/once exit=$code
			restart_delay = 1h
			restart_delay_max = 1h
		END
		boot
		hears a ready 2
		expect "reason of $code" clean "$(of a .last_exit.reason)"
		expect "failures of $code" 0 "$(of a .consecutive_failures)"
		expect "restarts of $code" 1 "$(of a .restarts)"
		expect "no backoff of $code" "" "$(messages a backoff)"
		halt
	done
}

# Old gateways end with 0 when the port is taken.
test_a_clean_exit_before_ready_is_a_failure() {
	configure <<-END
		[service a]
		command = F exit=0
		probe = notify
		restart_delay = 1h
		restart_delay_max = 1h
	END
	boot
	state a backoff
	expect reason clean "$(of a .last_exit.reason)"
	expect failures 1 "$(of a .consecutive_failures)"
	(($(of a .next_start_in_ms) > 3000000)) || fail "next start in $(of a .next_start_in_ms) ms"
	expect health degraded "$(ask .health)"
	halt
}

test_clean_exits_in_a_loop_are_slowed_and_marked() {
	configure <<-END
		[service a]
		command = F exit=0
		crash_limit = 3/1m
		restart_delay_max = 1h
	END
	boot
	becomes a .crash_loop true
	expect state backoff "$(of a .state)"
	expect "starts" 4 "$(messages a starting | wc -l)"
	halt
}

test_on_failure_ends_with_0_and_goes_on_with_75() {
	configure <<-END
		[service a]
		command = F exit=0
		restart = on-failure
		[service b]
		command = F once=$W/once exit=75
		restart = on-failure
		[service c]
		command = F pause
		after = a
	END
	boot
	state a finished
	state c ready
	hears b ready 2
	expect reason clean "$(of a .last_exit.reason)"
	expect "all is well" healthy "$(ask .health)"
	expect "exit code" 0 "$(ctl status)"
	halt
}

test_never_means_never_and_an_unclean_end_is_seen() {
	configure <<-END
		[service a]
		command = F exit=1
		restart = never
		probe = notify
		[service b]
		command = F pause
		after = a
	END
	boot
	state a finished
	expect b waiting "$(of b .state)"
	expect health degraded "$(ask .health)"
	expect "exit code" 3 "$(ctl status)"
	expect "one start" 1 "$(messages a starting | wc -l)"
	expect "recover says what b waits for" 1 "$(ctl recover b)"
	expect_match "it is named" "*waits for a*" "$(cat "$work/stdout" "$work/stderr")"
	halt
}

test_a_fatal_exit_blocks_and_is_tried_again_at_its_pace() {
	configure <<-END
		[service a]
		command = F error=because exit=78
		fatal_retry = 2s
		restart_delay = 1h
		restart_delay_max = 1h
	END
	boot
	state a blocked
	# One look for all of it: the next try is near, and ready at once.
	expect "health, last exit, code, no crash loop" "blocked config 78 config false" "$(ask \
		'.health as $health | .services[] | [$health, .last_exit.reason, .last_exit.code, .blocked.code, .crash_loop] | map(tostring) | join(" ")')"
	expect_match "the last words" "*because*" "$(of a .blocked.message | xargs)"
	expect "exit code" 4 "$(ctl status)"
	hears a blocked 3
	expect_match events "starting ready blocked starting ready blocked starting ready blocked*" "$(events a)"
	halt
}

test_blocked_ends_when_it_is_ready() {
	configure <<-END
		[service a]
		command = F once=$W/1 exit=78
		probe = none
		fatal_retry = 100ms
	END
	boot
	hears a blocked
	state a ready
	expect blocked null "$(of a .blocked)"
	expect health healthy "$(ask .health)"
	halt
}

test_a_blocked_service_without_retry_waits_for_a_person() {
	configure <<-END
		[service a]
		command = F once=$W/1 exit=9
		fatal_exit_codes = 9 10
		fatal_retry = 0
	END
	boot
	state a blocked
	expect "next start" null "$(of a .next_start_in_ms)"
	expect_match "what to do" "*needs: nemoctl recover a" "$(messages a blocked)"
	expect recover 0 "$(ctl recover a)"
	expect state ready "$(of a .state)"
	expect "asked for: not counted" 0 "$(of a .restarts)"
	halt
}

# It runs again, and somebody has seen to it: nobody else need to.
test_a_crash_loop_is_forgiven_while_it_runs() {
	local op

	for op in reset recover start; do
		configure <<-END
			[service a]
			command = F lives=$W/lives exit=1 / exit=1 / exit=1 / pause
			restart_delay = 0
			restart_delay_max = 0
			crash_limit = 2/1m
		END
		boot
		hears a ready 4
		becomes a '"\(.state) \(.crash_loop)"' "ready true"
		expect "a person is needed" 4 "$(ctl status a)"
		expect "$op" 0 "$(ctl "$op" a)"
		expect "forgiven by $op" "ready false 0 3" \
			"$(of a '"\(.state) \(.crash_loop) \(.consecutive_failures) \(.restarts)"')"
		expect "nothing is needed" 0 "$(ctl status a)"
		halt
	done
}

test_a_crash_loop_is_slowed_and_said_once() {
	configure <<-END
		[service a]
		command = F exit=1
		restart_delay = 0
		restart_delay_max = 1h
		crash_limit = 3/1m
	END
	boot
	becomes a .crash_loop true
	expect "starts" 4 "$(messages a starting | wc -l)"
	expect "said once" 1 "$(messages a crash-loop | wc -l)"
	expect "an error" error "$(jq -rR 'fromjson? | select(.event == "crash-loop") | .level' "$work/log")"
	expect health blocked "$(ask .health)"
	expect "exit code" 4 "$(ctl status a)"
	(($(of a .next_start_in_ms) > 3000000)) || fail "next start in $(of a .next_start_in_ms) ms"
	halt
}

test_a_crash_loop_can_block() {
	configure <<-END
		[service a]
		command = F exit=1
		restart_delay = 0
		crash_limit = 2/1m
		crash_action = block
	END
	boot
	state a blocked
	expect "code" crash-loop "$(of a .blocked.code)"
	expect "starts" 3 "$(messages a starting | wc -l)"
	expect "next start" null "$(of a .next_start_in_ms)"
	halt
}

test_a_stable_run_forgets_the_past() {
	configure <<-END
		[service a]
		command = F until=$W/go exit=1
		restart_delay = 1h
		restart_delay_max = 1h
		stable_after = 2s
		[service b]
		command = F once=$W/1 exit=1
		restart_delay = 20ms
		stable_after = 2s
	END
	boot
	becomes b .restarts 1
	becomes b .consecutive_failures 0
	await "$limit" uptime_of a 2100 || fail "it is not up"
	touch "$W/go"
	# The first failure after it restarts at once; the file is still there, so the second waits.
	state a backoff
	expect "starts" 2 "$(messages a starting | wc -l)"
	halt
}

uptime_of() {
	(($(of "$1" .uptime_ms) >= $2))
}

test_what_restarts_takes_others_with_it() {
	local pid

	configure <<-END
		[service a]
		command = F pause
		restart_delay = 20ms
		[service b]
		command = F pause
		after = a
		restart_with = a
		[service c]
		command = F pause
		[service d]
		command = F append=$W/d exit=0
		restart = on-failure
		restart_with = a
	END
	boot
	state b ready
	state c ready
	state d finished
	pid=$(of b .pid)
	inside kill -KILL "$(of a .pid)"
	hears b ready 2
	hears d finished 2
	[[ $(of b .pid) != "$pid" ]] || fail "b has not been restarted"
	expect "not counted" "1 0 0" "$(ask '[.services[0:3][].restarts] | join(" ")')"
	expect reason requested "$(of b .last_exit.reason)"
	expect "c is left alone" 1 "$(messages c ready | wc -l)"
	halt
}

# A child that ignores TERM stays in the session when its parent dies.
test_nothing_of_the_last_start_is_left_when_the_next_begins() {
	configure <<-END
		[service a]
		command = F child ignore=TERM append=$W/child pause parent until=$W/child once=$W/1 die=KILL
		restart_delay = 0
	END
	boot NEMOINIT_STOP_BUDGET=500ms
	hears a ready 2
	expect events "starting ready killed exited starting ready" "$(events a)"
	# Ready without a probe is as early as can be.
	await "$limit" has_lines "$W/child" 2 || fail "no child"
	expect "one child of each start" 2 "$(wc -l <"$W/child")"
	expect "only main and child of the second run" 2 "$(running)"
	halt
}

has_lines() {
	(($(wc -l <"$1") >= $2))
}

test_the_rest_of_a_tree_is_asked_before_it_is_killed() {
	configure <<-END
		[service a]
		command = F child catch=TERM:0 append=$W/child pause parent until=$W/child once=$W/1 die=KILL
		restart_delay = 0
	END
	boot
	hears a ready 2
	expect "nothing to be killed" "starting ready exited starting ready" "$(events a)"
	halt
}

run_tests
