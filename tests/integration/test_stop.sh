#!/usr/bin/env bash
# The way down, for one service and for all.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# order EVENT: the services in the order in which it happened to them.
order() {
	jq -rR "fromjson? | select(.event == \"$1\") | .service" "$work/log" | xargs
}

test_all_are_stopped_in_reverse_order() {
	configure <<-END
		[service first]
		command = F catch=TERM:0 pause
		[service middle]
		command = F catch=TERM:3 notify=READY=1 pause
		probe = notify
		after = first
		[service last]
		command = F pause
		after = middle
	END
	boot
	state last ready
	halt
	expect "asked in order" "last middle first" "$(order stopping)"
	expect "gone in order" "last middle first" "$(order stopped)"
	expect_match "how each ended" "exited with 3 (requested, *" "$(messages middle stopped)"
	expect_match "its budget" "*SIGTERM: stopping all services within 8.0s\"*" "$(cat "$work/log")"
	expect_match "the last line" "SIGTERM: all services stopped in *ms" \
		"$(jq -rR 'fromjson? | .message' "$work/log" | tail -n 1)"
	expect "none by KILL" "" "$(grep KILL "$work/log" || true)"
}

test_term_before_anything_else_counts() {
	configure <<-END
		[service a]
		command = F append=$W/started ignore=TERM pause
		stop_timeout = 1h
	END
	launch env NEMOINIT_STOP_BUDGET=100ms "NEMOINIT_PATH=$work/bin:$PATH" "$fixture" pending \
		"${wrapper[@]}" "$nemoinit" -c "$config" -s "$socket"
	ended
	expect "exit code" 0 "$ended"
	expect_match "it says why" "*SIGTERM: stopping all services*" "$(cat "$work/log")"
}

test_interrupt_stops_too() {
	configure <<-END
		[service a]
		command = F pause
	END
	boot
	state a ready
	kill -INT "$init"
	ended
	expect "exit code" 0 "$ended"
	expect_match "it says why" "*SIGINT: stopping*" "$(cat "$work/log")"
}

test_interrupt_can_be_ignored_and_other_signals_are() {
	configure <<-END
		interrupt = ignore
		[service a]
		command = F pause
	END
	boot
	state a ready
	for signal in INT HUP USR1 USR2 WINCH QUIT TTIN TTOU TSTP PIPE ALRM CHLD CONT RTMIN; do
		kill "-$signal" "$init"
	done
	await "$limit" grep -q 'nemoctl shutdown' "$work/log" || fail "it does not say how to end it"
	expect "still there" 0 "$(ctl ready)"
	expect events "starting ready" "$(events a)"
	halt
}

test_one_that_ignores_term_is_killed_within_the_budget() {
	local begin

	configure <<-END
		stop_budget = 2500ms
		[service stubborn]
		command = F ignore=TERM notify=READY=1 pause
		probe = notify
		after = good
		stop_timeout = 1h
		[service good]
		command = F catch=TERM:0 notify=READY=1 pause
		probe = notify
	END
	boot
	state stubborn ready
	begin=$(date +%s%N)
	halt
	(($(date +%s%N) - begin < 6000000000)) || fail "took $((($(date +%s%N) - begin) / 1000000)) ms"
	expect_match "ended by KILL" "ended by signal 9 (KILL) (requested, *" "$(messages stubborn stopped)"
	expect_match "the other in peace" "exited with 0 (requested, *" "$(messages good stopped)"
	expect_match "the last line" "SIGTERM: all services stopped in [2345].*s, 1 of them by KILL (stubborn)" \
		"$(jq -rR 'fromjson? | .message' "$work/log" | tail -n 1)"
}

test_a_second_term_kills_but_not_at_once() {
	local begin

	configure <<-END
		stop_budget = 1h
		[service a]
		command = F ignore=TERM notify=READY=1 pause
		probe = notify
		stop_timeout = 1h
		[service b]
		command = F ignore=TERM notify=READY=1 pause
		probe = notify
		after = a
	END
	boot
	state b ready
	begin=$(date +%s%N)
	kill -TERM "$init"
	await "$limit" grep -q SIGTERM "$work/log" || fail "it does not hear"
	kill -TERM "$init"
	hears b stopping
	expect "too early to count" 0 "$(ctl live)"
	expect "stopping" stopping "$(ask .health)"
	await "$limit" later_than "$begin" || true
	kill -TERM "$init"
	ended
	expect "exit code" 0 "$ended"
	expect_match "it says so" "*SIGTERM again: killing what is left*" "$(cat "$work/log")"
}

