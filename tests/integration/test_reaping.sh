#!/usr/bin/env bash
# Orphans: reaped, counted, and not in the way.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

has_reaped() {
	(($(ask .nemoinit.reaped) >= $1))
}

test_a_thousand_orphans_are_reaped_and_counted() {
	local before

	configure <<-END
		[service a]
		command = F until=$W/go orphans=1000 append=$W/done pause
	END
	boot
	state a ready
	before=$(ask .nemoinit.reaped)
	touch "$W/go"
	await $((6 * limit)) test -e "$W/done" || fail "the storm does not end"
	await "$limit" has_reaped $((before + 1000)) || fail "reaped $(ask .nemoinit.reaped)"
	expect "exactly" $((before + 1000)) "$(ask .nemoinit.reaped)"
	expect "only the service is left" 1 "$(wc -w <"/proc/$init/task/$init/children")"
	expect events "starting ready" "$(events a)"
	halt
}

test_a_child_from_before_its_own_start_is_reaped_too() {
	configure <<-END
		[service a]
		command = F pause
	END
	before=("$fixture" bereaved)
	boot
	before=()
	await "$limit" has_reaped 1 || fail "it stays a zombie"
	halt
}

test_answers_do_not_wait_for_a_storm() {
	local slowest=0 begin took

	configure <<-END
		[service a]
		command = F until=$W/go orphans=3000 append=$W/done pause
	END
	boot
	state a ready
	touch "$W/go"
	while [[ ! -e $W/done ]]; do
		begin=$(date +%s%N)
		expect live 0 "$(ctl live)"
		took=$((($(date +%s%N) - begin) / 1000000))
		((took <= slowest)) || slowest=$took
	done
	((slowest < 1000 * slowness)) || fail "an answer took $slowest ms"
	halt
}

# A daemon in a session of its own that does not mind TERM.
test_an_orphan_that_lives_ends_with_nemoinit() {
	configure <<-END
		[service a]
		command = F child detach setsid ignore=TERM append=$W/orphan pause parent pause
	END
	boot
	state a ready
	await "$limit" test -s "$W/orphan" || fail "no orphan"
	expect "both run" 2 "$(running)"
	halt
	expect "none is left" 0 "$(running)"
}

test_an_orphan_that_dies_is_no_exit_of_a_service() {
	configure <<-END
		[service a]
		command = F child detach until=$W/go exit=1 parent pause
	END
	boot
	state a ready
	touch "$W/go"
	await "$limit" has_reaped 1 || fail "it is not reaped"
	expect state ready "$(of a .state)"
	expect events "starting ready" "$(events a)"
	halt
}

run_tests
