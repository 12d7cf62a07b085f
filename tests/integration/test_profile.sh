#!/usr/bin/env bash
# The rules under which the mode `profile` runs hold, each of them, and by what they should.
set -eu
profile=$(realpath "$1")
if ((UID != 0)) || ! unshare --mount true 2>/dev/null; then
	echo "SKIP: only root can be somebody else"
	exit 77
fi

# A copy: the tree may lie where only its owner gets.
work=$(mktemp -d /tmp/nemoinit-test.XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cp "$profile" "$work/profile"
profile=$work/profile

# Everybody may write to this /run: only Landlock can refuse it.
prove() {
	unshare --mount sh -euc 'mount -t tmpfs -o mode=1777 run /run; exec "$@"' - "$@" "$profile" --prove
}

prove "$profile" --read "$(dirname "$profile")" --
# The proof itself can fail, also for another uid alone.
for without in "" "setpriv --reuid 1234 --regid 1234 --clear-groups"; do
	# shellcheck disable=SC2086 # words
	if prove $without >/dev/null; then
		echo "FAIL: it is content without rules (${without:-as root})"
		exit 1
	fi
done
