#!/usr/bin/env bash
# COMMAND: nemoinit in front of a program, as the init of its container and as its window to the terminal.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# through [ENVIRONMENT…]: runs $main_command to its end; the exit code is in $ended.
through() {
	cp "$config" "$work/kept"
	launch env "NEMOINIT_PATH=$work/bin:$PATH" "$@" "${before[@]}" "${wrapper[@]}" "$nemoinit" -c "$config" -s "$socket" "${main_command[@]}"
	ended
	cp "$work/kept" "$config"
}

# order EVENT: the services in the order in which it happened to them.
order() {
	jq -rR "fromjson? | select(.event == \"$1\") | .service" "$work/log" | xargs
}

# own LINE: main has written this.
own() {
	grep -qxa -- "$1" "$work/log"
}

says() {
	await "$limit" own "$1" || fail "main does not say '$1': $(cat "$work/log")"
}

# said LINE: how often.
said() {
	grep -cxa -- "$1" "$work/log" || true
}

last_line() {
	jq -rR 'fromjson? | .message' "$work/log" | tail -n 1
}

beside() {
	configure <<-END
		[service a]
		command = F pause
		[service b]
		command = F pause
		after = a
	END
}

test_its_end_ends_all_with_its_code() {
	local row

	for row in exit=0:0 exit=3:3 exit=255:255 die=KILL:137 die=TERM:143 die=HUP:129; do
		beside
		main_command=(F "until=$W/go" "${row%:*}")
		boot
		state b ready
		touch "$W/go"
		ended
		expect "exit code for $row" "${row#*:}" "$ended"
		expect "the order" "b a" "$(order stopping)"
		expect_match "the last line" "main *: all services stopped in *ms" "$(last_line)"
	done
	main_command=()
}

test_what_cannot_be_executed() {
	local row code

	printf 'no program\n' >"$work/plain"
	chmod 644 "$work/plain"
	for row in "127 nosuch exec 'nosuch': No such file or directory (searched PATH=$work/bin:*" \
		"127 /no/such exec '/no/such': No such file or directory*" \
		"126 $work/plain exec '$work/plain': Permission denied*" \
		"126 / exec '/': Permission denied*"; do
		beside
		read -r code main_command row <<<"$row"
		through
		expect "exit code of $main_command" "$code" "$ended"
		expect_match "it says why" "failed to start (exec-failed, *): $row" "$(messages main finished)"
		expect "as an error" error "$(jq -rR 'fromjson? | select(.event == "finished") | .level' "$work/log")"
	done
	main_command=(F exit=0)
	through "NEMOINIT_SERVICE_MAIN_WORKING_DIRECTORY=/no/such"
	expect "exit code without its directory" 126 "$ended"
	expect_match "it says why" "*: chdir '/no/such': No such file*" "$(messages main finished)"
	main_command=()
}

test_beside_what_is_built_in() {
	rm -f "$config"
	main_command=(sleep infinity)
	boot
	state main ready
	expect "three services" "auto-pair gateway main" "$(ask '[.services[].name] | sort | .[]' | xargs)"
	kill -TERM "$init"
	ended
	expect "the exit code is its" 143 "$ended"
	main_command=()
}

test_what_it_is_given() {
	beside
	mkdir "$W/here"
	chmod 777 "$W/here"
	echo "from outside" >"$W/input"
	chmod 644 "$W/input"
	# shellcheck disable=SC2016 # for the inner shell
	before=(bash -c 'cd "$1" && shift && exec "$@" 8</dev/null <../input' - "$W/here")
	main_command=(F read facts "print=no more")
	through A=1 NEMOINIT_STOP_BUDGET=7s
	before=() main_command=()
	expect "exit code" 0 "$ended"
	for line in "read from outside" "fds: 0 1 2" "SigBlk: 0000000000000000" "cwd: $W/here" \
		"leads: 0 1" "env: A=1" "env: NEMOINIT_SOCKET=$socket" "no more"; do
		own "$line" || fail "'$line' is not in $(cat "$work/log")"
	done
	expect "its variables only" 1 "$(grep -c '^env: NEMOINIT' "$work/log")"
}

