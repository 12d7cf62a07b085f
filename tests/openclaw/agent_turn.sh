#!/bin/bash
# The agent's turn goes through the gateway: with older versions the pairing watcher must neither set the trap
# (pair the CLI with too little) nor leave a CLI in it that fell in before.
. "$(dirname "$0")/lib.sh"

# One turn; 0 if it went through the gateway, 1 if it fell back to the embedded agent or got no answer.
agent_turn()
{
	in_pod timeout 120 openclaw agent --agent main -m hello --session-id debug >turn.out 2>turn.err </dev/null
	sed 's/^/# /' turn.out turn.err
	grep -q '^FAKE-MODEL-OK' turn.out && ! grep -q 'EMBEDDED FALLBACK' turn.err
}

# Just after its start the gateway may keep a client waiting for longer than that waits.
cli_lists_devices()
{
	in_pod openclaw devices list --json >list.out 2>&1
}

cli_scopes()
{
	jq -r '[.[] | select(.clientId == "cli") | .scopes[]] | sort | join(" ")' "$OPENCLAW_STATE_DIR/devices/paired.json"
}

node "$here/fake-model.mjs" 18950 >model.log &
check "the fake model listens" within 10 grep -q ready model.log

new_home fresh 18950
pod_start
check "fresh: healthy" within 120 is_healthy
check "fresh: the watcher has watched for 150 s" within 180 status 'pair.uptime_ms >= 150000'
check "fresh: and it was at work" status 'pair.ready and .auto_pair.polls + .auto_pair.skipped_polls >= 5'
check "fresh: the very first turn goes through the gateway" agent_turn
pod_stop

new_home narrow 18950
pod_start
check "narrow: healthy" within 120 is_healthy
check "narrow: the CLI lists devices" within 60 cli_lists_devices
check "narrow: the CLI is paired with operator.pairing only" [ "$(cli_scopes)" = operator.pairing ]
agent_turn || echo "# narrow: the first turn fell back"
check "narrow: its request for more is approved" within 60 status '.auto_pair.approved >= 1'
check "narrow: no second turn falls back" agent_turn
check "narrow: nothing is pending" within 60 status '.auto_pair.pending == []'
pod_stop
finish
