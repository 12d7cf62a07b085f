#!/bin/bash
# nemopair as a watcher: what it calls, says and reports, and its command line.
# shellcheck disable=SC2016,SC2034,SC2317 # code for the fixture; used by nemopair.sh and `check`
# shellcheck source=tests/integration/nemopair.sh
. "$(dirname "$0")/nemopair.sh"

new happy
echo "{\"pending\":[$STRANGER,$REQUEST],\"paired\":[]}" >"$FAKE/list"
export OPENCLAW_GATEWAY_URL=ws://127.0.0.1:1 OPENCLAW_GATEWAY_TOKEN=t OPENCLAW_GATEWAY_PORT=1
watch
check "an allowed request is approved" says "[auto-pair] approved request=r1 client=cli mode=cli"
check "a stranger is rejected" \
	says "[auto-pair] rejected request=r2 client=openclaw-ios mode= reason=unknown-client"
check "list before and after" wait_for 5 is "$(head -n 3 "$FAKE/calls" | cut -d' ' -f1-3 | xargs)" \
	"devices list --json devices approve r1 devices list --json"
check "the CLI gets its own, shorter limit" \
	has_line "$FAKE/calls" "devices approve r1 --json --timeout 4000"
check "the gateway's URL is kept from the CLI" lacks "$FAKE/environment" OPENCLAW_GATEWAY_URL
check "its token and port are not" \
	is "$(grep -c '^OPENCLAW_GATEWAY_' "$FAKE/environment")" 2
check "the CLI is told not to respawn" has_line "$FAKE/environment" OPENCLAW_NO_RESPAWN=1
check "TERM ends it at once" ends
unset OPENCLAW_GATEWAY_URL OPENCLAW_GATEWAY_TOKEN OPENCLAW_GATEWAY_PORT

new nudge
echo "$NOTHING" >"$FAKE/list"
export NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS=0.05 NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS=300
watch
check "slow after the fast deadline" \
	says "[auto-pair] fast deadline reached; entering slow-mode approvals=0"
wait_for 5 grep -q list "$FAKE/calls"
echo "{\"pending\":[$REQUEST],\"paired\":[]}" >"$FAKE/list"
kill -USR1 "$PID"
check "USR1 polls now" says "approved request=r1"
check "USR1 later" ends
unset NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS

new deadline
export NEMOCLAW_AUTO_PAIR_DEADLINE_SECS=1.5 NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS=inf
echo 'exec sleep $NAP.11' >"$FAKE/list.do"
watch
start=$(now_ms)
wait "$PID"
CODE=$?
check "the deadline ends it with 0" is "$CODE" 0
check "and cuts a call" below 3000 $(($(now_ms) - start))
check "and is told" has_line "$STAGE/log" "[auto-pair] watcher deadline reached approvals=0"
check "a bad value is warned of" grep -q "RUN_TIMEOUT_SECS='inf' is not 0.05 to 300" "$STAGE/errors"
check "the call is gone" nobody_left "sleep $NAP.11"
unset NEMOCLAW_AUTO_PAIR_DEADLINE_SECS NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS

new notify
"$NOTIFY_SINK" "$STAGE/notify" >"$STAGE/messages" &
SINK=$!
wait_for 5 test -S "$STAGE/notify"
export NOTIFY_SOCKET=$STAGE/notify WATCHDOG_USEC=400000
told() {
	wait_for 10 grep -qE -- "$1" "$STAGE/messages" || {
		echo "no '$1' in:"
		cat "$STAGE/messages"
		return 1
	}
}
echo "{\"pending\":[$STRANGER],\"paired\":[]}" >"$FAKE/list"
watch
check "the first message is READY=1" told '^READY=1$'
check "nothing comes before it" is "$(head -n 1 "$STAGE/messages")" "READY=1"
check "the state is reported" told '^X_NEMOINIT_AUTO_PAIR=\{"mode":"fast",.*"polls":1,'
check "with the pending requests" told '"pending":\[\{"requestId":"r2",.*"reason":"unknown-client"'
check "and a status line" told '^STATUS=fast, 0 approved, 1 pending$'
check "the watchdog is fed" told '^WATCHDOG=1$'
echo 'exec sleep $NAP.21' >"$FAKE/list.do"
wait_for 5 pgrep -f "sleep $NAP.21"
pings=$(grep -c WATCHDOG "$STAGE/messages")
pings_at_least() {
	[ "$(grep -c WATCHDOG "$STAGE/messages")" -ge "$1" ]
}
check "during a call too" wait_for 5 pings_at_least $((pings + 3))
check "the socket is not for the CLI" lacks "$FAKE/environment" NOTIFY_SOCKET
check "notify: it ends" ends
check "and says so" told '^STOPPING=1$'
kill "$SINK"
export WATCHDOG_PID=1
"$NOTIFY_SINK" "$STAGE/notify" >"$STAGE/messages" &
SINK=$!
wait_for 5 test -S "$STAGE/notify"
rm "$FAKE/list.do"
watch
told '"polls":2,'
check "a watchdog meant for another is not fed" lacks "$STAGE/messages" WATCHDOG
ends
kill "$SINK"
unset NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID

new blocked-stdout
mkfifo "$STAGE/pipe"
exec 8<>"$STAGE/pipe"
many=$REQUEST
for i in {2..60}; do
	many="$many,{\"requestId\":\"x$i\",\"clientId\":\"$(printf 'long%.0s' {1..16})\",\"scopes\":[]}"
done
echo "{\"pending\":[$many],\"paired\":[]}" >"$FAKE/list"
head -c 65536 /dev/zero >"$STAGE/pipe"
"$NEMOPAIR" >"$STAGE/pipe" 2>"$STAGE/errors" &
PID=$!
STARTED+=("$PID")
check "a blocked stdout stops nothing" wait_for 10 grep -q "approve r1" "$FAKE/calls"
head -c 65536 <"$STAGE/pipe" >"$STAGE/zeros"
check "and loses nothing" wait_for 10 grep -q "approved request=r1" <(timeout 5 cat "$STAGE/pipe")
check "blocked-stdout: it ends" ends
exec 8<&-

new usage
usage_fails() {
	local code=0
	"$NEMOPAIR" "$@" >"$STAGE/out" 2>"$STAGE/errors" || code=$?
	is "$code" 2 && is "$(wc -l <"$STAGE/errors")" 1 && grep -q -- "--help" "$STAGE/errors"
}
check "an unknown option" usage_fails --frobnicate
check "is named" grep -q -- "--frobnicate" "$STAGE/errors"
check "a word" usage_fails word
check "a bad limit" usage_fails --once --limit x
check "a limit without once" usage_fails --limit 5s
check "a missing value" usage_fails --once --limit
check "help" eval '"$NEMOPAIR" --help | grep -q "^Usage: nemopair"'
check "version" eval '"$NEMOPAIR" --version | grep -qx "nemoinit [0-9.]*"'

finish
