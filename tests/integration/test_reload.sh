#!/usr/bin/env bash
# The configuration is read again: what has changed, and nothing else, feels it.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# rewrite: stdin is the configuration now, behind the same first lines.
rewrite() {
	{
		printf '[nemoinit]\nlog_format = json\n'
		cat
	} >"$work/next"
	cat "$work/next" >"$config" # the same file, with its owner
}

# told EVENT: what nemoinit has said of itself.
told() {
	jq -rR "fromjson? | select(.service == null and .event == \"$1\") | .message" "$work/log"
}

tells() {
	await "$limit" has_told "$1" "$2" || fail "no '$2' in: $(told "$1")"
}

has_told() {
	told "$1" | grep -qF -- "$2"
}

names() {
	ask '[.services[].name] | join(" ")'
}

# lives PID NAME: that service still has this process.
lives() {
	expect "pid of $2" "$1" "$(of "$2" .pid)"
}

three() {
	cat <<-END
		[service a]
		command = F pause
		[service b]
		command = F pause
		after = a
		[service c]
		command = F pause
	END
}

boot_three() {
	three | configure
	boot
	state b ready
	state c ready
	a=$(of a .pid) b=$(of b .pid) c=$(of c .pid)
}

test_a_bad_file_changes_nothing_and_all_of_it_is_told() {
	boot_three
	{
		three
		printf 'frob = 1\nstop_timeout = x\n[service d]\nafter = nobody\n'
	} | rewrite
	expect code 1 "$(ctl reload)"
	for problem in ":10: frob: " ":11: stop_timeout: " ":12: [service d] has no command" ":13: after: "; do
		grep -qF -- "$config$problem" "$work/stderr" || fail "'$problem' is not in: $(cat "$work/stderr")"
		has_told reload-failed "$config$problem" || fail "'$problem' is not in the log: $(told reload-failed)"
	done
	expect "a line each" 4 "$(wc -l <"$work/stderr")"
	expect "code and lines" "failed 4" \
		"$(ctl --json reload >"$work/code" || true; jq -r '"\(.error.code) \(.error.message | split("\n") | length)"' "$work/stdout")"
	expect "as before" "a b c" "$(names)"
	lives "$a" a
	lives "$b" b
	lives "$c" c
	three | rewrite
	expect "mended" 0 "$(ctl reload)"
	lives "$a" a
	halt
}

test_only_what_has_changed_is_touched() {
	local counters='[.restarts, .started_at, .last_exit.at, .consecutive_failures] | @csv' before

	boot_three
	before=$(of a "$counters")
	rewrite <<-END
		stop_budget = 5s
		[service d]
		command = F pause
		after = b
		[service b]
		command = F pause
		after = a
		stop_timeout = 3s
		[service a]
		command = F pause
	END
	expect code 0 "$(ctl reload)"
	tells reload "reload: 1 changed (b), 1 added (d), 1 removed (c), 1 unchanged"
	state d ready
	becomes b ".pid != $b" true
	state b ready
	await "$limit" names_are "d b a" || fail "order: $(names)"
	lives "$a" a
	expect "a's past" "$before" "$(of a "$counters")"
	await "$limit" runs 3 || fail "there are $(running)"
	expect "b was asked" "requested 0" "$(of b '"\(.last_exit.reason) \(.restarts)"')"
	expect "new value" 3000 "$(of b .stop_timeout_ms)"
	expect "of nemoinit" 5000 "$(ask .nemoinit.stop_budget_ms)"
	expect "gone from the commands" 1 "$(ctl start c)"
	halt
}

names_are() {
	[[ $(names) == "$1" ]]
}

test_order_alone_is_no_change() {
	boot_three
	rewrite <<-END
		[service c]
		command = 'F' "pause"
		restart = always
		[service b]
		after = a
		command = F pause
		[service a]
		command = F pause
	END
	expect code 0 "$(ctl reload)"
	expect order "c b a" "$(names)"
	tells reload "reload: 3 unchanged"
	lives "$a" a
	lives "$b" b
	lives "$c" c
	halt
}

test_sighup_reloads() {
	boot_three
	three | sed 's/^command = F pause$/&\nrestart = on-failure/' | rewrite
	kill -HUP "$init"
	tells reload "reload: 3 changed (a, b, c), 0 unchanged"
	becomes a ".pid != $a" true
	state b ready
	a=$(of a .pid)
	echo frob | rewrite
	kill -HUP "$init"
	tells reload-failed "$config:3: "
	lives "$a" a
	halt
}

test_a_file_that_is_gone_changes_nothing() {
	boot_three
	mv "$config" "$work/away"
	expect code 1 "$(ctl reload)"
	expect_match "it says so" "*$config: No such file*" "$(cat "$work/stderr")"
	mkdir "$config"
	expect "a directory" 1 "$(ctl reload)"
	rmdir "$config"
	mkfifo "$config"
	expect "a pipe nobody writes to" 1 "$(ctl reload)"
	expect_match "it says so" "*no regular file*" "$(cat "$work/stderr")"
	rm "$config"
	lives "$a" a
	mv "$work/away" "$config"
	expect "back" 0 "$(ctl reload)"
	lives "$c" c
	halt
}

