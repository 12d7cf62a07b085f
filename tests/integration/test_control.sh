#!/usr/bin/env bash
# The control socket as strangers use it: io/control behind control_server, nemoctl and raw
# sockets in front. Arguments: the two programs.
# shellcheck disable=SC2317 # the tests are called by name
set -eu
server=$1
nemoctl=$2
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
unset NEMOINIT_SOCKET XDG_RUNTIME_DIR NO_COLOR COLUMNS
socket=$work/s
# A pipe whose end never comes, as we hold it open ourselves.
mkfifo "$work/nothing"
exec 9<>"$work/nothing"

# serve [SERVICES]: a fresh server at $socket.
serve() {
	: >"$work/out"
	start "$server" "$socket" "${1:-1}"
	await 10 grep -q open "$work/out" || fail "the server does not open"
}

# The end of the server, which must be a good one (a sanitizer's complaint is not).
stop() {
	local status=0

	kill "$started" 2>/dev/null || true
	wait "$started" 2>/dev/null || status=$?
	((status == 0)) || fail "the server ends with $status: $(tail -n 30 "$work/out")"
}

# ask TEXT: sends it, ends its input, prints what comes until the server closes.
ask() {
	# shellcheck disable=SC2059 # the escapes in it are meant
	printf "$1" | timeout 5 nc -N -U "$socket" || echo "it was not closed"
}

# code COMMAND…: its exit status.
code() {
	local status=0

	"$@" >"$work/stdout" 2>"$work/stderr" || status=$?
	echo "$status"
}

# How many sockets the server holds open: the listener, and one for each connection.
sockets() {
	find "/proc/$started/fd" -lname 'socket:*' 2>/dev/null | wc -l
}

# hold: a client that says nothing and stays; its pid in $held.
hold() {
	"$@" socat - "UNIX-CONNECT:$socket" <"$work/nothing" >/dev/null 2>&1 &
	held=$!
	children+=("$held")
}

has_sockets() {
	[[ $(sockets) == "$1" ]]
}

test_a_bare_word_is_answered_and_closed() {
	serve
	expect reply true "$(echo status | timeout 5 nc -U "$socket" | jq .ok)"
	expect "with CR" true "$(printf 'status\r\n' | timeout 5 nc -U "$socket" | jq .ok)"
	expect "unknown" unknown-op "$(echo frob | timeout 5 nc -U "$socket" | jq -r .error.code)"
	timeout 5 socat -t 20 - "UNIX-CONNECT:$socket" <"$work/nothing" >"$work/stdout" 2>&1 &
	children+=("$!")
	await 5 has_sockets 2 || fail "no connection"
	echo status >&9
	await 3 has_sockets 1 || fail "it is not closed"
	expect "but answered" true "$(jq .ok "$work/stdout")"
	stop
}

test_several_requests_are_answered_in_order() {
	serve
	expect ids "a b c" "$(ask '{"op":"pair","id":"a"}\n{"op":"frob","id":"b"}\n{"op":"pair","id":"c"}\n' |
		jq -r .id | xargs)"
	expect "behind one that waits" "timeout true" "$(ask \
		'{"op":"recover","timeout":"200ms"}\n{"op":"pair"}\n' | jq -r '.error.code // .ok' | xargs)"
	stop
}

test_a_last_line_needs_no_newline() {
	serve
	expect reply '{"ok":true}' "$(ask pair)"
	expect "half a line" bad-request "$(ask '{"op":"pa' | jq -r .error.code)"
	expect "nothing" "" "$(ask '')"
	stop
}

test_a_line_may_have_4096_bytes_and_no_more() {
	local longest longer

	serve
	longest=$(printf '{"op":"pair"%4083s}' '')
	longer=$(printf '{"op":"pair"%4084s}' '')
	expect length 4096 "${#longest}"
	expect "4096 bytes" true "$(ask "$longest\\n" | jq .ok)"
	expect "4097 bytes" too-long "$(ask "$longer\\n" | jq -r .error.code)"
	expect "much more" too-long "$(head -c 100000 /dev/zero | tr '\0' x |
		timeout 5 nc -N -U "$socket" | jq -r .error.code)"
	stop
}

# Another byte, about one a second, until the server has had enough.
drip() {
	printf '{' >&8
	read -r -t 1 <"$work/nothing" || true
	[[ -s $work/slow ]]
}

