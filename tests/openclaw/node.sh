#!/bin/bash
# nemoprobe and a real node host: none, one that is connected, one that has gone, no gateway.
. "$(dirname "$0")/lib.sh"

# probe CODE LINE ARGUMENT…: nemoprobe node ends with that; LINE is a pattern.
probe()
{
	local code=$1 line=$2 said
	shift 2
	said=$(in_pod nemoprobe node --timeout 60s "$@")
	local got=$?
	echo "# $got $said"
	# shellcheck disable=SC2053 # a pattern is meant
	[ "$got" -eq "$code" ] && [[ $said == $line ]]
}

new_home node
mkdir -p /mnt/host
export NEMOINIT_CONFIG=/mnt/node.ini NEMOINIT_SERVICE_NODE_HOST_PROBE_START_INTERVAL=2s
# Its health is not the question, and a busy machine makes it slow.
export NEMOINIT_SERVICE_GATEWAY_UNHEALTHY_AFTER=3m
sed '/^\[service node-host\]/,$d' "$root/conf/examples/node-host.ini" >"$NEMOINIT_CONFIG"
pod_start
check "the gateway is ready" within 120 status 'gateway.ready'
# The older CLI must itself be let in first, by the watcher.
check "no node" within 240 probe 1 "no node is paired"

# A device of its own, as on another machine; the probe is the gateway's own CLI.
sed -e "s|^command = openclaw node run|command = env HOME=/mnt/host OPENCLAW_STATE_DIR=/mnt/host \
OPENCLAW_GATEWAY_TOKEN=test-token-0123456789abcdef openclaw node run --display-name n1|" \
	"$root/conf/examples/node-host.ini" >"$NEMOINIT_CONFIG"
check "the node host comes" nemoctl reload
check "ready when the gateway says that it is connected" within 180 status 'service("node-host").ready'
check "it says so by name" probe 0 "node 'n1' is connected" --name n1
check "another name is absent" probe 1 "node 'n2' is not paired" --name n2
check "stopped" nemoctl stop node-host
check "gone" within 60 probe 1 "node 'n1' is not connected, *" --max-age 1s
check "no gateway" nemoctl stop gateway
check "nothing is known" probe 3 "the nodes cannot be listed: *@(ECONNREFUSED|1006)*"

pod_stop
check "nothing is left" within 5 nothing_runs
finish
