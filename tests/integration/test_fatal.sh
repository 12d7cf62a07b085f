#!/usr/bin/env bash
# What a service writes before it is ready can be fatal; and how patient its probes are.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# migrating STEPS…: a gateway that writes the error of a database it does not understand first, in
# the way it comes from its terminal library, and serves then all the same.
migrating() {
	configure <<-END
		[service a]
		command = F "print=  × migration 12 was previously applied but is" "error=not the end" "print=  │ missing in the resolved migrations" $*
		port = 18789
		probe = http://127.0.0.1:18789/health
		probe_start_interval = 20ms
		restart_delay = 20ms
		fatal_retry = 20ms
		start_timeout = 1s
		fatal_output.modified = previously applied but has been modified
		fatal_output.missing = previously applied but is missing in the resolved migrations
	END
}

blocked_by_its_words() {
	state a blocked
	expect "why" "fatal-output fatal-output missing" \
		"$(of a '"\(.last_exit.reason) \(.blocked.code) \(.blocked.id)"')"
	expect_match "its words" "*previously applied but is*missing in the resolved*" "$(of a .blocked.message | xargs)"
	expect "exit code" 4 "$(ctl status)"
	expect_match "nemoctl" "*fatal message*" "$(cat "$work/stdout")"
	expect "not tried again" null "$(of a .next_start_in_ms)"
	expect "one start, one failure, no crash loop" "0 1 false" \
		"$(of a '"\(.restarts) \(.consecutive_failures) \(.crash_loop)"')"
}

test_a_fatal_text_and_an_exit_block() {
	migrating exit=1
	boot
	blocked_by_its_words
	expect events "starting warning blocked" "$(events a)"
	halt
}

test_a_fatal_text_blocks_a_gateway_that_lives_on_and_serves() {
	migrating listen=18789 "serve=$W/mood"
	boot
	blocked_by_its_words
	expect events "starting warning stopping blocked" "$(events a | sed 's/ probe-stop//')"
	expect "how it was ended" 15 "$(of a .last_exit.signal)"
	halt
}

test_a_fatal_text_holds_until_somebody_asks() {
	migrating "once=$W/1" exit=1
	sed -i 's/^start_timeout.*/start_timeout = 1h/' "$config"
	boot
	state a blocked
	expect "recover" 8 "$(ctl recover a --timeout 1s)"
	expect "tried again, and never ready" starting "$(of a .state)"
	expect blocked null "$(of a .blocked)"
	becomes a '.warnings[0]' "its output has fatal_output.missing: it will not be called ready"
	halt
}

test_a_fatal_text_after_ready_is_only_text() {
	migrating exit=1
	sed -i "s:F :F until=$W/go :; /^port/d; /^probe/d" "$config"
	boot
	state a ready
	touch "$W/go"
	hears a backoff
	expect reason failure "$(of a .last_exit.reason)"
	expect_match events "starting ready backoff*" "$(events a)"
	halt
}

test_who_says_it_is_stopping_is_not_probed_to_death() {
	configure <<-END
		[service a]
		command = F notify=READY=1 until=$W/go notify=STOPPING=1 until=$W/gone exit=75
		probe = notify
		watchdog = 3s
		restart_delay = 1h
		restart_delay_max = 1h
	END
	boot
	state a ready
	touch "$W/go"
	state a stopping
	await 4 false || true
	expect "no watchdog any more" stopping "$(of a .state)"
	touch "$W/gone"
	hears a starting 2
	expect exit "clean 75" "$(of a '.last_exit | "\(.reason) \(.code)"')"
	expect_match events "starting ready stopping exited starting*" "$(events a)"
	halt
}

sick() {
	configure <<-END
		[service a]
		command = F listen=18789 serve=$W/mood
		probe = http://127.0.0.1:18789/health
		probe_interval = 20ms
		probe_start_interval = 20ms
		probe_retry_interval = 20ms
		probe_timeout = 1s
		unhealthy_after = 500ms
		restart_delay = 20ms
		$1
	END
	boot
	state a ready
	echo error >"$W/mood"
}

test_unhealthy_can_be_reported_only() {
	sick "unhealthy_action = report"
	hears a failing
	await 2 false || true
	expect state failing "$(of a .state)"
	echo ok >"$W/mood"
	state a ready
	expect "not stopped" 0 "$(messages a stopping | wc -l)"
	expect restarts 0 "$(of a .restarts)"
	halt
}

test_the_probe_restarts_no_more_often_than_it_may() {
	sick "probe_restart_interval = 1h"
	hears a stopping
	echo ok >"$W/mood"
	hears a ready 2
	echo error >"$W/mood"
	hears a failing 2
	await 2 false || true
	expect state failing "$(of a .state)"
	expect restarts 1 "$(of a .restarts)"
	# A person may.
	echo ok >"$W/mood"
	expect restart 0 "$(ctl restart a)"
	halt
}

run_tests