# A byte a second: told and dropped 10 s after the first, while others are served.
test_a_slow_line_ends_after_ten_seconds() {
	local begin=$SECONDS

	serve
	mkfifo "$work/drip"
	exec 8<>"$work/drip"
	socat - "UNIX-CONNECT:$socket" <"$work/drip" >"$work/slow" 2>/dev/null &
	children+=("$!")
	await 5 has_sockets 2 || fail "the slow one is not there"
	expect "another one" 0 "$(code "$nemoctl" -s "$socket" live)"
	await 15 drip || fail "it is kept for ever"
	expect reply timeout "$(jq -r .error.code "$work/slow")"
	((SECONDS - begin >= 9)) || fail "it was dropped after $((SECONDS - begin)) s"
	await 5 has_sockets 1 || fail "its connection stays"
	stop
}

# An idle connection costs nothing and may stay.
test_an_idle_client_is_left_alone() {
	serve
	hold
	await 5 has_sockets 2 || fail "it is not there"
	expect live 0 "$(code "$nemoctl" -s "$socket" live)"
	expect "still there" 2 "$(sockets)"
	stop
}

resident() {
	awk '/^VmRSS/ { print $2 }' "/proc/$started/status"
}

# Asks 200 times for half a megabyte and reads nothing: the rest of its requests waits.
test_one_that_never_reads_holds_up_nobody() {
	local memory

	serve 1000
	memory=$(resident)
	# socat -u: only towards the server. The pipe holds the requests, and never ends.
	mkfifo "$work/much"
	exec 7<>"$work/much"
	for _ in {1..200}; do echo '{"op":"status"}'; done >&7
	socat -u - "UNIX-CONNECT:$socket" <"$work/much" >/dev/null 2>&1 &
	children+=("$!")
	await 5 has_sockets 2 || fail "it is not there"
	for _ in 1 2 3; do
		expect live 0 "$(code timeout 5 "$nemoctl" -s "$socket" live)"
	done
	memory=$(($(resident) - memory))
	((memory < 40000)) || fail "the server has grown by $memory kB"
	stop
}

test_a_large_reply_arrives_whole() {
	serve 1000
	expect services 1000 "$(ask '{"op":"status"}\n' | jq '.services | length')"
	expect nemoctl 1000 "$("$nemoctl" -s "$socket" --json status | jq '.services | length')"
	stop
}

# 64 connections; those above are told `busy`, and nobody privileged is thrown out for them.
test_one_too_many_is_told_busy() {
	local i

	serve
	for ((i = 0; i < 64; i++)); do
		hold
	done
	await 20 has_sockets 65 || fail "only $(sockets) sockets"
	for ((i = 0; i < 10; i++)); do
		expect "one too many" busy "$(timeout 5 nc -U "$socket" </dev/null | jq -r .error.code)"
	done
	expect live 0 "$(code "$nemoctl" -s "$socket" live)"
	expect status 7 "$(code "$nemoctl" -s "$socket" status)"
	expect "still 64" 65 "$(sockets)"
	stop
}

# The same, but one of them is a stranger: it makes room.
test_the_idlest_stranger_makes_room() {
	local i

	((UID == 0)) || return 0
	serve
	chmod 755 "$work"
	hold setpriv --reuid 65534 --clear-groups
	await 5 has_sockets 2 || fail "the stranger is not there"
	for ((i = 0; i < 63; i++)); do
		hold
	done
	await 20 has_sockets 65 || fail "only $(sockets) sockets"
	expect status 0 "$(code "$nemoctl" -s "$socket" status)"
	await 5 has_sockets 64 || fail "$(sockets) sockets"
	stop
}

test_a_client_that_leaves_is_told_of() {
	local client

	serve
	start "$nemoctl" -s "$socket" recover
	client=$started
	started=${children[-2]}
	await 5 has_sockets 2 || fail "it is not there"
	kill "$client"
	await 5 grep -q gone "$work/out" || fail "nobody says so"
	await 5 has_sockets 1 || fail "its connection stays"
	stop
}

# Answers that nobody takes any more are no reason to die.
test_a_client_that_hangs_up_in_the_middle_does_no_harm() {
	serve 1000
	for _ in {1..5}; do
		for _ in {1..50}; do echo '{"op":"status"}'; done |
			timeout 5 socat -u - "UNIX-CONNECT:$socket" 2>/dev/null || true
	done
	await 5 has_sockets 1 || fail "its connections stay"
	expect live 0 "$(code "$nemoctl" -s "$socket" live)"
	stop
}

