#!/usr/bin/env bash
# The built-in configuration, with an openclaw and a nemopair of our own on a private PATH.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"
if [[ -e /etc/nemoinit/nemoinit.ini ]]; then
	echo "SKIP: this machine has a configuration of its own"
	exit 77
fi

# $fixture is on the PATH as F, both behave as the real ones do.
openclaw() {
	local report='{"mode":"fast","approved":3,"rejected":0,"failed":0,"timeouts":0,"polls":1,"skipped_polls":0,'

	report+='"last_poll_at":null,"next_poll_in_ms":null,"deadline_in_ms":null,"last_error":null,"pending":[]}'
	directory "$W"
	cat >"$work/bin/openclaw" <<-END
		#!/bin/sh
		echo "openclaw \$*"
		env | grep -E '^(OPENCLAW|INVOCATION|JOURNAL|NEMO)'
		exec F listen="\$4" serve=$W/mood
	END
	cat >"$work/bin/nemopair" <<-END
		#!/bin/sh
		echo "nemopair url=\$OPENCLAW_GATEWAY_URL port=\$OPENCLAW_GATEWAY_PORT"
		exec F tell=USR1 'notify=READY=1' 'notify=X_NEMOINIT_AUTO_PAIR=$report' ping=$W/fed pause
	END
	touch "$W/fed"
	chmod 755 "$work/bin/openclaw" "$work/bin/nemopair"
}

# gateway [ENVIRONMENT…]: nemoinit without a configuration file, and quick.
gateway() {
	rm -f "$config"
	boot NEMOINIT_LOG_FORMAT=json NEMOINIT_SERVICE_GATEWAY_PROBE_START_INTERVAL=20ms \
		NEMOINIT_SERVICE_GATEWAY_RESTART_DELAY=20ms \
		NEMOINIT_SERVICE_GATEWAY_RESTART_DELAY_MAX=100ms "$@"
}

test_a_killed_gateway_is_there_again_and_the_watcher_with_it() {
	local pid watcher

	openclaw
	gateway INVOCATION_ID=x OPENCLAW_GATEWAY_URL=ws://elsewhere
	state auto-pair ready
	expect "configuration" built-in "$(ask .nemoinit.config)"
	expect "no warnings" '[]' "$(ask '.nemoinit.warnings | tostring')"
	expect command "openclaw gateway run --port 18789" "$(lines gateway | head -n 1)"
	expect "its environment" "NEMOINIT_SOCKET=$socket OPENCLAW_GATEWAY_PORT=18789 OPENCLAW_GATEWAY_URL=ws://elsewhere OPENCLAW_NO_RESPAWN=1" \
		"$(lines gateway | sed 1d | sort | xargs)"
	expect "the watcher's" "nemopair url= port=18789" "$(lines auto-pair | head -n 1)"
	expect listener "18789 self" "$(of gateway '.listener | "\(.port) \(.owner)"')"
	pid=$(of gateway .pid) watcher=$(of auto-pair .pid)
	inside kill -KILL "$pid"
	hears gateway ready 2
	hears auto-pair ready 2
	expect "last exit" "signal 9 $pid" "$(of gateway '.last_exit | "\(.reason) \(.signal) \(.pid)"')"
	expect restarts "1 0" "$(ask '[.services[].restarts] | join(" ")')"
	expect "the watcher was asked to go" "requested $watcher" \
		"$(of auto-pair '.last_exit | "\(.reason) \(.pid)"')"
	expect "gateway events" "starting ready backoff starting ready" "$(events gateway)"
	expect "watcher events" "starting ready stopping exited starting ready" "$(events auto-pair)"
	expect health healthy "$(ask .health)"
	expect recover 0 "$(ctl --json recover)"
	expect "nothing to do" "already-running already-running" "$(jq -r '.services[].result' "$work/stdout" | xargs)"
	halt
}

test_openclaw_that_comes_late_is_started() {
	openclaw
	mv "$work/bin/openclaw" "$work/late"
	gateway NEMOINIT_PATH="$work/bin:/usr/bin:/bin" NEMOINIT_SERVICE_GATEWAY_CRASH_LIMIT=1000/1h
	hears gateway backoff 2
	expect reason exec-failed "$(of gateway .last_exit.reason)"
	await "$limit" grep -qF "exec 'openclaw': No such file or directory (searched PATH=$work/bin:/usr/bin:/bin)" \
		"$work/log" || fail "the PATH is not told"
	expect "the watcher waits" waiting "$(of auto-pair .state)"
	expect "exit code" 3 "$(ctl status)"
	expect recover 1 "$(ctl recover)"
	expect_match "it says why" "*searched PATH=*" "$(cat "$work/stdout" "$work/stderr")"
	chmod 644 "$work/late"
	cp "$work/late" "$work/bin/openclaw"
	chmod 644 "$work/bin/openclaw"
	await "$limit" grep -q "exec 'openclaw': Permission denied" "$work/log" || fail "not executable is not told"
	chmod 755 "$work/bin/openclaw"
	state auto-pair ready
	expect health healthy "$(ask .health)"
	halt
}

test_a_web_page_is_no_gateway() {
	openclaw
	echo web >"$W/mood"
	gateway
	becomes gateway .probe.detail "HTTP status 200, but without '\"ok\":true'"
	expect state starting "$(of gateway .state)"
	echo ok >"$W/mood"
	state gateway ready
	halt
}

test_the_watcher_reports_and_pair_reaches_it() {
	openclaw
	gateway
	state auto-pair ready
	await "$limit" has_reported || fail "auto_pair: $(ask '.auto_pair | tostring')"
	expect pair 0 "$(ctl pair)"
	await "$limit" grep -q '"line":"signal"' "$work/log" || fail "it hears nothing"
	halt
}

has_reported() {
	[[ $(ask '.auto_pair | "\(.mode) \(.approved)"') == "fast 3" ]]
}

test_the_watcher_can_be_switched_off() {
	openclaw
	gateway NEMOCLAW_SKIP_AUTO_PAIR=1
	state gateway ready
	expect state disabled "$(of auto-pair .state)"
	expect mode disabled "$(ask .auto_pair.mode)"
	expect health healthy "$(ask .health)"
	halt
}

test_the_platforms_port_is_taken() {
	openclaw
	gateway NEMOCLAW_DASHBOARD_PORT=4567
	state gateway ready
	expect port 4567 "$(of gateway .listener.port)"
	halt
}

run_tests
