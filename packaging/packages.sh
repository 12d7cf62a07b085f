# shellcheck shell=bash
# The one list of Debian packages, by purpose; sourced by quickstart.sh, tests/run.sh and .ci/run.

packages_of()
{
	case $1 in
	build) echo gcc libc6-dev pkg-config meson ninja-build libev-dev libcjson-dev libcap-dev libinih-dev scdoc ;;
	openclaw) echo npm ca-certificates util-linux ;;
	browser) echo chromium ;; # 120 MB, for tests/openclaw
	tests) echo libcmocka-dev jq curl iproute2 procps netcat-openbsd nodejs socat tmux ;;
	container) echo podman runc busybox-static ;;
	lint) echo binutils clang-format-14 shellcheck git ;;
	ci) echo g++ clang libclang-rt-14-dev llvm-14 cppcheck valgrind libc6-dbg prometheus ;;
	*) echo "packages: no group '$1'" >&2; return 2 ;;
	esac
}

# Installed by dpkg, or there as a command of that name by other means (npm beside a node of one's own).
packages_is_there()
{
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ||
		command -v "$1" >/dev/null
}

packages_missing()
{
	local group name
	for group; do
		for name in $(packages_of "$group"); do
			packages_is_there "$name" || echo "$name"
		done
	done
}

# A download may be cut off: each step is tried twice.
packages_apt_get()
{
	local options=(-q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
	DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" "$@" ||
		DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" "$@"
}

# packages_install GROUP...: installs what is missing of these groups, and only that.
packages_install()
{
	local missing
	mapfile -t missing < <(packages_missing "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		echo "These packages are missing; as root: apt-get install --no-install-recommends ${missing[*]}" >&2
		return 1
	fi
	echo "installing ${missing[*]}"
	packages_apt_get update && packages_apt_get install --no-install-recommends "${missing[@]}"
}
