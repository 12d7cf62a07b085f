#!/usr/bin/env bash
# What has happened, what was written, how much of it: events, logs, metrics; who follows and who
# waits.
# shellcheck disable=SC2317 # the tests are called by name
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

names='starting ready failing recovered exited backoff crash-loop blocked adopted foreign-listener probe-stop stopping
	killed stopped finished repair task-failed reload reload-failed drops oom socket'

# raw TEXT: straight to the socket; what comes back.
raw() {
	# shellcheck disable=SC2059 # the escapes in it are meant
	printf "$1" | timeout "$limit" nc -N -U "$socket"
}

# follow TEXT FILE: a client that asks that and listens until the test ends; its pid in $follower.
follow() {
	rm -f "$2" "$2.hold"
	mkfifo -m 600 "$2.hold"
	exec {hold}<>"$2.hold"
	# shellcheck disable=SC2059 # the escapes in it are meant
	printf "$1" >&"$hold"
	socat - "UNIX-CONNECT:$socket" <"$2.hold" >"$2" 2>/dev/null &
	follower=$!
	children+=("$follower")
	await "$limit" test -s "$2" || fail "no first reply"
}

# in_file FILTER FILE: is there a line for which that holds?
in_file() {
	[[ -n $(jq -c "select($1)" "$2" 2>/dev/null) ]]
}

one() {
	configure <<-END
		[service a]
		command = F print=hello error=trouble until=$W/go print=more pause
	END
	boot
	state a ready
	await "$limit" is a '.last_output | length' 2
}

test_events_tell_what_has_happened() {
	local instance last

	one
	expect code 0 "$(ctl restart a)"
	raw '{"op":"events","id":"7"}\n' >"$work/events"
	expect "a reply" "true 7" "$(jq -r '"\(.ok) \(.id)"' "$work/events")"
	expect order "starting ready stopping exited starting ready" \
		"$(jq -r '.events[] | select(.service == "a") | .event' "$work/events" | xargs)"
	expect "the log says the same" "$(events a)" "$(jq -r '.events[] | select(.service == "a") | .event' "$work/events" | xargs)"
	expect numbers true "$(jq '[.events[].seq] | . == ([range(1; length + 1)])' "$work/events")"
	expect "known names" "" "$(jq -r '.events[].event' "$work/events" | grep -vxF "$(tr -s ' \t' '\n' <<<"$names")" || true)"
	expect "details" "info true true" "$(jq -r '[.events[] | select(.event == "ready")][0] |
		"\(.level) \(.pid != null) \(.time | test("^20..-..-..T..:..:..[.]...Z$"))"' "$work/events")"
	expect "of nemoinit itself" null "$(jq '.events[] | select(.event == "socket") | .service' "$work/events")"
	instance=$(ask .nemoinit.instance)
	expect instance "$instance" "$(jq -r .instance "$work/events")"
	last=$(jq '.events[-1].seq' "$work/events")
	expect "since" "$last" "$(raw "{\"op\":\"events\",\"since\":$((last - 1))}\\n" | jq '.events[].seq')"
	expect "nothing since" 0 "$(raw "{\"op\":\"events\",\"since\":$last}\\n" | jq '.events | length')"
	expect "a bare word" true "$(raw 'events\n' | jq .ok)"
	halt
	boot
	[[ $(raw 'events\n' | jq -r .instance) != "$instance" ]] || fail "two lives with one name"
	halt
}

# The ring has a cap, and is at least 1000 long.
has_happened() {
	(($(raw 'events\n' | jq '.events[-1].seq') > $1))
}

test_the_last_thousand_events_are_kept() {
	configure <<-END
		[service a]
		command = F exit=1
		restart_delay = 0
		restart_delay_max = 0
	END
	boot
	await $((6 * limit)) has_happened 1200 || fail "too slow"
	expect code 0 "$(ctl stop a)"
	raw 'events\n' >"$work/events"
	expect kept true "$(jq '.events | length >= 1000 and length <= 1024' "$work/events")"
	expect "without a gap" true "$(jq '[.events[].seq] | . == [range(.[0]; .[0] + length)]' "$work/events")"
	halt
}

