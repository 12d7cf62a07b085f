#!/usr/bin/env bash
# Health: what a probe asks, what its misses do, the watchdog.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# web [KEY = VALUE…]: a service a with an HTTP probe, quick in all; more keys on stdin.
web() {
	local more

	more=$(cat)
	configure <<-END
		[service a]
		command = F listen=8000 serve=$W/mood
		probe = http://127.0.0.1:8000/health
		probe_expect = "ok":true
		probe_interval = 50ms
		probe_start_interval = 50ms
		probe_retry_interval = 50ms
		probe_timeout = 1s
		restart_delay = 20ms
		$more
	END
}

test_a_probe_makes_ready_and_status_tells_of_it() {
	web </dev/null
	boot
	state a ready
	expect probe "http http://127.0.0.1:8000/health true 0 null" \
		"$(of a '.probe | "\(.type) \(.target) \(.ok) \(.failures) \(.detail)"')"
	expect listener "8000 self $(of a .pid)" "$(of a '.listener | "\(.port) \(.owner) \(.pid)"')"
	expect events "starting ready" "$(events a)"
	expect "the page says when" true "$(of a '.probe.last_ok_at != null and .probe.latency_ms >= 0')"
	halt
}

# Each of these is a miss, also at the start, and says what was wrong.
test_bad_answers_are_misses_with_their_reason() {
	local mood detail

	while read -r mood detail; do
		web </dev/null
		echo "$mood" >"$W/mood"
		boot
		await "$limit" detail_is "$detail" || fail "$mood: wanted '$detail', got '$(of a .probe.detail)'"
		expect "state of $mood" starting "$(of a .state)"
		echo ok >"$W/mood"
		state a ready
		halt
	done <<-'END'
		error HTTP status 500
		web HTTP status 200, but without '"ok":true'
		hang no reply in time
		garbage the reply is no HTTP
		close the connection was closed without a reply
	END
}

detail_is() {
	[[ $(of a .probe.detail) == "$1" ]]
}

test_401_counts_as_serving() {
	web </dev/null
	echo denied >"$W/mood"
	boot
	state a ready
	halt
}

test_slow_to_listen_is_starting_until_it_listens() {
	configure <<-END
		[service a]
		command = F until=$W/go listen=8000 pause
		probe = tcp://127.0.0.1:8000
		probe_start_interval = 50ms
	END
	boot
	await "$limit" is a '.probe.failures > 2' true || fail "no misses"
	expect_match refused "*refused*" "$(of a .probe.detail)"
	expect state starting "$(of a .state)"
	touch "$W/go"
	state a ready
	expect events "starting ready" "$(events a)"
	halt
}

test_a_few_misses_are_failing_and_it_recovers() {
	web <<<'unhealthy_after = 1h'
	boot
	state a ready
	echo error >"$W/mood"
	state a failing
	await "$limit" is a '.probe.failures >= 5' true || fail "it stops asking"
	expect_match "when it would be restarted" "restart in 59m *, unless a probe succeeds first" "$(of a '.warnings[0]')"
	expect "health" degraded "$(ask .health)"
	expect "exit code" 3 "$(ctl ready)"
	rm "$W/mood"
	state a ready
	expect events "starting ready failing recovered" "$(events a)"
	expect restarts 0 "$(of a .restarts)"
	expect "the clock began anew" 0 "$(of a .probe.failures)"
	halt
}

# A healthy gateway may block for a while: three misses at least, and the time.
test_no_restart_before_three_misses() {
	web <<-END
		unhealthy_after = 10ms
		probe_retry_interval = 1h
	END
	sed -i '0,/^probe_retry_interval/{/^probe_retry_interval/d}' "$config"
	boot
	state a ready
	echo error >"$W/mood"
	state a failing
	expect misses 1 "$(of a .probe.failures)"
	for _ in 1 2 3 4 5; do
		expect "still there" failing "$(of a .state)"
	done
	halt
}

test_listening_but_dead_is_restarted() {
	web <<<'unhealthy_after = 300ms'
	boot
	state a ready
	echo hang >"$W/mood"
	hears a stopping
	rm "$W/mood"
	hears a ready 2
	expect events "starting ready failing probe-stop stopping backoff starting ready" "$(events a)"
	expect "reason" probe-failed "$(of a .last_exit.reason)"
	expect restarts 1 "$(of a .restarts)"
	expect_match "why" "*no good probe within unhealthy_after*no reply in time*" "$(messages a stopping)"
	halt
}

test_a_stopped_process_is_restarted() {
	web <<<'unhealthy_after = 300ms'
	boot
	state a ready
	inside kill -STOP "$(of a .pid)"
	hears a ready 2
	expect reason probe-failed "$(of a .last_exit.reason)"
	halt
}

# A service may have another user than nemoinit, by setpriv or gosu. Others of that user are no part of it.
test_who_has_changed_its_user_may_notify() {
	((owner == 0)) || return 0
	cp "$fixture" "$work/bin/G"
	configure <<-END
		[service a]
		command = setpriv --reuid 65534 --regid 65534 --clear-groups
		    sh -c "echo \$\$NOTIFY_SOCKET; exec G until=$W/go notify=READY=1 pause"
		probe = notify
	END
	boot
	await "$limit" has_line || fail "no name"
	inside env NOTIFY_SOCKET="$(lines a)" setpriv --reuid 65534 --regid 65534 --clear-groups "$work/bin/G" notify=READY=1
	wait "$stranger" || fail "it cannot notify: $(cat "$work/stranger")"
	# What comes after that has been read too.
	inside env NOTIFY_SOCKET="$(lines a)" "$work/bin/G" "notify=STATUS=here"
	becomes a .probe.detail here
	expect "a stranger of that user" starting "$(of a .state)"
	touch "$W/go"
	state a ready
	expect events "starting ready" "$(events a)"
	halt
}

has_line() {
	[[ $(lines a) ]]
}

test_notify_makes_ready_and_its_status_is_shown() {
	configure <<-END
		[service a]
		command = F until=$W/go "notify=STATUS=warming up" until=$W/on notify=READY=1 pause
		probe = notify
	END
	boot
	state a starting
	touch "$W/go"
	becomes a .probe.detail "warming up"
	expect "not ready by that" starting "$(of a .state)"
	touch "$W/on"
	state a ready
	expect type notify "$(of a .probe.type)"
	halt
}

test_a_fed_watchdog_is_content_and_a_hungry_one_restarts() {
	configure <<-END
		[service a]
		command = F notify=READY=1 ping=$W/fed pause
		probe = notify
		watchdog = 2s
		restart_delay = 20ms
	END
	touch "$W/fed"
	boot
	state a ready
	await "$limit" uptime_of a 5000 || fail "no uptime"
	expect fed "starting ready" "$(events a)"
	rm "$W/fed"
	hears a ready 2
	expect_match events "starting ready probe-stop stopping backoff starting ready*" "$(events a)"
	expect reason watchdog "$(of a .last_exit.reason)"
	halt
}

# Ours was starved: the services must not pay for it.
test_a_gap_of_our_own_is_nobodys_fault() {
	configure <<-END
		[service a]
		command = F notify=READY=1 ping=$W/fed pause
		probe = notify
		watchdog = 2s
	END
	touch "$W/fed"
	boot
	state a ready
	kill -STOP "$init"
	await 3 false || true
	kill -CONT "$init"
	await "$limit" grep -q 'woke up' "$work/log" || fail "it does not notice"
	expect events "starting ready" "$(events a)"
	expect state ready "$(of a .state)"
	halt
}

uptime_of() {
	(($(of "$1" .uptime_ms) >= $2))
}

run_tests
