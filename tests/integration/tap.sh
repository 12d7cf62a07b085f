# shellcheck shell=bash
# Words for the shell tests: TAP on stdout, a scratch directory, waiting with a limit.
# A test calls `check NAME COMMAND…` for each claim and `finish` at its end.

set -u
SCRATCH=$(mktemp -d)
COUNT=0
BAD=0
STARTED=()

clean_up() {
	local pid
	for pid in "${STARTED[@]:-}"; do
		[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null
	done
	rm -rf "$SCRATCH"
}
trap clean_up EXIT

check() {
	local name=$1
	shift
	COUNT=$((COUNT + 1))
	if "$@" >"$SCRATCH/check.out" 2>&1; then
		echo "ok $COUNT - $name"
	else
		echo "not ok $COUNT - $name"
		sed 's/^/# /' "$SCRATCH/check.out"
		BAD=$((BAD + 1))
	fi
}

# wait_for SECONDS COMMAND…: until the command succeeds; fails when it has not by then.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05 # poll
	done
}

is() {
	[ "$1" = "$2" ] || {
		echo "got  '$1'"
		echo "want '$2'"
		return 1
	}
}

has_line() {
	grep -qxF -- "$2" "$1" || {
		echo "no line '$2' in:"
		cat "$1"
		return 1
	}
}

lacks() {
	! grep -F -- "$2" "$1"
}

# below LIMIT VALUE
below() {
	[ "$2" -lt "$1" ] || {
		echo "$2 is not below $1"
		return 1
	}
}

# Milliseconds of some clock that does not stand still.
now_ms() {
	local uptime rest
	read -r uptime rest </proc/uptime
	echo $((10#${uptime/./} * 10))
}

is_gone() {
	! kill -0 "$1" 2>/dev/null
}

finish() {
	echo "1..$COUNT"
	[ "$BAD" -eq 0 ]
	exit
}
