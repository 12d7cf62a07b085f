#!/usr/bin/env bash
# The control socket as strangers use it: io/control behind control_server, nemoctl and raw
# sockets in front. Arguments: the two programs.
set -eu
server=$1
nemoctl=$2
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
unset NEMOINIT_SOCKET XDG_RUNTIME_DIR NO_COLOR COLUMNS
socket=$work/s

# serve [SERVICES]: a fresh server at $socket.
serve() {
	: >"$work/out"
	start "$server" "$socket" "${1:-1}"
	await 10 grep -q open "$work/out" || fail "the server does not open"
}

stop() {
	kill "$started" 2>/dev/null || true
	wait "$started" 2>/dev/null || true
}

# ask TEXT: sends it, ends its input, prints what comes.
ask() {
	printf "$1" | timeout 10 nc -N -U "$socket"
}

# code COMMAND…: its exit status.
code() {
	local status=0

	"$@" >"$work/stdout" 2>"$work/stderr" || status=$?
	echo "$status"
}

is_clients() {
	[[ $(ss_clients) == "$1" ]]
}

# The server's connections, by its descriptors: all sockets but the listener and the signalfd.
ss_clients() {
	find "/proc/$started/fd" -lname 'socket:*' 2>/dev/null | tail -n +2 | wc -l
}

test_a_bare_word_is_answered_and_closed() {
	serve
	expect reply true "$(echo status | timeout 5 nc -U "$socket" | jq .ok)"
	expect "with CR" true "$(printf 'status\r\n' | timeout 5 nc -U "$socket" | jq .ok)"
	expect "unknown" unknown-op "$(echo frob | timeout 5 nc -U "$socket" | jq -r .error.code)"
	stop
}

test_several_requests_are_answered_in_order() {
	serve
	expect ids "a b c" "$(ask '{"op":"pair","id":"a"}\n{"op":"frob","id":"b"}\n{"op":"pair","id":"c"}\n' |
		jq -r .id | xargs)"
	expect "after one that waits" "timeout true" "$(ask \
		'{"op":"recover","timeout":"200ms"}\n{"op":"pair"}\n' | jq -r '.error.code // .ok' | xargs)"
	stop
}

test_a_last_line_needs_no_newline() {
	serve
	expect reply '{"ok":true}' "$(ask pair)"
	expect "half a line" bad-request "$(ask '{"op":"pa' | jq -r .error.code)"
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

# A byte a second: dropped 10 s after the first, others are served meanwhile.
test_a_slow_line_ends_after_ten_seconds() {
	local begin=$SECONDS reply

	serve
	reply=$(for _ in $(seq 30); do printf '{' || break; sleep 1; done 2>/dev/null |
		timeout 30 socat -t 0 - "UNIX-CONNECT:$socket" | jq -r .error.code) &
	local slow=$!
	(for _ in $(seq 14); do printf '{' || break; sleep 1; done) 2>/dev/null |
		socat -t 1 - "UNIX-CONNECT:$socket" >"$work/slow" 2>/dev/null || true
	reply=$(jq -r .error.code <"$work/slow")
	wait "$slow" || true
	expect reply timeout "$reply"
	((SECONDS - begin >= 10 && SECONDS - begin <= 35)) || fail "took $((SECONDS - begin)) s"
	stop
}
