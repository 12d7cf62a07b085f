#!/bin/bash
# nemopair --once: its one JSON line, its limit and its exit code.
# shellcheck disable=SC2016,SC2034,SC2317 # code for the fixture; used by nemopair.sh and `check`
# shellcheck source=tests/integration/nemopair.sh
. "$(dirname "$0")/nemopair.sh"

# once RESULT [OPTION…]: the JSON line must hold this; leaves it in $STAGE/out, its exit code in CODE.
once() {
	local want=$1
	shift
	"$NEMOPAIR" --once "$@" >"$STAGE/out" 2>"$STAGE/errors"
	CODE=$?
	is "$(wc -l <"$STAGE/out")" 1 && is "$(cat "$STAGE/out")" "$want"
}

line() {
	printf '{"approved":%s,"rejected":%s,"timeouts":%s,"failed":%s,"pending":%s,"result":"%s"}' "$@"
}

new once-happy
check "once: happy" once "$(line 1 0 0 0 0 ok)" --strict
check "once: settled" is "$CODE" 0
new once-stranger
echo "{\"pending\":[$STRANGER],\"paired\":[]}" >"$FAKE/list"
check "once: a stranger stays" once "$(line 0 1 0 0 1 ok)" --strict
check "once: and unsettles nothing" is "$CODE" 0
new once-refused
echo 'exit 1' >"$FAKE/approve.do"
check "once: refused" once "$(line 0 0 0 1 1 ok)" --strict
check "once: not settled" is "$CODE" 1
check "once: not strict" once "$(line 0 0 0 1 1 ok)"
check "once: is 0" is "$CODE" 0
new once-list-failed
echo 'exit 1' >"$FAKE/list.do"
check "once: list failed" once "$(line 0 0 0 0 0 list-failed)" --strict
check "once: list failed is not settled" is "$CODE" 1
new once-no-openclaw
OPENCLAW_BIN=$STAGE/none
check "once: no openclaw" once "$(line 0 0 0 0 0 no-openclaw)"
OPENCLAW_BIN=openclaw
new once-limit
echo 'trap "" TERM; sleep $NAP.19' >"$FAKE/list.do"
start=$(now_ms)
check "once: the limit" once "$(line 0 0 1 0 0 limit)" --limit 2s --strict
check "once: kept" below 2001 $(($(now_ms) - start))
check "once: nothing left" nobody_left "sleep $NAP.19"
check "once: the limit is not settled" is "$CODE" 1
new once-many
many=$REQUEST
for i in {2..9}; do
	many="$many,{\"requestId\":\"m$i\",\"deviceId\":\"e$i\",$CLI}"
done
echo "{\"pending\":[$many],\"paired\":[]}" >"$FAKE/list"
echo 'exit 1' >"$FAKE/approve.do"
check "once: at most eight approvals" once "$(line 0 0 0 8 9 limit)"
check "once: eight calls" is "$(count_calls approve)" 8
new once-hang
# shellcheck disable=SC2016
echo 'cp "$FAKE/after.$3" "$FAKE/list"; exec sleep $NAP.20' >"$FAKE/approve.do"
start=$(now_ms)
check "once: an approval that hangs, back in time" once "$(line 1 0 1 0 0 ok)" --strict --limit 30s
check "once: after its ten seconds" below 12000 $(($(now_ms) - start))
check "once: that is settled" is "$CODE" 0
new once-busy
exec 9<"$HOME/.openclaw"
flock -n 9
start=$(now_ms)
check "once: busy" once "$(line 0 0 0 0 0 busy)" --limit 1s
check "once: busy within the limit" below 1001 $(($(now_ms) - start))
check "once: busy calls nobody" is "$(count_calls list)" 0
exec 9<&-
check "once: no longer busy" once "$(line 1 0 0 0 0 ok)" --limit 5s

new env-file
echo "export NEMOPAIR_ALLOW_CLIENTS='openclaw-ios'
NEMOPAIR_ALLOW_MODES=\"\"
this is no variable" >"$STAGE/env"
echo "{\"pending\":[$STRANGER,$REQUEST],\"paired\":[]}" >"$FAKE/list"
echo "$NOTHING" >"$FAKE/after.r2"
check "the env file counts" once "$(line 1 1 0 0 0 ok)" --env-file "$STAGE/env"
check "a line that is none is warned of" grep -qF "$STAGE/env:3: no NAME=value" "$STAGE/errors"
chmod 666 "$STAGE/env"
echo "{\"pending\":[$STRANGER],\"paired\":[]}" >"$FAKE/list"
check "others may write it: ignored" once "$(line 0 1 0 0 1 ok)" --env-file "$STAGE/env"
check "with a warning" grep -qF "$STAGE/env: writable by others; ignored" "$STAGE/errors"
check "an absent one is ignored" once "$(line 0 1 0 0 1 ok)" --env-file "$STAGE/none"
check "a directory is ignored" once "$(line 0 1 0 0 1 ok)" --env-file "$STAGE"
if [ "$(id -u)" -eq 0 ]; then
	chmod 644 "$STAGE/env"
	chown 12345 "$STAGE/env"
	check "a stranger's is ignored" once "$(line 0 1 0 0 1 ok)" --env-file "$STAGE/env"
fi

finish
