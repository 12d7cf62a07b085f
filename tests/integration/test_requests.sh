#!/usr/bin/env bash
# What people ask for by nemoctl, and what strangers throw at the socket.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# raw TEXT: straight to the socket; what comes back.
raw() {
	# shellcheck disable=SC2059 # the escapes in it are meant
	printf "$1" | timeout "$limit" nc -N -U "$socket"
}

two() {
	configure <<-END
		[service a]
		command = F pause
		[service b]
		command = F pause
		after = a
	END
	boot
	state b ready
}

test_recover_leaves_what_is_ready_alone() {
	local pids

	two
	pids=$(ask '[.services[].pid] | @csv')
	expect code 0 "$(ctl --json recover)"
	expect results "already-running already-running" "$(jq -r '.services[].result' "$work/stdout" | xargs)"
	expect "old and new pid" true "$(jq '[.services[] | .pid == .old_pid] | all' "$work/stdout")"
	expect "the same pids" "$pids" "$(ask '[.services[].pid] | @csv')"
	expect events "starting ready" "$(events a)"
	halt
}

test_recover_starts_what_is_down_and_waits_for_it() {
	configure <<-END
		[service a]
		command = F until=$W/go notify=READY=1 pause
		probe = notify
		start_timeout = 3s
		restart_delay = 1h
		restart_delay_max = 1h
	END
	boot
	state a backoff
	touch "$W/go"
	expect code 0 "$(ctl --json recover a)"
	expect result "started null true" \
		"$(jq -r '.services[] | "\(.result) \(.old_pid) \(.pid != null)"' "$work/stdout")"
	expect "asked for" 0 "$(of a .restarts)"
	expect "forgiven" 0 "$(of a .consecutive_failures)"
	halt
}

test_two_recovers_join() {
	local first

	configure <<-END
		[service a]
		command = F until=$W/go notify=READY=1 pause
		probe = notify
	END
	boot
	state a starting
	"$nemoctl" -s "$socket" --json recover >"$work/first" &
	first=$!
	"$nemoctl" -s "$socket" --json recover a >"$work/second" &
	await "$limit" has_clients 2 || fail "they are not there"
	touch "$W/go"
	wait "$first" || fail "the first: $?"
	wait "$!" || fail "the second: $?"
	expect "one start" 1 "$(messages a starting | wc -l)"
	expect "the same pid" "$(jq '.services[0].pid' "$work/first")" "$(jq '.services[0].pid' "$work/second")"
	halt
}

has_clients() {
	(($(find "/proc/$init/fd" -lname 'socket:*' | wc -l) >= $1 + 2))
}

test_recover_out_of_time_says_so_and_the_start_goes_on() {
	configure <<-END
		[service a]
		command = F until=$W/go notify=READY=1 pause
		probe = notify
	END
	boot
	expect code 8 "$(ctl --timeout 200ms --json recover)"
	expect result timeout "$(jq -r '.services[].result' "$work/stdout")"
	touch "$W/go"
	state a ready
	expect "one start" 1 "$(messages a starting | wc -l)"
	halt
}

test_restart_is_stop_and_start() {
	local pid

	two
	pid=$(of b .pid)
	expect code 0 "$(ctl --json restart a)"
	expect result "started true" "$(jq -r '.services[] | "\(.result) \(.pid != .old_pid)"' "$work/stdout")"
	expect events "starting ready stopping exited starting ready" "$(events a)"
	expect reason requested "$(of a .last_exit.reason)"
	expect "not counted" 0 "$(of a .restarts)"
	expect "b is left alone" "$pid" "$(of b .pid)"
	halt
}

test_stop_stays_down_until_start() {
	two
	expect code 0 "$(ctl stop b)"
	expect "down when answered" "stopped requested" "$(of b .state) $(of b .last_exit.reason)"
	expect "the other one" ready "$(of a .state)"
	expect code 0 "$(ctl --json start b)"
	expect result started "$(jq -r '.services[].result' "$work/stdout")"
	expect "again" 0 "$(ctl --json start b)"
	expect result already-running "$(jq -r '.services[].result' "$work/stdout")"
	expect "not counted" 0 "$(of b .restarts)"
	expect unknown 1 "$(ctl stop nobody)"
	halt
}

