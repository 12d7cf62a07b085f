#!/usr/bin/env bash
# Configuration: what is refused and how it is named, the environment over the file, --check and
# --print-config, and the command line.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# run ARGUMENTS…: nemoinit outside of any namespace, which must end at once; its exit code.
run() {
	local status=0

	timeout "$limit" "$nemoinit" "$@" >"$work/stdout" 2>"$work/stderr" || status=$?
	echo "$status"
}

# bad LINE MESSAGE: --check and a start with $config end with 2, and stderr has FILE:LINE: MESSAGE.
bad() {
	expect "--check, line $1" 2 "$(run --check -c "$config")"
	expect_match "--check" "*$config:$1: $2*" "$(cat "$work/stderr")"
	expect "a start, line $1" 2 "$(run -s "$work/other" -c "$config")"
	expect_match "a start" "*$config:$1: $2*" "$(cat "$work/stderr")"
}

test_each_bad_line_is_named() {
	local line message

	while IFS='|' read -r line message; do
		printf '[service a]\ncommand = F\n%b\n' "$line" >"$config"
		bad 3 "$message"
	done <<-'END'
		frob = 1|frob: unknown key
		command = G|duplicate key 'command', first at *:2
		stop_timeout = soon|stop_timeout: 'soon' is no duration
		stop_timeout = 10 minutes|stop_timeout: '10 minutes' is no duration
		stop_timeout = 0|stop_timeout: '0' is no duration
		probe = http://example.com:80/|probe: *host must be
		probe = ftp://127.0.0.1/|probe: *none of
		probe = tcp://127.0.0.1:99999|probe: *port from 1 to 65535
		restart = sometimes|restart: 'sometimes' is none of: always
		enabled = perhaps|enabled: 'perhaps' is neither yes nor no
		stop_signal = STOP|stop_signal: 'STOP' is none of
		crash_limit = 5|crash_limit: '5' is no COUNT/DURATION
		after = nobody|after: 'nobody' is no service
		after = a|after: 'a' is this service itself
		restart_with = nobody|restart_with: 'nobody' is no service
		env.1X = 1|env.1X: the name after
		env.X = ${NOT_THERE_AT_ALL}|env.X: *NOT_THERE_AT_ALL
		probe_expect = a ;b|a comment behind a value
		no equals sign|'no equals sign' is no KEY = VALUE
		[tasks a]|unknown section
		[service A]|service name 'A'
		[service main]|service name 'main' is reserved
		nul\0byte = 1|a NUL byte in the line
	END
	rm "$config"
}

test_a_line_has_at_most_198_bytes() {
	printf '[service a]\ncommand = %s\n' "$(printf '%188s' '' | tr ' ' x)" >"$config"
	expect "198 bytes" 0 "$(run --check -c "$config")"
	printf '[service a]\ncommand = %s\n' "$(printf '%189s' '' | tr ' ' x)" >"$config"
	expect "199 bytes" 2 "$(run --check -c "$config")"
	expect_match "named" "$config:2: a line of 199 bytes*" "$(cat "$work/stderr")"
	rm "$config"
}

test_a_cycle_is_named_with_all_in_it() {
	printf '[service %s]\ncommand = F\nafter = %s\n' a b b c c a >"$config"
	expect code 2 "$(run --check -c "$config")"
	expect_match "the cycle" "$config:[369]: after: a cycle: *a*b*c*" "$(sed 's/b -> c -> a -> b/a b c/' "$work/stderr")"
	rm "$config"
}

test_all_problems_are_listed() {
	printf '[nemoinit]\nfrob = 1\n[service a]\nstop_timeout = x\n[servce b]\n[service c]\ncommand = F\nprobe = x\n' >"$config"
	expect code 2 "$(run --check -c "$config")"
	expect lines "2 3 4 5 8" "$(sed 's/[^:]*:\([0-9]*\):.*/\1/' "$work/stderr" | sort -n | xargs)"
	rm "$config"
}

test_a_file_that_cannot_be_read_is_named() {
	expect "missing" 2 "$(run -c "$work/none")"
	expect_match "missing" "*$work/none: No such file or directory*" "$(cat "$work/stderr")"
	expect "missing, by the environment" 2 "$(NEMOINIT_CONFIG=$work/none run)"
	expect_match "missing" "*$work/none: No such file or directory*NEMOINIT_CONFIG*" "$(cat "$work/stderr")"
	expect "a directory" 2 "$(run -c "$work")"
	mkfifo "$work/fifo"
	expect "a pipe" 2 "$(run -c "$work/fifo")"
	expect_match "a pipe" "*$work/fifo: is no regular file*" "$(cat "$work/stderr")"
	if ((UID == 0)); then
		printf '[service a]\ncommand = F\n' >"$work/closed"
		chmod 600 "$work/closed"
		cp "$nemoinit" "$work/bin/nemoinit"
		expect "unreadable" 2 "$(
			status=0
			setpriv --reuid 65534 --regid 65534 --clear-groups "$work/bin/nemoinit" -c "$work/closed" \
				>"$work/stdout" 2>"$work/stderr" || status=$?
			echo "$status"
		)"
		expect_match "unreadable" "*$work/closed: Permission denied*" "$(cat "$work/stderr")"
	fi
}

