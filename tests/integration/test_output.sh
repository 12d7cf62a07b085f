#!/usr/bin/env bash
# What services write, and where it goes; also when nobody takes it.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

test_lines_come_out_with_service_and_stream() {
	configure <<-END
		[service a]
		command = F print=one error=two partial=three exit=0
		restart = never
	END
	boot
	state a finished
	expect "stdout" "one three" "$(jq -rR 'fromjson? | select(.stream == "stdout") | .line' "$work/log" | xargs)"
	expect "stderr" "two" "$(jq -rR 'fromjson? | select(.stream == "stderr") | .line' "$work/log")"
	expect "in status" "one three two" "$(of a '.last_output[]' | sort | xargs)"
	expect "when" true "$(of a '.last_output_at != null')"
	halt
}

test_text_is_the_default_form() {
	cat >"$config" <<-END
		[service a]
		command = F print=one listen=8000 serve=/nonexistent
		probe = http://127.0.0.1:8000/health
		probe_start_interval = 50ms
	END
	boot
	state a ready
	await "$limit" grep -q 'a | one' "$work/log" || fail "no line"
	halt
	expect "every line is one of three forms" "" \
		"$(grep -vE '^20[0-9-]{8}T[0-9:.]{12}Z (nemoinit( a)?: |a \| )' "$work/log" || true)"
	grep -qE 'Z nemoinit a: ready after [0-9.]+m?s \(pid [0-9]+, 127\.0\.0\.1:8000\)$' "$work/log" || fail "no ready line"
}

test_bytes_of_any_kind_are_made_harmless() {
	configure <<-END
		[service a]
		command = F binary exit=0
		restart = never
	END
	boot
	state a finished
	expect "escaped" 'red \xff\xfe\x00 \x07 é end' "$(lines a)"
	expect "in status too" 'red \xff\xfe\x00 \x07 é end' "$(of a '.last_output[0]')"
	halt
	rm -f "$work/plain"
	printf '[service a]\ncommand = F binary exit=0\nrestart = never\n' >"$config"
	boot
	state a finished
	halt
	expect "no control bytes in text" "" "$(LC_ALL=C tr -d '\n\040-\176\200-\377' <"$work/log")"
}

test_a_service_that_closes_its_output_runs_on() {
	configure <<-END
		[service a]
		command = F print=last close=1 close=2 pause
	END
	boot
	state a ready
	await "$limit" grep -q last "$work/log" || fail "no line"
	expect state ready "$(of a .state)"
	expect events "starting ready" "$(events a)"
	expect "no spinning" true "$(is_calm && echo true)"
	halt
}

# Hardly any processor time goes by in a while.
is_calm() {
	local before

	before=$(ticks)
	await 1 false || true
	(($(ticks) - before < 20))
}

ticks() {
	awk '{ print $14 + $15 }' "/proc/$init/stat"
}

test_every_line_of_a_flood_arrives_and_status_does_not_wait() {
	local slowest=0 begin took

	configure <<-END
		[service a]
		command = F until=$W/go flood=65536 append=$W/done pause
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
	await "$limit" grep -q 'line 65536 ' "$work/log" || fail "it does not arrive"
	expect "in order, none lost" "$(seq 65536 | md5sum)" "$(grep -o '"line":"line [0-9]*' "$work/log" | grep -o '[0-9]*$' | md5sum)"
	halt
}

test_inherit_and_null() {
	configure <<-END
		[service a]
		command = F print=raw pause
		output = inherit
		[service b]
		command = F print=nowhere pause
		output = null
	END
	boot
	state a ready
	state b ready
	await "$limit" grep -qx raw "$work/log" || fail "not as it is"
	expect "none" "" "$(grep nowhere "$work/log" | grep -v command || true)"
	expect "none kept" "[] []" "$(ask '[.services[].last_output] | map(tostring) | join(" ")')"
	halt
}

# blocked NAME: stdout is a pipe that nobody reads, and full.
test_a_reader_that_stops_reading_holds_up_nobody() {
	configure <<-END
		[service a]
		command = F flood=65536 append=$W/done pause
		[service b]
		command = F until=$W/crash exit=1
		restart_delay = 20ms
	END
	mkfifo "$work/pipe"
	chown "$owner" "$work/pipe"
	exec 6<>"$work/pipe"
	before=(bash -c "exec \"\$@\" >'$work/pipe'" -)
	boot
	before=()
	await "$limit" test -e "$W/done" || fail "the service is held up"
	touch "$W/crash"
	await "$limit" is b '.restarts > 0' true || fail "nemoinit is held up"
	expect live 0 "$(ctl live)"
	expect "no spinning" true "$(rm "$W/crash"; is_calm && echo true)"
	cat <&6 >"$work/read" &
	children+=("$!")
	await "$limit" grep -q 'lines dropped' "$work/read" || fail "drops are not told"
	expect "whole lines only" "" "$(jq -R 'try (fromjson | empty) catch "broken"' <(head -n -1 "$work/read"))"
	exec 6>&-
	halt
}