# It has ended its input, so its leaving makes no event of its own.
test_a_half_closed_client_that_leaves_is_told_of() {
	local client

	serve
	printf '{"op":"recover"}\n' >"$work/request"
	nc -N -U "$socket" <"$work/request" >/dev/null 2>&1 &
	client=$!
	children+=("$client")
	await 5 has_sockets 2 || fail "it is not there"
	expect "it waits" 0 "$(grep -c gone "$work/out" || true)"
	kill "$client"
	await 5 grep -q gone "$work/out" || fail "nobody says so"
	stop
}

test_a_second_instance_is_refused() {
	serve
	expect code 3 "$(code "$server" "$socket")"
	expect "the first lives" 0 "$(code "$nemoctl" -s "$socket" live)"
	stop
	[[ ! -e $socket && ! -e $socket.lock ]] || fail "the end leaves $(ls "$work")"
}

test_what_a_killed_server_left_is_replaced() {
	serve
	kill -KILL "$started"
	wait "$started" 2>/dev/null || true
	[[ -S $socket ]] || fail "it left no socket"
	expect "nobody answers" 5 "$(code "$nemoctl" -s "$socket" status)"
	serve
	expect "the next one" 0 "$(code "$nemoctl" -s "$socket" status)"
	stop
	touch "$socket"
	serve
	expect "after a file" 0 "$(code "$nemoctl" -s "$socket" status)"
	stop
}

test_a_socket_of_somebody_else_is_not_removed() {
	serve
	rm "$socket"
	touch "$socket"
	stop
	[[ -f $socket ]] || fail "the file is gone"
	rm -f "$socket"
}

test_the_lock_follows_no_link() {
	echo precious >"$work/precious"
	ln -s "$work/precious" "$socket.lock"
	expect link 1 "$(code "$server" "$socket")"
	expect content precious "$(cat "$work/precious")"
	ln -sf "$work/elsewhere" "$socket.lock"
	expect "link to nothing" 1 "$(code "$server" "$socket")"
	[[ ! -e $work/elsewhere ]] || fail "the link was followed"
	rm "$socket.lock"
	mkfifo "$socket.lock"
	expect fifo 1 "$(code timeout 5 "$server" "$socket")"
	rm "$socket.lock"
}

