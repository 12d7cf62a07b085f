#!/usr/bin/env bash
# An OpenShell gateway as the service of conf/examples/openshell-gateway.ini, with scripted programs.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"

# Copies: the tree may lie where only its owner gets.
cp "$nemoctl_itself" "$work/bin/nemoctl"
cat >"$work/bin/openshell" <<-END
	#!/bin/sh
	cat $W/openshell
END
cat >"$work/bin/openshell-gateway" <<-END
	#!/bin/sh
	case \$1 in
	--version) cat $W/gateway ;;
	*) echo x >>$W/started; . $W/run ;;
	esac
END
chmod 755 "$work/bin/nemoctl" "$work/bin/openshell" "$work/bin/openshell-gateway"

serving="exec F listen=8080 pause"

# begin OPENSHELL GATEWAY SCRIPT [KEY]: the versions, what the gateway does, and a line of its section.
begin() {
	configure <"$(dirname "$0")/../../conf/examples/openshell-gateway.ini"
	sed -i "s/^\[service .*/&\nfatal_retry = 20ms\nprobe_start_interval = 20ms\n${4:-}/" "$config"
	echo "openshell $1" >"$W/openshell"
	echo "openshell-gateway $2" >"$W/gateway"
	echo "$3" >"$W/run"
	boot
}

starts() {
	cat "$W/started" 2>/dev/null | wc -l
}

block="OpenShell gateway schema preflight failed before starting the OpenShell gateway.
Installed OpenShell: 0.0.44
Running gateway image: none (host process)
Running gateway binary: $work/bin/openshell-gateway (0.0.43)
Refusing to trust OpenShell sandbox state while the host CLI and gateway schema may be out of sync.
No sandbox data was changed.
Run \`nemoclaw onboard --resume\` to repair or recreate the NemoClaw gateway."

test_drift_blocks_until_the_versions_agree() {
	begin 0.0.44 0.0.43 "$serving"
	state openshell-gateway blocked
	expect why "task-failed drift" "$(of openshell-gateway '.blocked | "\(.code) \(.task)"')"
	expect lines "$block" "$(of openshell-gateway .blocked.message)"
	expect "status" 4 "$(ctl status openshell-gateway)"
	grep -qF 'Installed OpenShell: 0.0.44' "$work/stdout" || fail "not shown: $(cat "$work/stdout")"
	expect "recovered in vain" 4 "$(ctl recover)"
	expect "lines again" "$block" "$(of openshell-gateway .blocked.message)"
	expect "never started" 0 "$(starts)"
	echo "openshell-gateway 0.0.44" >"$W/gateway"
	expect recover 0 "$(ctl recover)"
	expect "it runs" "ready null 1" "$(of openshell-gateway '"\(.state) \(.blocked)"') $(starts)"
	halt
}

test_what_is_unknown_keeps_nobody_down() {
	begin 0.0.44 "of today" "$serving"
	state openshell-gateway ready
	halt
}

# migrating LINES…: a gateway that says so, ends, and may say more; printf's escapes.
migrating() {
	begin 0.0.44 0.0.44 "printf '%b\\n' 'INFO openshell_server::cli: Starting OpenShell server bind=127.0.0.1:8080' $*; exit 1"
	state openshell-gateway blocked
}

blocked_by() {
	expect why "fatal-output $1" "$(of openshell-gateway '.blocked | "\(.code) \(.id)"')"
	[[ " $(events openshell-gateway) " != *" ready "* ]] || fail "it was called ready"
	expect "started once" 1 "$(starts)"
	expect "status" 4 "$(ctl status)"
	halt
}

test_a_store_of_a_newer_gateway_blocks_it() {
	migrating "'Error:   × execution error: migration error: migration 5 was previously'" \
		"'  │ applied but is missing in the resolved migrations'"
	blocked_by missing
}

test_and_without_its_frame() {
	migrating "'Error: × execution error: migration error: migration 5 was previously'" \
		"'applied but is missing in the resolved migrations'"
	blocked_by missing
}

test_and_in_colour_from_a_gateway_that_lives_on() {
	begin 0.0.44 0.0.44 "printf '%b\\n' '\\033[31mError:\\033[0m   \\033[31m×\\033[0m migration error: migration 5 was previously' \
		'  \\033[31m│\\033[0m applied but is missing in the resolved migrations' >&2; $serving" "start_timeout = 3s"
	state openshell-gateway blocked
	blocked_by missing
}

test_and_one_that_was_modified() {
	migrating "'Error:   × execution error: migration error: migration 5 was'" "'  │ previously applied but has been modified'"
	blocked_by modified
}

test_and_that_without_its_frame() {
	migrating "'Error: × execution error: migration error: migration 5 was previously applied'" "'but has been modified'"
	blocked_by modified
}

run_tests
