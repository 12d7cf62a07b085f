#!/usr/bin/env bash
# The control socket as strangers use it: io/control behind control_server, nemoctl and raw
# sockets in front. Arguments: the two programs.
# shellcheck disable=SC2317 # the tests are called by name
set -eu
server=$1
nemoctl=$2
# shellcheck source=tests/integration/lib_control.sh
. "$(dirname "$0")/lib_control.sh"

# A pipe whose end never comes, as we hold it open ourselves.
mkfifo "$work/nothing"
exec 9<>"$work/nothing"

# ask TEXT: sends it, ends its input, prints what comes until the server closes.
ask() {
	# shellcheck disable=SC2059 # the escapes in it are meant
	printf "$1" | timeout 5 nc -N -U "$socket" || echo "it was not closed"
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
	await 30 drip || fail "it is kept for ever"
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

test_a_place_that_is_taken_is_taken_back() {
	serve
	rm "$socket"
	touch "$socket"
	await 5 test -S "$socket" || fail "the file stays"
	expect "it answers" 0 "$(code "$nemoctl" -s "$socket" live)"
	stop
	[[ ! -e $socket ]] || fail "the end leaves it"
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