test_a_relative_name_is_still_the_same_file() {
	three | configure
	cd "$work"
	before=(env -C "$work")
	mv "$config" "$work/relative"
	boot "NEMOINIT_CONFIG=relative"
	before=()
	state a ready
	a=$(of a .pid)
	sed -i '/service c/,$d' "$work/relative"
	expect code 0 "$(ctl reload)"
	await "$limit" names_are "a b" || fail "services: $(names)"
	expect "its whole name" "$work/relative" "$(ask .nemoinit.config)"
	lives "$a" a
	halt
}

test_one_that_waits_for_a_removed_one_goes_on() {
	configure <<-END
		[service a]
		command = F pause
		probe = notify
		[service b]
		command = F pause
		after = a
	END
	boot
	state a starting
	state b waiting
	rewrite <<-END
		[service b]
		command = F pause
	END
	expect code 0 "$(ctl reload)"
	state b ready
	await "$limit" names_are b || fail "services: $(names)"
	halt
}

test_blocked_is_started_and_stopped_stays() {
	configure <<-END
		[service a]
		command = F exit=78
		fatal_retry = 0
		[service b]
		command = F pause
	END
	boot
	state a blocked
	expect "stop" 0 "$(ctl stop b)"
	rewrite <<-END
		[service a]
		command = F pause
		[service b]
		command = F pause
		stop_timeout = 1s
	END
	expect code 0 "$(ctl reload)"
	state a ready
	expect "b" stopped "$(of b .state)"
	expect "start" 0 "$(ctl start b)"
	expect "with the new value" 1000 "$(of b .stop_timeout_ms)"
	halt
}

test_enabled_and_disabled() {
	boot_three
	three | sed '/^.service b/aenabled = no' | rewrite
	expect code 0 "$(ctl reload)"
	state b disabled
	expect "shown" false "$(of b .enabled)"
	lives "$a" a
	three | rewrite
	expect code 0 "$(ctl reload)"
	state b ready
	lives "$a" a
	lives "$c" c
	halt
}

test_a_tree_goes_whole() {
	configure <<-END
		[service a]
		command = sh -c "sleep 1001 & setsid sleep 1002 & exec sleep 1003"
	END
	boot
	state a ready
	await "$limit" runs 3 || fail "there are $(running)"
	rewrite <<-END
		[service b]
		command = F pause
	END
	expect code 0 "$(ctl reload)"
	await "$limit" names_are b || fail "services: $(names)"
	await "$limit" runs 1 || fail "left: $(running)"
	halt
}

runs() {
	(($(running) == $1))
}

test_during_a_reload_another_one_counts() {
	configure <<-END
		[service a]
		command = F ignore=TERM notify=READY=1 until=$W/end exit=0
		probe = notify
	END
	boot
	state a ready
	a=$(of a .pid)
	rewrite </dev/null
	expect "removed" 0 "$(ctl reload)"
	state a stopping
	expect "not by name" 1 "$(ctl restart a)"
	rewrite <<-END
		[service a]
		command = F pause
	END
	expect "back again" 0 "$(ctl reload)"
	lives "$a" a
	touch "$W/end"
	state a ready
	expect "once" 2 "$(messages a starting | wc -l)"
	halt
}

test_a_request_for_a_removed_one_is_answered() {
	local waiting status=0

	configure <<-END
		[service a]
		command = F ignore=TERM notify=READY=1 until=$W/end exit=0
		probe = notify
	END
	boot
	state a ready
	"$nemoctl" -s "$socket" restart a >"$work/answer" 2>&1 &
	waiting=$!
	hears a stopping
	rewrite </dev/null
	expect reload 0 "$(ctl reload)"
	wait "$waiting" || status=$?
	expect "the restart" "1 a: failed*" "$status $(sed 's/failed.*/failed*/' "$work/answer")"
	touch "$W/end"
	await "$limit" names_are "" || fail "services: $(names)"
	halt
}

test_warnings_are_those_of_the_last_load() {
	three | configure
	boot NEMOINIT_FROB=1
	state a ready
	expect_match "of the environment" "*NEMOINIT_FROB*" "$(ask '.nemoinit.warnings | join("\n")')"
	{
		printf 'socket = /elsewhere\n'
		three
	} | rewrite
	expect reload 0 "$(ctl reload)"
	expect "two" 2 "$(ask '.nemoinit.warnings | length')"
	expect_match "of the socket" "*socket: takes effect at the next start*" "$(ask '.nemoinit.warnings | join("\n")')"
	expect_match "and of the environment" "*NEMOINIT_FROB*" "$(ask '.nemoinit.warnings | join("\n")')"
	expect "where it is" "$socket" "$(ask .nemoinit.socket)"
	three | rewrite
	expect reload 0 "$(ctl reload)"
	expect "one" 1 "$(ask '.nemoinit.warnings | length')"
	halt
}

