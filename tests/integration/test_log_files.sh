#!/usr/bin/env bash
# What services write, in files: whole, bounded, and never in the way.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

logs=$W/logs
stamp='20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z '
bare_hidden=("${hidden[@]}")
((UID == 0)) && [[ $mode == profile ]] && inner=$owner || inner=0 # nemoinit's uid, in its namespaces

# mounted OPTIONS: for the next boot, a file system of its own at $logs.
mounted() {
	# shellcheck disable=SC2016 # for the inner shell
	hidden=("${bare_hidden[@]}" bash -c 'mkdir -p "$1" && mount -t tmpfs -o "$2" logs "$1" && shift 2 && exec "$@"' \
		- "$logs" "mode=700,uid=$inner,gid=$inner,$1")
}

# seen PATH: as nemoinit sees it.
seen() {
	echo "/proc/$init/root$1"
}

# texts FILE…: without their times.
texts() {
	sed -E "s/^$stamp//" "$@"
}

# has FILE LINE: among its texts.
has() {
	texts "$1" 2>/dev/null | grep -qxF -- "$2"
}

# gets FILE LINE: waits for it.
gets() {
	await "$limit" has "$1" "$2" || fail "$(basename "$1") has no line '$2': $(tail -n 3 "$1" 2>&1)"
}

# total DIRECTORY: bytes in its files.
total() {
	find "$1" -type f -printf '%s\n' 2>/dev/null | awk '{ n += $1 } END { print n + 0 }'
}

# warning NAME: of its log file.
warning() {
	of "$1" '.warnings[] | select(startswith("log file"))'
}

# warned NAME PATTERN
warned() {
	# shellcheck disable=SC2053 # a pattern is meant
	[[ $(warning "$1") == $2 ]]
}

# warns NAME PATTERN: waits for it.
warns() {
	await "$limit" warned "$1" "$2" || fail "$1: wanted the warning '$2', got '$(warning "$1")'"
}

# Retries come every five seconds.
recovers() {
	await $((3 * limit)) warned "$1" '' || fail "$1: still '$(warning "$1")'"
}

test_lines_are_kept_as_they_are() {
	configure <<-END
		log_dir = $logs
		[service a]
		command = F print=x print=x print=x error=two binary exit=0
		restart = never
		[service silent]
		command = F pause
		[service b]
		command = F print=raw pause
		output = inherit
		[service c]
		command = F print=nowhere pause
		output = null
	END
	boot
	state a finished
	state b ready
	state c ready
	halt
	expect "files" a.log "$(cd "$logs" && echo *)"
	expect "modes" "600 700 $owner $owner" "$(stat -c %a "$logs/a.log") $(stat -c '%a %u' "$logs") $(stat -c %u "$logs/a.log")"
	expect "none is folded" "3 1" "$(texts "$logs/a.log" | grep -cx x) $(texts "$logs/a.log" | grep -cx two)"
	expect "raw" "$(printf '\033[31mred\033[0m \xff\xfe\0 \a \xc3\xa9 end' | od -An -c)" \
		"$(LC_ALL=C grep -a 'end$' "$logs/a.log" | tail -c +26 | head -c -1 | od -An -c)"
	expect "each with its time" 5 "$(LC_ALL=C grep -acE "^$stamp" "$logs/a.log")"
}