test_root_takes_no_file_that_others_may_write() {
	((UID == 0)) || return 0
	printf '[service a]\ncommand = F\n' >"$config"
	chmod 644 "$config"
	expect "root's own" 0 "$(run --check -c "$config")"
	chmod 664 "$config"
	expect "group root" 0 "$(run --check -c "$config")"
	chmod 646 "$config"
	expect "all may write" 2 "$(run --check -c "$config")"
	expect_match "it is named" "*$config: must be owned by root*" "$(cat "$work/stderr")"
	chmod 664 "$config"
	chown 0:65534 "$config"
	expect "a group may write" 2 "$(run --check -c "$config")"
	chown 65534:0 "$config"
	chmod 644 "$config"
	expect "somebody's own" 2 "$(run --check -c "$config")"
	expect "nor is it started" 2 "$(run -s "$work/other" -c "$config")"
	ln -s "$config" "$work/link"
	expect "a link of ours to that" 2 "$(run --check -c "$work/link")"
	chown 0:0 "$config"
	chown -h 65534:65534 "$work/link"
	expect "somebody's link to ours: it is the file that counts" 0 "$(run --check -c "$work/link")"
	rm -f "$config" "$work/link"
}

test_nothing_is_looked_for_where_we_happen_to_be() {
	printf '[nemoinit]\npath = /bin:bin\n[service a]\ncommand = F\n' >"$config"
	bad 2 "*/bin:bin': absolute directories"
	printf '[nemoinit]\npath = /usr/bin:/bin\n[service a]\ncommand = F\n' >"$config"
	expect "of the environment" 2 "$(NEMOINIT_PATH=:/bin run --check -c "$config")"
	expect_match "it is named" "environment: NEMOINIT_PATH: *absolute directories*" "$(cat "$work/stderr")"
	expect "the file's stays" 0 "$(NEMOINIT_PATH=:/bin run --print-config -c "$config")"
	expect "path" "path = /usr/bin:/bin" "$(grep '^path' "$work/stdout")"
	expect "what is inherited is no business of ours" 0 "$(PATH=$PATH: run --check -c "$config")"
	rm -f "$config"
}

