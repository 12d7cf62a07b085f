#!/usr/bin/env bash
# nemoctl drift, with scripted commands and gateways. Arguments: nemoctl and the fixture. In
# namespaces of its own: no other gateway runs there, and every port is free.
# shellcheck disable=SC2016,SC2317 # scripts in strings; the tests are called by name
set -eu
if [[ -z ${DRIFT_TEST_INSIDE:-} ]]; then
	alone=(unshare --pid --fork --kill-child --mount --mount-proc --net)
	((UID == 0)) || alone+=(--user --map-root-user)
	if ! "${alone[@]}" true 2>/dev/null; then
		echo "SKIP: no namespaces of our own here"
		exit 77
	fi
	nemoctl=$(realpath "$1") fixture=$(realpath "$2")
	DRIFT_TEST_INSIDE=yes exec "${alone[@]}" "$fixture" net "$0" "$nemoctl" "$fixture"
fi
nemoctl=$1 fixture=$2
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
unset NEMOCLAW_OPENSHELL_GATEWAY_BIN
bash=$(command -v bash)
# That of a bash, which stands in for a gateway that runs: its program is no script.
own=${BASH_VERSINFO[0]}.${BASH_VERSINFO[1]}.${BASH_VERSINFO[2]}
plain_path=$PATH
mkdir "$work/bin" "$work/opt"
chmod 755 "$work" "$work/bin" "$work/opt"
PATH=$work/bin:$PATH
mkfifo "$work/never"

# script NAME: stdin is what it does.
script() {
	rm -f "$work/$1"
	{ printf '#!%s\n' "$bash" && cat; } >"$work/$1"
	chmod 755 "$work/$1"
}

cli() {
	script bin/openshell <<<"$1"
}

gateway() {
	script opt/openshell-gateway <<<"$1"
}

# runs PATH: a gateway from a file of that name; its pid in $started.
runs() {
	mkdir -p "$(dirname "$1")"
	cp "$bash" "$1"
	chmod 755 "$1"
	start "$1" -c 'read -r x <>"$0"' "$work/never"
	await 10 is_running "$started" "$1" || fail "$1 does not run"
}

is_running() {
	[[ $(readlink "/proc/$1/exe") == "$2" ]]
}

# ends PID: of runs.
ends() {
	kill "$1"
	wait "$1" 2>/dev/null || true
}

# drift CODE ARGUMENT…: its exit code; the output is in stdout and stderr.
drift() {
	local wanted=$1 status=0

	shift
	timeout 60 "$nemoctl" drift --action "backing up registered sandboxes" "$@" >"$work/stdout" 2>"$work/stderr" || status=$?
	expect "code of $*" "$wanted" "$status"
}

# same VERSION OF: the only line.
same() {
	expect "the line" "OpenShell and its gateway are both $1: $2" "$(cat "$work/stdout")"
	expect "no complaint" "" "$(cat "$work/stderr")"
}