test_a_follower_hears_what_happens() {
	one
	follow '{"op":"events","follow":true,"id":"f"}\n' "$work/followed"
	expect "the past first" true "$(head -n 1 "$work/followed" | jq '.events | length >= 3')"
	expect code 0 "$(ctl stop a)"
	await "$limit" in_file '.events[].event == "stopped"' "$work/followed" || fail "it hears nothing of the stop"
	expect "each once, in order" true "$(jq -s '[.[].events[].seq] | . == [range(1; length + 1)]' "$work/followed")"
	expect "the id on every line" '["f"]' "$(jq -sc '[.[].id] | unique' "$work/followed")"
	expect code 0 "$(ctl start a)"
	await "$limit" in_file '[.events[].event] | index("ready")' "$work/followed" || fail "it hears nothing of the start"
	kill "$follower"
	expect "others are not disturbed" 0 "$(ctl ready)"
	halt
}

# nemoctl goes on where another one ended.
test_nemoctl_follows_events_and_resumes() {
	local last pid

	one
	last=$("$nemoctl" -s "$socket" events | tail -n 1 | cut -d' ' -f1)
	"$nemoctl" -s "$socket" events -f --since "$last" >"$work/followed" 2>"$work/stderr" &
	pid=$!
	expect code 0 "$(ctl stop a)"
	await "$limit" grep -q ' a stopped: ' "$work/followed" || fail "it hears nothing: $(cat "$work/followed")"
	expect "nothing older" "$((last + 1))" "$(head -n 1 "$work/followed" | cut -d' ' -f1)"
	expect_match "a line" '+([0-9]) 20*Z a stopping: *' "$(head -n 1 "$work/followed")"
	expect "time" 8 "$(ctl --timeout 200ms events --follow)"
	halt
	expect "the end" 5 "$(wait "$pid"; echo $?)"
}

# Both rings turn over many times while somebody follows: nothing is missed, nothing comes twice.
test_followers_outlive_the_rings() {
	local count=1500

	configure <<-END
		[service a]
		command = sh -c "F until=$W/go exit=0; seq $count; exit 1"
		restart = never
		[service b]
		command = F exit=1
		restart_delay = 0
		restart_delay_max = 0
	END
	boot
	state a ready
	"$nemoctl" -s "$socket" --json events -f >"$work/events" 2>/dev/null &
	children+=("$!")
	"$nemoctl" -s "$socket" --json logs a -f -n 0 >"$work/logs" 2>/dev/null &
	children+=("$!")
	await "$limit" test -s "$work/logs" || fail "no first reply"
	await $((6 * limit)) has_happened 1500 || fail "too slow"
	expect stop 0 "$(ctl stop b)"
	touch "$W/go"
	state a finished
	await "$limit" in_file '.events[].event == "finished"' "$work/events" || fail "events: it hears no more"
	await "$limit" in_file ".lines[].line == \"$count\"" "$work/logs" || fail "logs: it hears no more"
	expect "each event once" true "$(jq -s '[.[].events[].seq] | . == [range(.[0]; .[0] + length)] and length > 1400' "$work/events")"
	expect "each line once" true "$(jq -s "[.[].lines[].line | tonumber] | . == [range(1; $count + 1)]" "$work/logs")"
	halt
}

test_logs_are_what_it_wrote() {
	one
	raw '{"op":"logs","service":"a"}\n' >"$work/logs"
	expect lines "stdout:hello stderr:trouble" "$(jq -r '.lines | sort_by(.stream) | reverse[] | "\(.stream):\(.line)"' "$work/logs" | xargs)"
	expect "time" true "$(jq '.lines[0].time | test("Z$")' "$work/logs")"
	expect "the last" 1 "$(raw '{"op":"logs","service":"a","lines":1}\n' | jq '.lines | length')"
	expect "none" 0 "$(raw '{"op":"logs","service":"a","lines":0}\n' | jq '.lines | length')"
	expect "unknown" unknown-service "$(raw '{"op":"logs","service":"b"}\n' | jq -r .error.code)"
	expect "of whom" bad-request "$(raw 'logs\n' | jq -r .error.code)"
	expect nemoctl 0 "$(ctl logs a)"
	expect "for people" "a | hello a | trouble" "$(cut -d' ' -f2- "$work/stdout" | sort | xargs)"
	expect "nemoctl, the last" 1 "$("$nemoctl" -s "$socket" logs a -n 1 | wc -l)"
	expect "nemoctl, unknown" 1 "$(ctl logs b)"
	expect "nemoctl, of whom" 2 "$(ctl logs)"
	expect "nemoctl, json" true "$("$nemoctl" -s "$socket" --json logs a | jq .ok)"
	halt
}

