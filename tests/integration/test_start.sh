#!/usr/bin/env bash
# What a service starts with, when it counts as ready, and a start that fails.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# fact NAME: what service a says of itself.
fact() {
	lines a | sed -n "s/^$1: //p"
}

# Descriptors, signals, limits and all the rest of nemoinit's own stay with nemoinit.
test_a_service_inherits_nothing_it_should_not() {
	configure <<-END
		[service a]
		command = F facts print=end pause
		working_directory = /usr
		env.GIVEN = a b
		env_unset = TAKEN
	END
	before=(bash -c 'ulimit -Sn 333; trap "" HUP USR1 PIPE; exec "$@" 8</dev/null 9>/dev/null' -)
	boot NEMOINIT_STOP_BUDGET=5s NOTIFY_SOCKET=@x LISTEN_FDS=1 WATCHDOG_USEC=1 TAKEN=1 GIVEN=0 KEPT=1
	before=()
	state a ready
	await "$limit" grep -q '"line":"end"' "$work/log" || fail "no facts"
	expect descriptors "0 1 2" "$(fact fds)"
	expect mask 0000000000000000 "$(fact SigBlk)"
	expect dispositions 0000000000000000 "$(fact SigIgn)"
	expect "soft limit of files" 333 "$(fact nofile)"
	expect directory /usr "$(fact cwd)"
	expect "its own session and group" "1 1" "$(fact leads)"
	expect "stdin is empty" 0 "$(fact stdin)"
	expect "passed on" "KEPT=1" "$(fact env | grep ^KEPT=)"
	expect variables "GIVEN=a b" "$(fact env | grep ^GIVEN=)"
	expect "nemoinit's own" "NEMOINIT_SOCKET=$socket" "$(fact env | grep ^NEMOINIT_)"
	expect "not for it" "" "$(fact env | grep -E '^(NOTIFY_SOCKET|LISTEN_|WATCHDOG_|TAKEN)' || true)"
	halt
}

test_no_limit_of_files_is_raised_for_a_service() {
	configure <<-END
		[service a]
		command = F facts pause
	END
	boot
	state a ready
	await "$limit" grep -q nofile "$work/log" || fail "no facts"
	expect "as we have it" "$(ulimit -Sn)" "$(fact nofile)"
	halt
}

test_a_service_without_probe_is_ready_when_it_runs() {
	configure <<-END
		[service a]
		command = F pause
	END
	boot
	state a ready
	expect events "starting ready" "$(events a)"
	expect restarts 0 "$(of a .restarts)"
	expect "no exit" null "$(of a .last_exit)"
	expect health healthy "$(ask .health)"
	expect mode "$([[ $mode == pid1 ]] && echo pid1 || echo subreaper)" "$(ask .nemoinit.mode)"
	expect "its pid in status" "$([[ $mode == pid1 ]] && echo 1 || echo 2)" "$(ask .nemoinit.pid)"
	expect "one line says which mode" 1 "$(grep -cE 'PID 1,|subreaper,' "$work/log")"
	halt
}

test_services_start_in_order_and_wait_for_ready() {
	configure <<-END
		[service last]
		command = F pause
		after = middle
		[service middle]
		command = F until=$W/go notify=READY=1 pause
		probe = notify
		after = first
		[service first]
		command = F pause
	END
	boot
	state middle starting
	expect first ready "$(of first .state)"
	expect last waiting "$(of last .state)"
	expect health starting "$(ask .health)"
	expect "exit code" 3 "$(ctl status)"
	touch "$W/go"
	state last ready
	expect order "first middle last" \
		"$(jq -rR 'fromjson? | select(.event == "ready") | .service' "$work/log" | xargs)"
	halt
}

