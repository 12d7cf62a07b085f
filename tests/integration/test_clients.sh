#!/usr/bin/env bash
# The protocol without nemoctl, as the host's CLI and people's scripts speak it: node, nc, socat.
# shellcheck disable=SC2317 # the tests are called by name
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"
client=$(dirname "$0")/fixtures/client.js

two() {
	configure <<-END
		[service a]
		command = F pause
		[service b]
		command = F pause
		after = a
	END
	boot
	state b ready
}

test_node_asks_recovers_and_follows() {
	local follower

	if ! command -v node >/dev/null; then
		echo "SKIP: there is no node here"
		exit 77
	fi
	two
	expect status "node healthy a=ready b=ready" "$(timeout $((3 * limit)) node "$client" "$socket" status)"
	timeout $((3 * limit)) node "$client" "$socket" follow stopped >"$work/followed" &
	follower=$!
	children+=("$follower")
	await "$limit" grep -q 'b ready' "$work/followed" || fail "nothing of the past: $(cat "$work/followed")"
	expect stop 0 "$(ctl stop b)"
	wait "$follower" || fail "it has missed something: $?"
	expect "the last words" "b stopping b stopped" "$(tail -n 2 "$work/followed" | cut -d' ' -f2- | xargs)"
	expect recover "a already-running b started" "$(timeout $((3 * limit)) node "$client" "$socket" recover | xargs)"
	expect status "node healthy a=ready b=ready" "$(timeout $((3 * limit)) node "$client" "$socket" status)"
	halt
	expect "nobody there" 5 "$(timeout $((3 * limit)) node "$client" "$socket" status >/dev/null 2>&1; echo $?)"
}

test_nc_and_socat_ask_recover_and_follow() {
	local follower

	two
	expect "a bare word, as in the manual" healthy "$(echo status | timeout "$limit" nc -U "$socket" | jq -r .health)"
	expect "the same by socat" healthy "$(echo status | timeout "$limit" socat - "UNIX-CONNECT:$socket" | jq -r .health)"
	expect stop true "$(echo '{"op":"stop","service":"b"}' | timeout "$limit" nc -N -U "$socket" | jq .ok)"
	expect recover "a:already-running b:started" "$(echo '{"op":"recover"}' | timeout "$limit" nc -N -U "$socket" |
		jq -r '.services[] | "\(.name):\(.result)"' | xargs)"
	expect "stop by socat" true "$(echo '{"op":"stop","service":"b"}' | timeout "$limit" socat -t "$limit" - "UNIX-CONNECT:$socket" | head -n 1 | jq .ok)"
	expect "recover by socat" "a:already-running b:started" "$(echo '{"op":"recover"}' |
		timeout $((3 * limit)) socat -t "$limit" - "UNIX-CONNECT:$socket" | jq -r '.services[] | "\(.name):\(.result)"' | xargs)"
	# Its input has ended: it listens on.
	echo '{"op":"events","follow":true}' | nc -N -U "$socket" >"$work/followed" &
	follower=$!
	children+=("$follower")
	await "$limit" test -s "$work/followed" || fail "no past"
	expect restart 0 "$(ctl restart a)"
	await "$limit" heard_ready 2 || fail "it does not follow: $(cat "$work/followed")"
	kill "$follower"
	halt
}

# heard_ready COUNT: so many `ready` have been heard of a.
heard_ready() {
	(($(jq -r '.events[] | select(.service == "a" and .event == "ready") | .seq' "$work/followed" | wc -l) >= $1))
}

run_tests
