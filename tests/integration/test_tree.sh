#!/usr/bin/env bash
# The tree of a service: wherever its processes have gone, they go with it.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

has_lines() {
	(($(wc -l <"$1") >= $2))
}

# alive WORD…: processes with exactly this command line.
alive() {
	local file words count=0

	for file in /proc/[0-9]*/cmdline; do
		mapfile -d '' -t words <"$file" || continue
		[[ ${words[*]} != "$*" ]] || count=$((count + 1))
	done 2>/dev/null
	echo "$count"
}

has_adopted() {
	[[ $(of a .state) == ready && $(messages a adopted) ]]
}

test_a_helper_in_its_own_session_goes_too() {
	configure <<-END
		[service a]
		command = F child setsid append=$W/helper pause parent pause
	END
	boot
	state a ready
	await "$limit" test -s "$W/helper" || fail "no helper"
	expect "both run" 2 "$(running)"
	expect restart 0 "$(ctl restart)"
	await "$limit" has_lines "$W/helper" 2 || fail "no helper"
	expect "the old ones are gone" 2 "$(running)"
	expect stop 0 "$(ctl stop a)"
	expect "all gone" 0 "$(running)"
	expect "without KILL" "" "$(messages a killed)"
	halt
}

test_a_helper_of_one_that_is_killed_goes_too() {
	configure <<-END
		[service a]
		command = F child setsid append=$W/helper pause parent pause
		restart_delay = 0
	END
	boot
	await "$limit" test -s "$W/helper" || fail "no helper"
	inside kill -KILL "$(of a .pid)"
	await "$limit" has_lines "$W/helper" 2 || fail "no new helper"
	expect "the old ones are gone" 2 "$(running)"
	halt
}

test_a_daemon_goes_too() {
	configure <<-END
		[service a]
		command = F child setsid detach append=$W/daemon pause parent pause
	END
	boot
	state a ready
	await "$limit" test -s "$W/daemon" || fail "no daemon"
	expect "both run" 2 "$(running)"
	expect restart 0 "$(ctl restart)"
	await "$limit" has_lines "$W/daemon" 2 || fail "no daemon"
	expect "the old ones are gone" 2 "$(running)"
	expect stop 0 "$(ctl stop a)"
	expect "all gone" 0 "$(running)"
	halt
}

# Not by its mark, but as it has been seen before.
test_a_helper_without_environment_goes_too() {
	configure <<-END
		[service a]
		command = F child setsid forget append=$W/helper pause parent
		    until=$W/helper notify=READY=1 pause
		probe = notify
	END
	boot
	state a ready
	expect "both run" 1 "$(alive F "append=$W/helper" pause)"
	inside kill -KILL "$(of a .pid)"
	hears a ready 2
	await "$limit" has_lines "$W/helper" 2 || fail "no helper"
	expect "the old one is gone" 1 "$(alive F "append=$W/helper" pause)"
	expect stop 0 "$(ctl stop a)"
	expect "all gone" 0 "$(alive F "append=$W/helper" pause)"
	expect "nothing to warn of" 0 "$(ask '.nemoinit.warnings | map(select(test("orphan"))) | length')"
	halt
}

# It came after the last look: there is one more before a stop.
test_a_late_helper_without_environment_goes_too() {
	configure <<-END
		[service a]
		command = F until=$W/go child setsid forget append=$W/helper pause parent pause
	END
	boot
	state a ready
	touch "$W/go"
	await "$limit" test -s "$W/helper" || fail "no helper"
	expect stop 0 "$(ctl stop a)"
	expect "all gone" 0 "$(alive F "append=$W/helper" pause)"
	halt
}

# Neither mark nor parent, and never looked at: but nobody leaves a session without setsid.
test_an_orphan_in_the_session_goes_too() {
	configure <<-END
		[service a]
		command = F child detach forget append=$W/orphan pause parent
		    until=$W/orphan notify=READY=1 pause
		probe = notify
	END
	boot
	state a ready
	expect stop 0 "$(ctl stop a)"
	expect "all gone" 0 "$(alive F "append=$W/orphan" pause)"
	expect "nothing to warn of" 0 "$(ask '.nemoinit.warnings | map(select(test("orphan"))) | length')"
	halt
}

