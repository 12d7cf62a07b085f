#!/usr/bin/env bash
# The kinds of probes: a command, a WebSocket, HTTP in all its forms; and what is told of a process
# that does not serve before it is ended.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# The last lines of a section: all quick, and no start but the first in the time of a test.
quick() {
	cat <<-END
		probe_interval = 50ms
		probe_start_interval = 50ms
		probe_retry_interval = 50ms
		probe_timeout = 30s
		unhealthy_after = 1h
		restart_delay = 20ms
	END
}

detail_is() {
	# shellcheck disable=SC2053 # a pattern
	[[ $(of a .probe.detail) == $1 ]]
}

# says PATTERN: what the probe of a has found out.
says() {
	await "$limit" detail_is "$1" || fail "detail '$(of a .probe.detail)', wanted '$1'"
}

# ---- a command ----

# asked [KEY = VALUE]: a service a, and what its probe is going to do in $W/check.
asked() {
	set -- "${1-}"
	configure <<-END
		[service a]
		command = F pause
		probe = exec:sh $W/check
		$(quick | grep -v "^${1%% *} ")
		${1-}
	END
	cat >"$W/check"
}

# answers SCRIPT: from now on.
answers() {
	echo "$1" >"$W/check.new"
	mv "$W/check.new" "$W/check"
}

test_a_command_says_how_it_is() {
	asked <<<'exit 0'
	boot
	state a ready
	expect probe "exec exec:sh $W/check true 0 null" \
		"$(of a '.probe | "\(.type) \(.target) \(.ok) \(.failures) \(.detail)"')"
	expect "no port" null "$(of a .listener.port)"
	answers 'echo some; echo "no node"; echo; echo beside >&2; exit 1'
	state a failing
	says "exited with 1: no node"
	answers 'exit 0'
	state a ready
	expect detail null "$(of a .probe.detail)"
	expect events "starting ready failing recovered" "$(events a)"
	expect "its output is nobody else's" "" "$(lines a)"
	halt
}
run_tests