test_every_example_is_good() {
	local file

	for file in "$(dirname "$0")"/../../conf/examples/*.ini; do
		cp "$file" "$work/example.ini"
		chmod 644 "$work/example.ini"
		expect "$file" "0 " "$(run --check -c "$work/example.ini") $(cat "$work/stderr")"
	done
}

test_a_bad_variable_costs_a_warning_and_no_start() {
	configure <<-END
		[service a]
		command = F pause
		stop_timeout = 7s
	END
	export NEMOINIT_SERVICE_A_STOP_TIMEOUT=soon NEMOINIT_FROB=1 NEMOINIT_PORT=tcp://10.0.0.1:80
	export NEMOINIT_SERVICE_HOST=10.0.0.1
	expect "--check" 2 "$(run --check -c "$config")"
	expect_match "named" "*environment: NEMOINIT_SERVICE_A_STOP_TIMEOUT: *" "$(cat "$work/stderr")"
	expect_match "unknown" "*environment: NEMOINIT_FROB: *" "$(cat "$work/stderr")"
	expect "and no more" 2 "$(wc -l <"$work/stderr")"
	boot
	state a ready
	expect "the file's value" 7000 "$(of a .stop_timeout_ms)"
	expect_match "in status" "*NEMOINIT_SERVICE_A_STOP_TIMEOUT*" "$(ask '.nemoinit.warnings[]')"
	expect "in the log" 2 "$(jq -rR 'fromjson? | select(.level == "warn") | .message' "$work/log" | grep -c ^environment:)"
	unset NEMOINIT_SERVICE_A_STOP_TIMEOUT NEMOINIT_FROB NEMOINIT_PORT NEMOINIT_SERVICE_HOST
	halt
}

test_the_environment_beats_the_file() {
	configure <<-END
		stop_budget = 3s
		[service a-b]
		command = F pause
		stop_timeout = 7s
	END
	boot NEMOINIT_SERVICE_A_B_STOP_TIMEOUT=250ms NEMOINIT_STOP_BUDGET=4s
	state a-b ready
	expect "service" 250 "$(of a-b .stop_timeout_ms)"
	expect "nemoinit" 4000 "$(ask .nemoinit.stop_budget_ms)"
	halt
}

# printed FILE: what --print-config makes of it passes --check, and prints itself but for the origins.
printed() {
	expect "--print-config of $1" 0 "$(run --print-config -c "$1")"
	cp "$work/stdout" "$work/printed"
	expect "--check of that" 0 "$(run --check -c "$work/printed")"
	expect "nothing is said" "" "$(cat "$work/stderr")"
	expect "printed again" 0 "$(run --print-config -c "$work/printed")"
	expect "the same" "$(grep -v '^;' "$work/printed")" "$(grep -v '^;' "$work/stdout")"
}

test_no_problem_tells_a_secret() {
	cat >"$config" <<-'END'
		[service a]
		command = F
		stop_timeout = token=hunter2
		start_timeout = ${A_SECRET}s
		port = http://me:hunter2@host
	END
	export A_SECRET=hunter2-of-ours
	bad 3 "stop_timeout: 'token=\*\*\*"
	bad 4 "start_timeout: '\*\*\*s'"
	bad 5 "port: 'http://\*\*\*@host'"
	expect "in clear" "" "$(grep hunter2 "$work/stderr" || true)"
	unset A_SECRET
	rm "$config"
}

test_print_config_reads_back() {
	local source

	source=$(dirname "$0")/../../conf/nemoinit.ini
	cp "$source" "$work/shipped"
	printed "$work/shipped"
	cat >"$work/odd" <<-'END'
		[nemoinit]
		gateway_port = 1234
		[service a]
		command = "a b" 'c;d' \; \# e\ f "" ${HOME:-x} $$5
		  and more
		env.LONG = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
		  yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\
		  zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz \
		  w w w w w w w
		env.MY_TOKEN = hush
		probe = http://[::1]:99/${gateway_port}
		[service gateway]
	END
	printed "$work/odd"
	expect "no secret" "" "$(grep hush "$work/printed" || true)"
	expect "where from" "; $work/odd:2" "$(grep -A 1 '^gateway_port' "$work/printed" | tail -n 1)"
	expect "built in" "; built-in" "$(sed -n '/service gateway/,$p' "$work/printed" | grep -A 1 '^command' | tail -n 1)"
	expect "default" "; default" "$(grep -A 1 '^stop_budget' "$work/printed" | tail -n 1)"
	expect "by a variable" "; environment NEMOINIT_STOP_BUDGET" \
		"$(NEMOINIT_STOP_BUDGET=9s "$nemoinit" -p -c "$work/odd" | grep -A 1 '^stop_budget = 9s' | tail -n 1)"
}

test_without_a_file_the_built_in_services_run() {
	[[ ! -e /etc/nemoinit/nemoinit.ini ]] || return 0
	expect "it is printed" 0 "$(run --print-config)"
	expect "two services" "[service gateway] [service auto-pair]" "$(grep '^\[service' "$work/stdout" | xargs -d '\n')"
	expect "like the shipped file" "$(grep -v '^;' "$work/stdout")" \
		"$("$nemoinit" -p -c "$(dirname "$0")/../../conf/nemoinit.ini" | grep -v '^;')"
}

test_the_port_of_the_gateway_comes_from_the_platform() {
	local wanted openclaw dashboard

	while read -r wanted openclaw dashboard; do
		expect "'$openclaw' '$dashboard'" "$wanted" "$(
			OPENCLAW_GATEWAY_PORT=$openclaw NEMOCLAW_DASHBOARD_PORT=$dashboard "$nemoinit" -p 2>/dev/null |
				sed -n 's/^gateway_port = //p'
		)"
	done <<-END
		18789
		4000 4000
		4000 4000 5000
		5000 tcp://10.0.0.1:80 5000
		18789 0 65536
	END
}

test_the_command_line() {
	local option

	expect help 0 "$(run --help)"
	expect_match "on stdout" "*usage: nemoinit*" "$(cat "$work/stdout")"
	expect version 0 "$(run --version)"
	expect_match version "nemoinit [0-9]*" "$(cat "$work/stdout")"
	for option in --frob -x --config --check=1; do
		expect "$option" 2 "$(run $option)"
		expect_match "$option is named, with the way on" "*${option%%=*}*--help*" "$(cat "$work/stderr")"
		expect "one line for $option" 1 "$(wc -l <"$work/stderr")"
	done
	expect "a long socket path" 2 "$(run -c "$0" -s "/tmp/$(printf '%104s' '' | tr ' ' x)")"
}

test_a_second_instance_ends_with_1_and_starts_nothing() {
	configure <<-END
		[service a]
		command = F append=$W/started pause
	END
	boot
	state a ready
	expect code 1 "$(NEMOINIT_PATH=$work/bin run -c "$config" -s "$socket")"
	expect_match "it says why" "*another instance*$socket*--socket*" "$(cat "$work/stderr")"
	expect "one start" 1 "$(wc -l <"$W/started")"
	expect "the first lives" 0 "$(ctl ready)"
	halt
}

test_a_file_without_services_is_told() {
	configure </dev/null
	boot
	expect_match "in the log" "*$config lists no service*\[service gateway]*" "$(cat "$work/log")"
	expect_match "in status" "*no services in the configuration*" "$("$nemoctl" -s "$socket" status)"
	halt
}

test_names_of_the_image_are_dropped() {
	printf '[service a]\ncommand = F\n' >"$config"
	expect "its own name" 0 "$(run --check -c "$config" /usr/sbin/nemoinit)"
	rm "$config"
}

run_tests