test_fifty_grandchildren_leave_nothing_behind() {
	configure <<-END
		[service a]
		command = F brood=50 append=$W/up pause
	END
	boot
	await "$limit" test -s "$W/up" || fail "no brood"
	await "$limit" is_running 76 || fail "$(running) run, wanted 76"
	expect restart 0 "$(ctl restart)"
	await "$limit" has_lines "$W/up" 2 || fail "no new brood"
	await "$limit" is_running 76 || fail "$(running) run, wanted 76"
	expect events "starting ready stopping stopped starting ready" "$(events a)"
	expect "as asked" "requested 15 0 0" \
		"$(of a '"\(.last_exit.reason) \(.last_exit.signal) \(.restarts) \(.consecutive_failures)"')"
	inside kill -KILL "$(of a .pid)"
	await "$limit" has_lines "$W/up" 3 || fail "no new brood after a KILL"
	await "$limit" is_running 76 || fail "$(running) run, wanted 76"
	expect "by a KILL of somebody" "signal 9 1 1" \
		"$(of a '"\(.last_exit.reason) \(.last_exit.signal) \(.restarts) \(.consecutive_failures)"')"
	halt
	expect "all gone" 0 "$(running)"
	expect "without KILL" "" "$(messages a killed)"
}

is_running() {
	(($(running) == $1))
}

# Where a limit of processes holds for us the bomb never rests.
test_a_bomb_is_ended() {
	local begin took slowest=0 restart count=600

	[[ $mode != profile ]] || count=1000000000

	configure <<-END
		[service a]
		command = F append=$W/up bomb=$count
		stop_timeout = 500ms
	END
	boot
	await "$limit" has_running 200 || fail "$(running) run"
	timeout 60 "$nemoctl" -s "$socket" restart a >"$work/restart" 2>&1 &
	restart=$!
	while kill -0 "$restart" 2>/dev/null; do
		begin=$(date +%s%N)
		expect live 0 "$(ctl live)"
		took=$((($(date +%s%N) - begin) / 1000000))
		((took <= slowest)) || slowest=$took
	done
	wait "$restart" || fail "restart: $(cat "$work/restart")"
	((slowest < 2000 * slowness)) || fail "an answer took $slowest ms"
	await "$limit" has_lines "$W/up" 2 || fail "no new start"
	expect "no overlap, no crash" "starting ready stopping killed exited starting ready" "$(events a)"
	expect "as asked" "requested 0" "$(of a '"\(.last_exit.reason) \(.restarts)"')"
	await "$limit" has_running 200 || fail "$(running) run"
	expect stop 0 "$(ctl stop a)"
	expect "all gone" 0 "$(running)"
	halt
}

has_running() {
	(($(running) >= $1))
}

test_a_stopped_member_dies_at_the_stop() {
	configure <<-END
		[service a]
		command = F child setsid append=$W/helper die=STOP pause parent
		    until=$W/helper notify=READY=1 pause
		probe = notify
	END
	boot
	state a ready
	expect stop 0 "$(ctl stop a)"
	expect "all gone" 0 "$(running)"
	expect "by TERM" "" "$(messages a killed)"
	halt
}