# Lines of all lengths: none is lost, torn or out of order.
test_they_rotate_between_lines() {
	local number files=() count=40000

	configure <<-END
		log_dir = $logs
		log_max_size = 1M
		log_keep = 100
		[service a]
		command = F ream=$count append=$W/done pause
	END
	sed -i /^log_format/d "$config"
	before=(bash -c 'exec "$@" >/dev/null' -)
	boot
	before=()
	await $((60 * slowness)) test -e "$W/done" || fail "it takes too long"
	await "$limit" grep -q "line $count " "$logs/a.log" || fail "it does not arrive"
	halt
	for number in $(seq 100 -1 1); do
		[[ ! -e $logs/a.log.$number ]] || files+=("$logs/a.log.$number")
	done
	((${#files[@]} >= 36)) || fail "only ${#files[@]} older files"
	expect "wrong lines" "" "$(cat "${files[@]}" "$logs/a.log" | awk -v count=$count '
		{ n++ }
		$2 != "line" || $3 != n || length($0) != 25 + 5 + length(n "") + 1 + n * 37 % 1999 { print NR ": " substr($0, 1, 60); if (++bad > 3) exit }
		END { if (!bad && n != count) print n " lines" }')"
	expect "longer than they may be" "" "$(find "$logs" -size +1048576c)"
	expect "renamed too early" "" "$(find "$logs" -name 'a.log.*' -size -1046500c)"
}

test_the_cap_holds_all_the_time() {
	local largest=0 size

	configure <<-END
		log_dir = $logs/
		log_max_size = 64K
		log_keep = 2
		[service a]
		command = F until=$W/go flood=65536 append=$W/done pause
		[service b]
		command = F until=$W/go flood=65536 append=$W/done pause
	END
	boot
	touch "$W/go"
	until [[ -e $W/done && $(wc -l <"$W/done") == 2 ]]; do
		size=$(total "$logs")
		((size <= largest)) || largest=$size
	done
	for name in a b; do
		await "$limit" grep -q 'line 65536 ' "$logs/$name.log" || fail "$name does not arrive"
		expect "without a gap" "" "$(texts "$logs/$name.log.2" "$logs/$name.log.1" "$logs/$name.log" |
			awk 'NR > 1 && $2 != last + 1 { print last, $2 } { last = $2 }')"
	done
	# While one is renamed find(1) may see it twice.
	((largest <= 2 * 4 * 65536)) || fail "$largest bytes"
	expect "at the end" true "$( (($(total "$logs") <= 2 * 3 * 65536)) && echo true)"
	expect "files" "a.log a.log.1 a.log.2 b.log b.log.1 b.log.2" "$(cd "$logs" && echo *)"
	halt
}

test_the_disk_is_full_and_then_not() {
	local missing files

	configure <<-END
		log_dir = $logs
		[service a]
		command = F flood=65536 append=$W/done until=$W/go print=after pause
	END
	mounted size=2m
	boot
	files=$(seen "$logs")
	await "$limit" test -e "$W/done" || fail "the service is held up"
	warns a "log file: $logs/a.log: No space left on device; lines for it are dropped, tried again every 5 s"
	expect "ready" ready "$(of a .state)"
	hears a drops
	await "$limit" grep -q 'line 65536 ' "$work/log" || fail "not on stdout either"
	expect "told once" 1 "$(messages a drops | wc -l)"
	inside mount -o remount,size=20m "$logs"
	recovers a
	hears a drops 2
	missing=$(messages a drops | sed -nE 's/.* is written again; ([0-9]+) lines .*/\1/p')
	touch "$W/go"
	gets "$files/a.log" after
	expect "none is torn" "" "$(texts "$files/a.log" |
		grep -vE '^(line [0-9]+ of a service that has much to say|after|nemoinit: .*)$' || true)"
	expect "all but the missing ones" 65536 "$((missing + $(grep -c 'line [0-9]* of' "$files/a.log")))"
	expect "said in the file too" "nemoinit: $missing lines are missing here: $logs/a.log: No space left on device" \
		"$(texts "$files/a.log" | grep nemoinit)"
	expect "in metrics" "nemoinit_service_log_dropped_lines_total{service=\"a\"} $missing" \
		"$("$nemoctl" -s "$socket" metrics | grep '^nemoinit_service_log_dropped')"
	halt
	hidden=("${bare_hidden[@]}")
}

# Once is enough: it takes long, and the other modes have all its parts.
test_a_gigabyte_on_twenty_megabytes() {
	local files name count=500000

	[[ $mode == pid1 && $slowness == 1 ]] || return 0
	configure <<-END
		log_dir = $logs
		log_max_size = 4M
		log_keep = 3
		[service a]
		command = F ream=$count append=$W/done until=$W/go print=after pause
		[service b]
		command = F ream=$count append=$W/done until=$W/go print=after pause
	END
	sed -i /^log_format/d "$config"
	mounted size=20m
	before=(bash -c 'exec "$@" >/dev/null' -)
	boot
	before=()
	files=$(seen "$logs")
	await 120 eval '[[ -e $W/done && $(wc -l <"$W/done") == 2 ]]' || fail "it takes too long"
	expect "the quota is hit" 2 "$("$nemoctl" -s "$socket" --json events |
		jq -r '.events[] | select(.event == "drops") | .service' | sort -u | wc -l)"
	expect "ready" "ready ready" "$(of a .state) $(of b .state)"
	# What was written is whole.
	for name in a b; do
		expect "$name: wrong lines" "" "$(cat "$files/$name.log".3 "$files/$name.log".2 "$files/$name.log".1 "$files/$name.log" 2>/dev/null | grep -av 'nemoinit: ' |
			awk '$2 != "line" || $3 <= n || length($0) != 25 + 5 + length($3) + 1 + $3 * 37 % 1999 { print NR ": " substr($0, 1, 60); if (++bad > 3) exit } { n = $3 }')"
	done
	halt
	hidden=("${bare_hidden[@]}")
}

