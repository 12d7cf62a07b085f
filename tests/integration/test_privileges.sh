#!/bin/bash
# Who a service is and what it may do, read from its own /proc/self; what is refused, by status and by what it
# then has. And what nemoinit itself keeps.
set -eu
. "$(dirname "$0")/init.sh"

is_root() {
	[[ $mode != profile ]]
}

# For users that may not look where the build tree lies.
if is_root; then
	cp "$fixture" "$work/F.program"
	ln -sf "$work/F.program" "$work/bin/F"
	chmod 755 "$work/F.program"
fi

cat >"$work/bin/who" <<'END'
#!/bin/bash
awk '/^(Uid|Gid|Groups|Cap...|NoNewPrivs):/ { $1 = $1; print }' /proc/self/status
for name in n u c; do
	echo "limit_$name $(ulimit -S$name) $(ulimit -H$name)"
done
echo "umask $(umask)"
echo "oom $(cat /proc/self/oom_score_adj)"
echo "directory $PWD"
echo "HOME $HOME"
echo "argument ${1:-}"
[[ -z ${1:-} ]] || exec sleep infinity
END
chmod 755 "$work/bin/who"

# fact NAME KEY: of a service whose command is who.
fact() {
	await "$limit" is_said "$1" || fail "$1 does not tell who it is: $(events "$1")"
	lines "$1" | sed -n "s/^$2:\\? *//p" | head -n 1
}

is_said() {
	lines "$1" | grep -q '^argument '
}

# ids NAME: uid, gid, groups, each once as all are the same.
ids() {
	echo "$(fact "$1" Uid | tr ' ' '\n' | sort -u | xargs) $(fact "$1" Gid | tr ' ' '\n' | sort -u | xargs) $(fact "$1" Groups)"
}

