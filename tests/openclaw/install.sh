#!/bin/bash
# packaging/openclaw.sh with an npm of our own: what was cut off or does not run is never taken for installed.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/packaging/openclaw.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
# shellcheck disable=SC2031 # the subshell is another's
export PATH=$work/bin:$PATH WORK=$work
test_number=0
test_failed=0
npm=

# npm install PACKAGE makes a program that runs, unless $WORK/fails or $WORK/hangs says otherwise, once.
cat >"$work/bin/npm" <<'END'
#!/bin/bash
name=${2%@*}
echo "$2" >>"$WORK/calls"
mkdir -p node_modules/.bin
rm "$WORK/fails" 2>/dev/null && exit 1
rm "$WORK/hangs" 2>/dev/null && echo "$$ $PPID" >"$WORK/hanging" && exec sleep infinity
printf '#!/bin/sh\n[ ! -e "$WORK/broken" ]\n' >"node_modules/.bin/$name"
chmod +x "node_modules/.bin/$name"
END
chmod +x "$work/bin/npm"

check()
{
	local name=$1
	shift
	test_number=$((test_number + 1))
	if "$@" >"$work/out" 2>&1; then
		echo "ok $test_number $name"
	else
		test_failed=1
		echo "not ok $test_number $name: $*"
		sed 's/^/# /' "$work/out"
	fi
}

not()
{
	! "$@"
}

# fresh [FLAG]: an empty directory, no calls so far, and what shall go wrong.
fresh()
{
	rm -rf "$work/dir" "$work/broken" "$work/hanging"
	: >"$work/calls"
	[ $# -eq 0 ] || touch "$work/$1"
}

calls_are()
{
	[ "$(paste -sd' ' "$work/calls")" = "$*" ]
}

is_complete()
{
	[ -x "$work/dir/node-24/node_modules/.bin/node" ] && [ -x "$work/dir/openclaw-1.2.3/node_modules/.bin/openclaw" ] &&
		[ -z "$(find "$work/dir" -name '.partial*')" ]
}

# Ends the installing shell by SIGNAL as soon as its npm hangs.
cut_off()
{
	local end=$((SECONDS + 10)) shell
	openclaw_install "$work/dir" 1.2.3 &
	until [ -s "$work/hanging" ]; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1 # poll
	done
	read -r npm shell <"$work/hanging"
	kill "-$1" "$shell"
	wait $!
	[ ! -d "$work/dir/node-24" ]
}

# A zombie that nobody has reaped yet does not run.
runs()
{
	grep -q '^State:[[:space:]]*[^Z[:space:]]' "/proc/$1/status"
}

fresh
check "installs node and OpenClaw" openclaw_install "$work/dir" 1.2.3
check "completely" is_complete
check "a second time" openclaw_install "$work/dir" 1.2.3
check "nothing is fetched again" calls_are node@24 openclaw@1.2.3

fresh fails
check "one failed download is tried again" openclaw_install "$work/dir" 1.2.3
check "node twice" calls_are node@24 node@24 openclaw@1.2.3

fresh broken
check "what does not run is not installed" not openclaw_install "$work/dir" 1.2.3
check "and is not there" not is_complete

fresh hangs
check "TERM in the middle" cut_off TERM
check "takes npm with it" not runs "$npm"
check "the next run does not trust it" not is_complete
check "and makes it again" openclaw_install "$work/dir" 1.2.3
check "completely" is_complete

fresh hangs
mkdir -p "$work/dir/.partial-openclaw-0.1"
check "KILL in the middle" cut_off KILL
kill "$npm"
check "the next run makes it again" openclaw_install "$work/dir" 1.2.3
check "completely, and clears what was left" is_complete

echo "1..$test_number"
exit "$test_failed"