test_one_that_takes_over_the_port_is_adopted() {
	local old

	configure <<-END
		[service a]
		command = F append=$W/up listen=8000 child setsid append=$W/heir serve=$W/mood parent
		    until=$W/go exit=0
		probe = http://127.0.0.1:8000/
		probe_interval = 50ms
		probe_start_interval = 50ms
		[service b]
		command = F append=$W/b pause
		after = a
		restart_with = a
	END
	boot
	state b ready
	old=$(of a .pid)
	expect "its first pid" "$(cat "$W/up")" "$old"
	touch "$W/go"
	await "$limit" has_adopted || fail "not adopted: $(events a)"
	expect pid "$(cat "$W/heir")" "$(of a .pid)"
	expect_match message "adopted pid $(cat "$W/heir"), which holds port 8000; its parent pid $old exited with 0" \
		"$(messages a adopted)"
	expect events "starting ready adopted ready" "$(events a)"
	expect "one start, one restart" "1 1" "$(wc -l <"$W/up") $(of a .restarts)"
	expect "its last exit" "clean 0 $old" "$(of a '.last_exit | "\(.reason) \(.code) \(.pid)"')"
	expect owner "self $(cat "$W/heir")" "$(of a '.listener | "\(.owner) \(.pid)"')"
	hears b ready 2
	rm "$W/go"
	inside kill -KILL "$(of a .pid)"
	await "$limit" has_lines "$W/up" 2 || fail "no new start after the end of the adopted one"
	state a ready
	expect restarts 2 "$(of a .restarts)"
	halt
	expect "all gone" 0 "$(running)"
}

test_an_heir_that_has_said_it_is_ready_is_believed() {
	configure <<-END
		[service a]
		command = F listen=8000 notify=READY=1 until=$W/1
		    child setsid notify=READY=1 append=$W/heir serve=$W/mood
		    parent until=$W/heir exit=0
		probe = notify
		port = 8000
	END
	boot
	state a ready
	touch "$W/1"
	hears a adopted
	hears a ready 2
	expect events "starting ready adopted ready" "$(events a)"
	expect who "$(cat "$W/heir") self 1" "$(of a '"\(.pid) \(.listener.owner) \(.restarts)"')"
	halt
}

test_a_daemon_that_holds_the_port_is_ours() {
	configure <<-END
		[service a]
		command = F child detach setsid append=$W/daemon listen=8000 serve=$W/mood parent pause
		probe = http://127.0.0.1:8000/
		probe_start_interval = 50ms
	END
	boot
	state a ready
	expect owner "self $(cat "$W/daemon")" "$(of a '.listener | "\(.owner) \(.pid)"')"
	expect restart 0 "$(ctl restart a)"
	expect events "starting ready stopping exited starting ready" "$(events a)"
	halt
}

test_nobody_is_adopted_who_does_not_hold_the_port() {
	configure <<-END
		[service a]
		command = F child setsid append=$W/helper pause parent append=$W/up listen=8000 until=$W/go exit=0
		port = 8000
		probe_start_interval = 50ms
		restart_delay = 0
	END
	boot
	state a ready
	await "$limit" test -s "$W/helper" || fail "no helper"
	touch "$W/go"
	await "$limit" has_lines "$W/up" 2 || fail "no new start"
	rm "$W/go"
	hears a ready 2
	expect "no adoption" "" "$(messages a adopted)"
	expect_match events "starting ready exited *" "$(events a)"
	expect "the old helper is gone" 2 "$(running)"
	halt
}