# limited BYTES: nemoinit's files, by somebody of its uid.
limited() {
	local as=()

	[[ $mode != profile ]] || as=(setpriv --reuid "$owner" --regid "$owner" --clear-groups)
	"${as[@]}" prlimit --pid "$init" "--fsize=$1:unlimited"
}

# SIGXFSZ would come with it.
test_files_may_not_grow_and_then_may() {
	configure <<-END
		log_dir = $logs
		[service a]
		command = F until=$W/go flood=1000 until=$W/more print=after pause
	END
	boot
	limited 20000
	touch "$W/go"
	warns a "log file: $logs/a.log: File too large;*"
	((20000 >= $(stat -c %s "$logs/a.log"))) || fail "it has grown"
	limited unlimited
	recovers a
	touch "$W/more"
	gets "$logs/a.log" after
	expect "none is torn" "" "$(texts "$logs/a.log" |
		grep -vE '^(line [0-9]+ of a service that has much to say|after|nemoinit: .*)$' || true)"
	halt
}

test_a_disk_that_cannot_be_written() {
	configure <<-END
		log_dir = $logs
		[service a]
		command = F print=one until=$W/go print=two pause
	END
	mounted ro
	boot
	warns a "log file: $logs/a.log: Read-only file system;*"
	state a ready
	await "$limit" grep -q '"line":"one"' "$work/log" || fail "not on stdout either"
	inside mount -o remount,rw "$logs"
	recovers a
	touch "$W/go"
	gets "$(seen "$logs")/a.log" two
	halt
	hidden=("${bare_hidden[@]}")
}