# A terminal polls writable and blocks all the same.
test_a_terminal_nobody_reads_holds_up_nobody() {
	[[ $mode != profile ]] || return 0 # terminals are out of reach there
	configure <<-END
		[service a]
		command = F flood=65536 append=$W/done pause
	END
	before=("$fixture" terminal)
	boot
	before=()
	await "$limit" test -e "$W/done" || fail "the service is held up"
	expect live 0 "$(ctl live)"
	expect "no spinning" true "$(is_calm && echo true)"
	halt
}

test_stdout_that_is_gone_holds_up_nobody() {
	local how

	for how in '>&-' '| true' '>/dev/full'; do
		# No such device may be opened in a sandbox.
		[[ $mode$how != 'profile>/dev/full' ]] || continue
		configure <<-END
			[service a]
			command = F print=x once=$W/1 exit=1
			restart_delay = 20ms
		END
		before=(bash -c "\"\$@\" $how" -)
		[[ $how == '| true' ]] || before=(bash -c "exec \"\$@\" $how" -)
		[[ $how != '| true' ]] || before=(bash -c "exec \"\$@\" > >(true)" -)
		boot
		before=()
		becomes a .restarts 1
		state a ready
		expect "no spinning with $how" true "$(is_calm && echo true)"
		halt
	done
}

test_a_line_that_is_repeated_is_folded() {
	configure <<-END
		[service a]
		command = F print=same print=same print=same print=other print=late print=late pause
		[service b]
		command = F print=last print=last exit=1
		restart_delay = 20ms
		crash_limit = 1/1m
		crash_action = block
		[service c]
		command = F print=same wait=500 close=2 wait=500 print=same print=other pause
	END
	boot
	state a ready
	state b blocked
	await "$limit" has_lines c 3 || fail "$(lines c)"
	expect "beside a stream that ends" "same (repeated 1 times) other" "$(lines c | xargs)"
	expect "told at the end, and shown in the next life" "last last" \
		"$(lines b | sed 's/^(repeated 1 times)$//' | xargs)"
	expect "each end" "1 1" "$(jq -rR 'fromjson? | select(.service == "b") | .repeated // empty' "$work/log" | xargs)"
	expect "kept" "same same same other late late" "$(of a '.last_output | join(" ")')"
	await 30 has_lines a 5 || fail "not told in time"
	expect lines "same (repeated 2 times) other late (repeated 1 times)" "$(lines a | xargs)"
	expect "as numbers" "2 1" "$(jq -rR 'fromjson? | select(.service == "a") | .repeated // empty' "$work/log" | xargs)"
	expect "by the socket" 6 "$("$nemoctl" -s "$socket" logs a | wc -l)"
	halt
}

# has_lines NAME COUNT
has_lines() {
	(($(lines "$1" | wc -l) == $2))
}

# Gigabytes of it cost a line each ten seconds.
test_a_flood_of_one_line_is_hardly_seen() {
	configure <<-END
		[service a]
		command = F spew=$W/enough exit=0
		restart = never
	END
	boot
	await "$limit" has_written a 10000000 || fail "no flood"
	expect live 0 "$(ctl live)"
	touch "$W/enough"
	state a finished
	expect "lines" true "$((($(lines a | wc -l) <= 40)) && echo true)"
	halt
}

# A turn of the loop reads output for 2 ms: the limit is generous, but not for one that reads all there is.
test_a_flood_does_not_delay_answers() {
	local took=() begin i

	configure <<-END
		[service a]
		command = /bin/sh -c 'while test ! -e $W/enough; do seq 100000; done'
	END
	boot
	await "$limit" has_written a 1000000 || fail "no flood"
	for ((i = 0; i < 100; i++)); do
		begin=$(date +%s%N)
		expect live 0 "$(ctl live)"
		took+=($((($(date +%s%N) - begin) / 1000000)))
	done
	touch "$W/enough"
	((slowness > 1 || $(printf '%s\n' "${took[@]}" | sort -n | sed -n 99p) < 500)) || fail "p99 of: ${took[*]}"
	halt
}

# has_written NAME BYTES: at least.
has_written() {
	local bytes

	bytes=$("$nemoctl" -s "$socket" metrics | sed -n "s/^nemoinit_service_output_bytes_total{service=\"$1\"} //p")
	((${bytes:-0} >= $2))
}

# The last words of a service are all there, though somebody it left behind goes on writing.
test_last_words_beside_a_survivor() {
	configure <<-END
		[service a]
		command = F child setsid spew=$W/enough parent print=one print=two print=bye exit=3
		restart = never
	END
	boot
	state a finished
	await "$limit" grep -q '"bye"' "$work/log" || fail "the last words are missing"
	expect "all of them" "one two bye" "$(lines a | grep -xE 'one|two|bye' | xargs)"
	expect code 3 "$(of a .last_exit.code)"
	expect live 0 "$(ctl live)"
	touch "$W/enough"
	halt
}

run_tests
