#!/usr/bin/env bash
# A gateway with a character, and all that follows from it: events, reasons, counts and times.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# gateway STEPS: the service, with a probe, and quick; more keys on stdin, or others for these.
gateway() {
	configure <<-END
		[service gateway]
		command = F $1
		probe = http://127.0.0.1:8000/health
		probe_expect = "ok":true
		probe_interval = 50ms
		probe_start_interval = 50ms
		probe_retry_interval = 50ms
		probe_timeout = 1s
		unhealthy_after = 1s
		restart_delay = 50ms
		$(cat)
	END
	awk '/^\[/ { section = $0 } NR == FNR { last[section, $1] = FNR; next } last[section, $1] == FNR' \
		"$config" "$config" >"$work/merged"
	cp "$work/merged" "$config"
}

# last: how its last process ended.
last() {
	of gateway '.last_exit | "\(.reason) \(.code) \(.signal)"'
}

# counts: restarts and failures in a row.
counts() {
	of gateway '"\(.restarts) \(.consecutive_failures)"'
}

# times EVENT: when it happened to the gateway, in milliseconds.
times() {
	jq -rR "fromjson? | select(.service == \"gateway\" and .event == \"$1\") | .time |
		(.[0:19] + \"Z\" | fromdate) * 1000 + (.[20:23] | tonumber)" "$work/log"
}

# span EVENT N OTHER M: milliseconds from the n-th of the one to the m-th of the other.
span() {
	echo $(($(times "$3" | sed -n "$4p") - $(times "$1" | sed -n "$2p")))
}

# within WHAT LOW HIGH VALUE
within() {
	(($4 >= $2 && $4 <= $3)) || fail "$1: $4 is not within $2 and $3"
}

test_it_ends_with_0_after_ready() {
	gateway "lives=$W/lives listen=8000 serve=$W/mood / listen=8000 serve=$W/none" <<-END
		probe_interval = 1h
		restart_delay = 1h
		restart_delay_max = 1h
	END
	boot
	state gateway ready
	echo exit=0 >"$W/mood"
	hears gateway ready 2
	expect events "starting ready exited starting ready" "$(events gateway)"
	expect "last exit" "clean 0 null" "$(last)"
	expect "a restart, no failure" "1 0" "$(counts)"
	within "at once" 0 1000 "$(span exited 1 starting 2)"
	halt
}

test_it_ends_with_0_before_ready_three_times() {
	local i delay

	gateway "lives=$W/lives exit=0 / exit=0 / exit=0 / listen=8000 serve=$W/none" <<-END
		restart_delay = 200ms
	END
	boot
	state gateway ready
	expect events "starting backoff starting backoff starting backoff starting ready" "$(events gateway)"
	expect "last exit" "clean 0 null" "$(last)"
	expect "three failures" "3 3" "$(counts)"
	for i in 1 2 3; do
		delay=$((100 << i))
		within "delay $i" $((delay * 9 / 10 - 2)) $((delay * 11 / 10 + 2000)) "$(span backoff "$i" starting $((i + 1)))"
	done
	halt
}

test_it_dies_by_segv() {
	gateway "lives=$W/lives listen=8000 serve=$W/mood / listen=8000 serve=$W/none" <<-END
		probe_interval = 1h
	END
	boot
	state gateway ready
	echo die=SEGV >"$W/mood"
	hears gateway ready 2
	expect events "starting ready backoff starting ready" "$(events gateway)"
	expect "last exit" "signal null 11" "$(last)"
	expect counts "1 1" "$(counts)"
	expect_match message "ended by signal 11 (SEGV) (signal, after *); backoff, next start in *" "$(messages gateway backoff)"
	within "the delay" 43 2055 "$(span backoff 1 starting 2)"
	halt
}

# Each of these is no service, however it answers.
test_it_answers_wrongly_after_ready() {
	local mood detail

	while read -r mood detail; do
		gateway "lives=$W/lives listen=8000 serve=$W/mood / listen=8000 serve=$W/none" </dev/null
		boot
		state gateway ready
		echo "$mood" >"$W/mood"
		hears gateway ready 2
		expect "events of $mood" "starting ready failing probe-stop stopping backoff starting ready" "$(events gateway)"
		expect "last exit of $mood" "probe-failed null 15" "$(last)"
		expect "counts of $mood" "1 1" "$(counts)"
		expect_match "why of $mood" "*no good probe within unhealthy_after*$detail*" "$(messages gateway stopping)"
		# Since the last good probe, which was not before ready.
		within "time of $mood" 950 10000 "$(span ready 1 stopping 1)"
		halt
	done <<-'END'
		error HTTP status 500
		web HTTP status 200, but without '"ok":true'
		hang no reply in time
		close the connection was closed without a reply
		shut refused
	END
}

# No TERM reaches it, but the CONT that follows does. That it ends with 0 then is no wish of its own.
test_it_is_stopped_by_a_signal_after_ready() {
	local pid

	gateway "catch=TERM:0 listen=8000 serve=$W/none" </dev/null
	boot
	state gateway ready
	pid=$(of gateway .pid)
	inside kill -STOP "$pid"
	hears gateway ready 2
	expect events "starting ready failing probe-stop stopping backoff starting ready" "$(events gateway)"
	expect "last exit" "probe-failed 0 null" "$(last)"
	expect counts "1 1" "$(counts)"
	[[ $(of gateway .pid) != "$pid" ]] || fail "the same process"
	halt
}

# A start that is followed by much work, a garbage collection: nothing to end a gateway for.
test_it_blocks_for_less_than_unhealthy_after() {
	local pid

	gateway "listen=8000 serve=$W/none" <<-END
		unhealthy_after = 1h
		start_timeout = 1h
	END
	boot
	state gateway ready
	pid=$(of gateway .pid)
	inside kill -STOP "$pid"
	await "$limit" is gateway '.probe.failures >= 4' true || fail "no misses"
	expect "waited for" failing "$(of gateway .state)"
	inside kill -CONT "$pid"
	state gateway ready
	expect events "starting ready failing recovered" "$(events gateway)"
	expect "the same process" "$pid null" "$(of gateway '"\(.pid) \(.last_exit)"')"
	expect counts "0 0" "$(counts)"
	halt
}

# The real one takes four minutes on a small machine; tests/sim has those.
test_it_takes_long_to_become_ready() {
	gateway "until=$W/go listen=8000 serve=$W/none" <<-END
		start_timeout = 1h
	END
	boot
	# Longer than any limit of a gateway that is ready.
	await "$limit" is gateway '.probe.failures >= 40' true || fail "it is not asked"
	expect "starting, and nothing else" "starting starting null" \
		"$(of gateway '"\(.state) "' | xargs) $(events gateway) $(of gateway .last_exit)"
	expect health starting "$(ask .health)"
	expect "not ready" 3 "$(ctl ready)"
	touch "$W/go"
	state gateway ready
	expect events "starting ready" "$(events gateway)"
	expect counts "0 0" "$(counts)"
	halt
}

test_it_ignores_term_while_it_is_stopped() {
	gateway "lives=$W/lives ignore=TERM listen=8000 serve=$W/none / listen=8000 serve=$W/none" <<-END
		stop_timeout = 500ms
	END
	boot
	state gateway ready
	inside kill -STOP "$(of gateway .pid)"
	wait "$stranger" || true
	expect restart 0 "$(ctl restart gateway)"
	expect_match events "starting ready *stopping killed exited starting ready" "$(events gateway)"
	expect "last exit" "requested null 9" "$(last)"
	expect counts "0 0" "$(counts)"
	within "until KILL" 450 6000 "$(span stopping 1 killed 1)"
	halt
}

# Gateways end with 0, or with 1, when they get TERM; what was asked for is what counts.
test_it_is_restarted_whatever_it_answers_to_term() {
	local code

	for code in 0 1 78; do
		gateway "catch=TERM:$code listen=8000 serve=$W/none" <<-END
			restart = on-failure
			restart_delay = 1h
			restart_delay_max = 1h
		END
		boot
		state gateway ready
		expect "restart with $code" 0 "$(ctl restart gateway)"
		expect "events of $code" "starting ready stopping exited starting ready" "$(events gateway)"
		expect "last exit of $code" "requested $code null" "$(last)"
		expect "counts of $code" "0 0" "$(counts)"
		halt
	done
}

# One way to start, whoever caused it: the same environment, the same place.
test_every_start_gets_the_same() {
	local first

	configure <<-END
		[service gateway]
		command = F facts lives=$W/lives exit=1 / pause
		restart_delay = 20ms
		probe = none
	END
	boot
	hears gateway ready 2
	await "$limit" has_facts 2 || fail "no facts"
	expect restart 0 "$(ctl restart gateway)"
	await "$limit" has_facts 3 || fail "no facts"
	first=$(start_facts 1)
	expect "after a failure" "$first" "$(start_facts 2)"
	expect "asked for" "$first" "$(start_facts 3)"
	expect_match "there is something" "*env: *" "$first"
	halt
}

has_facts() {
	start_facts "$1" | grep -q '^env: PATH'
}

# start_facts N: what the n-th start was given.
start_facts() {
	lines gateway | awk -v n="$1" '/^fds:/ { start++ } start == n' | sort
}

# Its first thread has ended, and /proc calls it a zombie; nobody can wait for it yet.
test_it_has_lost_its_main_thread() {
	local pid

	gateway "lives=$W/lives headless / pause" <<-END
		probe = none
	END
	boot
	state gateway ready
	pid=$(of gateway .pid)
	await "$limit" grep -q '^State:.*Z' "/proc/$(outside "$pid")/status" || fail "it keeps its head"
	expect restart 0 "$(ctl restart gateway)"
	expect events "starting ready stopping exited starting ready" "$(events gateway)"
	expect "last exit" "requested null 15" "$(last)"
	halt
}

# The same of a child that stays behind: the next start waits for it.
test_what_it_leaves_has_lost_its_main_thread() {
	local pid

	gateway "lives=$W/lives child ignore=TERM append=$W/child headless parent until=$W/go die=KILL / pause" <<-END
		probe = none
		restart_delay = 0
	END
	boot
	state gateway ready
	await "$limit" test -s "$W/child" || fail "no child"
	pid=$(outside "$(<"$W/child")")
	await "$limit" grep -q '^State:.*Z' "/proc/$pid/status" || fail "it keeps its head"
	touch "$W/go"
	hears gateway ready 2
	expect events "starting ready killed exited starting ready" "$(events gateway)"
	[[ ! -e /proc/$pid ]] || fail "it is still there"
	halt
}

# outside PID: of nemoinit's namespace, as we see it.
outside() {
	grep -lE "^NSpid:.*[[:space:]]$1\$" /proc/[0-9]*/status 2>/dev/null | while read -r status; do
		[[ $(stat -Lc %i "${status%status}ns/pid" 2>/dev/null) != "$(stat -Lc %i "/proc/$init/ns/pid")" ]] ||
			awk '/^Pid:/ { print $2 }' "$status"
	done
}

# It never listens, and somebody else answers in its place.
test_a_stranger_answers_in_its_place() {
	gateway "pause" <<-END
		start_timeout = 4s
		[service thief]
		command = F until=$W/steal listen=8000 serve=$W/none
	END
	boot
	state gateway starting
	touch "$W/steal"
	hears gateway foreign-listener
	expect "never ready" "" "$(messages gateway ready)"
	expect events "starting probe-stop stopping backoff foreign-listener" "$(events gateway)"
	expect "last exit" "start-timeout null 15" "$(last)"
	expect_match "why" "*not ready within start_timeout*held by a stranger*" "$(messages gateway stopping)"
	expect "whose" "backoff foreign $(of thief .pid)" "$(of gateway '"\(.state) \(.listener.owner) \(.listener.pid)"')"
	within "the time-out" 3000 20000 "$(span starting 1 stopping 1)"
	expect "one start, one failure" "0 1" "$(counts)"
	expect "the thief lives" "starting ready" "$(events thief)"
	expect health degraded "$(ask .health)"
	halt
}

# As much as the pipe takes. The machine is busy with it, and nobody waits.
test_it_prints_as_fast_as_it_can() {
	local quiet allowed

	gateway "listen=8000 child until=$W/go spew=$W/enough append=$W/done parent serve=$W/none" <<-END
		probe_timeout = 5s
		unhealthy_after = 10s
	END
	# shellcheck disable=SC2016 # for the inner shell
	before=(bash -c 'exec "$@" >/dev/null' -)
	boot
	before=()
	state gateway ready
	quiet=$(slowest_answer)
	touch "$W/go"
	becomes gateway '.last_output | length' 20
	# Others work on this machine too: the best of a few rounds, and allowing for what it takes in silence. A
	# sanitizer makes it many times slower: then it only must not wait for the end of it all.
	allowed=$((slowness > 1 ? 5000000 : 50000 + 10 * quiet))
	await $((2 * limit)) answers_within "$allowed" ||
		fail "of 100 answers one took $(slowest_answer) us, in silence $quiet"
	# A sanitizer keeps what is freed.
	((slowness > 1 || $(memory) < 16000)) || fail "memory: $(memory) kB"
	[[ ! -e $W/done ]] || fail "it is silent"
	expect "served all the time" "ready 0 null" "$(of gateway '"\(.state) \(.restarts) \(.last_exit)"')"
	touch "$W/enough"
	await "$limit" test -e "$W/done" || fail "it does not end"
	halt
}

# The 99th of a hundred, in microseconds.
slowest_answer() {
	NEMOINIT_SOCKET=$socket "$fixture" ask=100
}

answers_within() {
	(($(slowest_answer) < $1))
}

# In kB, at most so far.
memory() {
	awk '/^VmHWM/ { print $2 }' "/proc/$init/status"
}

# Longer than unhealthy_after and the watchdog of its services.
test_nemoinit_is_stopped_and_goes_on() {
	gateway "listen=8000 serve=$W/none" <<-END
		unhealthy_after = 2s
		[service fed]
		command = F notify=READY=1 ping=$W/fed pause
		probe = notify
		watchdog = 2s
	END
	touch "$W/fed"
	boot
	state fed ready
	state gateway ready
	kill -STOP "$init"
	await 4 false || true
	kill -CONT "$init"
	await "$limit" grep -q 'woke up' "$work/log" || fail "it does not notice"
	await "$limit" is fed '.uptime_ms > 8000' true || fail "no uptime"
	expect "fed" "starting ready" "$(events fed)"
	expect "no restart" "null null" "$(ask '[.services[].last_exit | tostring] | join(" ")')"
	expect counts "0 0" "$(counts)"
	halt
}

run_tests
