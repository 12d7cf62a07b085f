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

# What the last turn was told to wait for is not what has been approved; unless the machine was too slow to tell.
is_replaced()
{
	local asked approved
	! grep -qE '(timeout calling devices|approve deferred)' "$log" || return 0
	asked=$(sed -n 's/.*scope upgrade pending approval (requestId: \([^)]*\)).*/\1/p' turn.err | head -n 1)
	approved=$(sed -n 's/.*\[auto-pair\] approved request=\([^ ]*\) .*/\1/p' "$log" | tail -n 1)
	[ -n "$asked" ] && [ -n "$approved" ] && [ "$asked" != "$approved" ]
}

# Its patience with a gateway is not what is asked here: for a minute after ready it may answer nobody.
export NEMOINIT_SERVICE_GATEWAY_UNHEALTHY_AFTER=3m
node "$here/fake-model.mjs" 18950 >model.log &
check "the fake model listens" within 10 grep -q ready model.log

new_home fresh 18950
pod_start
check "fresh: healthy" within 120 is_healthy
check "fresh: the watcher has watched for 150 s" within 180 status 'pair.uptime_ms >= 150000'
check "fresh: and it was at work" status 'pair.ready and .auto_pair.polls + .auto_pair.skipped_polls >= 5'
check "fresh: the very first turn goes through the gateway" agent_turn
pod_stop

# What asks for nothing is no reason to hurry, so only a change of the store is: slow at once, and hardly a poll.
new_home narrow 18950
export NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS=1 NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS=300
# With the first, this version could never approve the scope upgrade of its own CLI.
export OPENCLAW_GATEWAY_URL=ws://127.0.0.1:18789 OPENCLAW_GATEWAY_TOKEN=test-token-0123456789abcdef
pod_start
unset OPENCLAW_GATEWAY_URL OPENCLAW_GATEWAY_TOKEN
check "narrow: healthy" within 120 is_healthy
check "narrow: the CLI lists devices" within 180 cli_lists_devices
check "narrow: the CLI is paired with operator.pairing only" [ "$(cli_scopes)" = operator.pairing ]
check "narrow: the watcher is slow" within 60 status '.auto_pair.mode == "slow"'
agent_turn || echo "# narrow: the first turn fell back"
check "narrow: its request for more is approved, long before the next poll in turn" within 120 \
	status '.auto_pair.approved >= 1'
check "narrow: by another id than it came with, as this version replaces what it approves" is_replaced
grep -E '\[auto-pair\]' "$log" | sed 's/^/# /'
check "narrow: no second turn falls back" agent_turn
check "narrow: nothing is pending" within 60 status '.auto_pair.pending == []'
pod_stop
finish
