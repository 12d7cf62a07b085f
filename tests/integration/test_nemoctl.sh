#!/usr/bin/env bash
# nemoctl from outside: whom it finds, whom it believes, what it prints and how it ends. Arguments:
# control_server and nemoctl.
# shellcheck disable=SC2317,SC2119 # the tests are called by name, serve with or without a count
set -eu
server=$1
nemoctl=$2
# shellcheck source=tests/integration/lib_control.sh
. "$(dirname "$0")/lib_control.sh"

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
	await 5 is_listening "$work/silent" || fail "no silent server"
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
		await 5 is_listening "$liar" || fail "no liar"
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
	await 5 is_listening "$work/liar" || fail "no liar"
	output=$("$nemoctl" -s "$work/liar" status 2>&1 || true)
	expect "no control bytes" "" "$(printf %s "$output" | LC_ALL=C tr -d '\n\040-\176')"
	output=$("$nemoctl" -s "$work/liar" --json live 2>&1 || true)
	expect "nor in JSON" "" "$(printf %s "$output" | LC_ALL=C tr -d '\n\040-\176')"
	expect "the same JSON" "$(jq -c . "$work/answer")" "$(jq -c . <<<"$output")"
	# What is no UTF-8 is no JSON either, and some terminals obey it; a tab between the words is harmless JSON.
	printf '{\t"ok":false,\r"error":{"code":"failed","message":"a\\\\\x9b2J\xc3\\""}}\n' >"$work/answer"
	output=$("$nemoctl" -s "$work/liar" --json live 2>&1 || true)
	expect "nor as broken UTF-8" '{ "ok":false, "error":{"code":"failed","message":"a\\\ufffd2J\ufffd\""}}' "$output"
	output=$("$nemoctl" "$(printf 'a\033[2Jb')" 2>&1 || true)
	expect "nor from the command line" "" "$(printf %s "$output" | LC_ALL=C tr -d '\n\040-\176')"
}

# Not even white space, the order of members, a number's digits or what we do not know.
test_json_is_the_reply_unchanged() {
	local reply

	for reply in '{ "zzz":1.50,"ok" : true,"a":["\u00e9","é",1e2] }' '{"error":{"message":"no","code":"denied","x":null},"ok":false}'; do
		printf '%s\n' "$reply" >"$work/answer"
		rm -f "$work/honest"
		socat "UNIX-LISTEN:$work/honest,fork" "SYSTEM:cat $work/answer" >/dev/null 2>&1 &
		children+=("$!")
		await 5 is_listening "$work/honest" || fail "no server"
		"$nemoctl" -s "$work/honest" --json live >"$work/stdout" 2>&1 || fail "code $?"
		cmp "$work/answer" "$work/stdout" || fail "changed: $(cat "$work/stdout")"
		kill "$!"
		wait "$!" 2>/dev/null || true
	done
	serve
	expect "of the real server" "$(printf '{"op":"pair"}\n' | timeout 5 nc -N -U "$socket")" "$("$nemoctl" -s "$socket" --json pair)"
	stop
}

# Its words come one by one, and each may be meant for the terminal.
test_nor_what_is_followed() {
	local command output

	printf '%s\n' '{"ok":true,"instance":"i","events":[{"seq":1,"time":"2026-11-20T08:00:00.123Z","service":"a\u001b[2J",
		"event":"\u009bx","level":"info","pid":1,"message":"a\u0007\u001b]0;x\u0007b"}]}' | tr -d '\n\t' >"$work/answer"
	printf '\n{"ok":true,"lines":[{"time":"2026-11-20T08:00:00.123Z","stream":"stdout","line":"\\u001b[31mx\\u0007"}]}\n' >>"$work/answer"
	printf '{"ok":true,"text":"a\\u001b[2Jb\\nc"}\n' >>"$work/answer"
	socat "UNIX-LISTEN:$work/feed,fork" "SYSTEM:cat $work/answer" >/dev/null 2>&1 &
	children+=("$!")
	await 5 is_listening "$work/feed" || fail "no liar"
	for command in 'events -f' '--json events -f'; do
		# shellcheck disable=SC2086 # words are meant
		output=$(timeout 5 "$nemoctl" -s "$work/feed" $command 2>&1 || true)
		[[ $output == *08:00:00* ]] || fail "$command shows nothing: $output"
		expect "$command" "" "$(printf %s "$output" | LC_ALL=C tr -d '\n\040-\176')"
	done
	sed -n 3p "$work/answer" >"$work/metrics"
	socat "UNIX-LISTEN:$work/gauge,fork" "SYSTEM:cat $work/metrics" >/dev/null 2>&1 &
	children+=("$!")
	await 5 is_listening "$work/gauge" || fail "no liar"
	output=$("$nemoctl" -s "$work/gauge" metrics)
	expect "metrics" $'ab\nc' "$output"
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
	expect reload 1 "$(code "$nemoctl" --socket "$socket" reload)"
	expect "a line for each problem" "nemoctl: failed: f:1: one nemoctl: failed: f:2: two" "$(xargs <"$work/stderr")"
	expect environment 0 "$(NEMOINIT_SOCKET=$socket code "$nemoctl" live)"
	expect shutdown 0 "$(code "$nemoctl" --socket "$socket" shutdown)"
	wait "$started" || fail "the server ends with $?"
	expect "nobody there" 5 "$(code "$nemoctl" --socket "$socket" live)"
	expect "no command" 2 "$(code "$nemoctl")"
	expect "unknown command" 2 "$(code "$nemoctl" frob gateway)"
	grep -q "'frob'" "$work/stderr" || fail "it is not named: $(cat "$work/stderr")"
	expect "unknown option" 2 "$(code "$nemoctl" --frob status)"
	grep -q -- "--frob.*--help" "$work/stderr" || fail "no way on: $(cat "$work/stderr")"
	expect "too many" 2 "$(code "$nemoctl" status a b)"
	expect "no name" 2 "$(code "$nemoctl" status ../x)"
	expect "no duration" 2 "$(code "$nemoctl" --timeout soon status)"
	expect help 0 "$(code "$nemoctl" --help)"
	expect version "nemoinit" "$("$nemoctl" --version | cut -d' ' -f1)"
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

run_tests
