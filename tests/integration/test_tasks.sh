#!/usr/bin/env bash
# Tasks and the repair command: one-shot steps before a start, beside it, and after a fatal exit.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# count FILE: lines in it.
count() {
	if [[ -e $1 ]]; then wc -l <"$1"; else echo 0; fi
}

counted() {
	(($(count "$1") >= $2))
}

# ran FILE TIMES: waits for so many `append=FILE`.
ran() {
	await "$limit" counted "$1" "$2" || fail "$(basename "$1") stays at $(count "$1"), wanted $2"
}

# own EVENT: messages about nemoinit itself.
own() {
	jq -rR "fromjson? | select(.service == null and .event == \"$1\") | .message" "$work/log"
}

# waits NAME TASK
waits() {
	becomes "$1" '"\(.state) \(.warnings | join("|"))"' "waiting waits for task $2"
}

# of_blocked NAME: how.
of_blocked() {
	of "$1" '.blocked | "\(.code) \(.task) \(.id)"'
}

# alive FILE: those of the processes that wrote their number into it.
alive() {
	local pid

	while read -r pid; do
		inside kill -0 "$pid"
		if wait "$stranger"; then echo "$pid"; fi
	done <"$1"
}

none_alive() {
	[[ -z $(alive "$1" 2>/dev/null) ]]
}

test_boot_tasks_run_once_in_order_before_their_services() {
	configure <<-END
		[task t2]
		command = F append=$W/order print=two until=$W/go
		of = a
		[service a]
		command = F pause
		[service b]
		command = F pause
		[service c]
		command = F pause
		after = a
		[task t1]
		command = F append=$W/late print=one error=oops
		of = c a
	END
	boot
	state b ready
	waits a t2
	expect "health" starting "$(ask .health)"
	expect "not in the status" "a b c" "$(ask '.services[].name' | xargs)"
	expect "the other has to wait" 0 "$(count "$W/late")"
	expect "c says so too" "waits for task t1" "$(of c '.warnings[0]')"
	touch "$W/go"
	state c ready
	expect runs "1 1" "$(count "$W/order") $(count "$W/late")"
	expect "captured" "one oops" "$(lines t1 | sort | xargs)"
	expect "captured of the first" two "$(lines t2)"
	expect code 0 "$(ctl restart)"
	expect "once" "1 1" "$(count "$W/order") $(count "$W/late")"
	expect "not a word" "" "$(own task-failed)"
	halt
}

test_a_failed_boot_task_blocks_until_it_has_run_well() {
	configure <<-END
		[task setup]
		command = F append=$W/runs flood=11 print=last exit=@$W/code
		of = a b
		[service a]
		command = F pause
		[service b]
		command = F pause
		after = a
		[service c]
		command = F pause
	END
	echo 3 >"$W/code"
	boot
	state a blocked
	state b blocked
	state c ready
	expect how "task-failed setup null" "$(of_blocked a)"
	expect message "3 4 5 6 7 8 9 10 11 last" "$(of a .blocked.message | sed 's/^line \([0-9]*\) .*/\1/' | xargs)"
	expect health blocked "$(ask .health)"
	expect "code of status" 4 "$(ctl status)"
	grep -q "task setup" "$work/stdout" || fail "status does not name it: $(cat "$work/stdout")"
	expect_match "told" "task setup failed: exited with 3 after *; what waits for it is blocked" "$(own task-failed)"
	expect_match "of each" "task setup failed: exited with 3 after *; blocked, task-failed, needs: nemoctl recover b" \
		"$(messages b blocked)"
	expect "no start" "blocked" "$(events a)"
	expect runs 1 "$(count "$W/runs")"
	expect "code of recover" 4 "$(ctl --json recover)"
	expect "one run for all that wait" 2 "$(count "$W/runs")"
	expect_match "its words" "task setup failed: exited with 3 *" "$(jq -r '.services[1].message' "$work/stdout")"
	expect "code of start" 4 "$(ctl start a)"
	expect "run again" 3 "$(count "$W/runs")"
	expect "code of restart" 4 "$(ctl restart a)"
	expect "run again" 4 "$(count "$W/runs")"
	echo 0 >"$W/code"
	expect "code of reset" 0 "$(ctl reset b)"
	state a ready
	state b ready
	expect runs 5 "$(count "$W/runs")"
	expect "no longer blocked" null "$(of a .blocked)"
	halt
}

test_continue_goes_on_after_a_failure() {
	configure <<-END
		[task setup]
		command = F exit=1
		on_failure = continue
		[task probe]
		command = nothing-of-that-name
		when = start
		on_failure = continue
		[service a]
		command = F pause
	END
	boot
	state a ready
	expect_match "boot" "task setup failed: exited with 1 after *; going on without it" "$(own task-failed)"
	expect_match "start" "task probe failed: exec 'nothing-of-that-name': * (searched PATH=*); going on without it" \
		"$(messages a task-failed)"
	expect level "warn" "$(jq -rR 'fromjson? | select(.event == "task-failed") | .level' "$work/log" | sort -u)"
	halt
}

