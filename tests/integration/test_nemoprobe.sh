#!/bin/bash
# nemoprobe: each of its probes, each exit code, and its one line. NEMOPROBE, FIXTURE: the programs.
# In a network of its own, where every port is free.
# shellcheck disable=SC2016,SC2034,SC2317 # code for the fixture; used by nemopair.sh and `check`
if [ -z "${NEMOPROBE_TEST_INSIDE:-}" ]; then
	alone=(unshare --net)
	[ "$UID" -eq 0 ] || alone+=(--user --map-root-user)
	"${alone[@]}" true 2>/dev/null || {
		echo "1..0 # SKIP no namespaces of our own here"
		exit 0
	}
	NEMOPROBE_TEST_INSIDE=yes exec "${alone[@]}" "$FIXTURE" net "$0"
fi
# shellcheck source=tests/integration/nemopair.sh
. "$(dirname "$0")/nemopair.sh"

# probe CODE LINE ARGUMENT…: the exit code, and a pattern for the only line, which is on stdout.
probe() {
	local code=$1 line=$2 got
	shift 2
	got=$("$NEMOPROBE" "$@" 2>"$SCRATCH/stderr")
	is "$?" "$code" || { echo "$got"; cat "$SCRATCH/stderr"; return 1; }
	# shellcheck disable=SC2053 # a pattern is meant
	[[ $got == $line ]] || { echo "said '$got'"; return 1; }
	is "$(cat "$SCRATCH/stderr")" ""
}

# refuses LINE ARGUMENT…: exit code 2 and that on stderr.
refuses() {
	local line=$1
	shift
	"$NEMOPROBE" "$@" >"$SCRATCH/stdout" 2>"$SCRATCH/stderr"
	is "$?" 2 && is "$(cat "$SCRATCH/stderr")" "nemoprobe: $line; see nemoprobe --help" && is "$(cat "$SCRATCH/stdout")" ""
}

# ---- the command line ----

check "--help" probe 0 "Usage: nemoprobe http URL *" --help
check "--help behind the command" probe 0 "Usage: nemoprobe http URL *" http --help
check "--version" probe 0 "nemoinit [0-9]*.[0-9]*.[0-9]*" --version
check "no command" refuses "missing: 'http, ws, tcp or node'"
check "an unknown command" refuses "unknown probe 'https'" https
check "an unknown option" refuses "unknown option or missing value '--bogus'" --bogus
check "an unknown option behind the command" refuses "unknown option or missing value '--bogus'" http --bogus
check "an unknown letter" refuses "unknown option or missing value '-x'" --timeout=1s -xy
check "an option without its value" refuses "unknown option or missing value '--timeout'" tcp 127.0.0.1:1 --timeout
check "an option of another probe" refuses "node has no option '--status'" node --status 200
check "and in front" refuses "tcp has no option '--expect'" --expect x tcp 127.0.0.1:1
check "no URL" refuses "missing: 'URL'" http
check "no address" refuses "missing: 'HOST:PORT'" tcp
check "two URLs" refuses "unexpected word 'b'" http http://127.0.0.1:1/ b
check "a word for node" refuses "unexpected word 'n1'" node n1
check "another scheme" refuses "'ws://127.0.0.1:1/' does not begin with http://" http ws://127.0.0.1:1/
check "a name for a host" refuses \
	"'example.com:80/': the host must be an IPv4 address, an [IPv6] address or localhost" http http://example.com:80/
check "no port" refuses "'127.0.0.1': a port from 1 to 65535 is wanted" tcp 127.0.0.1
check "a bad status" refuses "--status: '99' is no HTTP status from 100 to 599" http http://127.0.0.1:1/ --status 200,99
check "no status" refuses "--status: 1 to 8 HTTP status codes are wanted" http http://127.0.0.1:1/ --status ,
check "a bad time-out" refuses "bad value of --timeout '5x'" tcp 127.0.0.1:1 --timeout 5x
check "a bad age" refuses "bad value of --max-age '-1'" node --max-age -1

# ---- http, ws, tcp ----

mood() {
	echo "$1" >"$SCRATCH/mood.new"
	mv "$SCRATCH/mood.new" "$SCRATCH/mood"
}
listening() {
	"$NEMOPROBE" tcp 127.0.0.1:8000
}
url=http://127.0.0.1:8000/health
mood ok
"$FIXTURE" listen=8000 serve="$SCRATCH/mood" &
SERVER=$!
STARTED+=("$SERVER")
wait_for 10 listening

