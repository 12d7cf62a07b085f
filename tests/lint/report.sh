#!/bin/bash
# tests/report.sh counts what meson tells it, and repeats only tests of real processes. The meson here is none: it says
# what the variable RESULTS has for the test, `NAME=FIRST,SECOND`, the second when it is asked for by name.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
mkdir -p "$work/bin" "$work/build/meson-logs"
cat >"$work/bin/meson" <<-'END'
	#!/bin/bash
	while [[ ${1-} == -* || ${1-} == test ]]; do
		[[ $1 != --logbase ]] || logs=$2
		[[ $1 != --suite ]] || suite=$2
		[[ $1 == test || $1 == --no-rebuild ]] && shift || shift 2
	done
	for row in $RESULTS; do
		name=${row%=*} results=${row#*=}
		[[ -z ${1-} || $1 == "$name" ]] || continue
		echo "{\"name\": \"nemoinit:$suite / $name\", \"result\": \"$([[ -z ${1-} ]] && echo "${results%,*}" || echo "${results#*,}")\", \"stdout\": \"first words of $name\"}"
	done >"$BUILD/meson-logs/$logs.json"
END
chmod +x "$work/bin/meson"
failed=0

# run SUITE RESULTS…: what report.sh makes of it.
run()
{
	local suite=$1
	shift
	PATH=$work/bin:$PATH BUILD=$work/build RESULTS="$*" CI='' bash -c \
		". tests/report.sh; report_suite all '$work/build' '$suite'; report_end; echo \"code \$?\"" 2>&1
}

# expect WHAT LINE OUTPUT
expect()
{
	grep -qxE -- "$2" <<<"$3" || { printf '%s: no line "%s" in:\n%s\n' "$1" "$2" "$3"; failed=1; }
}

out=$(run integration a=OK,FAIL b=FAIL,OK c=TIMEOUT,OK)
expect "two hiccups" '3 passed, 0 failed, 0 skipped' "$out"
expect "and it passes" 'code 0' "$out"
expect "named at the end" 'FLAKY: b' "$out"
expect "named at the end" 'FLAKY: c' "$out"
expect "with its words" ' +first words of b' "$out"
[ "$(grep -c '^FLAKY' <<<"$out")" = 2 ] || { echo "too many are flaky: $out"; failed=1; }
out=$(run integration a=FAIL,FAIL b=FAIL,SKIP c=OK,OK)
expect "no hiccups" '1 passed, 2 failed, 0 skipped' "$out"
expect "and it fails" 'code 1' "$out"
out=$(run openclaw a=FAIL,OK)
expect "a hiccup of the real thing" '1 passed, 0 failed, 0 skipped' "$out"
for suite in unit sim lint; do
	out=$(run "$suite" a=FAIL,OK)
	expect "$suite is not repeated" '0 passed, 1 failed, 0 skipped' "$out"
done
rm -r "$work"
exit "$failed"
