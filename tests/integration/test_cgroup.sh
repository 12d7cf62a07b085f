#!/usr/bin/env bash
# Where nemoinit may make cgroups: what nothing else attributes to a service goes with it too.
set -eu
# shellcheck source=tests/integration/init.sh
. "$(dirname "$0")/init.sh"
# shellcheck source=tests/integration/lib_cgroup.sh
. "$(dirname "$0")/lib_cgroup.sh"
own_cgroup "version 2" "$(mount_of_v2)"
if [[ ! -e $group/cgroup.kill ]]; then
	echo "SKIP: no cgroup.kill in this kernel"
	exit 77
fi
without=("${hidden[@]}")
hidden=()

# cgroups: those of services, by their name.
cgroups() {
	find "$group" -mindepth 1 -maxdepth 1 -name 'nemoinit-*' -printf '%f\n' | sort | xargs
}

has_cgroups() {
	[[ $(cgroups) == "$1" ]]
}

# gone: nothing is left of any service, now; of its cgroup in a moment.
gone() {
	expect "processes of services" "" "$(find "$group" -mindepth 2 -name cgroup.procs -exec cat {} +)"
	await "$limit" has_cgroups "" || fail "cgroups that are left: $(cgroups)"
}

members() {
	wc -l <"$group/nemoinit-$(ask .nemoinit.instance)-$1/cgroup.procs"
}

has_members() {
	(($(members "$1") >= $2))
}

is_alive() {
	inside kill -0 "$1"
	wait "$stranger"
}

warnings() {
	ask '.nemoinit.warnings | map(select(test("orphan"))) | length'
}

# No session, no parent, no environment, and nobody has looked before.
configure_daemon() {
	configure <<-END
		[service a]
		command = F child detach setsid forget ${1:-} append=$W/daemon pause parent
		    until=$W/daemon notify=READY=1 pause
		probe = notify
		stop_timeout = 500ms
	END
}

test_a_daemon_without_environment_goes_too() {
	local daemon

	configure_daemon
	boot
	state a ready
	daemon=$(cat "$W/daemon")
	expect cgroup "nemoinit-$(ask .nemoinit.instance)-a" "$(cgroups)"
	expect members 2 "$(members a)"
	rm "$W/daemon"
	expect restart 0 "$(ctl restart)"
	is_alive "$daemon" && fail "it is alive beside the new one"
	daemon=$(cat "$W/daemon")
	expect "the new ones" 2 "$(members a)"
	expect stop 0 "$(ctl stop a)"
	is_alive "$daemon" && fail "it is alive"
	gone
	expect "by TERM" "" "$(messages a killed)"
	expect "nothing to warn of" 0 "$(warnings)"
	halt
}

test_a_daemon_of_one_that_is_killed_goes_too() {
	local daemon

	configure_daemon
	boot
	state a ready
	daemon=$(cat "$W/daemon")
	rm "$W/daemon"
	inside kill -KILL "$(of a .pid)"
	hears a ready 2
	is_alive "$daemon" && fail "it is alive beside the new one"
	expect "the new ones" 2 "$(members a)"
	halt
	gone
}

test_a_deaf_daemon_is_killed() {
	configure_daemon ignore=TERM
	boot
	state a ready
	expect stop 0 "$(ctl stop a)"
	expect_match "by KILL" "killing what is left of session *" "$(messages a killed)"
	gone
	halt
}

test_the_end_leaves_nothing_behind() {
	configure_daemon ignore=TERM
	boot
	state a ready
	halt
	gone
}

test_a_bomb_is_ended() {
	configure <<-END
		[service a]
		command = F child detach setsid forget bomb=600 parent append=$W/up pause
		stop_timeout = 500ms
	END
	boot
	state a ready
	await "$limit" has_members a 200 || fail "$(members a) run"
	rm "$W/up"
	expect restart 0 "$(ctl restart a)"
	expect_match "no overlap" "starting ready stopping *killed* starting ready" "$(events a)"
	await "$limit" has_members a 200 || fail "$(members a) run"
	expect stop 0 "$(ctl stop a)"
	gone
	halt
}

test_what_a_service_makes_below_goes_too() {
	configure <<-END
		[service a]
		command = sh $W/script
		stop_timeout = 500ms
	END
	cat >"$W/script" <<-END
		cgroup=\$(echo $group/nemoinit-*-a)
		mkdir "\$cgroup/sub"
		(echo 0 >"\$cgroup/sub/cgroup.procs"; exec F child detach setsid forget append=$W/daemon pause)
		exec F append=$W/up pause
	END
	boot
	await "$limit" test -s "$W/up" || fail "it does not come up"
	await "$limit" test -s "$W/daemon" || fail "no daemon"
	expect "one is below" 1 "$(cat "$group"/*/sub/cgroup.procs | wc -l)"
	expect stop 0 "$(ctl stop a)"
	gone
	halt
}

# Seen by nobody: it is no process of our namespace. The orphan of b is why a is looked for at all.
test_one_that_cannot_be_seen_is_killed() {
	local unseen

	configure_daemon
	cat >>"$config" <<-END
		[service b]
		command = F child detach setsid append=$W/other pause parent until=$W/other notify=READY=1 pause
		probe = notify
	END
	boot
	state a ready
	state b ready
	setsid -f sh -c 'echo $$ >"$0"; exec sleep 1000' "$work/unseen"
	await "$limit" test -s "$work/unseen" || fail "it does not come up"
	unseen=$(cat "$work/unseen")
	children+=("$unseen")
	echo "$unseen" >"$group/nemoinit-$(ask .nemoinit.instance)-a/cgroup.procs"
	expect stop 0 "$(ctl stop a)"
	await "$limit" is_dead "$unseen" || fail "it is alive"
	expect_match "by KILL" "killing what is left of session *" "$(messages a killed)"
	await "$limit" has_cgroups "nemoinit-$(ask .nemoinit.instance)-b" || fail "cgroups: $(cgroups)"
	halt
	gone
}

is_dead() {
	[[ ! -e /proc/$1 || $(awk '/^State/ { print $2 }' "/proc/$1/status") == Z ]]
}

test_names_that_begin_alike_are_told_apart() {
	configure_daemon
	cat >>"$config" <<-END
		[service aa]
		command = F child detach setsid forget append=$W/other pause parent
		    until=$W/other notify=READY=1 pause
		probe = notify
	END
	boot
	state a ready
	state aa ready
	expect stop 0 "$(ctl stop a)"
	expect "its own" "nemoinit-$(ask .nemoinit.instance)-aa" "$(await "$limit" has_cgroups "nemoinit-$(ask .nemoinit.instance)-aa"; cgroups)"
	expect "the other's" 2 "$(members aa)"
	halt
	gone
}

test_what_a_reload_takes_away_leaves_nothing() {
	configure_daemon
	boot
	state a ready
	printf '[service b]\ncommand = F pause\n' >"$config"
	expect reload 0 "$(ctl reload)"
	state b ready
	await "$limit" has_cgroups "nemoinit-$(ask .nemoinit.instance)-b" || fail "cgroups: $(cgroups)"
	halt
	gone
}

test_where_none_can_be_made_it_does_without() {
	hidden=("${without[@]}")
	configure <<-END
		[service a]
		command = F pause
	END
	boot
	hidden=()
	state a ready
	expect "none" "" "$(cgroups)"
	halt
}

run_tests
