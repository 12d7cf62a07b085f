# shellcheck shell=bash
# For every integration test: a private directory, children that do not outlive it, and waiting
# with a limit. Sourced; the caller has set -eu.

work=$(mktemp -d /tmp/nemoinit-test.XXXXXX)
children=()
namespaces=() # ended by KILL, as unshare(1) ignores TERM; what is in them goes too
failures=0

finish() {
	local child

	for child in "${children[@]}"; do
		kill "$child" 2>/dev/null || true
	done
	for child in "${namespaces[@]}"; do
		kill -KILL "$child" 2>/dev/null || true
	done
	wait
	rm -rf "$work"
}
trap finish EXIT

# start COMMAND…: in the background, its output in $work/out; its pid in $started.
start() {
	"$@" >>"$work/out" 2>&1 &
	started=$!
	children+=("$started")
}

# await SECONDS COMMAND…: until the command succeeds.
await() {
	local end=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS > end)); then
			return 1
		fi
		sleep 0.02 # poll
	done
}

fail() {
	echo "FAIL: $current: $*" >&2
	failures=$((failures + 1))
}

# die MESSAGE: when nothing further makes sense.
die() {
	fail "$@"
	exit 1
}

# expect WHAT WANTED GOT
expect() {
	[[ $2 == "$3" ]] || fail "$1: wanted '$2', got '$3'"
}

# run_tests: every function named test_*, or those that match $TESTS; its name is in $current.
run_tests() {
	local name begin

	for name in $(declare -F | awk '$3 ~ /^test_/ { print $3 }'); do
		current=${name#test_}
		[[ $current =~ ${TESTS:-.} ]] || continue
		begin=$SECONDS
		"$name"
		echo "done: $current ($((SECONDS - begin)) s)"
	done
	exit $((failures > 0))
}
