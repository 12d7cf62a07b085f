#!/usr/bin/env bash
# The kinds of probes: a command, a WebSocket, HTTP in all its forms.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"
# shellcheck source=tests/integration/probed.sh
. "$(dirname "$0")/probed.sh"

# ---- a command ----

run_are() {
	[[ $(running) == "$1" ]]
}

# left COUNT: so many processes are there in the end.
left() {
	await "$limit" run_are "$1" || fail "$(running) processes, wanted $1"
}

test_a_command_says_how_it_is() {
	asked 'exit 0'
	boot
	state a ready
	expect probe "exec exec:sh $W/check true 0 null" \
		"$(of a '.probe | "\(.type) \(.target) \(.ok) \(.failures) \(.detail)"')"
	expect "no port" null "$(of a .listener.port)"
	expect_match "no address" "ready after * (pid $(of a .pid))" "$(messages a ready)"
	answers 'echo some; echo "no node"; echo; echo beside >&2; exit 1'
	state a failing
	says "exited with 1: no node"
	answers 'printf "  only\n\033[31mbeside\033[0m" >&2; exit 1'
	says "exited with 1: beside"
	answers 'kill -SEGV $$'
	says "ended by signal 11 (SEGV)"
	answers 'exit 0'
	state a ready
	expect detail null "$(of a .probe.detail)"
	expect events "starting ready failing recovered" "$(events a)"
	expect "its output is nobody else's" "" "$(lines a)"
	halt
}

test_three_is_neither_good_nor_bad() {
	asked 'echo cannot tell; exit 3'
	boot
	says "exited with 3: cannot tell"
	expect "at the start" "starting null 0" "$(of a '"\(.state) \(.probe.ok) \(.probe.failures)"')"
	answers 'exit 0'
	state a ready
	answers 'exit 3'
	says "exited with 3"
	expect "while ready" "ready true 0" "$(of a '"\(.state) \(.probe.ok) \(.probe.failures)"')"
	answers 'exit 1'
	state a failing
	answers 'exit 3'
	says "exited with 3"
	expect "while failing" "failing false" "$(of a '"\(.state) \(.probe.ok)"')"
	expect events "starting ready failing" "$(events a)"
	halt
}

test_a_command_runs_as_its_service_does() {
	asked 'echo "$PWD $X $1 $#"; exit 1' "working_directory = $W" "env.X = 5"
	sed -i "s|^probe = .*|probe = exec:sh $W/check '\${TWO_WORDS}' \"b c\"|" "$config"
	boot TWO_WORDS="one two"
	says "exited with 1: $W 5 one two 2"
	expect "as written" "exec:sh $W/check '\${TWO_WORDS}' \"b c\"" "$(of a .probe.target)"
	halt
}

# Its time is over, TERM means nothing to it, and its child is in a group of its own.
test_a_command_that_hangs_is_ended_with_all_it_has() {
	asked 'echo hanging; F group ignore=TERM append=$0.there pause & F until=$0.there; exec F ignore=TERM pause' \
		"probe_timeout = 2s" "probe_start_interval = 1h"
	boot
	says "not over after 2.0s: hanging"
	left 1
	[[ -s $W/check.there ]] || fail "it had no child"
	expect state starting "$(of a .state)"
	expect misses 1 "$(of a .probe.failures)"
	halt
}

test_a_command_leaves_nothing_behind() {
	asked 'F group ignore=TERM append=$0.there pause & F until=$0.there' "probe_interval = 1h"
	boot
	state a ready
	left 1
	halt
}

# Where all our children are known nothing is left of it, whatever else there is on the machine.
test_the_end_of_a_command_costs_no_look_at_all_processes() {
	local reads probes began

	configure <<-'END'
		[service crowd]
		command = sh -c "i=0; while [ $$i -lt 300 ]; do sleep 1000 & i=$$((i+1)); done; wait"
		[service a]
		command = F pause
		probe_start_interval = 10ms
		probe_interval = 10ms
	END
	echo "probe = exec:F append=$W/probed exit=0" >>"$config"
	boot
	state a ready
	await "$limit" run_are_at_least 302 || fail "$(running) processes"
	began=$SECONDS
	reads=$(reads_of "$init")
	probes=$(wc -l <"$W/probed")
	await $((2 * limit)) has_lines "$W/probed" $((probes + 30)) || fail "no probes"
	reads=$(($(reads_of "$init") - reads))
	probes=$(($(wc -l <"$W/probed") - probes))
	# A look that nobody waits for is taken at most once a second.
	((reads < 150 * probes + 310 * (SECONDS - began + 2))) || fail "$reads reads in $probes probes"
	halt
}

run_are_at_least() {
	(($(running) >= $1))
}

has_lines() {
	(($(wc -l <"$1") >= $2))
}

reads_of() {
	awk '/^syscr/ { print $2 }' "/proc/$1/io"
}