test_logs_are_followed() {
	one
	follow '{"op":"logs","service":"a","lines":0,"follow":true}\n' "$work/followed"
	"$nemoctl" -s "$socket" logs -f a >"$work/people" 2>/dev/null &
	children+=("$!")
	await "$limit" grep -q hello "$work/people" || fail "nothing of the past"
	touch "$W/go"
	await "$limit" in_file '.lines[].line == "more"' "$work/followed" || fail "not heard"
	await "$limit" grep -q 'a | more' "$work/people" || fail "nemoctl does not hear it"
	expect "nothing of the past" more "$(jq -r '.lines[].line' "$work/followed" | xargs)"
	halt
}

# A service that a reload takes away has its last word; then who follows it is told, and let go.
test_who_follows_what_is_removed_is_told() {
	local code=0 follower

	configure <<-END
		[service a]
		command = sh -c 'trap "echo bye; exit" TERM; echo hello; sleep 1000 & wait'
		[service b]
		command = F until=$W/go print=more pause
	END
	boot
	state a ready
	follow '{"op":"logs","service":"a","follow":true,"id":"f"}\n' "$work/followed"
	follow '{"op":"logs","service":"b","lines":0,"follow":true}\n' "$work/other"
	timeout $((3 * limit)) "$nemoctl" -s "$socket" logs -f a >"$work/people" 2>"$work/complaint" &
	follower=$!
	await "$limit" grep -q hello "$work/people" || fail "nothing of the past"
	sed -i '/^\[service a\]/,/^command/d' "$config"
	expect reload 0 "$(ctl reload)"
	wait "$follower" || code=$?
	expect "nemoctl ends" "1 nemoctl: unknown-service: service 'a' has been removed" "$code $(cat "$work/complaint")"
	await "$limit" in_file '.error.code == "unknown-service"' "$work/followed" || fail "it is not told"
	expect "its last word" '"bye"' "$(tail -n 2 "$work/followed" | head -n 1 | jq '.lines[].line')"
	expect "the last line" '{"ok":false,"id":"f","error":{"code":"unknown-service","message":"service '"'a'"' has been removed"}}' \
		"$(tail -n 1 "$work/followed")"
	touch "$W/go"
	await "$limit" in_file '.lines[].line == "more"' "$work/other" || fail "others are let go too"
	expect "nothing else" 2 "$(wc -l <"$work/other")"
	halt
}

# Who follows and does not read is let go, and holds up nobody.
test_a_follower_that_does_not_read_is_closed() {
	local memory

	configure <<-END
		[service a]
		command = F until=$W/go flood=200000 print=over pause
	END
	boot
	state a ready
	baseline=$(find "/proc/$init/fd" -lname 'socket:*' | wc -l)
	rm -f "$work/ask"
	mkfifo "$work/ask"
	exec {hold}<>"$work/ask"
	echo '{"op":"logs","service":"a","follow":true}' >&"$hold"
	# socat -u: only towards the server.
	socat -u - "UNIX-CONNECT:$socket" <"$work/ask" >/dev/null 2>&1 &
	follower=$!
	children+=("$follower")
	await "$limit" has_clients 1 || fail "it is not there"
	memory=$(awk '/^VmRSS/ { print $2 }' "/proc/$init/status")
	touch "$W/go"
	await $((6 * limit)) has_clients 0 || fail "it is kept"
	expect "others" 0 "$(ctl ready)"
	await $((6 * limit)) is a '.last_output[-1]' over || fail "the flood does not end"
	memory=$(($(awk '/^VmRSS/ { print $2 }' "/proc/$init/status") - memory))
	((memory < 20000)) || grep -q __asan_init "$nemoinit" || fail "it has grown by $memory kB"
	halt
}

# has_clients COUNT: so many connections are open at the server (beside the listener).
has_clients() {
	(($(find "/proc/$init/fd" -lname 'socket:*' 2>/dev/null | wc -l) == $1 + baseline))
}

