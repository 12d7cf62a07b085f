#!/usr/bin/env bash
# What is peculiar to a nemoinit that is not PID 1.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

no_service() {
	(($(running) == 0))
}

# A gateway that outlived its nemoinit would be a stranger to the next one.
test_services_get_term_when_nemoinit_is_killed() {
	configure <<-END
		[service a]
		command = F catch=TERM:0 append=$W/up pause
		[service b]
		command = F pause
		[service c]
		command = F ignore=TERM notify=READY=1 until=$W/end exit=0
		probe = notify
	END
	# One more PID 1 below which the services can outlive it.
	before=(bash -c 'trap : TERM; "$@" & wait; until [[ -e '"$W"'/end ]]; do read -rt 0.05 <> <(:) || :; done' -)
	launch env "NEMOINIT_PATH=$work/bin:$PATH" "${before[@]}" "$nemoinit" -c "$config" -s "$socket"
	before=()
	await "$limit" "$nemoctl" -s "$socket" ready || fail "it does not come up: $(cat "$work/log")"
	init=$(child_of "$init")
	kill -KILL "$init"
	await "$limit" has_running 1 || fail "$(running) services outlive it"
	touch "$W/end"
	await "$limit" no_service || fail "$(running) services are left"
	ended
}

has_running() {
	(($(running) == $1))
}

test_its_group_holds_nobody_else() {
	local group

	configure <<-END
		[service a]
		command = F pause
	END
	boot
	state a ready
	group=$init
	# TERM to the whole group is how OpenShell ends its main child, which leads one.
	[[ $mode != profile ]] || group=-$init
	kill -TERM -- "$group"
	ended
	expect "exit code" 0 "$ended"
	expect_match "it stopped it" "ended by signal 15 (TERM) (requested, *" "$(messages a stopped)"
}

test_orphans_come_to_us_and_not_to_pid_1() {
	configure <<-END
		[service a]
		command = F child detach setsid append=$W/orphan pause parent pause
	END
	boot
	state a ready
	await "$limit" test -s "$W/orphan" || fail "no orphan"
	expect "two children" 2 "$(wc -w <"/proc/$init/task/$init/children")"
	halt
}

test_what_a_killed_one_left_is_taken_over() {
	configure <<-END
		[service a]
		command = F listen=8000 serve=$W/mood
		probe = tcp://127.0.0.1:8000
		probe_start_interval = 20ms
	END
	boot
	state a ready
	cp "$config" "$work/again"
	kill -KILL "$init"
	ended
	cp "$work/again" "$config"
	[[ -S $socket ]] || fail "it left no socket"
	boot
	state a ready
	halt
	[[ ! -e $socket && ! -e $socket.lock ]] || fail "the end leaves the socket"
}

# Who may not write to /run is found in a directory of its own, from beside and by root.
test_the_socket_is_below_tmp_where_run_is_closed() {
	local somebody=$((100000 + $$)) told=$socket client

	[[ $mode == profile ]] || return 0
	settle "$somebody"
	configure <<-END
		[service a]
		command = F pause
	END
	launch env "NEMOINIT_PATH=$work/bin:$PATH" "$nemoinit" -c "$config"
	for client in "$nemoctl" "$nemoctl_itself"; do
		await "$limit" "$client" ready || fail "$client does not find it: $("$client" ready 2>&1; cat "$work/log")"
	done
	socket=$("$nemoctl" --json status | jq -r .nemoinit.socket)
	expect_match "its place" "/tmp/nemoinit-$somebody/*" "$socket"
	expect "nobody else's" "$somebody 700" "$(stat -c '%u %a' "/tmp/nemoinit-$somebody")"
	halt
	rm -r "/tmp/nemoinit-$somebody"
	socket=$told
	settle 1234
}

run_tests
