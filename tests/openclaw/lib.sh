# shellcheck shell=bash
# A test of this suite is `FILE VERSION`: sources this, which installs the real OpenClaw, enters namespaces of
# its own (pid, mount, net: every port is free, everything dies with the test) and leaves the test in /mnt, a
# fresh tmpfs. A "pod" is nemoinit as PID 1 of one more namespace, with its state in $pod_home and /mnt/tmp.
# Reports in TAP.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${NEMOINIT_BUILD:-$root/build}
cache=${NEMOINIT_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nemoinit-tests}
version=$1
. "$root/packaging/openclaw.sh"

skip_all()
{
	echo "1..0 # SKIP $*"
	exit 0
}

if [ -z "${NEMOINIT_TEST_INSIDE:-}" ]; then
	[ "$(id -u)" -eq 0 ] || skip_all "needs root"
	unshare --pid --fork --mount-proc --net true || skip_all "needs namespaces"
	command -v npm >/dev/null || skip_all "needs npm"
	openclaw_install "$cache" "$version" >&2 || skip_all "needs the npm registry"
	NEMOINIT_TEST_INSIDE=yes exec unshare --pid --fork --kill-child --mount-proc --net bash "$0" "$@"
fi

# These are ours, not nemoinit's.
unset NEMOINIT_BUILD NEMOINIT_TEST_CACHE NEMOINIT_TEST_INSIDE
ip link set lo up
mount -t tmpfs tmpfs /mnt && mount -t tmpfs tmpfs /run && cd /mnt || exit 1

PATH=$(openclaw_path "$cache" "$version"):$build/src:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
command -v nemoinit nemoctl nemopair >/dev/null || { echo "Bail out! not built in $build/src"; exit 1; }
export PATH NEMOINIT_PATH=$PATH NO_COLOR=1 TMPDIR=/mnt/tmp OPENCLAW_GATEWAY_PORT=18789
unset OPENCLAW_GATEWAY_URL OPENCLAW_GATEWAY_TOKEN
log=/mnt/nemoinit.log
test_number=0
test_failed=0
mkdir -p "$TMPDIR"
echo "# openclaw --version: $(HOME=/mnt/tmp openclaw --version), node $(node --version)"

# check NAME COMMAND...: one line of TAP; a failure shows what is known.
check()
{
	local name=$1
	shift
	test_number=$((test_number + 1))
	if "$@"; then
		echo "ok $test_number $name (${SECONDS}s)"
		return
	fi
	test_failed=1
	echo "not ok $test_number $name: $* (${SECONDS}s)"
	nemoctl --json status 2>&1 | sed 's/^/# /'
	tail -n 40 "$log" | sed 's/^/# /'
}

not()
{
	! "$@"
}

finish()
{
	echo "1..$test_number"
	exit "$test_failed"
}

# within SECONDS COMMAND...: asks again and again until it is true.
within()
{
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.2 # poll
	done
}

# In the filters of status and value, the two services go by these names.
services='def service($name): .services[] | select(.name == $name);
	def gateway: service("gateway"); def pair: service("auto-pair");'

# status FILTER: true if jq's FILTER is true of the status now.
status()
{
	nemoctl --json status 2>/dev/null | jq -e "$services $1" >/dev/null
}

# value FILTER: the same, printed.
value()
{
	nemoctl --json status 2>/dev/null | jq -r "$services $1"
}

is_healthy()
{
	nemoctl status >/dev/null 2>&1
}

# health [SECONDS [PORT]]: what a client sees that waits; just after its start the gateway may be busy for long.
health()
{
	local url=http://127.0.0.1:${2:-$OPENCLAW_GATEWAY_PORT}/health
	[[ $(curl -s --noproxy '*' --max-time "${1:-90}" "$url") == *'"ok":true'* ]]
}

# new_home NAME [MODEL-PORT]: a fresh state directory with a minimal config, and a fake model if asked for.
new_home()
{
	local model=
	export HOME=/mnt/$1 OPENCLAW_STATE_DIR=/mnt/$1/.openclaw
	mkdir -p "$OPENCLAW_STATE_DIR"
	[ -z "${2:-}" ] || model='"models": {"mode": "merge", "providers": {"fake": {"baseUrl": "http://127.0.0.1:'$2'/v1",
		"apiKey": "sk-fake", "api": "openai-completions", "models": [{"id": "fake-model", "name": "Fake",
		"reasoning": false, "input": ["text"], "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
		"contextWindow": 64000, "maxTokens": 2048}]}}},
		"agents": {"defaults": {"model": {"primary": "fake/fake-model"}}},'
	cat >"$OPENCLAW_STATE_DIR/openclaw.json" <<-END
	{"gateway": {"mode": "local", "port": $OPENCLAW_GATEWAY_PORT, "bind": "loopback",
	  "auth": {"mode": "token", "token": "test-token-0123456789abcdef"}}, $model
	 "update": {"checkOnStart": false}, "logging": {"file": "/mnt/openclaw.log"}}
	END
}

# pod_start [COMMAND...]: nemoinit as PID 1, after COMMAND has been run there (it may leave children).
pod_start()
{
	unshare --pid --fork --kill-child --mount-proc bash -c '"$@"; exec nemoinit' pod "${@:-true}" >>"$log" 2>&1 &
	pod=$!
	within 10 pod_find_init
}

pod_find_init()
{
	read -r init _ <"/proc/$pod/task/$pod/children" && [ -n "$init" ]
} 2>/dev/null

# The node is lost: everything in the pod dies at once, unasked.
pod_kill()
{
	kill -KILL "$pod"
	wait "$pod"
	within 10 nothing_runs
} 2>/dev/null

# pod_stop: as a runtime does it; leaves nemoinit's exit code in pod_code and the time it took in pod_seconds.
pod_stop()
{
	local started=$SECONDS
	kill -TERM "$init"
	wait "$pod"
	# shellcheck disable=SC2034 # for the tests
	pod_code=$?
	# shellcheck disable=SC2034 # for the tests
	pod_seconds=$((SECONDS - started))
}

in_pod()
{
	nsenter --target "$init" --pid --mount --root --wd -- "$@"
}

# Of what a pod runs no process is left; one that is just ending, and still holds its port, has no program.
nothing_runs()
{
	local program
	for program in /proc/[0-9]*/exe; do
		case $(readlink "$program") in
		'' | */node | */nemoinit | */nemopair) return 1 ;;
		esac
	done
}