# Each service finds something else in its place.
test_what_is_no_file_of_ours_is_refused() {
	local name

	configure <<-END
		log_dir = $logs
		[service link]
		command = F print=one until=$W/go print=two pause
		[service dangling]
		command = F print=one until=$W/go print=two pause
		[service hard]
		command = F print=one until=$W/go print=two pause
		[service fifo]
		command = F print=one until=$W/go print=two pause
		[service dir]
		command = F print=one until=$W/go print=two pause
		[service foreign]
		command = F print=one until=$W/go print=two pause
	END
	directory "$logs"
	chmod 700 "$logs"
	echo precious >"$W/precious"
	chown "$owner" "$W/precious"
	ln -s "$W/precious" "$logs/link.log"
	ln -s "$W/none" "$logs/dangling.log"
	ln "$W/precious" "$logs/hard.log"
	mkfifo "$logs/fifo.log"
	mkdir "$logs/dir.log"
	echo precious >"$logs/foreign.log"
	chown "$owner" "$logs/fifo.log" "$logs/dir.log"
	((UID != 0)) || chown 4242 "$logs/foreign.log"
	boot
	warns link "log file: $logs/link.log: is a symbolic link;*"
	warns dangling "log file: $logs/dangling.log: is a symbolic link;*"
	warns hard "log file: $logs/hard.log: has another name too (2 links);*"
	warns fifo "log file: $logs/fifo.log: is no regular file;*"
	warns dir "log file: $logs/dir.log: Is a directory;*"
	# In a sandbox it may not even be opened.
	((UID != 0)) || warns foreign "log file: $logs/foreign.log: @(belongs to uid 4242, not to us|Permission denied);*"
	for name in link dangling hard fifo dir; do
		state "$name" ready
		hears "$name" drops
		await "$limit" grep -q "\"service\":\"$name\",\"stream\":\"stdout\",\"line\":\"one\"" "$work/log" ||
			fail "$name is not on stdout either"
	done
	expect "untouched" "precious precious" "$(cat "$W/precious" "$logs/foreign.log" | xargs)"
	expect "not made" "" "$(ls "$W/none" 2>/dev/null)"
	rm -r "$logs"/*
	for name in link dangling hard fifo dir foreign; do
		recovers "$name"
	done
	touch "$W/go"
	for name in link dangling hard fifo dir foreign; do
		gets "$logs/$name.log" two
	done
	expect "untouched still" precious "$(cat "$W/precious")"
	halt
}

# refused HOW PATTERN: what has been made of the directory, by now.
refused() {
	configure <<-END
		log_dir = $logs
		[service a]
		command = F print=one until=$W/go print=two pause
	END
	directory "$logs"
	chmod 700 "$logs"
	"$1"
	boot
	warns a "log file: $logs: $2;*"
	expect "ready with $1" ready "$(of a .state)"
	expect "no file with $1" "" "$(find "$W" -name '*.log')"
}

be_open() {
	chmod 777 "$logs"
}

be_open_to_a_group() {
	chmod 770 "$logs"
}

be_somebody_elses() {
	chown 4242 "$logs"
}

be_a_link() {
	mv "$logs" "$W/elsewhere"
	ln -s "$W/elsewhere" "$logs"
}

be_a_file() {
	rmdir "$logs"
	touch "$logs"
}

test_a_directory_of_others_is_refused() {
	refused be_open 'is writable by others (mode 0777)'
	halt
	refused be_open_to_a_group 'is writable by others (mode 0770)'
	halt
	if ((UID == 0)); then
		refused be_somebody_elses 'belongs to uid 4242, neither to us nor to root'
		halt
	fi
	refused be_a_link 'is no directory, or a link to one'
	halt
	refused be_a_file 'is no directory, or a link to one'
	rm "$logs"
	recovers a
	touch "$W/go"
	gets "$logs/a.log" two
	expect "ours" 700 "$(stat -c %a "$logs")"
	halt
}

test_a_parent_that_is_missing() {
	configure <<-END
		log_dir = $W/some/where
		[service a]
		command = F print=one until=$W/go print=two pause
	END
	boot
	warns a "log file: $W/some/where: No such file or directory;*"
	directory "$W/some"
	recovers a
	touch "$W/go"
	gets "$W/some/where/a.log" two
	halt
}

# ticking: the service a has something to say all the time.
ticking() {
	configure <<-END
		log_dir = $logs
		[service a]
		command = bash $work/ticker $W/never
	END
	mkfifo "$W/never"
	chown "$owner" "$W/never"
	# shellcheck disable=SC2016 # for the inner shell
	echo 'exec 3<>"$1"; while echo tick; do read -rt 0.02 <&3; done' >"$work/ticker"
	boot
	await "$limit" test -s "$logs/a.log" || fail "no file"
}

test_what_is_taken_away_is_made_again() {
	ticking
	rm "$logs/a.log"
	await "$limit" test -s "$logs/a.log" || fail "it stays away"
	rm -r "$logs"
	await "$limit" test -s "$logs/a.log" || fail "they stay away"
	mv "$logs/a.log" "$logs/taken"
	await "$limit" test -s "$logs/a.log" || fail "it follows the old one"
	echo intruder >"$W/intruder"
	chown "$owner" "$W/intruder"
	mv "$W/intruder" "$logs/a.log"
	await "$limit" grep -q tick "$logs/a.log" || fail "it does not go on in the new one"
	expect "behind what is in it" intruder "$(head -n 1 "$logs/a.log")"
	ln -sf "$W/never" "$logs/a.log"
	warns a "log file: $logs/a.log: is a symbolic link;*"
	rm "$logs/a.log"
	recovers a
	await "$limit" grep -q tick "$logs/a.log" || fail "it stays away after a link"
	halt
}

test_followers_do_not_notice() {
	configure <<-END
		log_dir = $logs
		log_max_size = 1K
		log_keep = 1
		[service a]
		command = F until=$W/go lives=$W/life ream=300 append=$W/done pause / pause
	END
	boot
	"$nemoctl" -s "$socket" logs a -f >"$work/followed" 2>/dev/null &
	children+=("$!")
	state a ready
	touch "$W/go"
	await "$limit" test -e "$W/done" || fail "the service is held up"
	await "$limit" grep -q 'line 300 ' "$work/followed" || fail "the follower misses the end"
	expect "the last ones are asked for" 0 "$(ctl logs a -n 1)"
	expect_match "line" "*line 300 *" "$(cat "$work/stdout")"
	expect "files" "a.log a.log.1" "$(cd "$logs" && echo *)"
	halt
}

test_the_next_life_goes_on() {
	configure <<-END
		log_dir = $logs
		log_max_size = 1K
		[service a]
		command = F print=one exit=0
		restart = never
	END
	boot
	state a finished
	halt
	printf 'cut off' >>"$logs/a.log"
	chmod 644 "$logs/a.log"
	cat >"$config" <<-END
		[nemoinit]
		log_dir = $logs
		log_max_size = 1K
		[service a]
		command = F print=two exit=0
		restart = never
	END
	boot
	state a finished
	halt
	expect "lines" "one cut off two" "$(texts "$logs/a.log" | xargs)"
	expect "mode" 600 "$(stat -c %a "$logs/a.log")"
	head -c 1000 /dev/zero | tr '\0' x >>"$logs/a.log"
	cat >"$config" <<-END
		[nemoinit]
		log_dir = $logs
		log_max_size = 1K
		[service a]
		command = F print=three exit=0
		restart = never
	END
	boot
	state a finished
	halt
	expect "its size counts" "three" "$(texts "$logs/a.log" | xargs)"
	[[ -e $logs/a.log.1 ]] || fail "no older one"
}

test_the_keys_are_reloaded() {
	ticking
	expect "reload" 0 "$(sed -i "s|^log_dir = .*|log_dir = $W/other|" "$config"; ctl reload)"
	await "$limit" test -s "$W/other/a.log" || fail "not in the other place"
	expect "closed" "" "$(find "/proc/$init/fd" -lname "$logs/*")"
	printf 'log_max_size = 1K\nlog_keep = 5\n' >"$work/keys"
	sed -i "/^log_dir/r $work/keys" "$config"
	expect "reload" 0 "$(ctl reload)"
	await $((3 * limit)) test -e "$W/other/a.log.5" || fail "they do not rotate"
	sed -i 's/^log_keep = 5/log_keep = 1/' "$config"
	expect "reload" 0 "$(ctl reload)"
	await "$limit" test ! -e "$W/other/a.log.2" || fail "too many are kept: $(ls "$W/other")"
	sed -i 's/^log_keep = 1/log_keep = 0/' "$config"
	expect "reload" 0 "$(ctl reload)"
	await "$limit" test ! -e "$W/other/a.log.1" || fail "too many are kept: $(ls "$W/other")"
	sed -i '/^log_/d' "$config"
	expect "reload" 0 "$(ctl reload)"
	expect "closed" "" "$(find "/proc/$init/fd" -lname "$W/*.log*")"
	expect "never restarted" 0 "$(of a .restarts)"
	halt
}

test_secrets_are_masked_in_files() {
	configure <<-END
		log_dir = $logs
		[service a]
		command = F print=token=abcdef print=is:very-long-and-secret exit=0
		env.SOME_KEY = very-long-and-secret
		restart = never
	END
	boot
	state a finished
	halt
	expect "masked" "token=*** is:***" "$(texts "$logs/a.log" | xargs)"
	configure <<-END
		log_dir = $logs
		redact = off
		[service a]
		command = F print=token=abcdef print=is:very-long-and-secret exit=0
		env.SOME_KEY = very-long-and-secret
		restart = never
	END
	boot
	state a finished
	halt
	expect "not masked" "token=abcdef is:very-long-and-secret" "$(texts "$logs/a.log" | xargs)"
}

run_tests
