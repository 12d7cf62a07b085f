# shellcheck shell=bash
# For tests of nemoinit itself. It runs in namespaces of its own (pid, mount, net), as their PID 1
# or as the child of a tiny one, which its first argument says: pid1 or subreaper; or profile, which
# is the latter under the rules of an OpenShell sandbox. Sourced, with the arguments MODE NEMOINIT
# NEMOCTL FIXTURE PROFILE.
# shellcheck disable=SC2034 # for the tests
mode=$1 nemoinit=$(realpath "$2") nemoctl=$(realpath "$3") fixture=$(realpath "$4") profile=$(realpath "$5")
# shellcheck source=tests/integration/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
unset XDG_RUNTIME_DIR NO_COLOR COLUMNS OPENCLAW_GATEWAY_PORT NEMOCLAW_DASHBOARD_PORT
for variable in "${!NEMOINIT_@}"; do
	unset "$variable"
done
socket=$work/s
config=$work/ini
# Programs in front of nemoinit, such as valgrind.
read -ra wrapper <<<"${TEST_WRAPPER:-}"
limit=10 # seconds that nothing may take
slowness=1 # of what is measured: the sanitizers cost time
! grep -q __asan_init "$nemoinit" || slowness=5
W=$work/w # a directory of files for one test
mkdir "$work/bin"
ln -s "$fixture" "$work/bin/F"
chmod 755 "$work" "$work/bin"

unshare=(unshare --pid --fork --kill-child --mount --mount-proc --net)
((UID == 0)) || unshare+=(--user --map-root-user)
if ! "${unshare[@]}" true 2>/dev/null; then
	echo "SKIP: no namespaces of our own here"
	exit 77
fi

