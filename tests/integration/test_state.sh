#!/usr/bin/env bash
# What nemoinit keeps in state_dir for its next life, and a directory that cannot be used.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# configured LINES: a service a, with state_dir = $W/state, which is there; the file in $record.
configured() {
	configure <<-END
		state_dir = $W/state
		[service a]
		command = F print=up pause
		restart_delay = 10ms
		restart_delay_max = 10ms
		crash_limit = 100000/1h
		stable_after = 10ms
		${1-}
	END
	cp "$config" "$work/again"
	directory "$W/state"
	record=$W/state/nemoinit-run.json
}

boot_again() {
	cp "$work/again" "$config"
	boot
}

kill_it() {
	kill -KILL "$init"
	ended
}

recorded() {
	jq -e "$1" "$record"
}

# warned PATTERN: there is one warning of nemoinit, and it is that.
warned() {
	await "$limit" has_warning "$1" || fail "no warning '$1': $(ask .nemoinit.warnings)"
}

has_warning() {
	# shellcheck disable=SC2053 # a pattern is meant
	[[ $(ask '.nemoinit.warnings | join("|")') == $1 ]]
}

is_unwarned() {
	[[ $(ask '.nemoinit.warnings | length') == 0 ]]
}

test_without_the_key_nothing_is_said_or_written() {
	configure <<-END
		[service a]
		command = F pause
	END
	boot
	state a ready
	expect previous null "$(ask .nemoinit.previous_run)"
	halt
}

test_an_ordered_end_is_told_by_the_next_start() {
	local ended_at

	configured
	boot
	state a ready
	expect "the first life" null "$(ask .nemoinit.previous_run)"
	halt
	expect_match "the reason" "SIGTERM: all services stopped in *" "$(jq -r .reason "$record")"
	expect "for us only" 600 "$(stat -c %a "$record")"
	expect "nothing else is left" "nemoinit-run.json nemoinit-run.lock" "$(cd "$W/state" && echo *)"
	ended_at=$(jq -r .at "$record")
	boot_again
	expect ended clean "$(ask .nemoinit.previous_run.ended)"
	expect at "$ended_at" "$(ask .nemoinit.previous_run.at)"
	expect "the last events" "starting ready stopping stopped" \
		"$(ask '.nemoinit.previous_run.last_events[] | select(.service == "a") | .event' | xargs)"
	expect "keys of an event" "event level message pid seq service time" \
		"$(ask '.nemoinit.previous_run.last_events[0] | keys | join(" ")')"
	expect_match "the log" "the run before was stopped at $ended_at: SIGTERM: all services stopped in *" \
		"$(jq -rR 'fromjson? | select(.event == "previous-run") | .message' "$work/log")"
	expect "no word of it in the table" "" "$(nemoctl_status | grep 'last run' || true)"
	expect metric "nemoinit_previous_run_killed 0" "$("$nemoctl" -s "$socket" metrics | grep '^nemoinit_previous')"
	halt
}

nemoctl_status() {
	"$nemoctl" -s "$socket" status || true
}

test_a_kill_is_told_by_the_next_start() {
	configured
	boot
	state a ready
	expect restart 0 "$(ctl restart a)"
	await "$limit" recorded '[.events[].event] | index("exited")' || fail "no record of it"
	await "$limit" recorded '.events[-1].event == "ready"' || fail "not the last"
	kill_it
	boot_again
	expect ended killed "$(ask .nemoinit.previous_run.ended)"
	expect "the last event" "ready" "$(ask '.nemoinit.previous_run.last_events[-1].event')"
	expect_match "a line for people" "  last run   killed; last recorded * ago: a: ready*" \
		"$(COLUMNS=200 nemoctl_status | grep 'last run')"
	expect metric "nemoinit_previous_run_killed 1" "$("$nemoctl" -s "$socket" metrics | grep '^nemoinit_previous')"
	state a ready
	halt
	boot_again
	expect "then an ordered end" clean "$(ask .nemoinit.previous_run.ended)"
	halt
}

# In the first moment, too.
test_a_life_is_marked_before_anything_starts() {
	configured "probe = notify"
	boot
	expect "it runs" false "$(jq .clean "$record")"
	kill_it
	boot_again
	expect ended killed "$(ask .nemoinit.previous_run.ended)"
	halt
}

test_no_kill_tears_the_record() {
	local round

	configured
	sed -i 's/^command = .*/command = F exit=1/' "$work/again"
	for round in 1 2 3 4 5 6; do
		boot_again
		((round == 1)) || expect "end $round" killed "$(ask .nemoinit.previous_run.ended)"
		((round == 1)) || expect "warnings $round" 0 "$(ask '.nemoinit.warnings | length')"
		# While it writes as often as it ever does. Who reads sees what a kill would leave.
		await "$limit" has_events $((10 * round)) || fail "few events"
		kill_it
		recorded '.version == 1 and .clean == false' >/dev/null || fail "torn after $round"
	done
	[[ ! -e $W/torn ]] || fail "a reader has seen a torn one"
}

