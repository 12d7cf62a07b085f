# shellcheck shell=bash
# Gets OpenClaw and the node it needs from npm into a private directory; sourced by quickstart.sh and
# by tests/openclaw. Each version is a directory of its own that appears by one rename, after it has run
# once: what is there is complete, and what was cut off is made again.

OPENCLAW_NODE=24

# openclaw_path DIR VERSION: the directories for PATH.
openclaw_path()
{
	echo "$1/node-$OPENCLAW_NODE/node_modules/.bin:$1/openclaw-$2/node_modules/.bin"
}

# openclaw_install DIR VERSION: installs what is missing; one at a time in DIR.
openclaw_install()
{
	mkdir -p "$1" || return 1
	(
		trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
		trap 'exit 130' INT
		trap 'exit 143' TERM
		flock 9 || exit 1
		rm -rf "$1"/.partial-*
		PATH=$(openclaw_path "$1" "$2"):$PATH
		# The node package fetches its binary in an install script; OpenClaw needs none of its own.
		openclaw_fetch "$1" "node-$OPENCLAW_NODE" "node@$OPENCLAW_NODE" node &&
			openclaw_fetch "$1" "openclaw-$2" "openclaw@$2" openclaw --ignore-scripts --omit=optional
	) 9>"$1/.lock"
}

# openclaw_fetch DIR NAME PACKAGE COMMAND [NPM-OPTION...]
openclaw_fetch()
{
	local dir=$1 name=$2 package=$3 command=$4 partial=$1/.partial-$2
	shift 4
	[ ! -d "$dir/$name" ] || return 0
	if ! openclaw_npm "$partial" "$package" "$@" && ! openclaw_npm "$partial" "$package" "$@" ||
		! HOME=$partial "$partial/node_modules/.bin/$command" --version >>"$partial/npm.log" 2>&1; then
		cat "$partial/npm.log" >&2
		echo "$package could not be installed: is the npm registry reachable?" >&2
		return 1
	fi
	mv "$partial" "$dir/$name"
}

# One attempt, with a line every few seconds that says how far it is.
openclaw_npm()
{
	local partial=$1 package=$2 started=$SECONDS npm
	shift 2
	rm -rf "$partial" && mkdir -p "$partial" && echo '{"private":true}' >"$partial/package.json" || return 1
	(cd "$partial" && exec npm install "$package" --no-audit --no-fund --loglevel=error \
		--fetch-retries=1 --fetch-retry-mintimeout=2000 "$@") \
		>"$partial/npm.log" 2>&1 </dev/null 9>&- &
	npm=$!
	while ! openclaw_has_ended "$npm" 3; do
		echo "  $package: $(du -sm "$partial" 2>/dev/null | cut -f1) MB after $((SECONDS - started)) s"
	done
	wait "$npm"
}

# openclaw_has_ended PID SECONDS: waits at most that long; true once the process has ended.
openclaw_has_ended()
{
	timeout "$2" tail --pid="$1" -s 0.2 -f /dev/null
}