# differ INSTALLED RUNNING: all lines; RUNNING is all of its lines.
differ() {
	expect "nothing on stdout" "" "$(cat "$work/stdout")"
	expect "the lines" "OpenShell gateway schema preflight failed before backing up registered sandboxes.
Installed OpenShell: $1
$2
Refusing to trust OpenShell sandbox state while the host CLI and gateway schema may be out of sync.
No sandbox data was changed.
Run \`nemoclaw onboard --resume\` to repair or recreate the NemoClaw gateway." "$(cat "$work/stderr")"
}

binary() {
	printf 'Running gateway image: none (host process)\nRunning gateway binary: %s' "$1"
}

# unknown PATTERN: for the line of the side that is unknown.
unknown() {
	expect "nothing on stdout" "" "$(cat "$work/stdout")"
	expect "the first line" "Whether OpenShell and its gateway are of one version is unknown before backing up registered sandboxes." \
		"$(head -n 1 "$work/stderr")"
	! grep -q 'preflight failed' "$work/stderr" || fail "taken for drift"
	# shellcheck disable=SC2053 # a pattern is meant
	[[ $(cat "$work/stderr") == *$1* ]] || fail "wanted $1, got $(cat "$work/stderr")"
}

asks=(--running "$work/opt/openshell-gateway --version")

test_equal_versions() {
	cli 'echo openshell 0.0.44'
	gateway 'echo openshell-gateway 0.0.44'
	drift 0 "${asks[@]}"
	same 0.0.44 "$work/opt/openshell-gateway"
	drift 0 "${asks[@]}" --strict
	gateway 'echo openshell-gateway 0.0.44-dev.6+g1a2b3c4'
	drift 0 "${asks[@]}"
	drift 0 --running "sh -c 'echo \"a  b\" 0.0.44'"
	same 0.0.44 "$(type -P sh) -c 'echo \"a  b\" 0.0.44'"
	drift 0 --installed "echo 1.2.3" --running "echo 1.2.3"
	same 1.2.3 "$(type -P echo) 1.2.3"
}

test_different_versions_are_told_in_fixed_lines() {
	cli 'echo openshell 0.0.44'
	gateway 'echo openshell-gateway 0.0.43'
	drift 1 "${asks[@]}"
	differ 0.0.44 "$(binary "$work/opt/openshell-gateway (0.0.43)")"
	gateway 'echo openshell-gateway 0.0.440'
	drift 1 "${asks[@]}" --strict
	differ 0.0.44 "$(binary "$work/opt/openshell-gateway (0.0.440)")"
	timeout 60 "$nemoctl" drift --action "checking sandbox upgrade state" "${asks[@]}" 2>"$work/stderr" && fail "it ends with 0"
	expect "the other caller" "OpenShell gateway schema preflight failed before checking sandbox upgrade state." \
		"$(head -n 1 "$work/stderr")"
}

test_versions_are_read_from_what_is_around_them() {
	gateway 'echo openshell-gateway 0.0.44'
	cli 'printf "\033[1mopenshell\033[0m \033[32m0.0.\033[1m44\033[0m\n"'
	drift 0 "${asks[@]}" --strict
	cli 'echo "an update of 2 parts, since 1.4"; echo "asked at 127.0.0.1:8080"; echo openshell 0.0.44; echo rustc 1.90.0; echo 0.0.1 >&2'
	drift 0 "${asks[@]}" --strict
	cli 'echo 0.0.44; yes 0.0.43 | head -c 3000000'
	drift 0 "${asks[@]}" --strict
}

test_what_is_unknown_is_no_drift_unless_strict() {
	local script

	gateway 'echo openshell-gateway 0.0.44'
	for script in 'echo openshell' 'echo openshell 0.0.43; echo it broke >&2; exit 3' 'kill -KILL $$' 'true' 'echo 0.0.43 >&2'; do
		cli "$script"
		drift 0 "${asks[@]}"
		unknown "Installed OpenShell: unknown (*)"
		unknown "Running gateway binary: $work/opt/openshell-gateway (0.0.44)"
		drift 1 "${asks[@]}" --strict
		unknown "Installed OpenShell: unknown (*)"
	done
	cli 'echo openshell 0.0.44'
	for script in 'echo openshell-gateway' 'echo openshell-gateway 0.0.43; echo it broke >&2; exit 3'; do
		gateway "$script"
		drift 0 "${asks[@]}"
		unknown "Installed OpenShell: 0.0.44"
		unknown "Running gateway binary: $work/opt/openshell-gateway (unknown: *)"
		drift 1 "${asks[@]}" --strict
	done
	unknown "unknown: exit code 3: it broke"
	drift 0 --running "$work/nothing --version"
	unknown "'$work/nothing' is no program"
	rm "$work/bin/openshell"
	PATH=$plain_path drift 0 "${asks[@]}"
	unknown "Installed OpenShell: unknown (no 'openshell' in PATH=${plain_path:0:200}"
	echo "no program" >"$work/bin/openshell"
	chmod 755 "$work/bin/openshell"
	drift 0 "${asks[@]}"
	unknown "Installed OpenShell: unknown (exec '$work/bin/openshell': Exec format error)"
}

test_an_image_is_known_by_its_tag() {
	local image

	cli 'echo openshell 0.0.44'
	drift 0 --running-image localhost:5000/openshell/cluster:0.0.44
	same 0.0.44 localhost:5000/openshell/cluster:0.0.44
	drift 1 --running-image openshell/cluster:0.0.43
	differ 0.0.44 "Running gateway image: openshell/cluster:0.0.43 (0.0.43)"
	for image in openshell/cluster openshell/cluster:latest localhost:5000/cluster openshell/cluster@sha256:0123; do
		drift 0 --running-image "$image"
		unknown "Running gateway image: $image (unknown: *)"
		drift 1 --running-image "$image" --strict
	done
}

is_open() {
	(: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# answers HEAD BODY: of the server from now on.
answers() {
	printf 'HTTP/1.1 %s\r\nContent-Type: application/json\r\n\r\n%s' "$1" "$2" >"$work/reply.new"
	mv "$work/reply.new" "$work/reply"
}

test_a_server_tells_its_version() {
	local url=http://127.0.0.1:8000/health

	cli 'echo openshell 0.0.44'
	drift 0 --running-url "$url"
	unknown "Running gateway binary: $url (unknown: connect: Connection refused)"
	answers "200 OK" '{"status":"healthy","version":"0.0.44"}'
	# It holds the connection open, as some do.
	script server <<-END
		while IFS= read -r line && [[ \$line != \$'\r' ]]; do :; done
		cat "$work/reply"
		read -r line
	END
	start socat TCP-LISTEN:8000,fork,reuseaddr "EXEC:$work/server"
	await 10 is_open 8000 || fail "no server"
	drift 0 --running-url "$url" --strict
	same 0.0.44 "$url"
	answers "503 Service Unavailable" '{"status":"unhealthy","version":"0.0.43"}'
	drift 1 --running-url "$url"
	differ 0.0.44 "$(binary "$url (0.0.43)")"
	answers "200 OK" '{"status":"healthy","version":"main"}'
	drift 0 --running-url "$url"
	unknown "$url (unknown: its version is no x.y.z)"
	answers "404 Not Found" '{"version":"0.0.43"}'
	drift 0 --running-url "$url"
	unknown "$url (unknown: HTTP status 404)"
	answers "200 OK" '<html>0.0.43</html>'
	drift 1 --running-url "$url" --timeout 3s --strict
	unknown "$url (unknown: the reply did not end in time)"
	script server <<<"cat '$work/reply'"
	drift 0 --running-url "$url"
	unknown "$url (unknown: the reply is no JSON object)"
	ends "$started"
}

test_a_running_gateway_is_asked_itself() {
	local pid

	cli "echo openshell $own"
	runs "$work/run/openshell-gateway"
	pid=$started
	drift 0
	same "$own" "$work/run/openshell-gateway"
	drift 0 --running-pid "$pid"
	same "$own" "$work/run/openshell-gateway"
	cli 'echo openshell 0.0.44'
	drift 1
	differ 0.0.44 "$(binary "$work/run/openshell-gateway ($own)")"
	drift 1 --running-pid "$pid"
	differ 0.0.44 "$(binary "$work/run/openshell-gateway ($own)")"
	ends "$pid"
	drift 0 --running-pid "$pid"
	unknown "pid $pid: No such process"
}

# A stopped one, the one in PATH say, is another matter while one runs.
test_a_stopped_gateway_is_not_compared_while_one_runs() {
	cli "echo openshell $own"
	script bin/openshell-gateway <<<'echo openshell-gateway 0.0.43'
	runs "$work/run/openshell-gateway"
	NEMOCLAW_OPENSHELL_GATEWAY_BIN=$work/bin/openshell-gateway drift 0 --strict
	same "$own" "$work/run/openshell-gateway"
	ends "$started"
	drift 1
	grep -qx "No gateway runs: this is the one that would be started." "$work/stderr" || fail "it says not which"
	rm "$work/bin/openshell-gateway"
}

test_none_that_runs_is_the_one_that_would_be_started() {
	mkdir "$work/cli" "$work/path"
	script cli/openshell <<<'echo openshell 0.0.44'
	rm -f "$work/bin/openshell"
	PATH=$work/path:$work/cli:$plain_path
	drift 0
	unknown "Running gateway binary: unknown (none runs, *"
	drift 1 --strict
	script path/openshell-gateway <<<'echo 0.0.1'
	drift 1
	grep -qxF "Running gateway binary: $work/path/openshell-gateway (0.0.1)" "$work/stderr" || fail "not in PATH: $(cat "$work/stderr")"
	script cli/openshell-gateway <<<'echo 0.0.2'
	drift 1
	grep -qxF "Running gateway binary: $work/cli/openshell-gateway (0.0.2)" "$work/stderr" || fail "not beside: $(cat "$work/stderr")"
	gateway 'echo 0.0.3'
	NEMOCLAW_OPENSHELL_GATEWAY_BIN=$work/opt/openshell-gateway drift 1
	grep -qxF "Running gateway binary: $work/opt/openshell-gateway (0.0.3)" "$work/stderr" || fail "not named: $(cat "$work/stderr")"
	NEMOCLAW_OPENSHELL_GATEWAY_BIN=$work/nothing drift 0
	unknown "'$work/nothing' is no program"
	PATH=$work/bin:$plain_path
}

test_a_replaced_executable_is_drift() {
	cli "echo openshell $own"
	runs "$work/run/openshell-gateway"
	rm "$work/run/openshell-gateway"
	drift 1
	differ "$own" "$(binary "$work/run/openshell-gateway ($own)
Its executable was replaced on disk while it runs (pid $started).")"
	script run/openshell-gateway <<<"echo openshell-gateway 0.0.1"
	drift 1 --running-pid "$started"
	differ "$own" "$(binary "$work/run/openshell-gateway ($own)
Its executable was replaced on disk while it runs (pid $started).")"
	rm "$work/bin/openshell"
	PATH=$plain_path drift 1
	grep -q '^Installed OpenShell: unknown (' "$work/stderr" || fail "$(cat "$work/stderr")"
	ends "$started"
}

# Nobody knows which of them is meant: neither a wrong pair is compared, nor one left out.
test_of_several_gateways_one_must_be_chosen() {
	local first second

	cli "echo openshell $own"
	runs "$work/one/openshell-gateway"
	first=$started
	start "$work/one/openshell-gateway" -c 'read -r x <>"$0"' "$work/never"
	await 10 is_running "$started" "$work/one/openshell-gateway" || fail "no second"
	drift 0 --strict
	same "$own" "$work/one/openshell-gateway"
	ends "$started"
	runs "$work/two/openshell-gateway"
	second=$started
	drift 0
	unknown "several run; choose by --running-pid: *pid $first $work/one/openshell-gateway*"
	unknown "pid $second $work/two/openshell-gateway"
	drift 1 --strict
	drift 0 --running-pid "$second"
	same "$own" "$work/two/openshell-gateway"
	ends "$first"
	ends "$second"
}

# What another user could have written is not executed, least of all by root.
test_a_program_of_somebody_else_is_not_executed() {
	((UID == 0)) && setpriv --reuid 65534 --clear-groups true 2>/dev/null || return 0
	cli "echo openshell $own"
	runs "$work/run/openshell-gateway"
	chown 65534 "$work/run/openshell-gateway"
	drift 0
	unknown "(unknown: pid $started is not asked: its program is uid 65534's)"
	ends "$started"
	rm -r "$work/run"
}

# Its path means another file here, or none.
test_nor_is_that_of_a_container() {
	cli 'echo openshell 0.0.44'
	mkdir "$work/root"
	start unshare --mount "$bash" -c "mount -t tmpfs none '$work/root' && cp '$bash' '$work/root/openshell-gateway' &&
		exec '$work/root/openshell-gateway' -c 'read -r x <>\"\$0\"' '$work/never'"
	await 10 is_running "$started" "$work/root/openshell-gateway" || fail "it does not run"
	drift 0
	unknown "(unknown: pid $started is in a container)"
	ends "$started"
}

# census: what runs, and what there is.
census() {
	cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' | grep -o 'opens[h]ell[^ ]*' || true
	find "$work" -path "$work/std*" -o -path "$work/asked*" -o -printf '%p %s %m %T@ %l\n' | sort
}

test_nothing_is_started_or_written() {
	local before

	cli 'echo "openshell $*" >>'"$work/asked"'; echo openshell 0.0.44'
	script bin/openshell-gateway <<<'echo "gateway $*" >>'"$work/asked"'; echo openshell-gateway 0.0.43'
	: >"$work/stdout" >"$work/stderr" >"$work/asked"
	before=$(census)
	HOME=$work drift 1
	expect "as before" "$before" "$(census)"
	expect "only that was asked" $'openshell --version\ngateway --version' "$(cat "$work/asked")"
	rm "$work/bin/openshell-gateway"
}

# marked MARK: the processes with that word in their command line, but for the one that looks.
marked() {
	grep -lzs -- "${1%?}[${1: -1}]" /proc/[0-9]*/cmdline | cut -d/ -f3
}

left() {
	marked "$1" | wc -l
}

is_left() {
	(($(left "$1") >= $2))
}

hanging='setsid sleep 98765 & (sleep 98765 &); trap "" TERM INT; sleep 98765; sleep 98765'

test_a_command_that_hangs_is_ended_with_all_it_started() {
	cli "$hanging"
	gateway 'echo openshell-gateway 0.0.43'
	drift 0 "${asks[@]}" --timeout 3s
	unknown "Installed OpenShell: unknown (no answer in time)"
	expect "nothing is left" 0 "$(left 98765)"
	# One that has answered, and left something behind.
	cli 'echo openshell 0.0.44; setsid setsid bash -c "setsid sleep 98765 & setsid setsid sleep 98765 & exit" </dev/null >/dev/null 2>&1 & sleep 98765 & exit 0'
	drift 1 "${asks[@]}"
	expect "nothing is left of it" 0 "$(left 98765)"
}

test_the_limit_is_ten_seconds() {
	local begin=$SECONDS

	cli 'exec sleep 98765'
	gateway 'echo openshell-gateway 0.0.43'
	drift 0 "${asks[@]}"
	unknown "Installed OpenShell: unknown (no answer in time)"
	((SECONDS - begin >= 8)) || fail "it took only $((SECONDS - begin)) s"
	((SECONDS - begin <= 30)) || fail "it took $((SECONDS - begin)) s"
}

test_an_interrupted_one_says_nothing_of_drift() {
	local status=0

	cli "$hanging"
	gateway 'echo openshell-gateway 0.0.43'
	"$nemoctl" drift --action x "${asks[@]}" >"$work/stdout" 2>"$work/stderr" &
	await 10 is_left 98765 3 || fail "it does not hang"
	kill -INT "$!"
	wait "$!" || status=$?
	expect code 1 "$status"
	expect "what it says" "nemoctl: drift: interrupted" "$(cat "$work/stdout" "$work/stderr")"
	expect "nothing is left" 0 "$(left 98765)"
}

# Who becomes nemoctl may have started something before.
test_children_of_others_live_on() {
	cli 'echo openshell 0.0.44'
	gateway 'echo openshell-gateway 0.0.44'
	start "$bash" -c 'sleep 87654 & exec "$0" drift --action x --running "$1 --version"' "$nemoctl" "$work/opt/openshell-gateway"
	wait "$started" || fail "code $?"
	expect "still there" 1 "$(left 87654)"
	kill "$(marked 87654)"
}

# refuses PATTERN ARGUMENT…: exit code 2.
refuses() {
	local pattern=$1 status=0

	shift
	"$nemoctl" "$@" >"$work/stdout" 2>"$work/stderr" || status=$?
	expect "code of $*" 2 "$status"
	# shellcheck disable=SC2053 # a pattern is meant
	[[ $(cat "$work/stderr") == $pattern ]] || fail "$*: said '$(cat "$work/stderr")'"
}

test_the_command_line() {
	cli 'echo openshell 0.0.44'
	refuses "nemoctl: drift: --action: say before what*" drift
	refuses "nemoctl: drift: --action: *" drift --action ""
	refuses "nemoctl: drift: --running: only one of *" drift --action x --running a --running-image b
	refuses "nemoctl: drift: --running: only one of *" drift --action x --running-pid 1 --running-url http://127.0.0.1:1/
	refuses "nemoctl: drift: --running: an empty command*" drift --action x --running " "
	refuses "nemoctl: drift: --running: has an unclosed '*" drift --action x --running "a 'b"
	refuses "nemoctl: drift: --installed: has an unclosed '*" drift --action x --installed "a 'b"
	refuses "nemoctl: drift: --running-url: it does not begin with http://*" drift --action x --running-url https://127.0.0.1:1/
	refuses "nemoctl: drift: --running-url: *host must be an IPv4 address*" drift --action x --running-url http://example.com:1/
	refuses "nemoctl: --running-pid: '0' is not a value*" drift --action x --running-pid 0
	refuses "nemoctl: --running-pid: '1x' is not a value*" drift --action x --running-pid 1x
	refuses "nemoctl: drift: too many arguments*" drift --action x y
	refuses "nemoctl: drift: *leave out --json*" --json drift --action x
	refuses "nemoctl: status: an option is not one*" status --strict
	refuses "nemoctl: drift: an option is not one*" drift --action x --follow
}

test_output_that_is_lost_is_told() {
	cli 'echo openshell 0.0.44'
	gateway 'echo openshell-gateway 0.0.44'
	expect "full" 1 "$("$nemoctl" drift --action x "${asks[@]}" >/dev/full 2>/dev/null; echo $?)"
	expect "closed" 1 "$("$nemoctl" drift --action x "${asks[@]}" --running "echo 0.0.1" <&- >&- 2>&-; echo $?)"
}

run_tests
