#!/usr/bin/env bash
# The control socket against those who share the machine with it: an agent that takes its path away,
# other users, members of a group, crowds.
# shellcheck disable=SC2317 # the tests are called by name
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# raw TEXT: straight to the socket; what comes back.
raw() {
	# shellcheck disable=SC2059 # the escapes in it are meant
	printf "$1" | timeout "$limit" nc -N -U "$socket"
}

one() {
	configure <<-END
		$1
		[service a]
		command = F print=secret pause
	END
	boot
	state a ready
	pid=$(ask .nemoinit.pid)
}

# answers: does the nemoinit that was started answer at its path?
answers() {
	[[ $(timeout 2 "$nemoctl" -s "$socket" --json status 2>/dev/null | jq .nemoinit.pid) == "$pid" ]]
}

back() {
	await "$limit" answers || fail "after $1 the socket does not come back: $(ls -la "$work")"
	[[ $(stat -c %F "$socket") == socket && $(stat -c %F "$socket.lock") == "regular empty file" ]] ||
		fail "after $1 it is $(stat -c %F "$socket" "$socket.lock" | xargs)"
}

told() {
	(($(grep -c 'somebody has removed or replaced' "$work/log") >= $1))
}

test_a_socket_that_is_taken_away_is_made_again() {
	local other

	one ''
	rm "$socket"
	back "its removal"
	mv "$socket" "$work/elsewhere"
	back "its being moved"
	touch "$work/file" && mv -T "$work/file" "$socket"
	back "a file in its place"
	ln -sf /nowhere "$work/link" && mv -T "$work/link" "$socket"
	back "a link in its place"
	mkdir "$work/directory" && touch "$work/directory/file" && rm "$socket" && mv -T "$work/directory" "$socket" 2>/dev/null || true
	back "a directory in its place"
	nc -lkU "$work/other" >/dev/null 2>&1 &
	other=$!
	children+=("$other")
	await "$limit" test -S "$work/other"
	mv -T "$work/other" "$socket"
	back "a socket of somebody else in its place"
	kill "$other"
	rm "$socket.lock"
	await "$limit" test -f "$socket.lock" || fail "the lock does not come back"
	back "the removal of its lock"
	expect "a second instance" 1 "$(second)"
	await "$limit" told 6 || fail "told $(grep -c 'somebody has removed' "$work/log") times"
	expect "events of it" true "$(raw 'events\n' | jq '[.events[] | select(.event == "socket" and .level == "warn")] | length >= 6')"
	expect "no service was disturbed" "starting ready" "$(events a)"
	halt
	[[ ! -e $socket && ! -e $socket.lock ]] || fail "the socket stays"
}

# second: the exit code of another nemoinit with this path.
second() {
	local status=0

	nsenter -t "$init" -p -m -n "${place[@]}" "$nemoinit" -s "$socket" >/dev/null 2>&1 || status=$?
	echo "$status"
}

# Who took it away may go on doing so: that costs us little, and the last word is ours.
test_it_is_made_again_and_again() {
	local lines

	one ''
	for _ in {1..12}; do
		rm -f "$socket"
		await 0 test -S "$socket" || true
	done
	back "a dozen removals"
	lines=$(grep -c 'somebody has removed' "$work/log")
	((lines >= 3 && lines <= 13)) || fail "$lines lines of it"
	halt
}

test_who_is_connected_stays_so() {
	one ''
	rm -f "$work/hold"
	mkfifo -m 600 "$work/hold"
	exec {hold}<>"$work/hold"
	socat - "UNIX-CONNECT:$socket" <"$work/hold" >"$work/heard" 2>/dev/null &
	children+=("$!")
	echo '{"op":"events","follow":true}' >&"$hold"
	await "$limit" test -s "$work/heard" || fail "no reply"
	rm "$socket"
	back "its removal"
	await "$limit" grep -q 'somebody has removed' "$work/heard" || fail "the old connection hears nothing"
	halt
}

# ---- other users ----

# as UID GID GROUPS ARGUMENTS…: nemoctl as somebody else, outside of any sandbox; its exit code.
as() {
	local status=0 groups=(--clear-groups)

	[[ -z $3 ]] || groups=(--groups "$3")
	timeout "$limit" setpriv --reuid "$1" --regid "$2" "${groups[@]}" "$work/nemoctl-copy" -s "$socket" "${@:4}" \
		>"$work/stdout" 2>"$work/stderr" || status=$?
	echo "$status"
}

