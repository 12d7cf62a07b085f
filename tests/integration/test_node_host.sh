#!/usr/bin/env bash
# A node host that is probed by nemoprobe, with a scripted openclaw.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"
# shellcheck source=tests/integration/probed.sh
. "$(dirname "$0")/probed.sh"

# A copy: the tree may lie where only its owner gets.
cp "$(dirname "$(realpath "$2")")/nemoprobe" "$work/bin"
cat >"$work/bin/openclaw" <<-END
	#!/bin/sh
	case \$1 in
	nodes) . $W/nodes ;;
	gateway) exec F listen=18789 serve=$W/mood ;;
	node) exec F pause ;;
	esac
END
chmod 755 "$work/bin/openclaw" "$work/bin/nemoprobe"

# nodes SCRIPT: what `openclaw nodes list` does from now on.
nodes() {
	echo "$1" >"$W/nodes.new"
	mv "$W/nodes.new" "$W/nodes"
}

connected='echo "{\"pending\":[],\"paired\":[{\"displayName\":\"n1\",\"connected\":true}]}"'

test_the_gateways_word_decides() {
	service "F pause" "exec:nemoprobe node --max-age 5m"
	nodes 'echo "Gateway not reachable (ECONNREFUSED)." >&2; exit 1'
	boot
	says "exited with 3: the nodes cannot be listed: Gateway not reachable (ECONNREFUSED)."
	expect "neither good nor bad" "starting null 0" "$(of a '"\(.state) \(.probe.ok) \(.probe.failures)"')"
	nodes "$connected"
	state a ready
	nodes 'echo "{\"pending\":[],\"paired\":[{\"displayName\":\"n1\"}]}"'
	says "exited with 3: node 'n1' is not told to be connected or not, and when it was is not told"
	expect "no miss" "ready true 0" "$(of a '"\(.state) \(.probe.ok) \(.probe.failures)"')"
	nodes 'echo "{\"pending\":[],\"paired\":[]}"'
	state a failing
	says "exited with 1: no node is paired"
	nodes 'echo "{\"pending\":[],\"paired\":[{},{}]}"'
	says "exited with 2: 2 nodes are paired: which one, --name must say"
	expect "a miss" failing "$(of a .state)"
	nodes "$connected"
	state a ready
	halt
}

test_what_a_call_leaves_is_ended_with_it() {
	service "F pause" "exec:nemoprobe node --timeout 3s" "probe_start_interval = 1h"
	nodes 'trap "" TERM; setsid F ignore=TERM pause & F ignore=TERM pause'
	boot
	says "exited with 3: the nodes cannot be listed: no end of it in time"
	only_the_service() {
		[[ $(running) == 1 ]]
	}
	await "$limit" only_the_service || fail "$(running) processes"
	halt
}

test_the_example() {
	configure </dev/null
	cp "$(dirname "$0")/../../conf/examples/node-host.ini" "$config"
	expect "what it says" "exec:nemoprobe node --max-age 5m; 5m; 6m; 30m; gateway" \
		"$("$nemoinit" -c "$config" --print-config | sed -n '/^\[service node-host\]/,$ s/^\(probe\|probe_interval\|unhealthy_after\|probe_restart_interval\|restart_with\) = //p' | paste -sd';' | sed 's/;/; /g')"
	nodes "$connected"
	boot NEMOINIT_LOG_FORMAT=json NEMOINIT_SERVICE_NODE_HOST_PROBE_START_INTERVAL=50ms NEMOCLAW_SKIP_AUTO_PAIR=1
	state node-host ready
	expect probe "exec exec:nemoprobe node --max-age 5m true" "$(of node-host '.probe | "\(.type) \(.target) \(.ok)"')"
	expect restart 0 "$(ctl restart gateway)"
	hears node-host ready 2
	expect "restarted with its gateway" "starting ready stopping exited starting ready" "$(events node-host)"
	halt
}

run_tests