test_start_tasks_run_before_each_start() {
	local pid

	configure <<-END
		[task drift]
		command = F append=$W/drift until=$W/go
		when = start
		of = a b
		[service a]
		command = F pause
		restart_delay = 20ms
		[service b]
		command = F pause
		after = a
	END
	boot
	waits a drift
	expect "b waits for a first" "waits for a (waiting)" "$(of b '.warnings[0]')"
	touch "$W/go"
	state b ready
	expect "each service's" 2 "$(count "$W/drift")"
	pid=$(of a .pid)
	inside kill -KILL "$pid"
	becomes a .restarts 1
	state a ready
	expect "after a crash" 3 "$(count "$W/drift")"
	rm "$W/go"
	"$nemoctl" -s "$socket" restart b >"$work/stdout" 2>&1 &
	waits b drift
	touch "$W/go"
	wait "$!" || fail "restart: $(cat "$work/stdout")"
	expect "after a restart" 4 "$(count "$W/drift")"
	halt
}

test_a_failed_start_task_blocks_that_service() {
	configure <<-END
		[task drift]
		command = F error=different exit=@$W/code
		when = start
		[service a]
		command = F until=$W/die
		[service b]
		command = F pause
	END
	echo 0 >"$W/code"
	boot
	state a ready
	state b ready
	echo 1 >"$W/code"
	touch "$W/die"
	state a blocked
	rm "$W/die"
	expect how "task-failed drift null" "$(of_blocked a)"
	expect message different "$(of a .blocked.message)"
	expect "the other" ready "$(of b .state)"
	expect_match "told" "task drift failed: exited with 1 after *" "$(messages a task-failed)"
	expect "restarted to no avail" 4 "$(ctl restart b)"
	expect "now both" "task-failed drift null" "$(of_blocked b)"
	echo 0 >"$W/code"
	expect code 0 "$(ctl recover)"
	halt
}

test_a_task_that_cannot_be_executed_says_why() {
	configure <<-END
		[task setup]
		command = nothing-of-that-name
		[service a]
		command = F pause
	END
	boot
	state a blocked
	expect_match message "exec 'nothing-of-that-name': * (searched PATH=*" "$(of a .blocked.message)"
	halt
}

# It and its child, which is in a process group of its own, ignore TERM.
test_a_hung_task_is_killed_with_all_of_its_session() {
	configure <<-END
		[task setup]
		command = F ignore=TERM child group ignore=TERM append=$W/pids pause parent append=$W/pids pause
		timeout = 3s
		[service a]
		command = F pause
	END
	boot
	state a blocked
	expect_match told "task setup failed: not over within 3.0s; *" "$(own task-failed)"
	expect_match message "not over within 3.0s" "$(of a .blocked.message)"
	expect "two of them" 2 "$(count "$W/pids")"
	expect "none is left" "" "$(alive "$W/pids")"
	halt
}

# Nobody could look, but it was over in time.
test_a_task_is_not_hung_while_nemoinit_is_stopped() {
	configure <<-END
		[task t]
		command = F append=$W/t until=$W/go
		timeout = 5s
		[service a]
		command = F pause
	END
	boot
	ran "$W/t" 1
	kill -STOP "$init"
	touch "$W/go"
	await 7 false || true
	kill -CONT "$init"
	state a ready
	expect "no failure" "" "$(own task-failed)"
	expect events "starting ready" "$(events a)"
	halt
}

test_what_a_task_leaves_in_its_session_is_ended() {
	configure <<-END
		[task setup]
		command = F print=before child group ignore=TERM append=$W/pids until=$W/never parent until=$W/pids print=after
		[service a]
		command = F pause
	END
	boot
	state a ready
	expect "its output" "before after" "$(lines setup | xargs)"
	expect "nothing is left" "" "$(alive "$W/pids")"
	halt
}

test_much_output_holds_nobody_up() {
	configure <<-END
		[task setup]
		command = F flood=20000 exit=1
		of = a
		[service a]
		command = F pause
		[service b]
		command = F pause
	END
	boot
	state a blocked
	expect "the end of it" "line 20000 of a service that has much to say" "$(of a .blocked.message | tail -n 1)"
	expect "ten lines" 10 "$(of a .blocked.message | wc -l)"
	state b ready
	halt
}