test_a_missing_command_names_the_path_and_is_tried_until_it_comes() {
	configure <<-END
		[service a]
		command = late pause
		restart_delay = 20ms
		restart_delay_max = 50ms
		crash_limit = 1000/1h
	END
	boot NEMOINIT_PATH="$work/bin:/nonexistent"
	hears a backoff 3
	expect reason exec-failed "$(of a .last_exit.reason)"
	expect_match "says errno and PATH" \
		"*exec 'late': No such file or directory (searched PATH=$work/bin:/nonexistent)*" \
		"$(messages a backoff | head -n 1)"
	((0 < $(of a .consecutive_failures))) || fail "no failure counted"
	await "$limit" is a '.warnings[0]' "exec 'late': No such file or directory (searched PATH=$work/bin:/nonexistent)" ||
		fail "status does not say so: $(of a .warnings)"
	touch "$work/bin/late"
	await "$limit" grep -q "Permission denied" "$work/log" || fail "not executable is not told"
	expect reason exec-failed "$(of a .last_exit.reason)"
	cp "$fixture" "$work/bin/.late"
	mv "$work/bin/.late" "$work/bin/late"
	state a ready
	expect "the last exit stays" exec-failed "$(of a .last_exit.reason)"
	halt
}

test_a_directory_that_is_not_there_is_named() {
	configure <<-END
		[service a]
		command = F pause
		working_directory = /nonexistent/dir
		restart = never
	END
	boot
	state a finished
	expect events "starting finished" "$(events a)"
	expect reason exec-failed "$(of a .last_exit.reason)"
	expect_match message "*chdir '/nonexistent/dir': No such file or directory*" "$(messages a finished)"
	expect health degraded "$(ask .health)"
	halt
}

test_a_start_that_takes_too_long_is_a_failure() {
	configure <<-END
		[service a]
		command = F pause
		probe = notify
		start_timeout = 100ms
		restart_delay = 20ms
		restart_delay_max = 50ms
	END
	boot
	hears a starting 2
	expect events "starting probe-stop stopping backoff starting" "$(events a | cut -d' ' -f1-5)"
	expect reason start-timeout "$(of a .last_exit.reason)"
	expect_match "it says so" "*start_timeout*" "$(messages a stopping | head -n 1)"
	expect "never ready" null "$(of a .probe.last_ok_at)"
	halt
}

# A queue of READY=1 that outlives the process that filled it.
test_readiness_of_an_earlier_start_is_not_believed() {
	configure <<-END
		[service a]
		command = F once=$W/first until=$W/go notify=READY=1 notify=READY=1 notify=READY=1
		  notify=READY=1 notify=READY=1 notify=READY=1 notify=READY=1 append=$W/sent exit=1
		probe = notify
		restart_delay = 0
	END
	boot
	state a starting
	kill -STOP "$init"
	touch "$W/go"
	await "$limit" test -s "$W/sent" || fail "nothing is sent"
	kill -CONT "$init"
	hears a starting 2
	for _ in 1 2 3 4 5; do
		expect live 0 "$(ctl live)"
	done
	expect state starting "$(of a .state)"
	expect_match "ready once at most" "starting*(\ ready)\ *\ starting" "$(events a)"
	halt
}

test_a_disabled_service_stays_down() {
	configure <<-END
		[service a]
		command = F pause
		enabled = no
		[service b]
		command = F pause
		after = a
	END
	boot
	state b ready
	expect state disabled "$(of a .state)"
	expect health healthy "$(ask .health)"
	expect recover 0 "$(ctl --json recover)"
	expect outcome "skipped already-running" "$(jq -r '.services[].result' "$work/stdout" | xargs)"
	halt
}

test_two_hundred_services_start_and_stop() {
	local i

	for ((i = 0; i < 200; i++)); do
		printf '[service s%d]\ncommand = F pause\n' "$i"
	done | configure
	boot
	await $((6 * limit)) all_ready 200 || fail "only $(ask '[.services[] | select(.ready)] | length') are ready"
	halt
}

all_ready() {
	[[ $(ask '[.services[] | select(.ready)] | length') == "$1" ]]
}

run_tests