later_than() {
	(($(date +%s%N) - $1 > 1100000000))
}

# One that ends while others are being stopped stays down.
test_nothing_starts_during_a_shutdown() {
	configure <<-END
		stop_budget = 1m
		[service low]
		command = F until=$W/go exit=1
		restart_delay = 0
		[service loop]
		command = F until=$W/go exit=0
		[service high]
		command = F ignore=TERM notify=READY=1 until=$W/end exit=0
		probe = notify
		after = low loop
	END
	boot
	state high ready
	kill -TERM "$init"
	hears high stopping
	touch "$W/go"
	await "$limit" down low || fail "low stays"
	await "$limit" down loop || fail "loop stays"
	for _ in 1 2 3 4 5; do
		expect live 0 "$(ctl live)"
	done
	touch "$W/end"
	ended
	expect "exit code" 0 "$ended"
	expect "low" 1 "$(messages low starting | wc -l)"
	expect "loop" 1 "$(messages loop starting | wc -l)"
}

down() {
	[[ $(of "$1" .last_exit.reason) != null ]]
}

test_a_stopped_process_can_be_stopped() {
	configure <<-END
		[service a]
		command = F catch=TERM:5 notify=READY=1 pause
		probe = notify
		stop_timeout = 1h
	END
	boot
	state a ready
	inside kill -STOP "$(of a .pid)"
	wait "$stranger" || true
	halt
	expect_match "it could act" "exited with 5 (requested, *" "$(messages a stopped)"
}

test_the_stop_signal_is_the_one_asked_for() {
	configure <<-END
		[service a]
		command = F ignore=TERM catch=INT:6 notify=READY=1 pause
		probe = notify
		stop_signal = INT
		[service b]
		command = F tell=USR1 pause
		stop_signal = KILL
	END
	boot
	state b ready
	state a ready
	halt
	expect_match "INT" "exited with 6 (requested, *" "$(messages a stopped)"
	expect_match "KILL" "ended by signal 9 (KILL) (requested, *" "$(messages b stopped)"
}

test_stop_timeout_of_one_service_holds() {
	configure <<-END
		[service a]
		command = F ignore=TERM notify=READY=1 once=$W/1 pause
		probe = notify
		stop_timeout = 100ms
		[service b]
		command = F child ignore=TERM pause parent catch=TERM:0 pause
		stop_timeout = 300ms
	END
	boot NEMOINIT_STOP_BUDGET=400ms
	state a ready
	state b ready
	expect restart 0 "$(ctl restart a)"
	expect events "starting ready stopping killed exited starting ready" "$(events a)"
	expect "its last exit" "requested 9" "$(of a '.last_exit | "\(.reason) \(.signal)"')"
	expect "not counted" 0 "$(of a .restarts)"
	halt
}

test_stop_while_starting_waiting_and_backing_off() {
	configure <<-END
		[service starting]
		command = F pause
		probe = notify
		[service waiting]
		command = F pause
		after = starting
		[service backoff]
		command = F exit=1
		restart_delay = 1h
		restart_delay_max = 1h
		probe = notify
	END
	boot
	state starting starting
	state backoff backoff
	halt
	expect "one start each" "backoff starting" "$(order starting | xargs -n 1 | sort | xargs)"
}

test_the_tree_of_a_service_goes_with_it() {
	configure <<-END
		[service a]
		command = F child append=$W/child pause parent child child append=$W/child pause parent pause parent pause
	END
	boot
	state a ready
	await "$limit" has_lines "$W/child" 2 || fail "no children"
	expect "running" 4 "$(running)"
	expect restart 0 "$(ctl restart)"
	await "$limit" has_lines "$W/child" 4 || fail "no children"
	expect "the old ones are gone" 4 "$(running)"
	halt
	expect "all gone" 0 "$(running)"
}

has_lines() {
	(($(wc -l <"$1") >= $2))
}

run_tests