# No cgroups for services, so that what is found out without them is tested (test_cgroup.sh is about
# them), and none is left behind by a nemoinit that is killed.
# shellcheck disable=SC2016 # for the inner shell
hidden=(bash -c '
	while read -r _ point type _; do
		[[ $type != cgroup2 ]] || mount -o remount,bind,ro "$point" 2>/dev/null || true
	done </proc/mounts
	exec "$@"' hidden)

owner=$UID
place=() # a program around all that is started in the namespaces

# settle UID: nemoinit and what asks it run as this one from now on, in a sandbox. What asks does so
# as from a session beside nemoinit: the same uid and rules, but a Landlock domain of its own.
settle() {
	owner=$1
	place=("$profile" --uid "$owner" --dir "$work" --)
	chown "$owner" "$work"
	nemoctl=$work/nemoctl
	printf '#!/bin/sh\nexec %s %s "$@"\n' "${place[*]}" "$nemoctl_itself" >"$nemoctl"
	chmod 755 "$nemoctl"
}

nemoctl_itself=$nemoctl
if [[ $mode == profile ]]; then
	if ((UID != 0)); then
		echo "SKIP: only root can be somebody else"
		exit 77
	fi
	# Copies: the tree may lie where only its owner gets.
	mkdir "$work/programs"
	cp "$nemoinit" "$nemoctl" "$fixture" "$work/programs"
	chmod -R a+rX "$work/programs"
	nemoinit=$work/programs/$(basename "$nemoinit")
	fixture=$work/programs/$(basename "$fixture")
	nemoctl_itself=$work/programs/$(basename "$nemoctl")
	ln -sf "$fixture" "$work/bin/F"
	settle 1234
	# No ptrace for the leak check, no build directory for counts of coverage.
	export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" GCOV_PREFIX=$work/gcov
fi

# directory PATH: one that is nemoinit's.
directory() {
	mkdir -p "$1"
	chown "$owner" "$1"
}

# configure: stdin, behind the first lines of a [nemoinit] section. The fixture is the command F.
configure() {
	rm -rf "$W"
	directory "$W"
	printf '[nemoinit]\nlog_format = json\n' >"$config"
	cat >>"$config"
}

# boot [ENVIRONMENT…]: starts nemoinit with $config, if there is one; $init is its pid as we see it,
# its output is in $work/log, $work/errors.
boot() {
	local arguments=(-s "$socket")

	[[ ! -e $config ]] || arguments+=(-c "$config")
	arguments+=("${main_command[@]}")
	launch env "NEMOINIT_PATH=$work/bin:$PATH" "$@" "${before[@]}" "${wrapper[@]}" "$nemoinit" "${arguments[@]}"
	await "$limit" "$nemoctl" -s "$socket" live || die "nemoinit does not come up: $(cat "$work/errors" "$work/log")"
	[[ $mode != profile ]] || expect "no capabilities, no_new_privs, a filter" "0000000000000000 1 2" \
		"$(awk '/^(CapBnd|NoNewPrivs|Seccomp):/ { print $2 }' "/proc/$init/status" | xargs)"
}
before=() # commands between the namespaces and nemoinit
main_command=() # for nemoinit to run as main, behind options of its own

# launch COMMAND…: in fresh namespaces, as boot does.
launch() {
	local layer=net

	[[ $mode == pid1 ]] || layer=init
	rm -f "$work/log" "$work/errors"
	"${unshare[@]}" "$fixture" "$layer" "${hidden[@]}" "${place[@]}" "$@" >"$work/log" 2>"$work/errors" &
	started=$!
	namespaces+=("$started")
	await "$limit" find_init || die "no namespaces: $(cat "$work/errors")"
}

# Its pid in $init; empty when it is over already.
find_init() {
	init=$(child_of "$started")
	[[ -n $init && $mode != pid1 ]] && init=$(child_of "$init")
	[[ -n $init ]] || is_gone
}

child_of() {
	cut -d' ' -f1 "/proc/$1/task/$1/children" 2>/dev/null
}

# inside COMMAND…: a stranger in nemoinit's namespaces; its pid (of nsenter) in $stranger.
inside() {
	nsenter -t "$init" -p -m -n "$@" >>"$work/stranger" 2>&1 &
	stranger=$!
	children+=("$stranger")
}

# ended: waits for nemoinit; its exit code in $ended.
ended() {
	await "$limit" is_gone || fail "nemoinit does not end"
	kill -KILL "$started" 2>/dev/null || true
	ended=0
	wait "$started" 2>/dev/null || ended=$?
	rm -f "$config"
}

is_gone() {
	[[ ! -e /proc/$started || $(awk '/^State/ { print $2 }' "/proc/$started/status") == Z ]]
}

# halt: the orderly end of a test.
halt() {
	kill -TERM "$init" || fail "nemoinit is gone"
	ended
	expect "exit code of nemoinit" 0 "$ended"
	[[ ! -s $work/errors ]] || fail "stderr: $(cat "$work/errors")"
}

# ask FILTER: of the status reply, by jq.
ask() {
	timeout "$limit" "$nemoctl" -s "$socket" --json status | jq -r "$1"
}

# of NAME FILTER: of one service in it.
of() {
	ask ".services[] | select(.name == \"$1\") | $2"
}

# ctl ARGUMENTS…: nemoctl; its exit code.
ctl() {
	local status=0

	timeout $((2 * limit)) "$nemoctl" -s "$socket" "$@" >"$work/stdout" 2>"$work/stderr" || status=$?
	echo "$status"
}

is() {
	[[ $(of "$1" "$2") == "$3" ]]
}

# becomes NAME FILTER VALUE
becomes() {
	await "$limit" is "$1" "$2" "$3" || fail "$1: $2 stays '$(of "$1" "$2")', wanted '$3'"
}

# state NAME STATE: waits for it.
state() {
	becomes "$1" .state "$2"
}

# events NAME: what was logged of it, in order.
events() {
	jq -rR "fromjson? | select(.service == \"$1\" and .event) | .event" "$work/log" | xargs
}

# messages NAME EVENT
messages() {
	jq -rR "fromjson? | select(.service == \"$1\" and .event == \"$2\") | .message" "$work/log"
}

# lines NAME: its captured output.
lines() {
	jq -rR "fromjson? | select(.service == \"$1\" and has(\"line\")) | .line" "$work/log"
}

# heard NAME EVENT COUNT: so often, at least.
heard() {
	(($(messages "$1" "$2" | wc -l) >= $3))
}

# hears NAME EVENT [COUNT]: waits for it.
hears() {
	await "$limit" heard "$1" "$2" "${3:-1}" || fail "$1: no event '$2': $(events "$1")"
}

# expect_match WHAT PATTERN GOT: the pattern is that of ==.
expect_match() {
	# shellcheck disable=SC2053 # a pattern is meant
	[[ $3 == $2 ]] || fail "$1: wanted '$2', got '$3'"
}

# running: how many processes there are of nemoinit's services.
running() {
	grep -lsz "^NEMOINIT_SOCKET=$socket\$" /proc/[0-9]*/environ | wc -l
}
