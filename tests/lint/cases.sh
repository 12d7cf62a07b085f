#!/bin/bash
# tests/CASES.md: rows 1 to 113 are there, once each, and every row names tests, which exist, or says why not.
# cases.sh [FILE]
set -u
file=$(realpath "${1:-$(dirname "$0")/../CASES.md}")
cd "$(dirname "$0")/../.." || exit 1
rows=113
failed=0
complain() { echo "${file##*/}: $*"; failed=1; }

# exists FILE[: NAME]: a test file, by path or by name, and in it a function or a check.
exists()
{
	local name='' path=${1%%: *}
	[[ $1 != *': '* ]] || name=${1#*: }
	[[ $path == */* ]] || path=$(find tests -name "$path" -not -path '*/meson*')
	[ -f "$path" ] || return 1
	case $path in
	*.c) [ -z "$name" ] || grep -qF "cmocka_unit_test($name)" "$path" ;;
	*) [ -z "$name" ] || grep -qxE "test_$name\(\) \{" "$path" || grep -qF "check \"$name\"" "$path" ;;
	esac
}

# judge WHAT CELL: the last cell of a row.
judge()
{
	local test some=0
	case $2 in
	'not ours: '?* | 'not yet: '?*) some=1 ;;
	esac
	while read -r test; do
		case $test in
		*.sh | *.c | *.sh:\ * | *.c:\ *)
			some=1
			exists "$test" || complain "$1 names a test that is not there: $test"
			;;
		esac
	done < <(grep -oE '`[^`]*`' <<<"$2" | tr -d '`')
	[ "$some" = 1 ] || complain "$1 names no test"
}

[ -s "$file" ] || complain 'is missing'
while IFS='|' read -r _ first rest; do
	cell=${rest%|*}
	cell=${cell##*|}
	judge "row$first" "${cell# }"
done < <(grep -E '^\| ' "$file" | grep -vE '^\| (row|scenario) ')
missing=$(comm -23 <(seq "$rows" | sort) <(sed -nE 's/^\| ([0-9]+) \|.*/\1/p' "$file" | sort) | xargs)
[ -z "$missing" ] || complain "rows that are missing: $missing"
twice=$(sed -nE 's/^\| ([0-9]+) \|.*/\1/p' "$file" | sort | uniq -d | xargs)
[ -z "$twice" ] || complain "rows that are there twice: $twice"
grep -q '^## Acceptance scenarios' "$file" || complain 'no acceptance scenarios'
echo "$(grep -c '| not yet: ' "$file") not yet, $(grep -c '| not ours: ' "$file") not ours, $(grep -cE '^\| .*`test_|^\| .*`sim_' "$file") with tests"
exit "$failed"