test_a_directory_it_could_not_enter_again() {
	local kept=("${place[@]}")

	[[ $mode == profile ]] || return 0 # root can always
	beside
	mkdir -m 700 "$work/closed"
	place=(env -C "$work/closed" "${place[@]}")
	main_command=(F facts)
	through
	place=("${kept[@]}") main_command=()
	rmdir "$work/closed"
	expect "exit code" 0 "$ended"
	own "cwd: /" || fail "it is elsewhere: $(cat "$work/log")"
	expect_match "it says so" "*no way back*" "$(jq -rR 'fromjson? | select(.event == "warning") | .message' "$work/log")"
}

test_closed_standard_streams() {
	beside
	# shellcheck disable=SC2016 # for the inner shell
	before=(bash -c 'exec "$@" <&- >&- 2>&-' -)
	main_command=(F "append=$W/ran" read)
	through
	before=() main_command=()
	expect "nothing to read" 3 "$ended"
	expect "it ran" 1 "$(wc -l <"$W/ran")"
	expect "nothing is said" "" "$(cat "$work/log" "$work/errors")"
}

test_it_is_stopped_first() {
	beside
	main_command=(F catch=TERM:5 print=up pause)
	boot
	state b ready
	says up
	kill -TERM "$init"
	ended
	main_command=()
	expect "its code" 5 "$ended"
	expect "asked in order" "main b a" "$(order stopping)"
	expect "gone in order" "main b a" "$(order stopped)"
}

test_one_that_ignores_term_is_killed_within_the_budget() {
	beside
	main_command=(F ignore=TERM print=up pause)
	boot NEMOINIT_STOP_BUDGET=1500ms
	state b ready
	says up
	kill -TERM "$init"
	ended
	main_command=()
	expect "its code" 137 "$ended"
	expect_match "the last line" "SIGTERM: all services stopped in *, 1 of them by KILL (main)" "$(last_line)"
}

later_than() {
	(($(date +%s%N) - $1 > 1100000000))
}

test_a_second_term_kills_at_once() {
	local begin

	beside
	main_command=(F ignore=TERM print=up pause)
	boot NEMOINIT_STOP_BUDGET=1h
	state b ready
	says up
	kill -TERM "$init"
	hears main stopping
	begin=$(date +%s%N)
	await "$limit" later_than "$begin" || true
	kill -TERM "$init"
	ended
	main_command=()
	expect "its code" 137 "$ended"
}

test_signals_go_on_to_it() {
	local signal

	configure <<-END
		[service a]
		command = F hear=USR1 hear=USR2 hear=CONT print=up pause
	END
	main_command=(F hear=USR1 hear=USR2 hear=WINCH hear=QUIT hear=CONT hear=TSTP hear=ALRM hear=PIPE print=up pause)
	boot
	says up
	for signal in TTIN TTOU TSTP ALRM PIPE RTMIN WINCH QUIT CONT USR2; do
		kill "-$signal" "$init"
	done
	for signal in 28 03 18 12; do
		says "heard $signal"
	done
	kill -USR1 "$init"
	says "heard 10"
	expect live 0 "$(ctl live)"
	expect "no others" 5 "$(grep -ca '^heard ' "$work/log")"
	expect "nobody else" "up" "$(lines a)"
	kill -TERM "$init"
	ended
	main_command=()
}

test_nemoctl_knows_it() {
	local pid

	beside
	main_command=(F catch=TERM:4 "append=$W/starts" pause)
	boot
	state b ready
	state main ready
	pid=$(of main .pid)
	expect command "F catch=TERM:4 append=$W/starts pause" "$(of main .command)"
	expect ready 0 "$(ctl ready)"
	expect "restart" 0 "$(ctl restart main)"
	expect events "starting ready stopping exited starting ready" "$(events main)"
	[[ $(of main .pid) != "$pid" ]] || fail "it was not restarted"
	expect "restart of all" 0 "$(ctl restart)"
	expect "b was restarted" "starting ready stopping stopped starting ready" "$(events b)"
	expect "a third start" 3 "$(wc -l <"$W/starts")"
	expect "stop" 0 "$(ctl stop main)"
	ended
	main_command=()
	expect "its code" 4 "$ended"
	expect "the rest too" "b a" "$(order stopped | xargs -n 1 | tail -n 2 | xargs)"
}

