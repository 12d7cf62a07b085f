#!/bin/bash
# nemoinit as the entry point of real containers, by podman: plain, hardened, and with the services of
# conf/examples/nemoclaw.ini as users of their own. The image is made here, of the programs, the libraries they
# need, busybox and a stand-in for openclaw. test_container.sh NEMOINIT NEMOCTL NEMOPAIR
set -eu
nemoinit=$(realpath "$1") nemoctl=$(realpath "$2") nemopair=$(realpath "$3")
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/integration/lib.sh
. "$root/tests/integration/lib.sh"
limit=30

if ((UID != 0)); then
	echo "SKIP: only root can make containers here"
	exit 77
fi
for program in podman runc busybox; do
	if ! command -v "$program" >/dev/null; then
		echo "SKIP: no $program here"
		exit 77
	fi
done

# Nothing of this machine's own containers is touched. Limits as far as we may raise them.
export CONTAINERS_CONF=$work/containers.conf CONTAINERS_STORAGE_CONF=$work/storage.conf TMPDIR=$work
cat >"$CONTAINERS_CONF" <<END
[containers]
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
lock_type = "file"
tmp_dir = "$work/tmp"
static_dir = "$work/libpod"
volume_path = "$work/volumes"
image_copy_tmp_dir = "$work"
END
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s"\nrunroot = "%s"\n' "$work/graph" "$work/run" >"$CONTAINERS_STORAGE_CONF"
image=localhost/nemoinit-test:1

clean_up() {
	podman rm --all --force --time 0 >/dev/null 2>&1 || true
	finish
}
trap clean_up EXIT

# make_image: what a sandbox's image has for us, and no more.
make_image() {
	local tree=$work/tree file

	mkdir -p "$tree"/{bin,sbin,usr/bin,usr/sbin,etc/nemoinit,srv,tmp,run,dev,proc,sys,sandbox}
	chmod 1777 "$tree/tmp"
	cp "$nemoinit" "$tree/usr/sbin/nemoinit"
	cp "$nemoctl" "$tree/usr/bin/nemoctl"
	cp "$nemopair" "$tree/usr/bin/nemopair"
	cp "$(command -v busybox)" "$tree/bin/busybox"
	for file in sh cat grep id sleep; do
		ln -s busybox "$tree/bin/$file"
	done
	ldd "$nemoinit" "$nemoctl" "$nemopair" | grep -o '/[^ ]*\.so[^ ]*' | sort -u | while read -r file; do
		mkdir -p "$tree$(dirname "$file")"
		cp -L "$file" "$tree$file"
	done
	printf '%s\n' root:x:0:0::/root:/bin/sh gateway:x:990:991::/sandbox: sandbox:x:998:998::/sandbox: >"$tree/etc/passwd"
	printf '%s\n' root:x:0: gateway:x:991: sandbox:x:998:gateway >"$tree/etc/group"
	cp "$root/conf/examples/nemoclaw.ini" "$tree/etc/nemoclaw.ini"
	printf '{"ok":true}\n' >"$tree/srv/health"
	cat >"$tree/usr/bin/openclaw" <<-'END'
		#!/bin/sh
		case "$1" in
		gateway) exec busybox httpd -f -p "127.0.0.1:$4" -h /srv ;;
		devices) echo '{"pending":[],"paired":[]}' ;;
		esac
	END
	chmod 755 "$tree/usr/bin/openclaw"
	tar -C "$tree" -c . | podman import --quiet --change 'ENTRYPOINT ["/usr/sbin/nemoinit"]' - "$image" >/dev/null
}