test_what_cannot_be_attributed_is_shown_and_left_alone() {
	local orphan

	configure <<-END
		[service a]
		command = F child detach setsid forget append=$W/orphan pause parent
		    until=$W/orphan notify=READY=1 pause
		probe = notify
	END
	boot
	state a ready
	orphan=$(cat "$W/orphan")
	expect restart 0 "$(ctl restart)"
	expect restart 0 "$(ctl restart)"
	inside kill -0 "$orphan"
	wait "$stranger" || fail "it is gone"
	expect_match "shown" "pid $orphan (F append=$W/orphan pause) is an orphan*left alone" \
		"$(ask ".nemoinit.warnings | map(select(startswith(\"pid $orphan \"))) | .[0]")"
	if ((owner == 0)); then
		cp "$nemoctl" "$work/bin/nemoctl"
		expect "without its command for those who may only read" 1 "$(setpriv --reuid 65534 --regid 65534 --clear-groups \
			"$work/bin/nemoctl" -s "$socket" --json status | grep -c "pid $orphan is an orphan")"
	fi
	expect "told once" 1 "$(grep -c "pid $orphan (.*is an orphan that" "$work/log")"
	inside kill -TERM "$orphan"
	await "$limit" is_shown "$orphan" 0 || fail "its warning stays"
	halt
	expect "all gone" 0 "$(alive F "append=$W/orphan" pause)"
}

# is_shown PID COUNT
is_shown() {
	[[ $(ask ".nemoinit.warnings | map(select(startswith(\"pid $1 \"))) | length") == "$2" ]]
}

test_main_pid_of_a_child_that_will_be_ours() {
	configure <<-END
		[service a]
		command = F append=$W/up child setsid append=$W/new pause parent
		    until=$W/new mainpid=$W/new notify=READY=1 until=$W/go exit=0
		probe = notify
	END
	boot
	state a ready
	expect "not yet" "$(cat "$W/up")" "$(of a .pid)"
	touch "$W/go"
	becomes a .pid "$(cat "$W/new")"
	expect "nothing has happened" "ready 0" "$(of a '"\(.state) \(.restarts)"')"
	expect "one start" 1 "$(wc -l <"$W/up")"
	rm "$W/go"
	expect stop 0 "$(ctl stop a)"
	expect "all gone" 0 "$(running)"
	halt
}

test_main_pid_of_our_own_child() {
	configure <<-END
		[service a]
		command = F append=$W/up child detach setsid append=$W/new pause parent
		    until=$W/new mainpid=$W/new notify=READY=1 until=$W/go exit=0
		probe = notify
	END
	boot
	state a ready
	expect "at once" "$(cat "$W/new")" "$(of a .pid)"
	touch "$W/go"
	await "$limit" has_reaped || fail "the first does not end"
	expect "nothing has happened" "ready 0 null" "$(of a '"\(.state) \(.restarts) \(.last_exit)"')"
	inside kill -KILL "$(of a .pid)"
	await "$limit" has_lines "$W/up" 2 || fail "no new start"
	rm "$W/go"
	halt
	expect "all gone" 0 "$(running)"
}

has_reaped() {
	(($(ask .nemoinit.reaped) >= 1))
}

test_main_pid_of_a_stranger_is_ignored() {
	configure <<-END
		[service a]
		command = F until=$W/b mainpid=$W/b notify=READY=1 pause
		probe = notify
		[service b]
		command = F append=$W/b pause
	END
	boot
	state a ready
	expect_match "a warning" "MAINPID=$(cat "$W/b") is no process of this service; ignored" "$(messages a warning)"
	[[ $(of a .pid) != "$(cat "$W/b")" ]] || fail "it is believed"
	halt
}

test_the_mark_is_that_of_this_life() {
	configure <<-END
		[service a]
		command = F facts pause
	END
	boot _NEMOINIT=old:a
	state a ready
	await "$limit" has_mark || fail "marks: $(lines a | grep _NEMOINIT)"
	halt
}

has_mark() {
	[[ $(lines a | grep '_NEMOINIT=') =~ ^"env: _NEMOINIT=$(ask .nemoinit.instance)."[0-9a-f]{16}:a$ ]]
}

# What everybody may learn from the status makes no mark: who forges one is nobody's.
test_a_forged_mark_is_none() {
	configure <<-END
		[service a]
		command = F pause
		[service b]
		command = bash $W/forge $W/mark $fixture append=$W/orphan pause
	END
	cat >"$W/forge" <<-'END'
		"$2" until="$1"
		(_NEMOINIT=$(<"$1") setsid "${@:2}" &)
		sleep 1000
	END
	boot
	state a ready
	echo "$(ask .nemoinit.instance):a" >"$W/new"
	mv "$W/new" "$W/mark"
	await "$limit" test -s "$W/orphan" || fail "no orphan"
	expect restart 0 "$(ctl restart a)"
	expect "it is left alone" 1 "$(alive "$fixture" "append=$W/orphan" pause)"
	halt
}

run_tests
