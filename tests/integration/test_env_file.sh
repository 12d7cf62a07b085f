#!/usr/bin/env bash
# Variables of a service that stand in a file of their own, read at every start.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# put TEXT: the file, as nemoinit takes it.
put() {
	printf '%b' "$1" >"$W/new"
	chmod 640 "$W/new"
	chown "$owner" "$W/new"
	mv "$W/new" "$W/env"
}

# env_of NAME: its last word about it; END is its last.
env_of() {
	lines a | sed -n "s/^env: $1=//p" | tail -n 1
}

has_started() {
	(($(lines a | grep -c '^END$') >= $1))
}

started() {
	await "$limit" has_started "$1" || fail "no start number $1"
}

# refused WORDS…: until a start fails with that.
refused() {
	await "$limit" is_refused "$1" || fail "no '$1': $(messages a backoff | tail -n 2) $(of a .warnings)"
	expect "reason of '$1'" exec-failed "$(of a .last_exit.reason)"
}

is_refused() {
	[[ $(of a '.warnings[0]') == "env_file '$W/env': $1"* ]]
}

configured() {
	configure <<-END
		[service a]
		command = F facts print=END pause
		env_file = $W/env
		env.FROM_SECTION = section
		env_unset = GONE BACK
		restart_delay = 20ms
		restart_delay_max = 50ms
		crash_limit = 1000/1h
		${1-}
	END
}

test_it_stands_between_what_is_inherited_and_the_section() {
	configured
	put "# ours\r\nexport INHERITED=file\r\n\nBACK='a b'\nFROM_SECTION=file\nTWICE=1\nTWICE=2\nPATH_X=\"x;y\"\n"
	boot INHERITED=1 GONE=1 BACK=1 KEPT=1
	started 1
	expect inherited file "$(env_of INHERITED)"
	expect "unset and set again" "a b" "$(env_of BACK)"
	expect "unset" "" "$(env_of GONE)"
	expect section section "$(env_of FROM_SECTION)"
	expect "the later line" 2 "$(env_of TWICE)"
	expect quotes "x;y" "$(env_of PATH_X)"
	expect "all else" 1 "$(env_of KEPT)"
	halt
}

test_it_is_read_at_every_start() {
	configured
	put 'VALUE=first\n'
	boot
	started 1
	expect value first "$(env_of VALUE)"
	put 'VALUE=second\n'
	expect restart 0 "$(ctl restart a)"
	started 2
	expect value second "$(env_of VALUE)"
	halt
}

test_a_probe_has_what_the_start_had() {
	local before

	# shellcheck disable=SC2016 # for the shell of the probe
	configured 'probe = exec:sh -c "test $$VALUE = first"'
	printf 'probe_start_interval = 10ms\nprobe_interval = 10ms\nprobe_retry_interval = 10ms\n' >>"$config"
	put 'VALUE=first\n'
	boot
	state a ready
	rm "$W/env"
	before=$(of a .probe.last_ok_at)
	await "$limit" is_probed_after "$before" || fail "no good probe any more: $(of a .probe)"
	expect events "starting ready" "$(events a)"
	halt
}

is_probed_after() {
	[[ $(of a .probe.last_ok_at) > $1 ]]
}

# A secret may be mounted late.
test_a_missing_file_is_told_and_waited_for() {
	configured
	boot
	refused "No such file or directory"
	hears a backoff 3
	put 'VALUE=late\n'
	started 1
	expect value late "$(env_of VALUE)"
	expect "no warning is left" 0 "$(of a '.warnings | length')"
	halt
}

test_a_bad_line_is_named_and_not_shown() {
	configured
	put 'A=1\n\nSECRET_TOKEN=hunter2 hunter3\n'
	boot
	refused "3: no NAME=value"
	put 'A=1\nSECRET_TOKEN=hunter2\n9B=hunter3\n'
	refused "3: no NAME=value"
	expect "no value is told" 0 "$(cat "$work/log" "$work/errors" | grep -c hunter || true)"
	put 'A=2\n'
	started 1
	halt
}

test_what_is_no_small_file_is_refused_at_once() {
	configured
	mkdir "$W/env"
	boot
	refused "is no regular file"
	rmdir "$W/env"
	mkfifo "$W/env"
	chown "$owner" "$W/env"
	hears a backoff $(($(messages a backoff | wc -l) + 2))
	refused "is no regular file"
	head -c 65537 /dev/zero | tr '\0' '#' >"$W/large"
	chown "$owner" "$W/large"
	mv "$W/large" "$W/env"
	refused "is too large"
	put 'A=1\0B=2\n'
	refused "holds a NUL byte"
	put ''
	started 1
	halt
}

test_root_takes_no_file_that_others_may_write() {
	[[ $owner == 0 && $mode != profile ]] || return 0
	configured
	put 'A=1\n'
	chmod 646 "$W/env"
	boot
	refused "must be owned by root and writable by nobody else"
	put 'A=1\n'
	started 1
	put 'A=2\n'
	chown 0:65534 "$W/env"
	chmod 660 "$W/env"
	expect "a group may write" 1 "$(ctl restart a --timeout 1s | sed 's/[48]/1/')"
	refused "must be owned by root"
	put 'A=3\n'
	started 2
	put 'A=4\n'
	chown 65534 "$W/env"
	ctl restart a --timeout 1s >/dev/null
	refused "must be owned by root"
	put 'A=5\n'
	chmod 664 "$W/env"
	started 3
	expect "group root may write" 5 "$(env_of A)"
	halt
}

test_the_path_is_absolute_and_for_the_file_only() {
	configure <<-END
		[service a]
		command = F pause
		env_file = env
	END
	expect code 2 "$(run --check -c "$config")"
	expect_match "it says what is wanted" "*:5: env_file: an absolute path is wanted*" "$(cat "$work/stderr")"
	rm "$config"
	configured
	expect "not by the environment" 2 "$(NEMOINIT_SERVICE_A_ENV_FILE=/x run --check -c "$config")"
	expect_match "it is not known" "*NEMOINIT_SERVICE_A_ENV_FILE: not known*" "$(cat "$work/stderr")"
	rm "$config"
}

run() {
	local status=0

	timeout "$limit" "$nemoinit" "$@" >"$work/stdout" 2>"$work/stderr" || status=$?
	echo "$status"
}

run_tests