# A command that asks after it is no part of it: a session of its own, and no terminal.
test_a_probe_of_it_is_no_second_command() {
	beside
	main_command=(F pause)
	boot "NEMOINIT_SERVICE_MAIN_PROBE=exec:sh -c 'exec F facts >$W/facts'"
	main_command=()
	state main ready
	expect "its session" "leads: 1 1" "$(grep ^leads "$W/facts")"
	kill -TERM "$init"
	ended
}

test_stop_of_all_is_the_end() {
	beside
	main_command=(F catch=TERM:6 print=up pause)
	boot
	state b ready
	says up
	(ctl stop >"$W/answer") || true
	ended
	main_command=()
	expect "its code" 6 "$ended"
}

test_a_reload_leaves_it_alone() {
	local pid

	beside
	mkdir "$W/here"
	before=(env -C "$W/here")
	main_command=(F catch=TERM:4 print=up pause)
	boot
	before=() main_command=()
	state b ready
	says up
	pid=$(of main .pid)
	printf '[service c]\ncommand = F pause\nafter = b\n' >>"$config"
	kill -HUP "$init"
	state c ready
	expect "the same process" "$pid" "$(of main .pid)"
	kill -TERM "$init"
	ended
	expect "its code" 4 "$ended"
	expect "still first" "main c b a" "$(order stopping)"
}

# Neither order nor tasks hold it up.
test_it_starts_at_once() {
	configure <<-END
		[service slow]
		command = F pause
		probe = notify
		[task setup]
		command = F until=$W/go exit=1
		timeout = 1h
	END
	main_command=(F print=up catch=TERM:0 pause)
	boot
	main_command=()
	state main ready
	says up
	expect "the rest waits" waiting "$(of slow .state)"
	halt
}

# What it leaves, a daemon too, is asked to end and has its time, while its code is kept.
test_what_it_leaves_behind_gets_term() {
	beside
	main_command=(F child hear=TERM print=up pause parent
		child detach setsid hear=TERM print=daemon pause parent "until=$W/go" exit=3)
	boot
	says up
	says daemon
	touch "$W/go"
	ended
	main_command=()
	expect "its code" 3 "$ended"
	expect "both were asked" 2 "$(said "heard 15")"
}

# What carries no mark of its service, and nobody has seen before: its group tells.
test_what_it_leaves_in_its_group_gets_term() {
	beside
	# shellcheck disable=SC2016 # for the inner shell
	main_command=(sh -c 'env -i "$1" hear=TERM print=up pause & exec F "until=$2" exit=3' - "$work/bin/F" "$W/go")
	boot
	says up
	touch "$W/go"
	ended
	main_command=()
	expect "its code" 3 "$ended"
	own "heard 15" || fail "the child was not asked: $(cat "$work/log")"
}

test_its_orphans_are_reaped_and_its_tree_goes() {
	beside
	main_command=(F catch=TERM:0 child "append=$W/child" pause parent orphans=100 "append=$W/done" pause)
	boot
	state main ready
	await "$limit" has_reaped 100 || fail "$(ask .nemoinit.reaped) are reaped"
	await "$limit" test -s "$W/child" || fail "no child"
	expect "no zombies" "" "$(grep -l '^State:.*Z' /proc/[0-9]*/task/[0-9]*/status 2>/dev/null | zombies_of || true)"
	await "$limit" has_running 4 || fail "$(running) are running"
	expect restart 0 "$(ctl restart main)"
	await "$limit" has_lines "$W/done" 2 || fail "it is not there again"
	await "$limit" has_running 4 || fail "$(running) are running: the old child lives"
	halt
	main_command=()
	expect "all gone" 0 "$(running)"
}

has_lines() {
	(($(wc -l <"$1") >= $2))
}

has_reaped() {
	(($(ask .nemoinit.reaped) >= $1))
}

has_running() {
	(($(running) == $1))
}

# Of the status files named on stdin those whose parent is nemoinit.
zombies_of() {
	xargs -r grep -ls "^PPid:[[:space:]]*$init\$"
}