check "tcp: good" probe 0 "tcp://127.0.0.1:8000: it takes connections (*)" tcp 127.0.0.1:8000
check "tcp: by name" probe 0 "tcp://localhost:8000: it takes connections (*)" tcp localhost:8000
check "tcp: refused" probe 1 "tcp://127.0.0.1:8001: connect: Connection refused (*)" tcp 127.0.0.1:8001
check "tcp: the other family" probe 1 "tcp://\[::1\]:8000: connect: Connection refused (*)" tcp '[::1]:8000'
check "http: good" probe 0 "$url: HTTP status 200 (*)" http "$url"
check "http: options stand anywhere" probe 0 "$url: HTTP status 200, with what is expected (*)" \
	--timeout 9s http --status 200 "$url" --expect '"ok":true'
check "http: refused" probe 1 "http://127.0.0.1:8001/: connect: Connection refused (*)" http http://127.0.0.1:8001/
mood web
check "http: without the text" probe 1 "$url: HTTP status 200, but without '\"ok\":true' (*)" http "$url" --expect '"ok":true'
mood denied
check "http: 401 is good" probe 0 "$url: HTTP status 401 (*)" http "$url"
check "http: and is not looked into" probe 0 "$url: HTTP status 401 (*)" http "$url" --expect '"ok":true'
check "http: unless it is not asked for" probe 1 "$url: HTTP status 401 (*)" http "$url" --status 200,204
mood empty
check "http: another one is" probe 0 "$url: HTTP status 204 (*)" http "$url" --status 200,204
mood error
check "http: wrong code" probe 1 "$url: HTTP status 500 (*)" http "$url"
mood garbage
check "http: garbage" probe 1 "$url: the reply is no HTTP (*)" http "$url"
mood close
check "http: closed" probe 1 "$url: the connection was closed without a reply (*)" http "$url"
mood hang
check "http: time-out" probe 1 "$url: no reply in time (*)" http "$url" --timeout 200ms
check "ws: time-out" probe 1 "ws://127.0.0.1:8000/: no reply in time (*)" ws ws://127.0.0.1:8000/ --timeout 200ms
check "tcp: a hung one takes connections" probe 0 "tcp://127.0.0.1:8000: *" tcp 127.0.0.1:8000
mood ws-hello
check "ws: good" probe 0 "ws://127.0.0.1:8000/: it speaks WebSocket (*)" ws ws://127.0.0.1:8000/
check "ws: with the text" probe 0 "ws://127.0.0.1:8000/: it speaks WebSocket, with what is expected (*)" \
	ws ws://127.0.0.1:8000/ --expect hello
check "ws: without the text" probe 1 "ws://127.0.0.1:8000/: its first frame is without 'bye' (*)" \
	ws ws://127.0.0.1:8000/ --expect bye
mood ok
check "ws: no WebSocket" probe 1 "ws://127.0.0.1:8000/: HTTP status 200 instead of an upgrade to WebSocket (*)" \
	ws ws://127.0.0.1:8000/
no_sockets() {
	local code line
	# 0 to 2, and the loop's own.
	line=$(ulimit -n 4 && "$NEMOPROBE" http "$url")
	code=$?
	is "$code" 3 && [[ $line == "$url: "*" ("*")" ]]
}
check "http: nothing is known without a socket" no_sockets

# ---- node ----

# ago SECONDS: as the list has it.
ago() {
	echo $((($(date +%s) - $1) * 1000))
}

# paired NODE…: a list of these.
paired() {
	local IFS=,
	echo "{\"pending\":[],\"paired\":[$*]}" >"$FAKE/list"
}

node() {
	local name=$1 fields=$2
	echo "{\"nodeId\":\"id-$name\",\"displayName\":\"$name\",\"paired\":true$fields}"
}
OLD=",\"lastConnectedAtMs\":$(ago 90000),\"lastSeenAtMs\":$(ago 90000)"

