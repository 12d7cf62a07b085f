# shellcheck shell=bash
# Completion of nemoprobe's probes and their options.

# The probe that has been typed already, if any.
_nemoprobe_command() {
	local i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		http | ws | tcp | node)
			echo "${COMP_WORDS[i]}"
			return
			;;
		esac
	done
}

_nemoprobe() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=

	case $before in
	--status | --expect | --timeout | --name | --max-age) ;;
	*)
		case $(_nemoprobe_command) in
		'') words='http ws tcp node --help --version' ;;
		http) words='--status --expect --timeout' ;;
		ws) words='--expect --timeout' ;;
		tcp) words='--timeout' ;;
		node) words='--name --max-age --timeout' ;;
		esac
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _nemoprobe nemoprobe
