#!/bin/bash
# Words that do not belong in the tree. A sleep in a loop that asks again and has a limit says so: "sleep 0.2 # poll";
# one of a thousand seconds and more is no wait but something that hangs. Benchmarks let time pass on purpose.
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=0

# forbid WHY PATTERN PATH...
forbid()
{
	local why=$1 pattern=$2 found
	shift 2
	found=$(grep -rnIE "$pattern" --exclude-dir='build*' --exclude-dir=.git --exclude-dir=corpus --exclude=words.sh "$@" | grep -vE '(#|/\*) poll|sleep \$NAP')
	[ -z "$found" ] || { printf '%s:\n%s\n' "$why" "$found"; failed=1; }
}

forbid 'do it rather than note it' '\b(TODO|FIXME|XXX)\b' .
forbid 'paths of one machine' '(^|[^a-zA-Z0-9_.])/(work|home/[a-z]+|Users|tmp/wt)/' .
forbid 'wait for something, with a limit' '(^|;|&&|\|\||\bdo|\bthen)[[:space:]]*sleep ([0-9.]{1,3}($|[^0-9])|[$"])|\b(u|nano|time\.)sleep\(|[^_a-z]sleep\([0-9]' --exclude-dir=bench tests .ci
exit "$failed"
