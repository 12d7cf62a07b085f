# shellcheck shell=bash
# For tests of probes: a service a that is probed, and what its probe finds out. Sourced after
# init.sh.
# shellcheck disable=SC2154 # what init.sh sets

# service COMMAND PROBE [KEY = VALUE…]: a, quick in all but what is given.
service() {
	local key

	configure <<-END
		[service a]
		command = $1
		probe = $2
	END
	shift 2
	for key in "probe_interval = 50ms" "probe_start_interval = 50ms" "probe_retry_interval = 50ms" \
		"probe_timeout = 1m" "unhealthy_after = 1h" "restart_delay = 20ms"; do
		[[ " $*" == *" ${key%% *} = "* ]] || echo "$key" >>"$config"
	done
	[[ $# == 0 ]] || printf '%s\n' "$@" >>"$config"
}

detail_is() {
	# shellcheck disable=SC2053 # a pattern is meant
	[[ $(of a .probe.detail) == $1 ]]
}

# says PATTERN: what the probe of a has found out.
says() {
	await "$limit" detail_is "$1" || fail "detail '$(of a .probe.detail)', wanted '$1'"
}

# mood WORD: how what serves by $W/mood behaves from now on. At once: a reader never finds it empty.
mood() {
	echo "$1" >"$W/mood.new"
	mv "$W/mood.new" "$W/mood"
}

# asked SCRIPT [KEY = VALUE…]: a service whose probe does that.
asked() {
	local script=$1

	shift
	service "F pause" "exec:sh $W/check" "$@"
	echo "$script" >"$W/check"
}

# answers SCRIPT: from now on.
answers() {
	echo "$1" >"$W/check.new"
	mv "$W/check.new" "$W/check"
}