# The built-in configuration, with the fixture in place of its programs.
test_without_a_file_it_is_the_same_again() {
	rm -f "$config"
	boot NEMOINIT_SERVICE_GATEWAY_COMMAND="F pause" NEMOINIT_SERVICE_GATEWAY_PROBE=none \
		NEMOINIT_SERVICE_AUTO_PAIR_COMMAND="F notify=READY=1 pause" NEMOINIT_LOG_FORMAT=json
	state auto-pair ready
	expect "no file" built-in "$(ask .nemoinit.config)"
	a=$(of gateway .pid) b=$(of auto-pair .pid)
	expect code 0 "$(ctl reload)"
	tells reload "reload: 2 unchanged"
	lives "$a" gateway
	lives "$b" auto-pair
	halt
}

test_a_file_that_comes_is_taken_and_then_must_stay() {
	# Landlock's rules are for the /etc that was there before.
	[[ $mode != profile ]] || return 0
	rm -f "$config"
	boot NEMOINIT_SERVICE_GATEWAY_COMMAND="F pause" NEMOINIT_SERVICE_GATEWAY_PROBE=none \
		NEMOINIT_SERVICE_AUTO_PAIR_COMMAND="F notify=READY=1 pause" NEMOINIT_LOG_FORMAT=json
	state auto-pair ready
	a=$(of gateway .pid)
	mkdir -p "$work/etc/nemoinit"
	printf '[service gateway]\n[service b]\ncommand = F pause\n' >"$work/etc/nemoinit/nemoinit.ini"
	nsenter -t "$init" -m mount --bind "$work/etc" /etc
	expect code 0 "$(ctl reload)"
	tells reload "reload: 1 added (b), 1 removed (auto-pair), 1 unchanged"
	expect "its name" /etc/nemoinit/nemoinit.ini "$(ask .nemoinit.config)"
	lives "$a" gateway
	expect "no watcher" null "$(ask .auto_pair)"
	state b ready
	rm "$work/etc/nemoinit/nemoinit.ini"
	expect code 1 "$(ctl reload)"
	expect_match "it is missed" "*/etc/nemoinit/nemoinit.ini: No such file*" "$(cat "$work/stderr")"
	expect b ready "$(of b .state)"
	halt
}

# The command of the command line stands in no file.
test_the_command_is_not_touched() {
	local pid

	three | configure
	main_command=(F pause)
	boot
	main_command=()
	state main ready
	pid=$(of main .pid)
	rewrite </dev/null
	expect code 0 "$(ctl reload)"
	tells reload "reload: 3 removed (a, b, c), 1 unchanged"
	await "$limit" names_are main || fail "services: $(names)"
	lives "$pid" main
	kill -TERM "$init"
	ended
	expect "exit code" 143 "$ended"
}

test_a_shutdown_is_not_disturbed() {
	configure <<-END
		stop_budget = 1m
		[service a]
		command = F ignore=TERM notify=READY=1 until=$W/end exit=0
		probe = notify
	END
	boot
	state a ready
	kill -TERM "$init"
	tells shutdown "stopping all"
	kill -HUP "$init"
	expect "refused" 1 "$(ctl --json reload)"
	expect code stopping "$(jq -r .error.code "$work/stdout")"
	expect "no reload" "" "$(told reload)"
	touch "$W/end"
	ended
	expect "exit code" 0 "$ended"
}

memory() {
	awk '/^VmRSS/ { print $2 }' "/proc/$init/status"
}

# A sanitizer keeps for a while what has been freed, and looks for leaks itself.
has_checked_heap() {
	((${#wrapper[@]})) || grep -q __asan_init "$nemoinit"
}

# reloads COUNT: on one connection, each time the other of two configurations.
reloads() {
	local i

	for ((i = 0; i < $1; i++)); do
		cat "$work/odd" >"$config"
		((i % 2)) || cat "$work/even" >"$config"
		echo '{"op":"reload"}'
		read -r answer <&"${connection[0]}"
		[[ $answer == *'"ok":true'* ]] || fail "reload $i: $answer"
	done >&"${connection[1]}"
}

test_hundreds_of_reloads_leave_nothing_behind() {
	local early late fds i

	configure <<-END
		[service a]
		command = F pause
		env.LONG = $(printf '%0100d' 0)
	END
	cp "$config" "$work/odd"
	cp "$config" "$work/even"
	for i in 1 2 3 4 5 6 7 8 9; do
		printf '[service off-%s]\ncommand = F pause\nenabled = no\nenv.A = %s\n' "$i" "$i" >>"$work/even"
	done
	boot
	state a ready
	a=$(of a .pid)
	coproc connection { socat -t "$limit" - "UNIX-CONNECT:$socket"; }
	children+=("$connection_PID")
	reloads 50
	early=$(memory)
	fds=$(find "/proc/$init/fd" | wc -l)
	reloads 500
	late=$(memory)
	expect "descriptors" "$fds" "$(find "/proc/$init/fd" | wc -l)"
	has_checked_heap || ((late <= early + 300)) || fail "from $early to $late kB"
	kill "$connection_PID" 2>/dev/null || true
	lives "$a" a
	halt
}

run_tests
