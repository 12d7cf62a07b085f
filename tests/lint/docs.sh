#!/bin/bash
# docs.sh NEMOCTL NEMOINIT: the files and the commands that the documents name exist, and the
# configurations they show are accepted.
set -u
nemoctl=$(realpath "$1") nemoinit=$(realpath "$2")
cd "$(dirname "$0")/../.." || exit 1
failed=0
complain() { echo "$*"; failed=1; }

# Paths that begin with one of the tree's directories; src/README.md names them from src/.
paths_in()
{
	grep -oE '(^|[][ `(|])(src|util|core|io|app|conf|tests|packaging|\.ci)/[A-Za-z0-9_./-]*' "$1" |
		sed -E 's/^[^a-z.]//; s/[.:,]+$//' | sort -u
}

# The word after nemoctl and its options, where it is typed: in backquotes, after a prompt, alone on a line.
commands_in()
{
	grep -oE '(^[[:space:]]*|`|[$#] )nemoctl( --(json|(socket|timeout) [^ ]+))* [a-z]+' "$1" | awk '{ print $NF }' | sort -u
}

usage=$("$nemoctl" --help) || complain "$nemoctl --help fails"
for document in README.md src/README.md CHANGELOG.md; do
	[ -s "$document" ] || complain "$document is missing"
	while read -r path; do
		[ -e "$path" ] || [ -e "src/$path" ] || complain "$document names $path"
	done < <(paths_in "$document")
	while read -r word; do
		grep -qw -- "$word" <<<"$usage" || complain "$document names nemoctl $word"
	done < <(commands_in "$document")
done

# The blocks of `ini` in a document, each into a file of its own.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk -v work="$work" '/^```ini$/ { file = work "/" ++count ".ini"; next } /^```/ { file = "" } file { print > file }' \
	README.md
# nemoinit takes a file that only its owner may write; a tree may come with more.
cp conf/*.ini conf/examples/*.ini "$work"
chmod go-w "$work"/*.ini
for example in "$work"/*.ini; do
	env -i PATH="$PATH" "$nemoinit" --check --config "$example" 2>"$work/problems" ||
		complain "an example of README.md or conf/: $(cat "$work/problems")"
done
exit "$failed"
