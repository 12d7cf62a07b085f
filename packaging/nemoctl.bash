# shellcheck shell=bash
# Completion of nemoctl's commands, options and the services that run now.

# The words in front of the one being typed that belong to every call.
_nemoctl_socket() {
	local i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | --socket) printf '%s\n' --socket "${COMP_WORDS[i + 1]}" ;;
		esac
	done
}

_nemoctl_services() {
	local socket

	mapfile -t socket < <(_nemoctl_socket)
	"${COMP_WORDS[0]}" "${socket[@]}" --timeout 1s --json status 2>/dev/null |
		grep -oE '"name":"[a-z][a-z0-9-]*"' | cut -d'"' -f4
}

# The command that has been typed already, if any.
_nemoctl_command() {
	local i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | --socket | --timeout) ((i++)) ;;
		-*) ;;
		*)
			echo "${COMP_WORDS[i]}"
			return
			;;
		esac
	done
}

_nemoctl() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=

	case $before in
	-s | --socket)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	--for) words='ready stopped' ;;
	-n | --lines | --since | --timeout | --action | --installed | --running | --running-image | --running-url | --running-pid) ;;
	*)
		case $(_nemoctl_command) in
		'') words='status recover start stop restart reset pair logs events watch wait reload metrics shutdown live ready drift
			--socket --json --timeout --help --version' ;;
		status | recover | start | stop | restart | reset | ready) words="$(_nemoctl_services) --json --timeout" ;;
		logs) words="$(_nemoctl_services) --lines --follow --json --timeout" ;;
		wait) words="$(_nemoctl_services) --for --json --timeout" ;;
		drift) words='--action --installed --running --running-image --running-url --running-pid --strict --timeout' ;;
		events) words='--follow --since --json --timeout' ;;
		*) words='--json --timeout' ;;
		esac
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _nemoctl nemoctl