test_stop_of_all_goes_down_in_order_and_stays() {
	two
	expect code 0 "$(ctl stop)"
	expect states "stopped stopped" "$(of a .state) $(of b .state)"
	expect order "b:stopping b:stopped a:stopping a:stopped" \
		"$(jq -rR 'fromjson? | select(.event == "stopping" or .event == "stopped") |
			"\(.service):\(.event)"' "$work/log" | xargs)"
	expect code 0 "$(ctl recover)"
	expect states "ready ready" "$(of a .state) $(of b .state)"
	halt
}

test_a_stop_out_of_time_says_so_and_goes_on() {
	configure <<-END
		[service a]
		command = F ignore=TERM notify=READY=1 pause
		probe = notify
		stop_timeout = 1500ms
	END
	boot
	state a ready
	expect code 8 "$(ctl --timeout 100ms stop a)"
	state a stopped
	halt
}

# The answer to one lets the next in while the list of requests under way is being gone through.
test_lines_sent_together_are_all_answered_while_others_wait() {
	configure <<-END
		[service a]
		command = F pause
		[service slow]
		command = F until=$W/go notify=READY=1 pause
		probe = notify
	END
	boot
	state a ready
	: >"$work/answers"
	ctl recover slow >/dev/null &
	children+=("$!")
	await "$limit" has_clients 1 || fail "nobody waits"
	{
		echo '{"op":"restart","service":"a","id":"1"}'
		echo '{"op":"recover","service":"a","id":"2"}'
	} | timeout "$limit" socat -t "$limit" - "UNIX-CONNECT:$socket" >"$work/answers" &
	children+=("$!")
	await "$limit" has_answers 2 || fail "answered: $(jq -c .id "$work/answers" | xargs)"
	expect ids "1 2" "$(jq -r .id "$work/answers" | xargs)"
	touch "$W/go"
	state slow ready
	halt
}

has_answers() {
	(($(wc -l <"$work/answers") >= $1))
}

test_reset_starts_what_is_blocked() {
	configure <<-END
		[service a]
		command = sh -c "test -e $W/good || exit 78; exec sleep 1000"
		fatal_retry = 0
	END
	boot
	state a blocked
	touch "$W/good"
	expect code 0 "$(ctl reset)"
	state a ready
	expect unknown 1 "$(ctl reset nobody)"
	halt
}

test_restart_of_all_goes_down_and_up_in_order() {
	two
	expect code 0 "$(ctl restart)"
	expect order "a:starting a:ready b:starting b:ready b:stopping a:stopping a:starting a:ready b:starting b:ready" \
		"$(jq -rR 'fromjson? | select(.service and .event != "stopped" and .event != "exited") |
			"\(.service):\(.event)"' "$work/log" | xargs)"
	halt
}

test_restart_during_a_restart_is_busy() {
	local first

	configure <<-END
		[service a]
		command = F once=$W/once ignore=TERM append=$W/deaf until=$W/end exit=0
		[service b]
		command = F pause
	END
	boot
	await "$limit" test -e "$W/deaf" || fail "a is not up"
	"$nemoctl" -s "$socket" restart a >/dev/null &
	first=$!
	hears a stopping
	expect "the same" 7 "$(ctl restart a)"
	expect "all" 7 "$(ctl restart)"
	expect "another" 0 "$(ctl restart b)"
	touch "$W/end"
	wait "$first" || fail "the first: $?"
	expect "afterwards" 0 "$(ctl restart a)"
	halt
}

test_names_nobody_knows_are_errors() {
	two
	for asked in status recover restart ready; do
		expect "$asked" 1 "$(ctl "$asked" nobody)"
		expect_match "$asked names it" "*nobody*" "$(cat "$work/stdout" "$work/stderr")"
	done
	expect code unknown-service "$(raw '{"op":"status","service":"nobody"}\n' | jq -r .error.code)"
	halt
}

