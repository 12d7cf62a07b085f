#!/bin/bash
# The watcher and real pairing requests: who gets in, who does not and why, late ones, and a gateway that hangs.
. "$(dirname "$0")/lib.sh"

approved_are()
{
	status ".auto_pair.approved >= $1"
}

signal_gateway()
{
	in_pod kill "-$1" "$(value gateway.pid)"
}

new_home pairing
sed -i 's/"auth":/"nodes": {"pairing": {"autoApproveLocal": false}}, "auth":/' "$OPENCLAW_STATE_DIR/openclaw.json"
# Slow at once, and so rarely that only a change of the store can be the reason for a poll.
export NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS=1 NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS=120
# An approval needs neither: with the first, an older CLI could never approve its own scope upgrade.
export OPENCLAW_GATEWAY_URL=ws://127.0.0.1:18789 OPENCLAW_GATEWAY_TOKEN=test-token-0123456789abcdef
pod_start
check "healthy" within 120 is_healthy
check "the watcher has listed, and is slow" within 60 status '.auto_pair | .polls >= 1 and .mode == "slow"'

check "a new CLI device asks" asks_in cli
check "it is approved" within 30 approved_are 1
check "and let in" client cli
check "it asks for more" asks_in cli SCOPES=operator.read,operator.write
check "which is approved" within 30 approved_are 2
check "an unknown client asks" asks_in ios CLIENT_ID=openclaw-ios CLIENT_MODE=ui
check "it is refused: unknown-client" within 30 is_refused openclaw-ios unknown-client
check "a CLI asks for operator.admin" asks_in admin SCOPES=operator.admin
check "it is refused: disallowed-scopes" within 30 is_refused cli disallowed-scopes
check "a Control UI asks" asks_in browser CLIENT_ID=openclaw-control-ui CLIENT_MODE=webchat \
	ORIGIN=http://127.0.0.1:18789 SCOPES=operator.admin,operator.read,operator.write
check "it is approved, with operator.admin" within 30 approved_are 3
check "nobody else is" status '.auto_pair | .approved == 3 and .failed == 0'

check "hung in a list: a CLI asks" asks_in second
signal_gateway STOP
check "hung in a list: it times out" within 60 status '.auto_pair.timeouts >= 1 or .auto_pair.last_error != null'
signal_gateway CONT
check "hung in a list: approved afterwards" within 150 approved_are 4
check "and listed as such" within 60 status '.auto_pair.pending | all(.verdict != "approving")'

check "hung in an approval: a CLI asks" asks_in third
check "hung in an approval: it is being approved" within 30 status '.auto_pair.pending | any(.verdict == "approving")'
signal_gateway STOP
check "hung in an approval: it comes to nothing" within 60 status '.auto_pair.last_error // "" | test("devices approve")'
signal_gateway CONT
check "hung in an approval: approved afterwards" within 150 approved_are 5

check "restarted: a CLI asks" asks_in fourth
in_pod kill -KILL "$(value gateway.pid)"
check "restarted: ready again" within 120 status 'gateway | .ready and .restarts == 1'
check "restarted: a fresh life approves it" within 60 status '.auto_pair.approved == 1'
check "restarted: and it is let in" client fourth
pod_stop
finish
