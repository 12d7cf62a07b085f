#!/bin/bash
# From a fresh Debian 12 to a supervised OpenClaw gateway: installs, builds, gets OpenClaw into a private
# directory and runs it under nemoinit as PID 1 of a PID namespace of its own, in the foreground.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build-quickstart
. "$root/packaging/packages.sh"
. "$root/packaging/openclaw.sh"

usage()
{
	cat <<-END
	usage: packaging/quickstart.sh [--openclaw VERSION] [--port N] [--dir DIR]

	  --openclaw VERSION  the OpenClaw to run (default 2026.9.6; 2026.5.22 is tested too)
	  --port N            the gateway's port on 127.0.0.1 (default 18789)
	  --dir DIR           where OpenClaw, its state and the socket live (default ~/.cache/nemoinit)

	Needs root, a Debian 12 and, the first time, the network. Ctrl-C stops everything in order;
	the exit code is that of nemoinit. A second run starts what is there.
	END
}

fail()
{
	echo "quickstart: $*" >&2
	exit 1
}

wrong_usage()
{
	echo "quickstart: $*; see --help" >&2
	exit 2
}

parse_options()
{
	version=2026.9.6 port=18789 dir=
	while [ $# -gt 0 ]; do
		case $1 in
		--help) usage; exit 0 ;;
		--openclaw | --port | --dir) [ -n "${2:-}" ] || wrong_usage "$1 wants a value" ;;&
		--openclaw) version=$2 ;;
		--port) port=$2 ;;
		--dir) dir=$2 ;;
		*) wrong_usage "unknown option '$1'" ;;
		esac
		shift 2
	done
	[[ $version =~ ^[0-9]+(\.[0-9]+)+$ ]] || wrong_usage "'$version' is no OpenClaw version"
	[[ $port =~ ^[1-9][0-9]{0,4}$ && $port -le 65535 ]] || wrong_usage "'$port' is no port"
	dir=$(realpath -m "${dir:-${XDG_CACHE_HOME:-$HOME/.cache}/nemoinit}")
}

check_permissions()
{
	[ "$(id -u)" -eq 0 ] ||
		fail "must run as root: it installs packages and makes a PID namespace (try sudo $0)"
	unshare --pid --fork --mount-proc true 2>/dev/null ||
		fail "unshare is not permitted here: a container needs CAP_SYS_ADMIN for it (--privileged)"
}

# logged WHAT COMMAND...: silent about success, the end of its output on failure.
logged()
{
	local what=$1
	shift
	echo "$what"
	"$@" >"$dir/quickstart.log" 2>&1 || {
		tail -n 40 "$dir/quickstart.log" >&2
		fail "failed: $what (all of it is in $dir/quickstart.log)"
	}
}

build_nemoinit()
{
	[ -f "$build/build.ninja" ] || logged "configuring $build" \
		meson setup "$build" "$root" --buildtype=release -Dtests=disabled
	logged "building nemoinit" ninja -C "$build"
}

write_openclaw_config()
{
	local token
	mkdir -p "$state" "$dir/tmp"
	[ ! -s "$state/openclaw.json" ] || return 0
	token=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
	(
		umask 077
		cat >"$state/openclaw.json.new" <<-END
		{
		  "gateway": {
		    "mode": "local", "port": $port, "bind": "loopback",
		    "auth": { "mode": "token", "token": "$token" }
		  },
		  "update": { "checkOnStart": false },
		  "logging": { "file": "$dir/openclaw.log" }
		}
		END
	)
	mv "$state/openclaw.json.new" "$state/openclaw.json"
}

print_hints()
{
	local ctl="$build/src/nemoctl --socket $dir/nemoinit.sock"
	cat <<-END

	OpenClaw $version under nemoinit. From another terminal of this machine, as root:
	  status     $ctl status
	  dashboard  http://127.0.0.1:$port/
	  token      sed -n 's/.*"token": *"\([^"]*\)".*/\1/p' $state/openclaw.json
	  stop       Ctrl-C here, or $ctl shutdown

	END
}

# unshare itself ignores INT and TERM: the signal is for its child, the PID 1 of the namespace.
stop()
{
	local init
	stopping=yes
	read -r init _ <"/proc/$unshare/task/$unshare/children" || true
	[ -z "$init" ] || kill -TERM "$init"
} 2>/dev/null

# In a session of its own, so that Ctrl-C reaches this script only; gone at once should the script be killed.
run_nemoinit()
{
	local code=0
	stopping=
	trap stop INT TERM HUP
	HOME=$home OPENCLAW_STATE_DIR=$state OPENCLAW_GATEWAY_PORT=$port TMPDIR=$dir/tmp NO_COLOR=1 \
		NEMOINIT_SOCKET=$dir/nemoinit.sock \
		NEMOINIT_PATH=$(openclaw_path "$dir" "$version"):$build/src:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		setsid setpriv --pdeathsig KILL unshare --pid --fork --kill-child --mount-proc \
		"$build/src/nemoinit" &
	unshare=$!
	wait "$unshare" || code=$?
	while [ -n "$stopping" ]; do
		stopping=
		code=0
		wait "$unshare" || code=$?
	done
	return "$code"
}

parse_options "$@"
check_permissions
mkdir -p "$dir"
packages_install build openclaw
build_nemoinit
openclaw_install "$dir" "$version"
home=$dir/home-$version state=$home/.openclaw
write_openclaw_config
print_hints
run_nemoinit