test_its_environment_and_place_are_those_it_is_given() {
	configure <<-END
		[task facts]
		command = F facts
		working_directory = /proc
		env.A = 1
		env.PATH = /nowhere
		[task told]
		command = F facts
		when = ready
		of = a
		[service a]
		command = F pause
	END
	boot NEMOINIT_SERVICE_A_STOP_TIMEOUT=5s NOTIFY_SOCKET=/nowhere
	state a ready
	await "$limit" grep -q '"service":"told".*"env: ' "$work/log" || fail "not told"
	await "$limit" heard_facts || fail "not all facts"
	expect "what is nemoinit's" "env: NEMOINIT_SOCKET=$socket" "$(lines facts | grep -E '(NEMOINIT|NOTIFY)')"
	expect "its own" "env: PATH=/nowhere env: A=1" "$(lines facts | grep -E 'env: (A|PATH)=' | xargs)"
	expect place "cwd: /proc" "$(lines facts | grep cwd)"
	expect "leads a session" "leads: 1 1" "$(lines facts | grep leads)"
	expect "nothing to read" "stdin: 0" "$(lines facts | grep stdin)"
	expect "what it is told" "env: NEMOINIT_EVENT=ready env: NEMOINIT_SERVICE=a env: NEMOINIT_SOCKET=$socket" \
		"$(lines told | grep NEMOINIT | sort | xargs)"
	halt
}

heard_facts() {
	[[ $(lines told | grep -c NEMOINIT) == 3 ]]
}

test_ready_tasks_run_beside() {
	configure <<-END
		[task greet]
		command = F append=$W/greet until=$W/go exit=1
		when = ready
		of = a b
		[service a]
		command = F pause
		[service b]
		command = F pause
		after = a
		[service c]
		command = F pause
	END
	boot
	state b ready
	state c ready
	ran "$W/greet" 1
	expect code 0 "$(ctl restart a)"
	expect code 0 "$(ctl restart a)"
	expect "one at a time" 1 "$(count "$W/greet")"
	touch "$W/go"
	# For a once more, and for b.
	ran "$W/greet" 3
	hears a task-failed 2
	hears b task-failed 1
	expect "a failure is a warning" "task greet failed: exited with 1" "$(messages b task-failed | sed 's/ after.*//')"
	expect "nobody is blocked" healthy "$(ask .health)"
	expect "no more" 3 "$(count "$W/greet")"
	halt
}

test_trouble_tasks_are_told_of_what_is_blocked_and_of_crash_loops() {
	configure <<-END
		[task alarm]
		command = F facts
		when = trouble
		[service a]
		command = F exit=78
		[service b]
		command = F exit=1
		restart_delay = 10ms
		restart_delay_max = 10ms
		crash_limit = 2/10m
	END
	boot
	await "$limit" alarmed "blocked a" || fail "a: $(alarms)"
	await "$limit" alarmed "crash-loop b" || fail "b: $(alarms)"
	halt
}

alarms() {
	lines alarm | sed -n 's/^env: NEMOINIT_\(EVENT\|SERVICE\)=//p' | paste -d' ' - -
}

alarmed() {
	alarms | grep -qx "$1"
}

test_a_stop_cancels_its_start_task() {
	configure <<-END
		[task drift]
		command = F append=$W/drift ignore=TERM until=$W/go
		when = start
		[service a]
		command = F pause
	END
	boot
	waits a drift
	ran "$W/drift" 1
	expect code 0 "$(ctl stop a)"
	expect state stopped "$(of a .state)"
	await "$limit" none_alive "$W/drift" || fail "it lives on"
	expect "no failure" "" "$(messages a task-failed)"
	touch "$W/go"
	expect "started again" 0 "$(ctl start a)"
	expect runs 2 "$(count "$W/drift")"
	halt
}

test_a_shutdown_ends_tasks_in_time() {
	configure <<-END
		[task setup]
		command = F append=$W/pids tell=TERM ignore=HUP pause
		of = a
		[task greet]
		command = F ignore=TERM append=$W/pids child append=$W/pids ignore=TERM pause parent pause
		when = ready
		of = b
		[service a]
		command = F pause
		[service b]
		command = F pause
	END
	boot
	waits a setup
	state b ready
	ran "$W/pids" 3
	halt
	expect "not a word of failure" "" "$(jq -rR 'fromjson? | select(.event == "task-failed") | .message' "$work/log")"
	grep -q 'all services stopped in' "$work/log" || fail "no orderly end"
}