test_exit_codes_say_how_it_is() {
	configure <<-END
		[service a]
		command = F until=$W/go notify=READY=1 until=$W/end exit=78
		probe = notify
		fatal_retry = 0
		[service b]
		command = F pause
	END
	boot
	state b ready
	expect "starting" 3 "$(ctl status)"
	expect "one is not ready" 3 "$(ctl ready)"
	expect "this one is" 0 "$(ctl ready b)"
	expect "one of both" 3 "$(ctl ready a b)"
	expect "its status" 0 "$(ctl status b)"
	expect live 0 "$(ctl live)"
	touch "$W/go"
	state a ready
	expect ready 0 "$(ctl ready)"
	expect status 0 "$(ctl status)"
	touch "$W/end"
	state a blocked
	expect "blocked" 4 "$(ctl status)"
	expect "blocked one" 4 "$(ctl ready a)"
	expect "live all the same" 0 "$(ctl live)"
	halt
	expect "nobody there" 5 "$(ctl status)"
}

test_pair_reaches_the_watcher_and_starts_a_finished_one() {
	configure <<-END
		[service gateway]
		command = F pause
		probe = none
		[service auto-pair]
		command = F tell=USR1 notify=READY=1 until=$W/done exit=0
	END
	boot
	state auto-pair ready
	expect pair 0 "$(ctl pair)"
	await "$limit" grep -q '"line":"signal"' "$work/log" || fail "it hears nothing"
	touch "$W/done"
	state auto-pair finished
	expect mode "done" "$(ask .auto_pair.mode)"
	rm "$W/done"
	expect pair 0 "$(ctl pair)"
	state auto-pair ready
	halt
	configure <<-END
		[service a]
		command = F pause
	END
	boot
	expect "no watcher" 1 "$(ctl pair)"
	expect "none in status" null "$(ask .auto_pair)"
	halt
}

test_shutdown_is_answered_and_done() {
	two
	expect code 0 "$(ctl shutdown)"
	ended
	expect "exit code" 0 "$ended"
	[[ ! -e $socket && ! -e $socket.lock ]] || fail "the socket stays"
}

test_while_stopping_it_answers_and_refuses() {
	local waiting status=0

	configure <<-END
		stop_budget = 1m
		[service a]
		command = F ignore=TERM notify=READY=1 until=$W/end exit=0
		probe = notify
	END
	boot
	state a ready
	"$nemoctl" -s "$socket" --timeout 10s restart a >/dev/null 2>&1 &
	waiting=$!
	hears a stopping
	kill -TERM "$init"
	await "$limit" grep -q 'stopping all' "$work/log" || fail "no shutdown"
	wait "$waiting" || status=$?
	expect "nobody is kept waiting" 1 "$status"
	expect status 3 "$(ctl status)"
	expect health stopping "$(ask .health)"
	expect "no more" stopping "$(raw '{"op":"recover"}\n' | jq -r .error.code)"
	touch "$W/end"
	ended
	expect "exit code" 0 "$ended"
}

test_garbage_on_the_socket_changes_nothing() {
	local line

	two
	for line in '{' '{}' '[]' 'null' '"status"' '{"op":1}' '{"op":"status"' '{"op":"status","service":1}' \
		'{"op":"restart","service":"../x"}' '{"op":"recover","timeout":"soon"}' '{"op":"recover","timeout":-1}' \
		'\xff\xfe\x00\x01' '{"op":"st\x00atus"}' '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[' 'GET / HTTP/1.1\r' '\r' ''; do
		raw "$line\\n" >"$work/answer"
		[[ ! -s $work/answer ]] || expect "$line" false "$(jq .ok "$work/answer")"
	done
	head -c 300000 /dev/urandom | timeout "$limit" nc -N -U "$socket" >/dev/null || true
	expect "alive" 0 "$(ctl ready)"
	expect events "starting ready" "$(events a)"
	halt
}

test_strangers_read_but_do_not_command() {
	local status asked stranger

	# The socket of one who is not root is closed to others as it is.
	((owner == 0)) || return 0
	two
	stranger=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	cp "$nemoctl" "$work/bin/nemoctl"
	status=0
	"${stranger[@]}" "$work/bin/nemoctl" -s "$socket" --json status >"$work/answer" || status=$?
	expect "reads" 0 "$status"
	expect "but no output" '[]' "$(jq -c '[.services[].last_output[]?]' "$work/answer")"
	for asked in recover restart pair shutdown; do
		status=0
		"${stranger[@]}" "$work/bin/nemoctl" -s "$socket" "$asked" >/dev/null 2>&1 || status=$?
		expect "$asked" 6 "$status"
	done
	expect events "starting ready" "$(events a)"
	halt
}

run_tests