others_can() {
	((UID == 0)) || return 1
	cp "$nemoctl_itself" "$work/nemoctl-copy"
	chmod 755 "$work/nemoctl-copy"
}

# median COMMAND…: of 20 runs, in us.
median() {
	local i begin times=()

	for ((i = 0; i < 20; i++)); do
		begin=${EPOCHREALTIME//[!0-9]/}
		"$@" >/dev/null 2>&1 || fail "$* ends with $?"
		times+=("$((${EPOCHREALTIME//[!0-9]/} - begin))")
	done
	median=$(printf '%s\n' "${times[@]}" | sort -n | sed -n 10p)
}

# quick WORD COMMAND…: run by that, it takes less than 20 ms more than nothing does, in one of five rounds: others
# may be busy here. A sanitizer is let off.
quick() {
	local word=$1 round median floor

	shift
	for ((round = 0; round < 5; round++)); do
		median "$@" true
		floor=$median
		median "$@" "$work/nemoctl-copy" -s "$socket" "$word"
		((median - floor >= 20000 && slowness == 1)) || return 0
	done
	fail "$* $word takes $((median - floor)) us"
}

# As the probes of Kubernetes do, and whoever looks in from elsewhere.
test_live_and_ready_are_quick() {
	local word

	others_can || return 0
	one 'socket_mode = 0666'
	for word in live ready; do
		quick "$word" setsid --wait
		quick "$word" setpriv --reuid 65534 --regid 65534 --clear-groups
	done
	halt
}

test_strangers_may_look_but_not_touch() {
	local asked

	others_can || return 0
	one 'socket_mode = 0666'
	expect live 0 "$(as 65534 65534 '' live)"
	expect ready 0 "$(as 65534 65534 '' ready)"
	expect metrics 0 "$(as 65534 65534 '' metrics)"
	expect status 0 "$(as 65534 65534 '' --json status)"
	expect "no output" null "$(jq -c '.services[0].last_output' "$work/stdout")"
	for asked in 'stop a' 'start a' restart recover reset pair shutdown 'logs a' 'logs -f a' events 'events -f'; do
		# shellcheck disable=SC2086 # words are meant
		expect "$asked" 6 "$(as 65534 65534 '' $asked)"
		grep -q '^nemoctl: denied: ' "$work/stderr" || fail "$asked: $(cat "$work/stderr")"
	done
	expect events "starting ready" "$(events a)"
	halt
}

test_status_may_be_for_the_owner_only() {
	others_can || return 0
	one $'socket_mode = 0666\nstatus_access = owner'
	expect status 6 "$(as 65534 65534 '' status)"
	expect metrics 6 "$(as 65534 65534 '' metrics)"
	expect ready 6 "$(as 65534 65534 '' ready)"
	expect "live all the same" 0 "$(as 65534 65534 '' live)"
	expect "root" 0 "$(as 0 0 '' status)"
	expect "the owner" 0 "$(as "$owner" 65534 '' status)"
	halt
}

test_members_of_the_group_may_do_all() {
	others_can || return 0
	one $'socket_mode = 0660\nsocket_group = 4242'
	if ((owner == 0)); then
		expect "its group" 4242 "$(stat -c %g "$socket")"
	else
		grep -q 'of which we are no member' "$work/log" || fail "nobody says that the group was refused"
		chmod 666 "$socket"
	fi
	expect "by its first group" 0 "$(as 65534 4242 '' logs a)"
	expect "by another one" 0 "$(as 65534 65534 77,4242,78 restart a)"
	expect "of forty" 0 "$(as 65534 65534 "$(seq -s, 4210 4260)" events)"
	expect "output too" '["secret"]' "$(as 65534 4242 '' --json status a >/dev/null; jq -c '.services[0].last_output | unique' "$work/stdout")"
	chmod 666 "$socket"
	expect "not others" 6 "$(as 65534 65534 77,78 stop a)"
	halt
}

test_an_unknown_group_is_told_and_no_more() {
	one 'socket_group = nobody-knows-it'
	grep -q "there is no group 'nobody-knows-it'" "$work/log" || fail "not told"
	halt
}

# ---- crowds ----

sockets() {
	find "/proc/$init/fd" -lname 'socket:*' 2>/dev/null | wc -l
}

has_sockets() {
	(($(sockets) >= $1))
}

# 64 that say nothing, and ten more: a probe still gets its answer, and root gets in whoever they are.
test_a_crowd_keeps_no_probe_out() {
	local before i who=()

	one ''
	((UID != 0)) || who=(setpriv --reuid "$owner" --clear-groups)
	before=$(sockets)
	rm -f "$work/nothing"
	mkfifo "$work/nothing"
	exec {hold}<>"$work/nothing"
	for ((i = 0; i < 74; i++)); do
		"${who[@]}" socat -u "UNIX-CONNECT:$socket" - <"$work/nothing" >/dev/null 2>&1 &
		children+=("$!")
	done
	await $((3 * limit)) has_sockets $((before + 64)) || fail "only $(($(sockets) - before)) of 64"
	expect live 0 "$(ctl live)"
	expect "the same user" 7 "$(ctl status)"
	if ((UID == 0 && owner != 0)); then
		others_can
		expect "root" 0 "$(as 0 0 '' status)"
	fi
	halt
}

# 20 000 questions, one after the other: nothing is kept of them.
test_many_questions_cost_no_memory() {
	local memory

	one ''
	yes '{"op":"status"}' | head -n 2000 | timeout 60 nc -N -U "$socket" >/dev/null
	memory=$(awk '/^VmRSS/ { print $2 }' "/proc/$init/status")
	expect answers 20000 "$(yes '{"op":"status"}' | head -n 20000 | timeout 120 nc -N -U "$socket" | wc -l)"
	memory=$(($(awk '/^VmRSS/ { print $2 }' "/proc/$init/status") - memory))
	# 256 kB may wait for one that reads slowly; 30 bytes an answer would be more.
	((memory <= 600)) || grep -q __asan_init "$nemoinit" || fail "it has grown by $memory kB"
	halt
}

# ---- strange requests ----

test_strange_requests_have_their_answers() {
	local line code

	one ''
	while read -r code line; do
		expect "$line" "$code" "$(raw "$line\\n" | jq -r '.error.code // "ok"')"
	done <<-'END'
		bad-request \xff\xfe
		bad-request {"op":"st\x80atus"}
		bad-request {"op":"status"\x00}
		bad-request {"op":"status\\u0000"}
		bad-request [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
		bad-request {"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}}}}}}
		bad-request {"op":"status","op":"shutdown"}
		bad-request {"op":"events","since":1,"since":2}
		bad-request {"op":"events","since":-1}
		bad-request {"op":"events","since":1e400}
		bad-request {"op":"events","since":9007199254740993000}
		bad-request {"op":"logs","service":"a","lines":0.5}
		bad-request {"op":"logs","service":"a","follow":"yes"}
		bad-request {"op":"recover","timeout":1e99}
		bad-request {"op":"recover","timeout":"25h"}
		bad-request {"op":"status","service":"A"}
		bad-request {"op":"pair","service":"a"}
		bad-request {"op":"status","colour":"red"}
		bad-request logs
		unknown-op frobnicate
		unknown-op {"op":"frobnicate"}
		unknown-op {"op":"STATUS"}
		unknown-service {"op":"status","service":"b"}
		unknown-service {"op":"logs","service":"b"}
		unknown-service {"op":"stop","service":"b"}
		failed pair
		ok {"op":"status","id":"\\u00e9"}
		ok \x20{"op":"metrics"}\x20\r
		ok events
	END
	expect "a megabyte without an end" too-long "$(head -c 1000000 /dev/zero | tr '\0' x |
		timeout "$limit" nc -N -U "$socket" | jq -r .error.code)"
	expect events "starting ready" "$(events a)"
	halt
}

# Questions are answered to the end; what would change something is not done any more.
test_requests_during_the_shutdown() {
	local op code

	configure <<-END
		stop_budget = 60s
		[service a]
		command = F ignore=TERM until=$W/end exit=0
		stop_timeout = 60s
	END
	boot
	state a ready
	kill -TERM "$init"
	await "$limit" grep -q 'stopping all' "$work/log" || fail "no shutdown"
	for op in status events metrics '{"op":"logs","service":"a"}'; do
		expect "$op" true "$(raw "$op\\n" | jq .ok)"
	done
	for op in recover start stop restart reset pair; do
		expect "$op" stopping "$(raw "$op\\n" | jq -r .error.code)"
	done
	expect shutdown true "$(raw 'shutdown\n' | jq .ok)"
	touch "$W/end"
	ended
	code=$ended
	expect "exit code" 0 "$code"
}

run_tests