test_a_reload_keeps_what_runs_and_ends_what_is_gone() {
	configure <<-END
		[task setup]
		command = F append=$W/setup until=$W/go
		of = a
		[task old]
		command = F append=$W/old ignore=TERM pause
		when = ready
		of = b
		[service a]
		command = F pause
		[service b]
		command = F pause
	END
	boot
	waits a setup
	ran "$W/old" 1
	ran "$W/setup" 1
	sed -i 's/task old/task new/; s/of = a$/of = a b/' "$config"
	expect code 0 "$(ctl reload)"
	await "$limit" none_alive "$W/old" || fail "what is gone lives on"
	waits a setup
	touch "$W/go"
	state a ready
	expect "no second run" 1 "$(count "$W/setup")"
	expect "b was left alone" 1 "$(messages b starting | wc -l)"
	halt
}

# ---- repair ----

test_a_repair_runs_before_the_retry() {
	configure <<-END
		[service a]
		command = F exit=@$W/code
		probe = notify
		working_directory = /proc
		env.A = 1
		repair = F facts until=$W/go append=$W/repairs
	END
	echo 78 >"$W/code"
	boot
	becomes a '"\(.state) \(.warnings | join("|"))"' "waiting waits for its repair command"
	expect_match told "exited with 78 (config, after *); running its repair command" "$(messages a exited)"
	touch "$W/go"
	state a blocked
	expect "once" 1 "$(count "$W/repairs")"
	expect events "starting exited repair starting blocked" "$(events a)"
	expect_match words "repair command: exited with 0 after *; starting again" "$(messages a repair)"
	expect "its output is the service's" "cwd: /proc env: A=1" "$(lines a | grep -E 'cwd|env: A=' | xargs)"
	expect "no notification" "" "$(lines a | grep NOTIFY)"
	expect how "config null null" "$(of_blocked a)"
	expect "in vain" 4 "$(ctl recover)"
	expect "not again before it has been ready" 1 "$(count "$W/repairs")"
	halt
}

test_a_repair_that_fails_is_followed_by_a_retry_too() {
	configure <<-END
		[service a]
		command = F once=$W/repaired exit=78
		probe = none
		repair = F exit=1
	END
	boot
	hears a ready 2
	expect_match words "repair command failed: exited with 1 after *; starting again" "$(messages a repair)"
	expect state ready "$(of a .state)"
	halt
}

# It, and nothing else, makes the next start a good one; each time the gateway breaks anew.
test_a_repair_that_helps() {
	configure <<-END
		[service a]
		command = sh -c "test -e $W/sound || exit 78; exec F listen=8000 serve=$W/mood"
		probe = http://127.0.0.1:8000/
		probe_start_interval = 50ms
		probe_interval = 1h
		restart_delay = 1h
		restart_delay_max = 1h
		repair = sh -c "rm -f $W/mood; touch $W/sound; echo again >>$W/repairs"
	END
	boot
	state a ready
	expect events "starting exited repair starting ready" "$(events a)"
	expect_match words "repair command: exited with 0 after *; starting again" "$(messages a repair)"
	expect "what it was, and is" "config 78 null 1 null false" \
		"$(of a '[.last_exit.reason, .last_exit.code, .last_exit.signal, .restarts, .blocked, .crash_loop] | map(tostring) | join(" ")')"
	rm "$W/sound"
	echo exit=78 >"$W/mood"
	hears a ready 2
	expect events "starting exited repair starting ready exited repair starting ready" "$(events a)"
	expect "once for each" 2 "$(count "$W/repairs")"
	expect "restarts" "2 config" "$(of a '"\(.restarts) \(.last_exit.reason)"')"
	halt
}

# Else it would be a stranger on the port of the service for ever.
test_what_a_repair_leaves_is_ended() {
	configure <<-END
		[service a]
		command = sh -c "test -e $W/d || exit 78; exec F listen=8000 serve=$W/mood"
		probe = http://127.0.0.1:8000/
		probe_start_interval = 50ms
		repair = F child setsid detach listen=8000 append=$W/d serve=$W/mood parent until=$W/d
	END
	boot
	state a ready
	expect events "starting exited repair starting ready" "$(events a)"
	expect "nothing is left" "" "$(alive "$W/d")"
	halt
}

test_a_repair_has_its_time_and_is_cancelled_by_a_stop() {
	configure <<-END
		[service a]
		command = F exit=78
		probe = notify
		repair = F append=$W/pids ignore=TERM child ignore=TERM append=$W/pids pause parent pause
		repair_timeout = 1500ms
		[service b]
		command = F exit=78
		probe = notify
		repair = F append=$W/b ignore=TERM pause
	END
	boot
	state a blocked
	expect "words" "repair command failed: not over within 1.5s; starting again" "$(messages a repair)"
	expect "nothing is left" "" "$(alive "$W/pids")"
	ran "$W/b" 1
	expect "code of stop" 0 "$(ctl stop b)"
	expect "down when that is over" "stopped " "$(of b .state) $(alive "$W/b")"
	expect "no word of it" "" "$(messages b repair)"
	halt
}

run_tests
