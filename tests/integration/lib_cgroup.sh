# shellcheck shell=bash
# A cgroup for all that is started in the namespaces. Sourced after init.sh.

# mount_of_v2: where version 2 is.
mount_of_v2() {
	awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts
}

# mount_with CONTROLLER: where it is, in version 1 or in 2.
mount_with() {
	local point

	point=$(awk -v word="$1" '$3 == "cgroup" && "," $4 "," ~ "," word "," { print $2; exit }' /proc/mounts)
	if [[ -n $point ]]; then
		echo "$point"
		return
	fi
	point=$(mount_of_v2)
	grep -qw "$1" "${point:-/nonexistent}/cgroup.subtree_control" 2>/dev/null && echo "$point"
}

# own_cgroup WHAT MOUNT: in $group, for what launch starts; gone in the end, with what is below it.
own_cgroup() {
	group=$2/nemoinit-test.$$
	if [[ -z $2 ]] || ! mkdir "$group" 2>/dev/null; then
		echo "SKIP: no $1 cgroup of our own here"
		exit 77
	fi
	trap 'finish; await 10 remove_group' EXIT
	# shellcheck disable=SC2016 # for the inner shell
	unshare=(bash -c 'echo "$BASHPID" >"$0/cgroup.procs"; exec "$@"' "$group" "${unshare[@]}")
}

remove_group() {
	find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null
	[[ ! -e $group ]]
}
