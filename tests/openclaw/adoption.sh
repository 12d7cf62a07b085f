#!/bin/bash
# A gateway that replaces itself by a detached copy and then ends with 0, as an update does.
. "$(dirname "$0")/lib.sh"

holder()
{
	value 'gateway.listener.pid'
}

is_adopted()
{
	status "gateway | .ready and .pid == .listener.pid and .listener.owner == \"self\" and .restarts == $1"
}

runs_once()
{
	[ "$(in_pod pgrep -xc 'openclaw|openclaw-gatewa')" -eq 1 ]
}

new_home adoption
# What node's spawn(detached) and exit make of it: the copy leads a session of its own, and the
# process that nemoinit has started goes as soon as the copy serves.
cat >/mnt/respawn <<-'END'
	setsid openclaw gateway run --port 18789 &
	until curl -s --noproxy '*' --max-time 5 http://127.0.0.1:18789/health | grep -q '"ok":true'; do
		sleep 0.5 # poll
	done
	exit 0
END
cat >/mnt/nemoinit.ini <<-END
	[service gateway]
	command = env -u OPENCLAW_NO_RESPAWN bash /mnt/respawn
	[service auto-pair]
END
NEMOINIT_CONFIG=/mnt/nemoinit.ini pod_start
check "the copy is adopted" within 120 is_adopted 1
check "said so" grep -q 'nemoinit gateway: .*adopted pid' "$log"
check "what has started it is known to have ended" status 'gateway.last_exit | .reason == "clean" and .code == 0'
check "there is one gateway" runs_once
check "it serves" health
check "healthy, auto-pair included" within 60 is_healthy
copy=$(holder)
in_pod kill -KILL "$copy"
check "killed: a new one, and its copy, by itself" within 180 is_adopted 3
check "killed: another process" [ "$(holder)" != "$copy" ]
check "killed: there is one gateway" runs_once
pod_stop
check "TERM: exit code 0" [ "$pod_code" -eq 0 ]
check "TERM: nothing is left" within 5 nothing_runs
finish