# promtool has its say in test_metrics.sh.
test_metrics_are_prometheus_text() {
	configure <<-END
		[service a]
		command = F print=12345678 once=$W/crashed exit=3
		restart_delay = 0
	END
	boot
	becomes a .restarts 1
	state a ready
	expect code 0 "$(ctl metrics)"
	expect "strange lines" "" "$(grep -vE '^# (HELP|TYPE) nemoinit_[a-z_]+ .+$|^nemoinit_[a-z_]+([{][a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*[}])? [0-9]+([.][0-9]+)?$' "$work/stdout" || true)"
	expect "twice" "" "$(grep -v '^#' "$work/stdout" | sed 's/ [^ ]*$//' | sort | uniq -d)"
	grep -qxF 'nemoinit_service_ready{service="a"} 1' "$work/stdout" || fail "not ready: $(cat "$work/stdout")"
	expect "restarts" 1 "$(awk '/^nemoinit_service_restarts_total/ { sum += $2 } END { print sum }' "$work/stdout")"
	expect "output" 18 "$(awk '/^nemoinit_service_output_bytes_total/ { print $2 }' "$work/stdout")"
	expect "the same in JSON" "$(wc -l <"$work/stdout")" "$(raw 'metrics\n' | jq -j .text | wc -l)"
	expect "json" true "$("$nemoctl" -s "$socket" --json metrics | jq .ok)"
	halt
}

test_wait_is_over_when_it_is_so() {
	local pid status=0

	rm -f "$socket"
	"$nemoctl" -s "$socket" wait a b --timeout 60s >/dev/null 2>"$work/waiting" &
	pid=$!
	configure <<-END
		[service a]
		command = F pause
		[service b]
		command = F until=$W/go notify=READY=1 pause
		probe = notify
	END
	boot
	state b starting
	expect "not yet" 8 "$(ctl wait a b --timeout 200ms)"
	expect "why" "nemoctl: time is up: b is starting" "$(cat "$work/stderr")"
	expect "it still waits" "" "$(cat "$work/waiting")"
	touch "$W/go"
	wait "$pid" || status=$?
	expect "from before there was a nemoinit" 0 "$status"
	expect "already" 0 "$(ctl wait a --for ready)"
	expect "not stopped" 8 "$(ctl wait a --for stopped --timeout 100ms)"
	expect stop 0 "$(ctl stop a)"
	expect "stopped" 0 "$(ctl wait a --for stopped)"
	expect "unknown" 1 "$(ctl wait zz)"
	expect "whom" 2 "$(ctl wait)"
	expect "what" 2 "$(ctl wait a --for Godot)"
	halt
	expect "nobody there" 8 "$(ctl wait a --timeout 100ms)"
}

# On a terminal: drawn over itself, never cleared in between; it follows what happens; the screen is
# given back.
test_watch_is_a_live_table() {
	local tmux=(tmux -L "watch-$$" -f /dev/null)

	one
	"${tmux[@]}" new-session -d -x 80 -y 24 "$nemoctl_itself -s $socket watch; echo over; cat"
	"${tmux[@]}" pipe-pane "cat >>$work/raw"
	await "$limit" shows 'a +ready' || fail "no table: $("${tmux[@]}" capture-pane -p)"
	expect code 0 "$(ctl stop a)"
	await "$limit" shows 'a +stopped' || fail "it does not follow: $("${tmux[@]}" capture-pane -p)"
	"${tmux[@]}" resize-window -x 60 -y 10
	await "$limit" shows 'a +stopped' || fail "not after a new size"
	await "$limit" grep -q $'\033\[H' "$work/raw" || fail "nothing is drawn"
	expect "cleared between frames" 0 "$(grep -c $'\033\[2J' "$work/raw" || true)"
	"${tmux[@]}" send-keys C-c
	await "$limit" shows '^over' || fail "it does not end"
	"${tmux[@]}" kill-server
	# KILL: the second TERM, which timeout sends to its group, can leave a leak checker waiting for ever.
	timeout -k 5 1.5 "$nemoctl" -s "$socket" watch >"$work/plain" || true
	grep -q 'a  *stopped' "$work/plain" || fail "nothing without a terminal"
	expect "no escapes without a terminal" 0 "$(grep -c $'\033' "$work/plain" || true)"
	halt
}

shows() {
	"${tmux[@]}" capture-pane -p | grep -qE "$1"
}

run_tests