has_events() {
	local status=0

	recorded ".events | length > $1" || status=$?
	((status < 2)) || touch "$W/torn"
	((status == 0))
}

test_at_most_100_events_are_kept() {
	configured
	sed -i 's/^command = .*/command = F exit=1/' "$config"
	cp "$config" "$work/again"
	boot
	hears a starting 60
	halt
	expect count 100 "$(jq '.events | length' "$record")"
	expect "the last ones" true "$(jq '.events[99].seq - .events[0].seq == 99' "$record")"
	boot_again
	expect "in status" 100 "$(ask '.nemoinit.previous_run.last_events | length')"
	halt
}

# Whoever may not read events does not read them there.
test_events_of_the_last_life_are_for_the_privileged() {
	((UID == 0)) && [[ $mode != profile ]] || return 0
	cp "$nemoctl" "$work/nemoctl-copy"
	configured
	boot
	state a ready
	halt
	boot_again
	expect "of somebody else" '{"ended":"clean","last_events":null}' \
		"$(setpriv --reuid 65534 --regid 65534 --clear-groups "$work/nemoctl-copy" -s "$socket" --json status |
			jq -c '.nemoinit.previous_run | del(.at)')"
	halt
}

test_what_is_no_record_is_told_and_replaced() {
	local kind

	configured
	boot
	halt
	cp "$record" "$W/good"
	chown "$owner" "$W/good"
	for kind in garbage empty torn version large link fifo stranger; do
		rm -f "$record"
		case $kind in
		garbage) echo garbage >"$record" ;;
		empty) : >"$record" ;;
		torn) printf '{"version":1,"instance":"x","clean":fal' >"$record" ;;
		version) printf '{"version":2}' >"$record" ;;
		large) head -c 1100000 /dev/zero | tr '\0' ' ' >"$record" ;;
		link) cp "$W/good" "$W/elsewhere" && ln -s "$W/elsewhere" "$record" ;;
		fifo) mkfifo "$record" ;;
		stranger) cp "$W/good" "$record" ;;
		esac
		chown -h "$owner" "$record"
		if [[ $kind == stranger ]]; then
			((UID == 0)) || continue
			chown 65533 "$record"
			chmod 644 "$record"
		fi
		boot_again
		expect "$kind" null "$(ask .nemoinit.previous_run)"
		warned "state_dir $W/state: *; replaced, previous_run is unknown"
		state a ready
		halt
		expect "$kind: replaced" true "$(jq .clean "$record")"
		[[ -f $record && ! -L $record ]] || fail "$kind: still there"
	done
	cmp -s "$W/good" "$W/elsewhere" || fail "what the link led to has changed"
}

test_a_directory_in_its_place_is_told_until_it_goes() {
	configured
	mkdir "$record"
	boot
	warned "state_dir $W/state: nemoinit-run.json: Is a directory; nothing is kept for the next start, trying again every 5 s"
	state a ready
	rmdir "$record"
	await 30 is_unwarned || fail "it is not tried again: $(ask .nemoinit.warnings)"
	expect "it is told once" 1 "$(grep -c 'nothing is kept' "$work/log")"
	[[ -f $record ]] || fail "no record"
	halt
	expect "an ordered end" true "$(jq .clean "$record")"
}

test_a_place_that_is_not_there_is_waited_for() {
	configured
	boot
	state a ready
	halt
	mv "$W/state" "$W/later"
	boot_again
	warned "state_dir $W/state: No such file or directory; nothing is kept*"
	expect "not yet" null "$(ask .nemoinit.previous_run)"
	mv "$W/later" "$W/state"
	await 30 is_unwarned || fail "it is not tried again: $(ask .nemoinit.warnings)"
	expect "and then" clean "$(ask .nemoinit.previous_run.ended)"
	halt
}

test_a_place_that_others_may_change_is_refused() {
	configured
	chmod 757 "$W/state"
	boot
	warned "state_dir $W/state: must be owned by root or our user and not writable by others; nothing is kept*"
	halt
	chmod 755 "$W/state"
	if ((UID == 0)); then
		chown 65533 "$W/state"
		boot_again
		warned "state_dir $W/state: must be owned by*"
		halt
	fi
	rm -rf "$W/state"
	directory "$W/real"
	ln -s "$W/real" "$W/state"
	boot_again
	warned "state_dir $W/state: is no directory; nothing is kept*"
	halt
	expect "nothing was written" "" "$(ls "$W/real")"
}