test_the_command_line() {
	local row

	beside
	main_command=(-- F exit=7)
	through
	expect "behind --" 7 "$ended"
	main_command=(sh -c 'echo "$@"; exit 8' - --check -p)
	through
	expect "options behind it are its own" 8 "$ended"
	own "--check -p" || fail "it does not get them: $(cat "$work/log")"
	main_command=(/usr/sbin/nemoinit -- F exit=9)
	through
	expect "the name of the entry point is dropped" 9 "$ended"
	main_command=(nemoinit --version)
	through
	expect "with what stands behind it" 0 "$ended"
	expect_match "version" "nemoinit [0-9]*" "$(cat "$work/log")"
	main_command=()
	printf '[service main]\ncommand = x\n' >>"$config"
	through
	expect "its name is reserved" 2 "$ended"
	expect_match "it says so" "*'main' is reserved*" "$(cat "$work/errors")"
}

# A /dev of our own, with a termination log as the kubelet puts it there.
with_termination_log=(sh -euc '
	mkdir -p "$0/dev"
	mount -t tmpfs dev "$0/dev"
	for name in null zero full random urandom tty; do
		touch "$0/dev/$name"
		mount --bind "/dev/$name" "$0/dev/$name"
	done
	[ ! -L "$0/termination" ] || cp -P "$0/termination" "$0/dev/termination-log"
	[ -L "$0/termination" ] || { touch "$0/dev/termination-log"; mount --bind "$0/termination" "$0/dev/termination-log"; }
	mount --move "$0/dev" /dev
	exec "$@"' "$work")

test_the_termination_log() {
	local kept=("${place[@]}") old was_there

	was_there=$([[ ! -e /dev/termination-log ]] || echo "there") # where the tests run in a pod themselves
	place=("${with_termination_log[@]}" "${place[@]}")
	# Landlock of a sandbox closes it: then nothing is written, and nothing is the worse for it.
	reason() {
		local got

		got=$(cat "$work/termination")
		[[ $mode != profile ]] || { expect "untouched" "$old" "$got"; return; }
		expect_match "$1" "$2" "$got"
		expect "one line for $1" 1 "$(wc -l <"$work/termination")"
	}
	old=$(printf '%3000s' '' | tr ' ' x)
	echo "$old" >"$work/termination"
	chmod 666 "$work/termination"
	beside
	main_command=(F exit=3)
	through
	expect "exit code" 3 "$ended"
	reason "its end" "main exited with 3 (failure, after *): all services stopped in *ms"
	main_command=(nosuch)
	through
	reason "no start" "main failed to start (exec-failed, *): exec 'nosuch': No such file*): all services stopped in *ms"
	main_command=()
	boot
	state b ready
	halt
	reason SIGTERM "SIGTERM: all services stopped in *ms"
	beside
	boot
	expect shutdown 0 "$(ctl shutdown)"
	ended
	reason "a request" "shutdown request: all services stopped in *ms"
	beside
	echo 'frob = 1' >>"$config"
	through
	expect "exit code" 2 "$ended"
	reason "a bad configuration" "$config:8: frob: unknown key*"
	rm "$work/termination"
	echo kept >"$work/target"
	chmod 666 "$work/target"
	ln -s "$work/target" "$work/termination"
	beside
	main_command=(F exit=3)
	through
	main_command=()
	expect "no link is followed" kept "$(cat "$work/target")"
	place=("${kept[@]}")
	[[ $was_there || ! -e /dev/termination-log ]] || fail "it was made where there is none"
}

# attach: a terminal, which the next nemoinit has for its stdin as a session leader; type types there.
attach() {
	rm -f "$work/keys" "$work/name"
	mkfifo "$work/keys"
	start "$fixture" keyboard "$work/name" "$work/keys"
	keyboard=$started
	await "$limit" test -s "$work/name" || die "no terminal: $(cat "$work/out")"
	terminal=$(cat "$work/name")
	# In a process that leads no session: a test may, and would get it for its own.
	opened=("${unshare[@]}")
	# shellcheck disable=SC2016 # for the inner shell
	unshare=(bash -c 'exec 7<>"$0"; exec "$@"' "$terminal" "${unshare[@]}")
	plain=("${place[@]}")
	place=("$fixture" leader "${place[@]}")
}

detach() {
	unshare=("${opened[@]}")
	kill "$keyboard"
	place=("${plain[@]}")
}

type() {
	# shellcheck disable=SC2059 # escapes are meant
	printf "$1" >"$work/keys"
}

# has_state PID STATE
has_state() {
	[[ $(awk '/^State/ { print $2 }' "/proc/$1/status") == "$2" ]]
}

# pid_of WORDS: of the child whose command line begins so, as we see it.
pid_of() {
	local pid

	for pid in $(<"/proc/$init/task/$init/children"); do
		[[ $(xargs -0 <"/proc/$pid/cmdline") != "$1"* ]] || echo "$pid"
	done
}

test_the_terminal_is_its() {
	local pid

	configure <<-END
		[service slow]
		command = F ignore=TERM print=up until=$W/end exit=0
	END
	attach
	main_command=(F hear=INT hear=WINCH hear=CONT foreground "append=$W/starts" read print=up pause)
	boot
	says "foreground: 1"
	type 'typed\n'
	says "read typed"
	says up
	expect "its own group in our session" "$(awk '{ print $6 }' "/proc/$init/stat")" \
		"$(awk '{ print $6 }' "/proc/$(pid_of "F hear=INT")/stat")"
	type '\003'
	says "heard 02"
	stty -F "$terminal" cols 99
	says "heard 28"
	pid=$(pid_of "F hear=INT")
	type '\032'
	await "$limit" has_state "$pid" T || fail "Ctrl-Z does not stop it: $(cat "/proc/$pid/status")"
	expect "nemoinit goes on" 0 "$(ctl ready)"
	kill -CONT "$init"
	says "heard 18"
	kill -TSTP "$init"
	expect "restart" 0 "$(ctl restart main)"
	await "$limit" has_said "foreground: 1" 2 || fail "not in the foreground again: $(cat "$work/log")"
	type 'again\n'
	says "read again"
	expect "Ctrl-C was heard once" 1 "$(said "heard 02")"
	state slow ready
	await "$limit" is_said slow up || fail "slow is not up"
	kill -KILL "$(pid_of "F hear=INT")"
	hears slow stopping
	await "$limit" has_terminal || fail "the terminal is not given back: $(cat "/proc/$init/stat")"
	touch "$W/end"
	ended
	detach
	main_command=()
	expect "exit code" 137 "$ended"
}

has_said() {
	(($(said "$1") >= $2))
}

is_said() {
	[[ $(lines "$1") == *"$2"* ]]
}

# Is nemoinit's group the terminal's foreground group?
has_terminal() {
	[[ $(awk '{ print $5 == $8 }' "/proc/$init/stat") == 1 ]]
}

test_an_interactive_shell_has_job_control() {
	configure <<-END
		[service a]
		command = F pause
	END
	attach
	main_command=(sh -i)
	boot
	state main ready
	type 'F print=one foreground\n'
	says "foreground: 1"
	type 'F print=two hear=CONT pause\n'
	says two
	type '\032'
	type 'F print=three\n'
	says three
	type 'fg\n'
	says "heard 18"
	type '\003'
	type 'F print=four\n'
	says four
	expect "nemoinit heard nothing of it" 0 "$(ctl ready)"
	type 'exit 5\n'
	ended
	detach
	main_command=()
	expect "exit code" 5 "$ended"
	expect_match "job control was on" "*F print=two*" "$(cat "$work/errors")"
	[[ $(cat "$work/errors") != *"job control turned off"* ]] || fail "$(cat "$work/errors")"
}

# A job in the background leaves the terminal to whom it belongs.
test_the_terminal_is_not_taken_from_others() {
	[[ $mode == subreaper ]] || return 0 # a shell above it
	configure <<-END
		[service a]
		command = F pause
	END
	attach
	# shellcheck disable=SC2016 # for the inner shell
	before=(bash -c 'set -m; "$@" <&7 & wait' -)
	main_command=(F foreground print=up catch=TERM:3 pause)
	boot
	init=$(child_of "$init")
	says up
	expect "in the background" 1 "$(said "foreground: 0")"
	kill -TERM "$init"
	ended
	before=() main_command=()
	detach
}

run_tests
