#!/usr/bin/env bash
# The metrics as Prometheus reads them: its own checker has no word to say about them, and they say what has happened.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"
if ! command -v promtool >/dev/null; then
	echo "SKIP: there is no promtool here"
	exit 77
fi

# check WHAT: of the metrics now, in $work/stdout.
check() {
	expect "$1: nemoctl" 0 "$(ctl metrics)"
	cp "$work/stdout" "$work/metrics"
	expect "$1: promtool" "0 " "$(said=$(promtool check metrics <"$work/metrics" 2>&1); echo "$? $said")"
}

# value SAMPLE: of the checked ones; nothing if there is no such.
value() {
	awk -v sample="$1" '$1 == sample { print $2 }' "$work/metrics"
}

# positive SAMPLE
positive() {
	awk -v number="$(value "$1")" 'BEGIN { exit !(number > 0) }' || fail "$1 is '$(value "$1")'"
}

# A watcher that says what it has done.
make_watcher() {
	local report='{"mode":"slow","approved":3,"rejected":4,"failed":5,"timeouts":6,"polls":7,"skipped_polls":8,'

	report+='"last_poll_at":null,"next_poll_in_ms":null,"deadline_in_ms":null,"last_error":null,"pending":[]}'
	printf '#!/bin/sh\nexec F notify=READY=1 "notify=X_NEMOINIT_AUTO_PAIR=%s" pause\n' "${report//\"/\\\"}" >"$work/bin/watcher"
	chmod 755 "$work/bin/watcher"
}

test_promtool_accepts_what_there_is_in_every_state() {
	make_watcher
	configure <<-END
		[service gateway]
		command = F print=12345678 once=$W/crashed exit=3
		probe = none
		restart_delay = 0
		[service web]
		command = F until=$W/go listen=8123 serve=$W/mood
		probe = http://127.0.0.1:8123/health
		probe_expect =
		probe_start_interval = 20ms
		[service bad]
		command = F exit=78
		fatal_retry = 0
		[service off]
		command = F pause
		enabled = no
		[service auto-pair]
		command = watcher
		after =
		restart_with =
		probe = notify
	END
	boot
	state web starting
	state bad blocked
	check "not all ready"
	touch "$W/go"
	state web ready
	state auto-pair ready
	becomes gateway .restarts 1
	state gateway ready
	await "$limit" is_fed || fail "the watcher's state is not there"
	check "ready"
	expect state "1 0" "$(value 'nemoinit_service_state{service="gateway",state="ready"}') $(value 'nemoinit_service_state{service="gateway",state="backoff"}')"
	expect "blocked" "1 0" "$(value 'nemoinit_service_state{service="bad",state="blocked"}') $(value 'nemoinit_service_up{service="bad"}')"
	expect "disabled" 1 "$(value 'nemoinit_service_state{service="off",state="disabled"}')"
	expect "restarts by reason" "1 0" "$(value 'nemoinit_service_restarts_total{service="gateway",reason="failure"}') $(value 'nemoinit_service_restarts_total{service="gateway",reason="oom"}')"
	expect "captured bytes" 18 "$(value 'nemoinit_service_output_bytes_total{service="gateway"}')"
	expect "dropped lines" 0 "$(value nemoinit_log_dropped_lines_total)"
	expect "the watcher's counters" "3 4 5 6 7 8" \
		"$(for name in approved rejected failed timeouts polls skipped_polls; do value "nemoinit_pair_${name}_total"; done | xargs)"
	expect "its mode" 1 "$(value 'nemoinit_pair_mode{mode="slow"}')"
	positive nemoinit_uptime_seconds
	positive nemoinit_reaped_total
	positive 'nemoinit_service_uptime_seconds{service="gateway"}'
	[[ $(value 'nemoinit_service_probe_latency_seconds{service="web"}') =~ ^[0-9]+\.[0-9]{3}$ ]] ||
		fail "latency: $(value 'nemoinit_service_probe_latency_seconds{service="web"}')"
	halt
}

is_fed() {
	[[ $(ask .auto_pair.polls) == 7 ]]
}

test_dropped_lines_are_counted() {
	configure <<-END
		[service a]
		command = F flood=200000 pause
	END
	# Nobody reads: the log is a pipe that we hold open.
	rm -f "$work/pipe"
	mkfifo -m 666 "$work/pipe"
	exec {pipe}<>"$work/pipe"
	# shellcheck disable=SC2034 # for boot
	before=(sh -c "exec \"\$@\" >'$work/pipe'" sh)
	boot
	before=()
	await $((2 * limit)) drops || fail "no drops: $(value nemoinit_log_dropped_lines_total)"
	exec {pipe}>&-
	halt
}

drops() {
	check "flooded"
	(($(value nemoinit_log_dropped_lines_total) > 0))
}

run_tests