# container [PODMAN-OPTION…] [-- ARGUMENT…]: of nemoinit, named c.
container() {
	local options=()

	while (($#)) && [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	(($# == 0)) || shift
	podman rm --force --ignore --time 0 c >/dev/null
	podman run --detach --name c --network none "${options[@]}" "$image" "$@" >/dev/null || die "no container"
}

# ctl ARGUMENTS…: nemoctl in it; its exit code.
ctl() {
	local status=0

	podman exec c nemoctl "$@" >"$work/stdout" 2>"$work/stderr" || status=$?
	echo "$status"
}

ask() {
	podman exec c nemoctl --json status | jq -r "$1"
}

of() {
	ask ".services[] | select(.name == \"$1\") | $2"
}

is_healthy() {
	[[ $(ctl status) == 0 ]]
}

comes_up() {
	await "$limit" is_healthy || fail "it does not get healthy: $(cat "$work/stdout" "$work/stderr"; podman logs c 2>&1 | tail -n 20)"
}

# in_proc PID FILE PATTERN: the words of that line, read in the container.
in_proc() {
	podman exec c grep -E "$3" "/proc/$1/$2" | sed 's/^[^:]*:[[:space:]]*//' | xargs
}

# "stopped" becomes "exited" when podman's helper has been reaped, which takes long on some machines.
has_ended() {
	[[ $(podman inspect --format '{{.State.Status}} {{.State.ExitCode}}' c) == @(exited|stopped)" 0" ]]
}

# ends_by SIGNAL COMMAND…: which ends it with 0, every service stopped; out of time it would be killed.
ends_by() {
	local signal=$1

	shift
	"$@" >/dev/null || fail "$*"
	await "$limit" has_ended || fail "after $*: $(podman inspect --format '{{.State.Status}} {{.State.ExitCode}}' c)"
	podman logs c 2>&1 | grep -q "$signal: all services stopped in" || fail "no orderly end: $(podman logs c 2>&1 | tail)"
	podman logs c 2>&1 | grep -qE 'killing|unkillable' && fail "something had to be killed: $(podman logs c 2>&1 | tail)"
	return 0
}

test_plain() {
	container
	comes_up
	expect mode "pid1 0" "$(ask '.nemoinit | "\(.mode) \(.uid)"')"
	expect "nobody else has to be asked for" "ready ready" "$(ask '[.services[].state] | join(" ")')"
	expect "it has been told in the pod's log" 1 "$(podman logs c | grep -c 'gateway: ready after')"
	expect "what nemoinit keeps in effect" 00000000000001e1 "$(in_proc 1 status '^CapEff:')"
	expect "a gateway that is root has what the container has" "$(in_proc self status '^CapPrm:')" \
		"$(in_proc "$(of gateway .pid)" status '^CapPrm:')"
	podman exec --user 4711 c nemoctl live || fail "another user cannot ask whether it lives"
	ends_by SIGTERM podman stop --time 10 c
}

test_hardened() {
	container --read-only --tmpfs /tmp --cap-drop all --security-opt no-new-privileges --user 1234
	comes_up
	expect "no capabilities, no_new_privs" "0000000000000000 0000000000000000 1" \
		"$(in_proc 1 status '^(CapPrm|CapBnd|NoNewPrivs):')"
	expect "nothing is missing" "" "$(ask '.nemoinit.warnings[], .services[].warnings[]')"
	expect socket /tmp/nemoinit-1234/nemoinit.sock "$(ask .nemoinit.socket)"
	ends_by SIGTERM podman kill --signal TERM c
}

test_root_without_capabilities() {
	container --cap-drop all
	comes_up
	expect "as it is" "0000000000000000 0" "$(in_proc 1 status '^CapPrm:') $(in_proc "$(of gateway .pid)" status '^Uid:' | cut -d' ' -f1)"
	expect "nothing is missing" "" "$(ask '.nemoinit.warnings[], .services[].warnings[]')"
	ends_by SIGTERM podman stop --time 10 c
}

# are SERVICE UID GID GROUPS
are() {
	local pid

	pid=$(of "$1" .pid)
	expect "$1: who" "$2 $2 $2 $2 $3 $3 $3 $3${4:+ $4}" "$(in_proc "$pid" status '^(Uid|Gid|Groups):')"
	expect "$1: no capabilities, no_new_privs" "0000000000000000 0000000000000000 0000000000000000 1" \
		"$(in_proc "$pid" status '^(CapPrm|CapBnd|CapAmb|NoNewPrivs):')"
}

# limits SERVICE: soft and hard, of processes and of files.
limits() {
	podman exec c grep -E '^Max (processes|open files)' "/proc/$(of "$1" .pid)/limits" | awk '{ print $(NF - 2), $(NF - 1) }' | xargs
}

test_services_with_users_of_their_own() {
	local files=65536 warning="" gateway

	if (($(ulimit -Hn) < files)); then
		files=$(ulimit -Hn)
		warning="runs without what was refused: limit_nofile: Operation not permitted"
	fi
	container -- --config /etc/nemoclaw.ini
	comes_up
	expect "gateway: the port is its own" "self" "$(of gateway .listener.owner)"
	are gateway 990 991 998
	are auto-pair 998 998 ""
	for name in gateway auto-pair; do
		expect "$name: limits" "512 512 $files $files" "$(limits "$name")"
		expect "$name: warnings" "$warning" "$(of "$name" '.warnings[]')"
		expect "$name: HOME" HOME=/sandbox "$(podman exec --user "$([[ $name == gateway ]] && echo gateway || echo sandbox)" c \
			cat "/proc/$(of "$name" .pid)/environ" | tr '\0' '\n' | grep ^HOME=)"
	done
	expect "gateway: umask" 0007 "$(in_proc "$(of gateway .pid)" status '^Umask:')"
	expect "what nemoinit keeps" "00000000000001e1 00000000000001e1" "$(in_proc 1 status '^Cap(Prm|Eff):')"
	await "$limit" polls || fail "the watcher does not tell: $(ask .auto_pair)"
	gateway=$(of gateway .pid)
	podman exec c busybox kill -KILL "$gateway"
	await "$limit" is_another "$gateway" || fail "the gateway does not come back"
	comes_up
	are gateway 990 991 998
	expect "restart" 0 "$(ctl restart gateway)"
	podman exec --user sandbox c nemoctl live || fail "another user cannot ask whether it lives"
	ends_by SIGTERM podman stop --time 10 c
}

polls() {
	[[ $(ask '.auto_pair | .mode == "fast" and .polls > 0') == true ]]
}

is_another() {
	[[ $(of gateway '"\(.state) \(.pid)"') == "ready "* && $(of gateway .pid) != "$1" ]]
}

test_users_that_cannot_be_had() {
	container --cap-drop all -- --config /etc/nemoclaw.ini
	await "$limit" is_blocked || fail "not blocked: $(cat "$work/stdout" "$work/stderr")"
	expect code "privileges" "$(of gateway .blocked.code)"
	grep -q 'group' "$work/stdout" || fail "the step is not named: $(cat "$work/stdout")"
	ends_by SIGTERM podman stop --time 10 c
	container --user 1234 --read-only --tmpfs /tmp --cap-drop all --security-opt no-new-privileges -- --config /etc/nemoclaw.ini
	comes_up
	expect "as we are" "1234 1234 1234 1234" "$(in_proc "$(of gateway .pid)" status '^Uid:')"
	[[ $(of gateway '.warnings[]') == *"user: Operation not permitted"* ]] || fail "no warning: $(of gateway .warnings)"
	ends_by SIGTERM podman stop --time 10 c
}

is_blocked() {
	[[ $(ctl status gateway) == 4 ]]
}

make_image
run_tests
