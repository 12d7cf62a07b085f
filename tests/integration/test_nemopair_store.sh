#!/bin/bash
# The look at the store: calls that nemopair does not make, and changes that make it poll at once.
# shellcheck disable=SC2016,SC2034,SC2317 # code for the fixture; used by nemopair.sh and `check`
# shellcheck source=tests/integration/nemopair.sh
. "$(dirname "$0")/nemopair.sh"

# older NAME: the state directory of an older gateway before its first pairing event.
older() {
	new "$1"
	STATE=$HOME/.openclaw
	mkdir "$STATE/tasks"
	: >"$STATE/tasks/runs.sqlite"
}

# newer NAME: that of a newer one, at rest, with nothing pending.
newer() {
	new "$1"
	STATE=$HOME/.openclaw
	mkdir "$STATE/state"
	echo database >"$STATE/state/openclaw.sqlite"
	echo log >"$STATE/state/openclaw.sqlite-wal"
	touch -d '1 minute ago' "$STATE"/state/*
	echo "$NOTHING" >"$FAKE/list"
}

# arrive: a request, as the gateway tells of it and as it writes it down.
arrive() {
	echo "{\"pending\":[$REQUEST],\"paired\":[]}" >"$FAKE/list"
	"$1"
}

writes_database() {
	echo more >>"$STATE/state/openclaw.sqlite-wal"
}

writes_pending() {
	mkdir -p "$STATE/devices"
	echo '{"r1":{}}' >"$STATE/devices/.tmp"
	mv "$STATE/devices/.tmp" "$STATE/devices/pending.json"
}

# Slow from the start, and the next poll in turn is never seen.
rarely() {
	export NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS=0.05 NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS=300
	export NEMOPAIR_MAX_SKIP_SECS=240
	unset NEMOCLAW_AUTO_PAIR_DEADLINE_SECS
}

# Ten polls a second, for a life of three.
often() {
	export NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS=0.05 NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS=0.1
	export NEMOCLAW_AUTO_PAIR_DEADLINE_SECS=3
	unset NEMOPAIR_MAX_SKIP_SECS
}

# What was polled once is at rest: the next look is far away.
polled() {
	wait_for 10 lists_at_least "${1:-1}" && wait_for 10 eval '! pgrep -P "$PID"'
}

often
older fresh
watch
wait "$PID"
check "a fresh older store is never listed" is "$(count_calls list)" 0
older absent
mkdir "$STATE/devices"
watch
wait "$PID"
check "no pending.json: no call" is "$(count_calls list)" 0
older empty-object
mkdir "$STATE/devices"
printf '{\n}\n' >"$STATE/devices/pending.json"
watch
wait "$PID"
check "an empty pending.json: no call" is "$(count_calls list)" 0
older pending
writes_pending
watch
check "a pending request is called for" says "approved request=r1"
check "pending: it ends" ends
older elsewhere
export OPENCLAW_STATE_DIR=$STAGE/other
mkdir -p "$OPENCLAW_STATE_DIR/devices"
watch
wait "$PID"
check "OPENCLAW_STATE_DIR is looked into" is "$(count_calls list)" 0
unset OPENCLAW_STATE_DIR
older home
export OPENCLAW_HOME=$STAGE/other
mkdir -p "$OPENCLAW_HOME/.openclaw/devices"
watch
wait "$PID"
check "and so is OPENCLAW_HOME" is "$(count_calls list)" 0
unset OPENCLAW_HOME

newer unchanged
watch
wait "$PID"
check "a newer store is listed, and not again while it rests" is "$(count_calls list)" 1
newer never-skip
export NEMOPAIR_MAX_SKIP_SECS=0
watch
check "NEMOPAIR_MAX_SKIP_SECS=0: every poll lists" wait_for 3 lists_at_least 4
check "never-skip: it ends" ends
newer just-written
touch -d 'tomorrow' "$STATE/state/openclaw.sqlite-wal"
unset NEMOPAIR_MAX_SKIP_SECS
watch
wait "$PID"
check "a file from the future is a file like others" is "$(count_calls list)" 1
newer link
mv "$STATE/state/openclaw.sqlite" "$STAGE/elsewhere"
ln -s "$STAGE/elsewhere" "$STATE/state/openclaw.sqlite"
watch
check "a database that is a link is listed at every poll" wait_for 3 lists_at_least 4
check "link: it ends" ends
if [ "$(id -u)" -ne 0 ]; then
	newer unreadable
	chmod 000 "$STATE/state"
	watch
	check "an unreadable store is listed at every poll" wait_for 3 lists_at_least 4
	check "unreadable: it ends" ends
	chmod 755 "$STATE/state"
fi
if unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_inotify_instances' 2>"$SCRATCH/unshare"; then
	newer no-inotify
	nemopair=$NEMOPAIR
	NEMOPAIR=unshare_nemopair
	unshare_nemopair() {
		exec unshare --user --map-root-user sh -c \
			'echo 0 >/proc/sys/user/max_inotify_instances; exec "$0"' "$nemopair"
	}
	watch
	check "without inotify every poll lists" wait_for 3 lists_at_least 4
	check "no-inotify: it ends" ends
	NEMOPAIR=$nemopair
fi
newer safety
export NEMOPAIR_MAX_SKIP_SECS=0.5
unset NEMOCLAW_AUTO_PAIR_DEADLINE_SECS
watch
check "a safety list is made in time" wait_for 10 lists_at_least 3
check "and warns of nothing" lacks "$STAGE/log" warning
arrive true
check "what no change has announced is approved by it" says "approved request=r1"
check "and ends the skipping" says "[auto-pair] warning: a new request has not shown as a change"
lists=$(count_calls list)
export NEMOPAIR_MAX_SKIP_SECS=240
check "from then on every poll lists" wait_for 10 lists_at_least $((lists + 8))
check "safety: it ends" ends

rarely
newer change
watch
polled
arrive writes_database
check "a change of a newer store is seen at once" says "approved request=r1"
check "change: it ends" ends
newer wal-appears
rm "$STATE/state/openclaw.sqlite-wal"
watch
polled
arrive writes_database
check "a write-ahead log that appears is a change" says "approved request=r1"
check "wal-appears: it ends" ends
newer replaced
watch
polled
mv "$STATE/state" "$STATE/old"
mkdir "$STATE/new"
echo other >"$STATE/new/openclaw.sqlite"
mv "$STATE/new" "$STATE/state"
polled 2
arrive writes_database
check "a store in the place of another is watched" says "approved request=r1"
check "replaced: it ends" ends
newer late
mv "$STATE/state" "$STAGE/later"
watch
polled
echo "{\"pending\":[$REQUEST],\"paired\":[]}" >"$FAKE/list"
mv "$STAGE/later" "$STATE/state"
check "a store that comes late is seen at once" says "approved request=r1"
check "late: it ends" ends
older change
mkdir "$STATE/devices"
watch
wait_for 10 grep -q slow-mode "$STAGE/log"
for i in 1 2 3; do
	echo "$i" >"$STATE/devices/.tmp"
	mv "$STATE/devices/.tmp" "$STATE/devices/paired.json"
done
arrive writes_pending
check "a change of an older store is seen at once" says "approved request=r1"
check "and only that is a reason to call" is "$(count_calls list)" 2
check "change: it ends" ends
older first
watch
wait_for 10 grep -q slow-mode "$STAGE/log"
arrive writes_pending
check "so is its first pairing event" says "approved request=r1"
check "first: it ends" ends

# The request comes while the list is under way, at the very moment that the script says.
moment() {
	newer "$1"
	export STATE
	declare -f writes_database >"$FAKE/words"
	echo "request='{\"pending\":[$REQUEST],\"paired\":[]}'" >>"$FAKE/words"
	echo ". \"\$FAKE/words\"; rm \"\$FAKE/list.do\"; $2" >"$FAKE/list.do"
	watch
	check "$1: a request that comes then is not lost" says "approved request=r1"
	check "$1: it ends" ends
}
moment before-the-answer 'echo "$request" >"$FAKE/list"; writes_database; cat "$FAKE/list"'
moment between-write-and-answer 'writes_database; echo "$request" >"$FAKE/list"; cat "$FAKE/list"'
moment after-the-answer 'cat "$FAKE/list"; echo "$request" >"$FAKE/list"; writes_database'
moment in-a-failing-list 'echo "$request" >"$FAKE/list"; writes_database; exit 1'

newer noise
watch
polled
while :; do
	writes_database
	sleep 0.05 # poll
done &
NOISE=$!
STARTED+=("$NOISE")
check "noise: the first change is looked into" wait_for 10 lists_at_least 2
check "noise: and later ones" wait_for 20 lists_at_least 4
quiet_since=$(now_ms)
kill "$NOISE"
wait "$NOISE" 2>"$SCRATCH/killed"
check "noise: in good time" below 6 "$(count_calls list)"
arrive writes_database
check "noise: a request in it is seen" says "approved request=r1" 20
check "noise: it ends" ends

finish
