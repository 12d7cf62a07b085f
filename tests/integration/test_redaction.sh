#!/usr/bin/env bash
# Secrets are masked wherever something is told: on stdout, in what is kept of the output, in status, in events.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

theirs=hunter2-of-a-service ours=hunter2-of-nemoinit

# told NAME: all that is told of a service.
told() {
	cat "$work/log"
	"$nemoctl" -s "$socket" --json logs "$1"
	"$nemoctl" -s "$socket" logs "$1"
	"$nemoctl" -s "$socket" --json status || true
	"$nemoctl" -s "$socket" status "$1" || true
	"$nemoctl" -s "$socket" --json events
	"$nemoctl" -s "$socket" metrics
}

# hides NAME: none of the secrets is in it.
hides() {
	told "$1" >"$work/told" 2>"$work/stderr"
	expect "secrets of $1 in clear" "" "$(grep -F -e hunter2 -e word-of-an-option "$work/told" || true)"
	grep -qF '***' "$work/told" || fail "nothing is masked: $(cat "$work/told")"
}

test_output_and_command() {
	configure <<-END
		[service a]
		command = F "print=ours \${OUR_API_KEY}!" error=token=hunter2 "print={\"password\": \"hunter2\"}"
		 "print=the \${OUR_API_KEY} and $theirs" pause --a-token word-of-an-option
		env.A_SECRET = $theirs
	END
	boot OUR_API_KEY="$ours"
	state a ready
	await "$limit" grep -q 'the \*\*\*' "$work/log" || fail "no line"
	expect lines 'ours ***! token=*** {"password": "***"} the *** and ***' "$(lines a | LC_ALL=C sort -k1,1 | awk '
		/^ours/ { a = $0 } /^token/ { b = $0 } /^\{/ { c = $0 } /^the/ { d = $0 } END { print a, b, c, d }')"
	expect_match "command" '*pause --a-token \*\*\*' "$(of a .command)"
	hides a
	halt
}

test_a_secret_that_comes_in_pieces() {
	configure <<-END
		[service a]
		command = F partial=the:hunter2- until=$W/1 partial=of-a- until=$W/2 "print=service. tok"
		 partial=tok until=$W/3 print=en=hunter2 pause
		env.A_SECRET = $theirs
	END
	boot
	state a ready
	for i in 1 2 3; do
		touch "$W/$i"
	done
	await "$limit" grep -q '"token=\*\*\*"' "$work/log" || fail "$(lines a)"
	expect lines "the:***. tok token=***" "$(lines a | xargs)"
	expect kept "the:***. tok token=***" "$(of a '.last_output | join(" ")')"
	halt
}

test_a_line_that_is_split() {
	configure <<-END
		[service a]
		command = /bin/sh -c 'printf "%016377d%s%09000d\n" 1 "\$\$A_SECRET" 2; exec F pause'
		env.A_SECRET = $theirs
	END
	boot
	state a ready
	await "$limit" grep -q '0002"' "$work/log" || fail "no line"
	expect lengths "16384 8996" "$(lines a | awk '{ print length }' | xargs)"
	expect "what was in between" '1***0' "$(lines a | tr -d '\n' | grep -o '1\*\*\*0')"
	hides a
	halt
}

test_what_a_probe_and_a_fatal_exit_leave() {
	configure <<-END
		[service a]
		command = F pause
		probe = exec:F "print=\$\$ $theirs is refused" exit=1
		probe_start_interval = 50ms
		start_timeout = 1s
		restart_delay = 60s
		env.A_TOKEN = $theirs
		[service b]
		command = F print=no:$theirs exit=78
		env.A_TOKEN = $theirs
		[service c]
		command = missing-$theirs
		restart_delay = 60s
		env.A_TOKEN = $theirs
	END
	boot
	state a backoff
	state b blocked
	state c backoff
	expect_match "probe" '*: $ \*\*\* is refused' "$(of a .probe.detail)"
	expect "message" 'no:***' "$(of b .blocked.message)"
	expect_match "start" '*missing-\*\*\**' "$(of c '.warnings[0]')"
	hides a
	hides b
	halt
}

test_what_a_task_says() {
	configure <<-END
		[task t]
		command = F print=$theirs error=Bearer:$ours "error=Bearer word-of-an-option" exit=1
		env.A_PASSWORD = $theirs
		[service a]
		command = F pause
	END
	boot OUR_TOKEN="$ours"
	state a blocked
	expect "message" '*** Bearer *** Bearer:***' "$(of a .blocked.message | LC_ALL=C sort | xargs)"
	hides a
	halt
}

test_a_stranger_on_the_port() {
	[[ $mode != profile ]] || return 0 # its command cannot be read there
	directory "$W"
	printf '[nemoinit]\nlog_format = json\n[service a]\ncommand = F until=%s/go listen=8000 pause\nport = 8000\n' "$W" >"$config"
	boot
	inside "${place[@]}" "$fixture" listen=8000 pause --gateway-token word-of-an-option
	await "$limit" grep -q ':1F40 ' "/proc/$init/net/tcp" || fail "no stranger"
	ctl restart a --timeout 1 >/dev/null
	state a backoff
	expect_match "command" '*--gateway-token \*\*\*' "$(of a .listener.command)"
	hides a
	kill "$stranger"
	halt
}

test_an_orphan_that_nobody_knows() {
	configure <<-END
		[service a]
		command = F child detach setsid forget append=$W/orphan pause --a-token word-of-an-option parent
		 until=$W/orphan notify=READY=1 pause
		probe = notify
	END
	boot OUR_TOKEN="$ours"
	state a ready
	expect restart 0 "$(ctl restart)"
	expect restart 0 "$(ctl restart)"
	await "$limit" warns_of_an_orphan || fail "no warning: $(ask .nemoinit.warnings)"
	hides a
	halt
}

warns_of_an_orphan() {
	ask '.nemoinit.warnings[]' | grep -q 'a-token.*orphan'
}

# What is wrong is told with its value: on stderr, to Kubernetes, in the answer to a reload, in warnings.
test_what_is_said_of_a_configuration() {
	local printed

	configure <<-'END'
		[service a]
		command = F pause
	END
	boot OUR_TOKEN="$ours" NEMOINIT_INTERRUPT="$ours" NEMOINIT_STOP_BUDGET=token=hunter2
	state a ready
	cat >>"$config" <<-END
		umask = token=hunter2
		probe = foo://hunter2:hunter2@h/
		restart = $ours
	END
	expect reload 1 "$(ctl reload)"
	told a >"$work/told" 2>&1
	cat "$work/stdout" "$work/stderr" >>"$work/told"
	OUR_TOKEN=$ours "$nemoinit" --check -c "$config" >>"$work/told" 2>&1 && fail "no problem"
	OUR_TOKEN=$ours "$nemoinit" -s "$W/other" -c "$config" >>"$work/told" 2>&1 && fail "it starts"
	expect "in clear" "" "$(grep -F hunter2 "$work/told" || true)"
	expect "log, events, answer, --check, start" 5 "$(grep -c "umask: 'token=\*\*\*' is no" "$work/told")"
	printf '[service a]\ncommand = F pause --token hunter2\nenv.URL = http://me:hunter2@h/\n' >"$config"
	printed=$(OUR_TOKEN=$ours "$nemoinit" --print-config -c "$config")
	expect "in the configuration" "" "$(grep -F hunter2 <<<"$printed" || true)"
	expect_match "the rest of it" $'*\ncommand = F pause --token \*\*\*\n*env.URL = http://\*\*\*@h/\n*' "$printed"
	halt
}

test_it_can_be_turned_off() {
	configure <<-END
		redact = off
		[service a]
		command = F print=token=hunter2 pause
	END
	boot
	state a ready
	await "$limit" grep -q token=hunter2 "$work/log" || fail "no line"
	expect "kept" token=hunter2 "$(of a '.last_output[0]')"
	halt
}

run_tests