new node
paired "$(node n1 ',"connected":true')"
check "node: connected" probe 0 "node 'n1' is connected" node
check "node: asked once, with a limit of its own" is "$(cat "$FAKE/calls")" "nodes list --json --timeout 22250"
paired "$(node n1 ",\"connected\":true$OLD")"
check "node: connected for long" probe 0 "node 'n1' is connected" node
paired "$(node n1 ",\"connected\":false$OLD")"
check "node: gone for long" probe 1 "node 'n1' is not connected, last seen 1d 01h ago" node
check "node: but not for longer than allowed" probe 0 "node 'n1' is not connected, last seen 1d 01h ago" node --max-age 26h
paired "$(node n1 ",\"connected\":false,\"lastConnectedAtMs\":$(ago 90000),\"lastSeenAtMs\":$(ago 60)")"
check "node: seen lately" probe 0 "node 'n1' is not connected, last seen 1m *" node
check "node: not that lately" probe 1 "node 'n1' is not connected, last seen 1m *" node --max-age 30s
paired "$(node n1 ",\"connected\":false,\"lastConnectedAtMs\":$(ago 60),\"lastSeenAtMs\":$(ago 90000)")"
check "node: connected lately" probe 0 "node 'n1' is not connected, last seen 1m *" node
paired
check "node: none" probe 1 "no node is paired" node
check "node: absent" probe 1 "node 'n1' is not paired" node --name n1
paired "$(node n1 ',"connected":true')" "$(node n2 ",\"connected\":false$OLD")"
check "node: which one" probe 2 "2 nodes are paired: which one, --name must say" node
check "node: this one" probe 0 "node 'n1' is connected" node --name n1
check "node: that one, by its id" probe 1 "node 'n2' is not connected, last seen *" node --name id-n2
paired "$(node n1 '')"
check "node: fields missing" probe 3 "node 'n1' is not told to be connected or not, and when it was is not told" node
echo '{"pending":[]}' >"$FAKE/list"
check "node: no list" probe 3 "the nodes cannot be listed: the list of nodes has no 'paired'" node
echo 'what is it' >"$FAKE/list"
check "node: garbage" probe 3 "the nodes cannot be listed: the list of nodes is no JSON" node
: >"$FAKE/list"
check "node: silence" probe 3 "the nodes cannot be listed: the list of nodes is no JSON" node

new node-fails
paired "$(node n1 ',"connected":true')"
does() {
	echo "$1" >"$FAKE/list.do"
}
does 'cat "$FAKE/list"; exit 1'
check "node: the list fails" probe 3 "the nodes cannot be listed: *" node
does 'kill -KILL $$'
check "node: the list is killed" probe 3 "the nodes cannot be listed: signal 9" node
does 'echo "Gateway not reachable at ws://127.0.0.1:1 (ECONNREFUSED)." >&2; echo "Config: /x" >&2; exit 1'
check "node: the gateway is down" probe 3 \
	"the nodes cannot be listed: Gateway not reachable at ws://127.0.0.1:1 (ECONNREFUSED)." node
does 'echo "gateway connect failed: scope upgrade pending approval" >&2; echo "{\"pending\":[],\"paired\":[]}"'
check "node: an empty list of the CLI's own is no word on a node" probe 3 \
	"the nodes cannot be listed: gateway connect failed: scope upgrade pending approval" node --name n1
does 'echo "gateway connect failed: scope upgrade pending approval" >&2; cat "$FAKE/list"'
check "node: what it says for one counts" probe 0 "node 'n1' is connected" node --name n1
does 'echo Welcome; echo beside >&2; cat "$FAKE/list"'
check "node: a banner in front" probe 0 "node 'n1' is connected" node
does 'head -c 100000000 /dev/zero; head -c 100000000 /dev/zero >&2'
check "node: a hundred megabytes" probe 3 "the nodes cannot be listed: too much output" node
does 'setsid sleep $NAP.40 & cat "$FAKE/list"'
check "node: what it leaves behind" probe 0 "node 'n1' is connected" node
check "node: is ended" nobody_left "sleep $NAP.40"
does 'trap "" TERM; setsid sh -c "trap \"\" TERM; sleep $NAP.41 & sleep $NAP.42" & while :; do sleep 0.1; done' # poll
start=$(now_ms)
check "node: TERM does nothing" probe 3 "the nodes cannot be listed: no end of it in time" node --timeout 3s
check "node: the limit is kept" below 5000 $(($(now_ms) - start))
check "node: nothing is left" nobody_left "sleep $NAP\."
check "node: nor of the call itself" leaves_nothing

new node-ends
does 'trap "" TERM; setsid sleep $NAP.43 & sleep $NAP.44'
"$NEMOPROBE" node --timeout 1h >"$STAGE/log" &
PID=$!
STARTED+=("$PID")
wait_for 10 pgrep -f "sleep $NAP.44"
start=$(now_ms)
kill -TERM "$PID"
wait "$PID"
check "node: TERM ends it" is "$? $(cat "$STAGE/log")" "3 the nodes cannot be listed: no end of it in time"
check "node: at once" below 5000 $(($(now_ms) - start))
STARTED=("$SERVER")
check "node: and what it has called" nobody_left "sleep $NAP\."

export OPENCLAW_BIN=$STAGE/none
check "node: no openclaw" probe 3 "the nodes cannot be listed: no '$STAGE/none' in PATH=*" node

finish
