#!/bin/bash
# packaging/quickstart.sh end to end; without a network, so what is installed must be enough.
. "$(dirname "$0")/lib.sh"

dir=/mnt/quick
mkdir "$dir"
ln -s "$cache"/* "$dir/"

# In a process group of its own, like a job of an interactive shell.
quickstart()
{
	set -m
	"$root/packaging/quickstart.sh" --openclaw "$version" --dir "$dir" --port 18800 >"$log" 2>&1 &
	script=$!
	set +m
}

# What the script has printed after WORD, for a person to paste.
printed()
{
	sed -n "s/^  $1  *//p" "$log" | grep .
}

printed_status_is_healthy()
{
	local command
	command=$(printed status) && sh -c "$command" >/dev/null 2>&1
}

answers()
{
	"$root/build-quickstart/src/nemoctl" --socket "$dir/nemoinit.sock" live >/dev/null 2>&1
}

ended()
{
	! kill -0 "$script" 2>/dev/null
}

# interrupted TARGET: the script ends with nemoinit's exit code, and takes all with it.
interrupted()
{
	kill -INT -- "$1"
	within 15 ended || return 1
	wait "$script" && nothing_runs
}

quickstart
check "the printed status command works and says healthy" within 240 printed_status_is_healthy
check "it serves on the chosen port" health 90 18800
token=$(sh -c "$(printed token)")
check "the printed token command finds the token" [ "${#token}" -eq 48 ]
check "the dashboard is where it says" [ "$(printed dashboard)" = http://127.0.0.1:18800/ ]
check "the token itself was not printed" not grep -q "$token" "$log"
check "Ctrl-C ends it all in order" interrupted "-$script"

started=$SECONDS
quickstart
check "a second run supervises at once" within 10 answers
echo "# second run: nemoinit answers after $((SECONDS - started)) s"
check "and is healthy" within 120 printed_status_is_healthy
check "SIGINT to the script alone ends it too" interrupted "$script"

quickstart
check "a third run" within 10 answers
kill -KILL "$script"
check "a killed script leaves nothing either" within 10 nothing_runs
finish