test_a_path_has_at_most_107_bytes() {
	local short=$socket padding

	padding=$(printf '%*s' $((107 - ${#work} - 1)) '' | tr ' ' p)
	socket=$work/$padding
	expect length 107 "${#socket}"
	serve
	expect "107 bytes" 0 "$(code "$nemoctl" -s "$socket" live)"
	stop
	expect "server, 108 bytes" 1 "$(code "$server" "${socket}p")"
	expect "nemoctl, 108 bytes" 2 "$(code "$nemoctl" -s "${socket}p" live)"
	socket=$short
}

test_a_server_of_another_uid_is_not_believed() {
	((UID == 0)) || return 0
	install -d -m 1777 "$work/open"
	install -d -m 700 -o 65534 "$work/own"
	chmod 755 "$work"
	socket=$work/open/s
	: >"$work/out"
	start setpriv --reuid 65534 --clear-groups "$server" "$socket"
	await 10 grep -q open "$work/out" || fail "the server does not open"
	expect "anybody's directory" 6 "$(code "$nemoctl" -s "$socket" status)"
	grep -q 'uid 65534' "$work/stderr" || fail "it does not say who: $(cat "$work/stderr")"
	stop
	socket=$work/own/s
	: >"$work/out"
	start setpriv --reuid 65534 --clear-groups "$server" "$socket"
	await 10 grep -q open "$work/out" || fail "the server does not open"
	expect "its own directory" 0 "$(code "$nemoctl" -s "$socket" status)"
	chmod 777 "$work/own"
	expect "where all may write" 6 "$(code "$nemoctl" -s "$socket" status)"
	stop
	socket=$work/s
}

test_who_may_not_connect_is_denied() {
	((UID == 0)) || return 0
	serve
	chmod 755 "$work"
	chmod 600 "$socket"
	expect code 6 "$(code setpriv --reuid 65534 --clear-groups "$nemoctl" -s "$socket" status)"
	stop
}

test_a_server_that_is_silent_costs_no_more_than_the_timeout() {
	local begin

	socat -u "UNIX-LISTEN:$work/silent,fork" OPEN:/dev/null >/dev/null 2>&1 &
	children+=("$!")
	await 5 test -S "$work/silent" || fail "no silent server"
	begin=$SECONDS
	expect code 8 "$(code timeout 20 "$nemoctl" -s "$work/silent" --timeout 500ms status)"
	expect "after the command" 8 "$(code timeout 20 "$nemoctl" -s "$work/silent" status --timeout 0.5)"
	((SECONDS - begin <= 5)) || fail "took $((SECONDS - begin)) s"
}

test_answers_that_are_none() {
	local answer wanted liar=$work/liar

	while read -r wanted answer; do
		# A name of its own each: socat removes its own when it ends.
		liar+=x
		printf '%s' "$answer" >"$work/answer"
		[[ $wanted == 5 ]] || echo >>"$work/answer"
		socat "UNIX-LISTEN:$liar" "SYSTEM:cat $work/answer" >/dev/null 2>&1 &
		children+=("$!")
		await 5 test -S "$liar" || fail "no liar"
		expect "$answer" "$wanted" "$(code timeout 20 "$nemoctl" -s "$liar" status)"
	done <<-END
		1 hello
		1 {}
		1 {"ok":true}
		1 {"ok":true,"schema":1}
		6 {"ok":false,"error":{"code":"denied","message":"no"}}
		7 {"ok":false,"error":{"code":"busy","message":"no"}}
		8 {"ok":false,"error":{"code":"timeout","message":"no"}}
		1 {"ok":false,"error":{"code":"stopping","message":"no"}}
		5 {"ok":tr
	END
}

test_nothing_from_outside_commands_the_terminal() {
	local output

	printf '{"ok":false,"error":{"code":"failed","message":"a\\u001b[2Jb\\u009bc\\u0007\x7f"}}\n' >"$work/answer"
	socat "UNIX-LISTEN:$work/liar,fork" "SYSTEM:cat $work/answer" >/dev/null 2>&1 &
	children+=("$!")
	await 5 test -S "$work/liar" || fail "no liar"
	output=$("$nemoctl" -s "$work/liar" status 2>&1 || true)
	expect "no control bytes" "" "$(printf %s "$output" | LC_ALL=C tr -d '\n\040-\176')"
	output=$("$nemoctl" -s "$work/liar" --json live 2>&1 || true)
	expect "nor in JSON" "" "$(printf %s "$output" | LC_ALL=C tr -d '\n\040-\176')"
	expect "the same JSON" "$(jq -c . "$work/answer")" "$(jq -c . <<<"$output")"
	output=$("$nemoctl" "$(printf 'a\033[2Jb')" 2>&1 || true)
	expect "nor from the command line" "" "$(printf %s "$output" | LC_ALL=C tr -d '\n\040-\176')"
}

test_nemoctl_has_an_exit_code_for_each_end() {
	serve
	expect status 0 "$(code "$nemoctl" --socket "$socket" status)"
	expect "status of one" 0 "$(code "$nemoctl" --socket "$socket" status service-0)"
	expect "of nobody" 1 "$(code "$nemoctl" --socket "$socket" status nobody)"
	expect ready 0 "$(code "$nemoctl" --socket "$socket" ready service-0)"
	expect "nobody ready" 1 "$(code "$nemoctl" --socket "$socket" ready nobody)"
	expect restart 7 "$(code "$nemoctl" --socket "$socket" restart)"
	expect recover 8 "$(code "$nemoctl" --socket "$socket" recover --timeout 100ms)"
	expect pair 0 "$(code "$nemoctl" --socket "$socket" pair)"
	expect environment 0 "$(NEMOINIT_SOCKET=$socket code "$nemoctl" live)"
	expect shutdown 0 "$(code "$nemoctl" --socket "$socket" shutdown)"
	wait "$started" || fail "the server ends with $?"
	expect "nobody there" 5 "$(code "$nemoctl" --socket "$socket" live)"
	expect "no command" 2 "$(code "$nemoctl")"
	expect "unknown command" 2 "$(code "$nemoctl" logs gateway)"
	grep -q "'logs'" "$work/stderr" || fail "it is not named: $(cat "$work/stderr")"
	expect "unknown option" 2 "$(code "$nemoctl" --frob status)"
	grep -q -- "--frob.*--help" "$work/stderr" || fail "no way on: $(cat "$work/stderr")"
	expect "too many" 2 "$(code "$nemoctl" status a b)"
	expect "no name" 2 "$(code "$nemoctl" status ../x)"
	expect "no duration" 2 "$(code "$nemoctl" --timeout soon status)"
	expect help 0 "$(code "$nemoctl" --help)"
	expect version "nemoctl" "$("$nemoctl" --version | cut -d' ' -f1)"
}

# The search of nemoctl, in a /run and a /tmp of our own. $1: what to do there.
in_private_places() {
	mkdir -p "$work/bin"
	cp "$server" "$work/bin/server"
	cp "$nemoctl" "$work/bin/nemoctl"
	# shellcheck disable=SC2016 # for the shell within
	timeout 20 unshare --mount --pid --fork --kill-child --mount-proc bash -c '
		set -eu
		mount -t tmpfs none /run
		cp '"$work"'/bin/* /run
		mount -t tmpfs -o mode=1777 none /tmp
		cd /run
		serve() {
			setpriv --reuid "$1" --clear-groups /run/server "$2" >/dev/null 2>&1 &
			until [[ -S $2 ]]; do read -r -t 0.02 <> <(:) || true; done
		}
		dir() { install -d -m "$3" -o "$2" "/tmp/nemoinit-$1"; }
		'"$1" 2>"$work/stderr"
}

test_nemoctl_finds_the_socket() {
	((UID == 0)) || return 0
	expect "nothing" 5 "$(in_private_places '/run/nemoctl live || echo $?')"
	expect "in /run" 0 "$(in_private_places 'serve 0 /run/nemoinit.sock; /run/nemoctl live; echo $?')"
	expect "of the session" 0 "$(in_private_places 'mkdir /run/x; serve 0 /run/x/nemoinit.sock
		XDG_RUNTIME_DIR=/run/x /run/nemoctl live; echo $?')"
	expect "its own" 0 "$(in_private_places 'dir 1000 1000 700; serve 1000 /tmp/nemoinit-1000/nemoinit.sock
		setpriv --reuid 1000 --clear-groups /run/nemoctl live; echo $?')"
	expect "of somebody else" 5 "$(in_private_places 'dir 1000 1000 711; serve 1000 /tmp/nemoinit-1000/nemoinit.sock
		setpriv --reuid 1001 --clear-groups /run/nemoctl live || echo $?')"
	expect "root finds it" 0 "$(in_private_places 'dir 1000 1000 700; serve 1000 /tmp/nemoinit-1000/nemoinit.sock
		/run/nemoctl live; echo $?')"
	expect "but not in a directory that lies" 5 "$(in_private_places 'dir 1001 1000 700; dir 1000 1000 755
		serve 1000 /tmp/nemoinit-1001/nemoinit.sock; serve 1000 /tmp/nemoinit-1000/nemoinit.sock
		/run/nemoctl live || echo $?')"
	expect "several" 2 "$(in_private_places 'dir 1000 1000 700; dir 1001 1001 700
		serve 1000 /tmp/nemoinit-1000/nemoinit.sock; serve 1001 /tmp/nemoinit-1001/nemoinit.sock
		/run/nemoctl live || echo $?')"
	grep -q -- '--socket.*nemoinit-100[01].*nemoinit-100[01]' "$work/stderr" ||
		fail "they are not listed: $(cat "$work/stderr")"
}

# A closed pipe or a full disk is not success.
test_output_that_is_lost_is_told() {
	serve
	expect "full" 1 "$("$nemoctl" -s "$socket" status >/dev/full 2>/dev/null; echo $?)"
	stop
}

# Out of descriptors: no spinning, and service again afterwards.
test_too_few_descriptors_are_waited_out() {
	local i before after clients=()

	: >"$work/out"
	start bash -c "ulimit -n 24; exec '$server' '$socket'"
	await 10 grep -q open "$work/out" || fail "the server does not open"
	for ((i = 0; i < 30; i++)); do
		hold
		clients+=("$held")
	done
	await 10 is_full || fail "$(sockets) sockets"
	before=$(cpu_ticks)
	await 2 false || true
	after=$(cpu_ticks)
	((after - before < 20)) || fail "it took $((after - before)) ticks"
	for i in "${clients[@]}"; do kill "$i" 2>/dev/null || true; done
	await 10 "$nemoctl" -s "$socket" live || fail "it does not come back"
	stop
}

is_full() {
	(($(find "/proc/$started/fd" -mindepth 1 | wc -l) >= 24))
}

cpu_ticks() {
	awk '{ print $14 + $15 }' "/proc/$started/stat"
}

run_tests