test_a_stop_ends_the_command_too() {
	asked 'F group ignore=TERM pause & exec F ignore=TERM pause' "probe_timeout = 1h"
	boot
	left 3
	expect "exit code" 0 "$(ctl stop a)"
	left 0
	expect state stopped "$(of a .state)"
	expect "no kill" "starting stopping stopped" "$(events a)"
	halt
}

test_what_floods_is_read_and_forgotten() {
	asked 'F flood=100000; printf "%05000d" 0; echo; echo the end of it; exit 1'
	boot
	says "exited with 1: the end of it"
	answers 'printf "x%05000d" 0; exit 1'
	says "exited with 1: x0000*"
	(($(of a '.probe.detail | length') < 250)) || fail "a long detail"
	answers 'F flood=100000; exit 0'
	state a ready
	expect "not logged" "" "$(lines a)"
	halt
}

test_a_command_that_is_not_there_is_a_miss() {
	service "F pause" "exec:$W/nothing here"
	boot
	says "exec '$W/nothing': No such file or directory"
	await "$limit" is a '.probe.failures >= 2' true || fail "it is not tried again"
	expect state starting "$(of a .state)"
	halt
}

test_a_good_command_does_not_stand_for_the_port() {
	service "F until=$W/go listen=8000 pause" "exec:true" "port = 8000"
	boot
	says "nobody listens on port 8000"
	expect state starting "$(of a .state)"
	touch "$W/go"
	state a ready
	expect owner self "$(of a .listener.owner)"
	halt
}

# ---- a WebSocket ----

test_a_websocket_is_asked_for_its_first_frame() {
	local mood detail

	service "F listen=8000 serve=$W/mood" ws://127.0.0.1:8000/ "probe_expect = hello" "probe_timeout = 1s"
	mood ok
	boot
	while read -r mood detail; do
		mood "$mood"
		says "$detail"
		expect "state of $mood" starting "$(of a .state)"
	done <<-'END'
		ok HTTP status 200 instead of an upgrade to WebSocket
		ws-wrong HTTP status 101, but without the right Sec-WebSocket-Accept
		ws-other its first frame is without 'hello'
		ws the reply did not end in time
		hang no reply in time
		garbage the reply is no HTTP
		close the connection was closed without a reply
	END
	mood ws-hello
	state a ready
	expect probe "ws ws://127.0.0.1:8000/ true null" \
		"$(of a '.probe | "\(.type) \(.target) \(.ok) \(.detail)"')"
	expect "its port" "8000 self" "$(of a '.listener | "\(.port) \(.owner)"')"
	halt
}

test_a_websocket_may_say_nothing_if_nothing_is_expected() {
	service "F listen=six:8000 serve=$W/mood" "ws://[::1]:8000/any"
	mood ws-wrong
	boot
	says "HTTP status 101, but without the right Sec-WebSocket-Accept"
	mood ws
	state a ready
	expect_match "its address" "*, \[::1\]:8000)" "$(messages a ready)"
	halt
}

# ---- HTTP ----

test_only_some_statuses_are_good() {
	local mood detail

	service "F listen=8000 serve=$W/mood" http://127.0.0.1:8000/
	mood error
	boot
	while read -r mood detail; do
		mood "$mood"
		says "$detail"
		expect "state of $mood" starting "$(of a .state)"
	done <<-'END'
		error HTTP status 500
		empty HTTP status 204
		moved HTTP status 302
	END
	mood denied
	state a ready
	halt
}

test_other_statuses_can_be_good() {
	service "F listen=8000 serve=$W/mood" http://127.0.0.1:8000/ "probe_status = 204 302"
	mood ok
	boot
	says "HTTP status 200"
	mood empty
	state a ready
	mood error
	state a failing
	mood moved
	state a ready
	halt
}

# The time limit is for all of the reply, not for each byte.
test_a_reply_that_trickles_is_no_reply() {
	service "F listen=8000 serve=$W/mood" http://127.0.0.1:8000/ 'probe_expect = "ok":true' \
		"probe_timeout = 2s" "probe_retry_interval = 1h"
	boot
	state a ready
	mood slow
	state a failing
	says "the reply did not end in time"
	halt
}

test_the_text_must_stand_in_the_first_4_kib() {
	service "F listen=8000 serve=$W/mood" http://127.0.0.1:8000/ 'probe_expect = "ok":true'
	mood long
	boot
	says "HTTP status 200, but without '\"ok\":true'"
	expect state starting "$(of a .state)"
	mood chunked
	state a ready
	halt
}

test_headers_may_be_long_if_no_text_is_expected() {
	service "F listen=six:8000 serve=$W/mood" "http://[::1]:8000/"
	mood long
	boot
	state a ready
	expect listener "8000 self" "$(of a '.listener | "\(.port) \(.owner)"')"
	halt
}

run_tests
