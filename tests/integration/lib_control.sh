# shellcheck shell=bash
# shellcheck disable=SC2154 # server, nemoctl: from the caller
# A control_server at $socket, for the tests of both ends. Sourced after $server and $nemoctl are
# set.
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

# The end of the server, which must be a good one (a sanitizer's complaint is not).
stop() {
	local status=0

	kill "$started" 2>/dev/null || true
	wait "$started" 2>/dev/null || status=$?
	((status == 0)) || fail "the server ends with $status: $(tail -n 30 "$work/out")"
}

# is_listening PATH: has the server there come as far as listen(2)?
is_listening() {
	awk -v path="$1" '$4 == "00010000" && $NF == path { found = 1 } END { exit !found }' /proc/net/unix
}

# code COMMAND…: its exit status.
code() {
	local status=0

	"$@" >"$work/stdout" 2>"$work/stderr" || status=$?
	echo "$status"
}
