#!/usr/bin/env bash
# Whose is the port? A stranger's answer is not ours, and a stranger is never killed.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

service() {
	configure <<-END
		[service a]
		command = F listen=8000 serve=$W/mood
		probe = http://127.0.0.1:8000/
		probe_interval = 50ms
		probe_start_interval = 50ms
		probe_retry_interval = 50ms
		restart_delay = 20ms
		$(cat)
	END
}

# beside STEP: nemoinit, with a stranger that was there before it.
beside() {
	before=(bash -c "'$fixture' $1 append=$W/there serve=$W/mood & '$fixture' until=$W/there; exec \"\$@\"" -)
	boot
	before=()
}

test_a_stranger_is_named_and_waited_for_and_left_alone() {
	service </dev/null
	printf '[service b]\ncommand = F pause\n' >>"$config"
	beside listen=8000
	state a backoff
	expect owner foreign "$(of a .listener.owner)"
	expect_match command "*listen=8000*" "$(of a .listener.command)"
	expect "no failure, no exit, no restart" "0 null 0" \
		"$(of a '"\(.consecutive_failures) \(.last_exit) \(.restarts)"')"
	expect_match "the log names it" \
		"port 8000 is held by a stranger (pid $(of a .listener.pid), *listen=8000*" \
		"$(messages a foreign-listener)"
	expect health degraded "$(ask .health)"
	expect "others run" ready "$(of b .state)"
	expect recover 1 "$(ctl --json recover a)"
	expect result foreign-port "$(jq -r '.services[].result' "$work/stdout")"
	stranger=$(of a .listener.pid)
	becomes a '.listener.pid' "$stranger"
	inside kill -TERM "$stranger"
	state a ready
	expect owner self "$(of a .listener.owner)"
	expect "told once" 1 "$(messages a foreign-listener | wc -l)"
	expect "still nothing counted" "0 null 0" "$(of a '"\(.consecutive_failures) \(.last_exit) \(.restarts)"')"
	halt
}

# Who says READY=1 and does not hold its port is not ready; what it says of itself stays.
test_ready_by_word_needs_the_port_too() {
	configure <<-END
		[service a]
		command = F notify=STATUS=warm notify=READY=1 until=$W/go listen=8000 pause
		probe = notify
		port = 8000
		probe_start_interval = 50ms
	END
	boot
	becomes a .probe.detail "nobody listens on port 8000"
	expect "not ready" "starting none" "$(of a '"\(.state) \(.listener.owner)"')"
	touch "$W/go"
	state a ready
	expect "its own" "self null" "$(of a '"\(.listener.owner) \(.probe.detail)"')"
	halt

	configure <<-END
		[service a]
		command = F listen=8000 notify=STATUS=warm notify=READY=1 pause
		probe = notify
		port = 8000
	END
	boot
	state a ready
	expect "what it says" warm "$(of a .probe.detail)"
	halt
}

# Whoever holds descriptors by the hundred thousand does not hold up PID 1: they are not all read.
test_a_search_for_the_holder_has_an_end() {
	service </dev/null
	cat >"$work/hoard" <<-'END'
		limit=$(ulimit -Hn)
		[[ $limit != unlimited && $limit -lt 8192 ]] || limit=8192
		ulimit -n "$limit"
		for ((i = 64; i < limit - 64; i++)); do eval "exec $i</dev/null"; done
		for ((i = 0; i < 65536 / (limit - 128) + 1; i++)); do sleep 1000 & done
		: >"$1"
		wait
	END
	before=(bash -c "bash '$work/hoard' '$W/hoard' & '$fixture' until='$W/hoard'
		'$fixture' listen=8000 append=$W/there serve=$W/mood & '$fixture' until=$W/there; exec \"\$@\"" -)
	boot
	before=()
	state a backoff
	expect owner "foreign null" "$(of a '.listener | "\(.owner) \(.pid)"')"
	expect_match "the log" "port 8000 is held by a stranger (a process that cannot be read)*" \
		"$(messages a foreign-listener)"
	halt
}

# It comes while ours is on its way: a 200 from it is not ready.
test_a_200_from_a_stranger_is_not_ready() {
	configure <<-END
		[service a]
		command = F until=$W/go listen=8000 serve=$W/mood
		probe = http://127.0.0.1:8000/
		probe_start_interval = 50ms
		restart_delay = 20ms
		[service thief]
		command = F until=$W/steal listen=8000 serve=$W/mood
	END
	boot
	state a starting
	touch "$W/steal"
	becomes a .listener.owner foreign
	becomes a .listener.pid "$(of thief .pid)"
	expect state starting "$(of a .state)"
	expect_match detail "port 8000 is held by a stranger (pid $(of thief .pid))" "$(of a .probe.detail)"
	expect "never ready" "" "$(messages a ready)"
	touch "$W/go"
	hears a foreign-listener
	expect "the thief is left alone" ready "$(of thief .state)"
	expect "one failure, its own" failure "$(of a .last_exit.reason)"
	inside kill -KILL "$(of thief .pid)"
	halt
}

test_a_child_that_holds_the_port_is_ours() {
	configure <<-END
		[service a]
		command = F child listen=8000 serve=$W/mood parent pause
		probe = http://127.0.0.1:8000/
		probe_start_interval = 50ms
	END
	boot
	state a ready
	expect owner self "$(of a .listener.owner)"
	[[ $(of a .pid) != "$(of a .listener.pid)" ]] || fail "the child is not seen"
	halt
}

test_a_port_without_probe_must_be_held_too() {
	configure <<-END
		[service a]
		command = F until=$W/go listen=8000 pause
		port = 8000
		probe_start_interval = 50ms
	END
	boot
	becomes a .listener.owner none
	expect state starting "$(of a .state)"
	touch "$W/go"
	state a ready
	expect owner self "$(of a .listener.owner)"
	halt
}

test_a_stranger_on_the_wildcard_is_one_too() {
	service </dev/null
	beside listen=any:8000
	state a backoff
	expect owner foreign "$(of a .listener.owner)"
	inside kill -TERM "$(of a .listener.pid)"
	state a ready
	halt
}

# One of another session in the same sandbox: nobody there may see which process it is.
test_a_stranger_that_cannot_be_looked_into_is_one_too() {
	local session

	[[ $mode == profile ]] || return 0
	configure <<-END
		[service a]
		command = F until=$W/go listen=8000 serve=$W/mood
		probe = http://127.0.0.1:8000/
		probe_start_interval = 50ms
	END
	boot
	state a starting
	inside "${place[@]}" "$fixture" listen=8000 serve="$W/mood"
	becomes a .listener.owner foreign
	expect "which one" "null null" "$(of a '.listener | "\(.pid) \(.command)"')"
	expect "not by its answers" "starting 0" "$(of a '"\(.state) \(.restarts)"')"
	session=$(child_of "$stranger")
	[[ -n $session ]] || die "it is gone"
	kill -KILL "$session"
	wait "$stranger" 2>/dev/null || true
	touch "$W/go"
	state a ready
	expect owner self "$(of a .listener.owner)"
	halt
}

run_tests
