# shellcheck shell=bash
# Runs and counts; sourced by tests/run.sh and .ci/run. Silent about success, loud about failure.
# With CI=true a skip counts as a failure, unless `NAME: REASON` is a line of tests/expected-skips.
# An integration, container or openclaw test that fails is run once more, alone: real processes on a loaded machine may
# hiccup. When it passes then, it has passed, and is named as FLAKY here and at the end.

passed=0 failed=0 skipped=0
flaky=()
report_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
report_log=$(mktemp)
trap 'rm -f "$report_log"' EXIT

# report_step NAME COMMAND...: one command that is itself a test.
report_step()
{
	local name=$1 started=$SECONDS
	shift
	if "$@" >"$report_log" 2>&1 </dev/null; then
		passed=$((passed + 1))
		echo "$name: passed ($((SECONDS - started)) s)"
	else
		failed=$((failed + 1))
		echo "$name: FAILED ($((SECONDS - started)) s): $*"
		tail -n 60 "$report_log" | sed 's/^/    /'
		return 1
	fi
}

# report_suite LABEL BUILD SUITE [MESON-OPTION...]: every test of a meson suite.
report_suite()
{
	local label=$1 build=$2 suite=$3 started=$SECONDS
	local passed_before=$passed failed_before=$failed skipped_before=$skipped
	local logs="testlog-${label// /-}" results
	shift 3
	rm -f "$build/meson-logs/$logs"*
	meson test -C "$build" --no-rebuild --suite "$suite" --logbase "$logs" "$@" >"$report_log" 2>&1 </dev/null
	results=$(echo "$build/meson-logs/$logs"*.json) # meson adds the name of a wrapper
	if [ -s "$results" ]; then
		report_results "$results" "$build" "$suite" "$@"
	else
		failed=$((failed + 1))
		echo "  FAILED: no test of suite $suite has run"
		tail -n 20 "$report_log" | sed 's/^/    /'
	fi
	printf '%s: %d passed, %d failed, %d skipped (%d s)\n' "$label" \
		$((passed - passed_before)) $((failed - failed_before)) $((skipped - skipped_before)) \
		$((SECONDS - started))
}

# report_results FILE BUILD SUITE [MESON-OPTION...]
report_results()
{
	local file=$1 name result
	shift
	while IFS=$'\t' read -r name result; do
		case $result in
		OK | EXPECTEDFAIL) passed=$((passed + 1)) ;;
		SKIP) report_skip "$file" "$name" ;;
		*)
			if report_again "${name##*/ }" "$@"; then
				report_flaky "$file" "$name" "$result"
			else
				report_failure "$file" "$name" "$result"
			fi
			;;
		esac
	done < <(jq -r '[.name, .result] | @tsv' "$file")
}

# report_again NAME BUILD SUITE [MESON-OPTION...]: does it pass when it is alone?
report_again()
{
	local name=$1 build=$2 suite=$3 logs=testlog-again results
	[[ $suite == integration || $suite == container || $suite == openclaw ]] || return 1
	shift 3
	rm -f "$build/meson-logs/$logs"*
	meson test -C "$build" --no-rebuild --suite "$suite" --logbase "$logs" "$@" "$name" >"$report_log" 2>&1 </dev/null
	results=$(echo "$build/meson-logs/$logs"*.json)
	[ "$(jq -r .result "$results" 2>/dev/null)" = OK ]
}

report_output()
{
	jq -r --arg name "$2" 'select(.name == $name) | .stdout // "", .stderr // ""' "$1"
}

# report_details FILE NAME: what it said.
report_details()
{
	report_output "$1" "$2" | grep '^not ok' | sed 's/^/    /'
	report_output "$1" "$2" | tail -n "${REPORT_LINES:-60}" | sed 's/^/    /'
}

report_failure()
{
	failed=$((failed + 1))
	echo "  FAILED: $2 ($3)"
	report_details "$1" "$2"
}

report_flaky()
{
	passed=$((passed + 1))
	flaky+=("${2##*/ }")
	echo "  FLAKY: $2 ($3), passed when run alone; at first it said:"
	report_details "$1" "$2"
}

report_skip()
{
	local reason
	reason=$(report_output "$1" "$2" | sed -n 's/.*SKIP:* *//p' | head -n 1)
	if [ "${CI:-}" = true ] && ! grep -qxF "${2##*/ }: $reason" "$report_root/tests/expected-skips"; then
		report_failure "$1" "$2" "skipped, which is not expected here: $reason"
		return
	fi
	skipped=$((skipped + 1))
	echo "  skipped: $2: $reason"
}

# report_end: what passed only alone; the last line, and the exit code.
report_end()
{
	local name
	for name in "${flaky[@]}"; do
		echo "FLAKY: $name"
	done
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}