# as_filesystem OPTIONS: a filesystem of its own over $W/state, as nemoinit sees it.
as_filesystem() {
	nsenter -t "$init" -m mount -t tmpfs -o "uid=$owner,mode=755,$1" state "$W/state"
}

test_a_full_disk_keeps_the_last_record() {
	configured
	boot
	state a ready
	as_filesystem size=16k
	nsenter -t "$init" -m sh -c "cat /dev/zero >$W/state/filler 2>/dev/null" || true
	expect restart 0 "$(ctl restart a)"
	warned "state_dir $W/state: nemoinit-run.json.new: No space left on device; nothing is kept*"
	expect "all else goes on" ready "$(of a .state)"
	expect "no half of it" 0 "$(nsenter -t "$init" -m ls "$W/state" | grep -c new || true)"
	nsenter -t "$init" -m rm "$W/state/filler"
	await 30 is_unwarned || fail "it is not tried again: $(ask .nemoinit.warnings)"
	expect "there it is" false "$(nsenter -t "$init" -m jq .clean "$record")"
	halt
}

test_a_read_only_disk_is_told_and_what_is_there_is_read() {
	configured
	boot
	state a ready
	halt
	if [[ $mode == profile ]]; then
		chmod 555 "$W/state"
		chown 0:0 "$W/state"
		boot_again
	else
		before=(sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' "$W/state")
		boot_again
		before=()
	fi
	expect "it is read" clean "$(ask .nemoinit.previous_run.ended)"
	warned "state_dir $W/state: nemoinit-run.json.new: *; nothing is kept*"
	state a ready
	halt
	expect_match "the end says so too" "*nothing is kept*" "$(cat "$work/log")"
}

test_a_second_one_leaves_the_record_alone() {
	local second=$work/second

	configured
	boot
	state a ready
	sed "s/^command = .*/command = F pause/" "$work/again" >"$second"
	inside "${place[@]}" env "PATH=$work/bin:$PATH" "$nemoinit" -s "$W/other" -c "$second"
	await "$limit" "$nemoctl" -s "$W/other" live || fail "no second one: $(cat "$work/stranger")"
	expect_match "it says so" "*another nemoinit keeps its record there; nothing is kept*" \
		"$("$nemoctl" -s "$W/other" --json status | jq -r '.nemoinit.warnings | join("|")')"
	expect "whose it is" "$(ask .nemoinit.instance)" "$(jq -r .instance "$record")"
	"$nemoctl" -s "$W/other" shutdown >/dev/null || fail "no shutdown"
	await "$limit" test ! -e "$W/other" || fail "it does not end"
	expect "whose it is after its end" "$(ask .nemoinit.instance)" "$(jq -r .instance "$record")"
	halt
}

test_a_reload_changes_it_at_the_next_start() {
	configured
	boot
	state a ready
	directory "$W/new"
	sed -i "s|^state_dir = .*|state_dir = $W/new|" "$config"
	expect reload 0 "$(ctl reload)"
	warned "*state_dir: takes effect at the next start of nemoinit"
	halt
	expect "at the old place" true "$(jq .clean "$record")"
	expect "not at the new one" "" "$(ls "$W/new")"
}

# Nothing happens, nothing is written, nobody wakes.
test_a_reload_leaves_the_record_where_it_is() {
	configured
	boot
	state a ready
	for _ in 1 2 3; do
		expect "reload" 0 "$(sed -i 's/print=up/&p/' "$config"; ctl reload)"
	done
	ctl restart a >/dev/null
	await "$limit" recorded '[.events[] | select(.event == "reload")] | length == 3' ||
		fail "not in the record: $(cat "$record")"
	await "$limit" is_unwarned || fail "warned: $(ask .nemoinit.warnings)"
	halt
}

test_an_idle_life_writes_nothing() {
	local kept wakes

	configured
	boot
	state a ready
	await "$limit" recorded '.events[-1].event == "ready"' || fail "no record"
	kept=$(stat -c %y.%i "$record")
	wakes=$(awk '/^voluntary/ { print $2 }' "/proc/$init/status")
	! await 2 is_other_than "$kept" || fail "it is written again"
	(($(awk '/^voluntary/ { print $2 }' "/proc/$init/status") - wakes <= 2)) || fail "it wakes up"
	halt
}

is_other_than() {
	[[ $(stat -c %y.%i "$record") != "$1" ]]
}

test_the_path_is_absolute() {
	local status=0

	printf '[nemoinit]\nstate_dir = state\n[service a]\ncommand = F\n' >"$config"
	timeout "$limit" "$nemoinit" --check -c "$config" 2>"$work/stderr" || status=$?
	expect code 2 "$status"
	expect_match "it says what is wanted" "*:2: state_dir: an absolute path is wanted" "$(cat "$work/stderr")"
	rm "$config"
}

run_tests