# sets NAME: inheritable, permitted, effective, bounding, ambient, without leading zeros.
sets() {
	local set

	for set in Inh Prm Eff Bnd Amb; do
		printf '%x ' $((16#$(fact "$1" "Cap$set")))
	done | sed 's/ $//'
}

# own SET: of nemoinit.
own() {
	awk -v "set=Cap$1:" '$1 == set { print $2 }' "/proc/$init/status"
}

# accounts: with /etc/passwd and /etc/group of our own, in front of nemoinit.
accounts() {
	printf '%s\n' root:x:0:0::/root:/bin/sh gateway:x:990:991::/nowhere: sandbox:x:998:998:: >"$work/passwd"
	printf '%s\n' root:x:0: gateway:x:991: shared:x:992:gateway,sandbox sandbox:x:998: extra:x:555: >"$work/group"
	# shellcheck disable=SC2016 # for the inner shell
	before=(bash -c '
		mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group || exit 1
		shift
		exec "$@"' accounts "$work")
}

# without CAPABILITY…: root that lacks these, in front of nemoinit.
without() {
	local list

	list=$(printf ',-%s' "$@")
	before+=(setpriv --bounding-set "${list#,}" --inh-caps "${list#,}")
}

# stranger_at_home: nemoinit as uid 65534 with no_new_privs and nothing else.
stranger_at_home() {
	before=(setpriv --reuid 65534 --regid 65534 --groups 65534 --no-new-privs --inh-caps=-all --bounding-set=-all)
	chown 65534:65534 "$work"
}

back_home() {
	before=()
	chown "$owner:$owner" "$work"
}

# service NAME: its section, with keys from stdin.
service() {
	printf '[service %s]\ncommand = who on\n' "$1" >>"$config"
	cat >>"$config"
}

# warned NAME: its warnings; of what was refused, without the words in front.
warned() {
	of "$1" '.warnings | join("|") | ltrimstr("runs without what was refused: ")'
}

test_a_service_is_who_it_is_to_be() {
	is_root || return 0
	accounts
	configure </dev/null
	service number <<<'user = 4711'
	service named <<<'user = gateway'
	service grouped <<-END
		user = gateway
		group = sandbox
		groups = extra 5005
	END
	service regrouped <<<'group = shared'
	service known <<<'user = 998'
	HOME=/somewhere boot
	expect "a number without an entry" "4711 4711 " "$(ids number)"
	expect "a name, its group and its groups" "990 991 992" "$(ids named)"
	expect "others that are asked for" "990 998 555 5005" "$(ids grouped)"
	expect "root in another group" "0 992" "$(ids regrouped | cut -d' ' -f1,2)"
	expect "a number with an entry" "998 998 992" "$(ids known)"
	expect "HOME is as it was" /somewhere "$(fact named HOME)"
	for name in number named grouped known; do
		expect "$name: no capabilities" "0 0 0 0 0" "$(sets "$name")"
		expect "$name: no warning" "" "$(warned "$name")"
	done
	halt
	before=()
}

test_root_loses_what_is_told_and_no_more() {
	is_root || return 0
	accounts
	configure </dev/null
	mkdir -m 700 "$W/closed"
	chown 4711 "$W/closed"
	service plain <<<"working_directory = $W/closed"
	service few <<<'capabilities = kill CAP_NET_RAW'
	service none <<<'capabilities = none'
	service gains <<-END
		capabilities = kill
		no_new_privs = no
	END
	service kept <<-END
		user = gateway
		capabilities = net_bind_service
	END
	service free <<-END
		user = gateway
		no_new_privs = no
	END
	boot
	local all
	all=$(printf '%x' $((16#$(own Bnd))))
	expect "told nothing" "0 $all $all $all 0" "$(sets plain)"
	expect "two" "0 2020 2020 2020 0" "$(sets few)"
	expect "none" "0 0 0 0 0" "$(sets none)"
	expect "one, whatever is executed" "0 20 20 20 0" "$(sets gains)"
	expect "somebody else keeps it over exec" "400 400 400 400 400" "$(sets kept)"
	expect "somebody else has none" "0 0 0 0 0" "$(sets free)"
	for name in plain few none kept; do
		expect "$name: no_new_privs" 1 "$(fact "$name" NoNewPrivs)"
	done
	expect "free: new ones are allowed" 0 "$(fact free NoNewPrivs)"
	expect "no warnings" "" "$(ask '.services[].warnings[]')"
	halt
	before=()
}

test_limits_umask_and_place() {
	configure <<-END
		path = $work/bin:/usr/bin:/bin
	END
	service a <<-END
		umask = 0027
		limit_nofile = 512
		limit_nproc = 4096
		limit_core = 0
		oom_score_adj = 500
		working_directory = /usr
	END
	service b </dev/null
	boot
	expect nofile "512 512" "$(fact a limit_n)"
	expect nproc "4096 4096" "$(fact a limit_u)"
	expect core "0 0" "$(fact a limit_c)"
	expect umask 0027 "$(fact a umask)"
	expect working_directory /usr "$(fact a directory)"
	if is_root; then
		expect oom_score_adj 500 "$(fact a oom)"
		expect "no warning" "" "$(warned a)"
	else
		# A sandbox may not write below /proc.
		expect "no more than this" "oom_score_adj: Permission denied" "$(warned a)"
	fi
	expect "others are as we were started" "$(ulimit -Sn) $(ulimit -Hn)" "$(fact b limit_n)"
	expect umask "$(umask)" "$(fact b umask)"
	expect working_directory / "$(fact b directory)"
	halt
}

# What nobody here may do: nemoinit lacks the right to, as root by what is in front of it.
refused_ones() {
	local hard

	hard=$(ulimit -Hn)
	service files <<<"limit_nofile = $((hard + 1))"
	service oom <<<'oom_score_adj = -500'
	service resource <<<'capabilities = sys_resource kill'
}

test_what_is_refused_is_a_warning() {
	configure </dev/null
	refused_ones
	! is_root || without sys_resource
	boot
	expect "files: as far as it goes" "$(ulimit -Hn) $(ulimit -Hn)" "$(fact files limit_n)"
	expect files "runs without what was refused: limit_nofile: Operation not permitted" "$(of files '.warnings[]')"
	expect "the log tells" "runs without what was refused: limit_nofile: Operation not permitted" \
		"$(messages files warning)"
	expect "oom: as it was" 0 "$(fact oom oom)"
	expect oom "oom_score_adj: Permission denied" "$(warned oom)"
	if is_root; then
		expect "what there was of it" "0 20 20 20 0" "$(sets resource)"
	else
		expect "nothing to give" "0 0 0 0 0" "$(sets resource)"
	fi
	expect resource "capabilities: Operation not permitted" "$(warned resource)"
	expect "all run" "0" "$(ctl status)"
	halt
	before=()
}

# blocks NAME STEP: it is blocked for that step, and told so.
blocks() {
	state "$1" blocked
	expect "$1: code" privileges "$(of "$1" .blocked.code)"
	expect_match "$1: step" "$2: *" "$(of "$1" '.warnings[0]')"
	expect "$1: reason" exec-failed "$(of "$1" .last_exit.reason)"
	expect "$1: never ran" "" "$(lines "$1")"
	expect "$1: exit code of status" 4 "$(ctl status "$1")"
	expect_match "$1: status names the step" "*$2: *" "$(cat "$work/stdout")"
}

test_strict_blocks_instead() {
	configure <<<'strict_privileges = yes'
	refused_ones
	service fine <<<'limit_nofile = 512'
	printf 'restart = never\n' >>"$config"
	! is_root || without sys_resource
	boot
	blocks files limit_nofile
	blocks oom oom_score_adj
	blocks resource capabilities
	state fine ready
	expect all 4 "$(ctl status)"
	expect reset 0 "$(ctl reset files)"
	hears files starting 2
	hears files blocked 2
	sed -i "s/^limit_nofile = $(($(ulimit -Hn) + 1))\$/limit_nofile = 600/" "$config"
	expect reload 0 "$(ctl reload)"
	state files ready
	expect "it has it now" "600 600" "$(fact files limit_n)"
	halt
	before=()
}

test_root_that_cannot_become_somebody_never_runs_as_root() {
	is_root || return 0
	local key right=setuid

	for key in user group groups; do
		accounts
		configure </dev/null
		service a <<<"$key = gateway"
		without "$right"
		right=setgid
		boot
		blocks a "$key"
		expect "reset tries again" 0 "$(ctl reset a)"
		hears a blocked 2
		halt
	done
	before=()
}

test_root_without_setpcap_keeps_the_bounding_set() {
	is_root || return 0
	local all

	accounts
	without setpcap
	configure </dev/null
	service a <<<'user = gateway'
	service b <<<'capabilities = kill'
	boot
	all=$(printf '%x' $((16#$(own Bnd))))
	expect "who" "990 991 992" "$(ids a)"
	expect "nothing but what could be had by a setuid program" "0 0 0 $all 0" "$(sets a)"
	expect a "capabilities (bounding set): Operation not permitted" "$(warned a)"
	expect "no_new_privs keeps root to it all the same" "0 20 20 $all 0" "$(sets b)"
	expect b "capabilities (bounding set): Operation not permitted" "$(warned b)"
	halt
	accounts
	without setpcap
	configure <<<'strict_privileges = yes'
	service a <<<'user = gateway'
	boot
	blocks a "capabilities (bounding set)"
	halt
	before=()
}

test_where_nobody_can_ask_for_capabilities_services_run() {
	configure </dev/null
	service plain </dev/null
	service kept <<<'capabilities = kill'
	before=("$fixture" capless)
	boot
	expect plain on "$(fact plain argument)"
	expect "nothing is told" "" "$(warned plain)"
	expect kept on "$(fact kept argument)"
	expect_match "that it is not as asked for is told" "*capabilities: Operation not permitted*" "$(warned kept)"
	halt
	before=()
}

test_who_is_not_root_hands_on_no_capabilities() {
	local rights=-all,+setuid,+setgid,+kill

	is_root || return 0
	stranger_at_home
	before=(setpriv --reuid 65534 --regid 65534 --groups 65534 --inh-caps="$rights" --ambient-caps="$rights")
	configure </dev/null
	service other <<<'user = 4711'
	service kept <<-END
		user = 4711
		capabilities = setgid
	END
	boot
	expect "who" "4711 4711 " "$(ids other)"
	expect "inheritable alone is nothing" "0 0 0" "$(sets other | cut -d' ' -f2,3,5)"
	expect "what is asked for" "40 40 40" "$(sets kept | cut -d' ' -f2,3,5)"
	halt
	back_home
}

test_who_is_not_root_runs_it_as_we_are() {
	local me=1234 groups="" first=group

	if is_root; then
		stranger_at_home
		# As a container runtime does, with its own group among the others.
		me=65534 groups=65534 first=groups
	fi
	configure </dev/null
	service other <<<'user = 4711'
	service ours <<<"user = $me"
	service group <<<'group = 4711'
	service groups <<<'groups = 4711'
	boot
	for name in other ours group groups; do
		expect "$name" "$me $me $groups" "$(ids "$name")"
	done
	expect other "groups: Operation not permitted; group: Operation not permitted; user: Operation not permitted" \
		"$(warned other | sed 's/^\(group: \)/groups: Operation not permitted; \1/')"
	expect "nothing is wanted that is not so" "" "$(warned ours)"
	expect group "group: Operation not permitted" "$(warned group)"
	expect groups "groups: Operation not permitted" "$(warned groups)"
	halt
	configure <<<'strict_privileges = yes'
	service other <<<'user = 4711'
	service group <<<'group = 4711'
	service groups <<<'groups = 4711'
	service ours <<<"user = $me"
	boot
	blocks other "$first"
	blocks group group
	blocks groups groups
	state ours ready
	halt
	back_home
}

test_an_unknown_name_is_looked_up_at_every_start() {
	is_root || return 0
	accounts
	configure <<-END
		[service a]
		command = who on
		user = late
		capabilities = net_raw
		restart_delay = 50ms
		restart_delay_max = 50ms
		[service b]
		command = who on
		user = gateway
		groups = nobody-knows
		restart_delay = 1h
		restart_delay_max = 1h
	END
	expect "no error of the configuration" 0 "$(run_check)"
	boot
	hears a backoff 2
	expect reason exec-failed "$(of a .last_exit.reason)"
	expect_match step "*user 'late': no such user in /etc/passwd*" "$(messages a backoff | head -n 1)"
	state b backoff
	expect_match step "*group 'nobody-knows': no such group in /etc/group*" "$(messages b backoff)"
	echo late:x:4712:4713:: >>"$work/passwd"
	expect "when it has come" "4712 4713 " "$(ids a)"
	expect "nemoinit has kept what it is to have" "2000 2000 2000 2000 2000" "$(sets a)"
	state a ready
	halt
	before=()
}

run_check() {
	local status=0

	"$nemoinit" --check -c "$config" >"$work/stdout" 2>"$work/stderr" || status=$?
	echo "$status"
}

test_probe_repair_and_task_are_the_same_user() {
	is_root || return 0
	accounts
	configure <<-END
		[service a]
		command = F lives=$W/lives exit=78 / listen=8000 pause
		user = gateway
		probe = exec:bash -c "who >$W/probe"
		port = 8000
		repair = bash -c "who >$W/repair"
		[task t]
		command = bash -c "who >$W/task"
		user = sandbox
		[task plain]
		command = bash -c "who >$W/plain"
	END
	chmod 777 "$W"
	boot
	state a ready
	expect probe "Uid: 990 990 990 990" "$(head -n 1 "$W/probe")"
	expect repair "Uid: 990 990 990 990" "$(head -n 1 "$W/repair")"
	expect task "Uid: 998 998 998 998" "$(head -n 1 "$W/task")"
	expect plain "Uid: 0 0 0 0" "$(head -n 1 "$W/plain")"
	for file in probe repair task; do
		expect "$file: no capabilities" "0000000000000000 0000000000000000" \
			"$(awk '/^Cap(Prm|Bnd)/ { print $2 }' "$W/$file" | xargs)"
		expect "$file: no_new_privs" 1 "$(sed -n 's/^NoNewPrivs: //p' "$W/$file")"
	done
	halt
	before=()
}

test_a_task_tells_what_it_was_refused() {
	is_root && stranger_at_home
	configure <<-END
		[task t]
		command = F
		group = 4711
		[service a]
		command = F pause
	END
	boot
	state a ready
	expect "in the log" "t: ran without what was refused: group: Operation not permitted" \
		"$(jq -rR 'fromjson? | select(.level == "warning" or .level == "warn") | .message' "$work/log" | grep '^t:')"
	halt
	back_home
}

test_what_is_anothers_is_found_without_ptrace() {
	is_root || return 0
	accounts
	without sys_ptrace dac_override dac_read_search sys_admin perfmon
	configure <<-END
		[service a]
		command = F child detach setsid append=$W/daemon listen=8000 serve=$W/mood parent pause
		user = gateway
		probe = http://127.0.0.1:8000/
		probe_start_interval = 50ms
		[service b]
		command = F child notify=READY=1 notify=STATUS=mine pause parent pause
		user = sandbox
		probe = notify
		[service c]
		command = F ignore=TERM pause
		user = 4711
		stop_timeout = 300ms
		[service d]
		command = F listen=8001 pause
		port = 8001
	END
	directory "$W"
	chmod 777 "$W"
	echo ok >"$W/mood"
	boot
	expect "no way to look at others" 0 $((16#$(own Prm) >> 19 & 1))
	state a ready
	expect "of another user" "self $(cat "$W/daemon")" "$(of a '.listener | "\(.owner) \(.pid)"')"
	state d ready
	expect "root's own" self "$(of d .listener.owner)"
	state b ready
	becomes b .probe.detail mine
	state c ready
	expect "one that does not hear" 0 "$(ctl stop c)"
	state c stopped
	expect restart 0 "$(ctl restart a)"
	expect "the daemon was found by its mark" "starting ready stopping exited starting ready" "$(events a)"
	inside kill -KILL "$(of a .pid)"
	hears a adopted
	state a ready
	expect "the heir of another user" "$(tail -n 1 "$W/daemon")" "$(of a .pid)"
	expect "nothing cannot be attributed" "" "$(ask '.nemoinit.warnings[]')"
	inside setpriv --bounding-set -sys_ptrace,-perfmon,-sys_admin --inh-caps -sys_ptrace,-perfmon,-sys_admin \
		head -c 1 "/proc/$(ask .nemoinit.pid)/environ"
	wait "$stranger" || fail "who could look at nemoinit before cannot any more"
	halt
	expect "nothing is left" 0 "$(running)"
	before=()
}

# The change of user forgets whose end is to be told, which therefore comes after it.
test_who_has_become_somebody_hears_of_the_end_of_nemoinit() {
	[[ $mode == subreaper ]] || return 0
	accounts
	configure <<-END
		[service a]
		command = F pause
		user = gateway
		[service b]
		command = F pause
		[service c]
		command = F pause
		capabilities = net_bind_service
		user = sandbox
	END
	# One more PID 1 below which the services can outlive it.
	before+=(bash -c 'trap : TERM; "$@" & wait; until [[ -e '"$W"'/end ]]; do read -rt 0.05 <> <(:) || :; done' -)
	launch env "NEMOINIT_PATH=$work/bin:$PATH" "${before[@]}" "$nemoinit" -c "$config" -s "$socket"
	before=()
	await "$limit" "$nemoctl" -s "$socket" ready || fail "it does not come up: $(cat "$work/log")"
	expect "they run" 3 "$(running)"
	kill -KILL "$(child_of "$init")"
	await "$limit" is_nobody_left || fail "$(running) services outlive it"
	touch "$W/end"
	ended
	# What it could not take with it is root's; the next one may be somebody else.
	rm -f "$socket" "$socket.lock"
}

is_nobody_left() {
	(($(running) == 0))
}

test_nemoinit_keeps_what_it_needs() {
	local kept=1e1 all resource=1000000

	if ! is_root; then
		configure </dev/null
		service a </dev/null
		boot
		expect "nothing is told where nothing can be lowered" "" "$(jq -rR \
			'fromjson? | select(.message? // "" | startswith("capabilities:")) | .message' "$work/log")"
		halt
		return 0
	fi
	configure </dev/null
	service a <<<'user = 4711'
	boot
	all=$(own Bnd)
	((16#$all >> 24 & 1)) || resource=0
	expect effective $((16#$kept)) $((16#$(own Eff)))
	expect permitted $((16#$kept)) $((16#$(own Prm)))
	expect told "capabilities: cap_chown,cap_kill,cap_setgid,cap_setuid,cap_setpcap=ep" "$(jq -rR \
		'fromjson? | select(.message? // "" | startswith("capabilities:")) | .message' "$work/log")"
	# One that needs more than is left is told of as any other that is refused something.
	service b <<<'capabilities = net_raw'
	expect reload 0 "$(ctl reload)"
	expect "none" "0 0 0" "$(sets b | cut -d' ' -f1-3)"
	expect b "capabilities: Operation not permitted" "$(warned b)"
	halt
	configure </dev/null
	service a <<-END
		user = 4711
		capabilities = net_raw
		limit_core = 0
	END
	boot
	expect effective $((16#$kept)) $((16#$(own Eff)))
	expect "and what is configured" $((16#$kept | 0x2000 | 16#$resource)) $((16#$(own Prm)))
	expect "it has it" "2000 2000 2000 2000 2000" "$(sets a)"
	expect "the bounding set stays" "$all" "$(own Bnd)"
	halt
	configure </dev/null
	service a </dev/null
	boot
	expect effective $((16#$kept)) $((16#$(own Eff)))
	expect "all that root is to have" $((16#$all)) $((16#$(own Prm)))
	halt
}

run_tests
