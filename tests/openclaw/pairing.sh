#!/bin/bash
# The watcher and real pairing requests: who gets in, who does not and why, a browser, and a gateway that hangs or
# dies while a request waits.
. "$(dirname "$0")/lib.sh"

command -v chromium >/dev/null || skip_all "needs chromium"

token=test-token-0123456789abcdef
request=
marked=0

# client NAME [VARIABLE=VALUE...]: a device of that name connects; 0 if it is let in, 3 if it is to be paired first.
client()
{
	local name=$1
	shift
	env "${seen_as[@]}" "$@" node "$here/client.mjs" "/mnt/$name.key" >"/mnt/$name.out" 2>&1
	local code=$?
	sed "s/^/# $name: /" "/mnt/$name.out"
	return "$code"
}

# asks NAME [VARIABLE=VALUE...]: it is not let in, but asks to be paired; that is $request from now on.
asks()
{
	client "$@"
	[ $? -eq 3 ] && request=$(sed -n 's/.*"requestId":"\([^"]*\)".*/\1/p' "/mnt/$1.out") && [ -n "$request" ]
}

is_approved()
{
	grep -qE "\[auto-pair\] approved request=$request client=${1:-cli} mode=${2:-cli}$" "$log"
}

is_refused()
{
	status ".auto_pair.pending | any(.requestId == \"$request\" and .verdict == \"refused\" and .reason == \"$1\")"
}

# To approve an admin, the CLI of an older version asks to be one itself.
own_cli_is_refused()
{
	request=$(jq -r '.[] | select(.isRepair and .clientId == "cli" and any(.scopes[]; . == "operator.admin")).requestId' \
		"$OPENCLAW_STATE_DIR/devices/pending.json") && is_refused disallowed-scopes
}

mark()
{
	marked=$(wc -l <"$log")
}

# says REGEX: the log does, since the last mark.
says()
{
	tail -n "+$((marked + 1))" "$log" | grep -qE "$1"
}

signal_gateway()
{
	in_pod kill "-$1" "$(value gateway.pid)"
}

# A Control UI as a person has it; what it leaves is in /mnt/browser.
open_browser()
{
	HOME=/mnt/browser timeout 600 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage \
		--user-data-dir=/mnt/browser "http://127.0.0.1:$ui_port/#token=$token" >>/mnt/browser.log 2>&1 &
	browser=$!
}

# Its device is in its profile: it has to end in order, and entirely.
close_browser()
{
	kill "$browser"
	wait "$browser"
	within 60 not pgrep chrom
} >/dev/null 2>&1

# The gateway has sent a Chromium away, and its request waits.
browser_asks()
{
	grep -q '\[ws\] closed before connect .* HeadlessChrome/' "$log" || return
	request=$(value '.auto_pair.pending[] | select(.clientId == "openclaw-control-ui" and .clientMode == "webchat").requestId')
	[ -n "$request" ]
}

browser_is_served()
{
	says '\[ws\] webchat connected .* client=openclaw-control-ui webchat ' && says '\[ws\] .* res ✓ .*sessions'
}

# By an older version a page is not served before it is opened anew; closed too soon its device is not in the profile
# yet, and the next one is a new device.
opens_anew()
{
	for _ in 1 2 3 4; do
		close_browser
		open_browser
		! within 40 browser_is_served || return 0
	done
	return 1
}

# The watcher's calls pass through here: noted with what they know of the gateway, and each kind behind a gate of its
# own, so that it is certain which of them a gateway hangs in.
cat >/mnt/cli <<-'END'
	#!/bin/bash
	echo "port=${OPENCLAW_GATEWAY_PORT-} token=${OPENCLAW_GATEWAY_TOKEN-} url=${OPENCLAW_GATEWAY_URL-}" >>/mnt/environments
	echo waits >>"/mnt/calls.$2"
	exec 9>>"/mnt/gate.$2"
	flock --shared 9
	echo goes >>"/mnt/calls.$2"
	exec openclaw "$@"
END
chmod +x /mnt/cli

# hold WORD: once the call under way has ended, none gets any further.
hold()
{
	exec 8>>"/mnt/gate.$1"
	flock --timeout 60 8
}

is_held()
{
	[ "$(tail -n 1 "/mnt/calls.$1")" = waits ]
}

release()
{
	flock --unlock 8
	exec 8>&-
}

# hangs_in WORD NAME REGEX: the gateway hangs when the watcher calls WORD, on the request of NAME, and REGEX is said.
hangs_in()
{
	check "hung in $1: no call is under way" hold "$1"
	check "hung in $1: a CLI asks" within 120 asks "$2"
	check "hung in $1: the call begins" within 60 is_held "$1"
	mark
	signal_gateway STOP
	release
	check "hung in $1: it comes to nothing" within 60 says "$3"
	check "hung in $1: so nobody is approved" not is_approved
	signal_gateway CONT
	check "hung in $1: approved afterwards" within 150 is_approved
	check "hung in $1: and let in" within 60 client "$2"
}

# Local devices are paired unseen: by an older version always, by a newer one unless told not to.
new_home pairing
case $version in
2026.5.*)
	seen_as=(FORWARDED_FOR=203.0.113.7)
	ui_port=18780
	setting='"controlUi": {"allowedOrigins": ["http://127.0.0.1:18780"]}'
	touch proxy.log
	node "$here/proxy.mjs" "$ui_port" "$OPENCLAW_GATEWAY_PORT" >proxy.log &
	check "the proxy listens" within 30 grep -q ready proxy.log
	;;
*)
	seen_as=()
	ui_port=$OPENCLAW_GATEWAY_PORT
	setting='"nodes": {"pairing": {"autoApproveLocal": false}}'
	;;
esac
# Where the gateway is, and its token, are known from the environment alone. Of these variables the watcher keeps only
# the URL from its calls: with it, an older CLI could never approve its own scope upgrade; a newer one would not mind.
sed -i "s#\"auth\":#$setting, \"auth\":#; s/\"port\": [0-9]*/\"port\": 18999/; s/, \"token\": \"$token\"//" \
	"$OPENCLAW_STATE_DIR/openclaw.json"
export OPENCLAW_GATEWAY_URL=ws://127.0.0.1:$OPENCLAW_GATEWAY_PORT OPENCLAW_GATEWAY_TOKEN=$token
# Slow at once, and so rarely that only a change of the store can be the reason for a poll.
export NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS=1 NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS=120
# A gateway that hangs for a while is not to be killed here.
export NEMOINIT_SERVICE_GATEWAY_UNHEALTHY_AFTER=5m OPENCLAW_BIN=/mnt/cli
pod_start
check "healthy" within 120 is_healthy
check "the watcher has looked, and is slow" within 60 \
	status '.auto_pair | .polls + .skipped_polls >= 1 and .mode == "slow"'

check "a new CLI device asks" within 120 asks cli
check "it is approved" within 100 is_approved
check "and let in" within 60 client cli
check "it asks for more" within 60 asks cli SCOPES=operator.read,operator.write
check "which is approved" within 100 is_approved
check "an unknown client asks" within 60 asks ios CLIENT_ID=openclaw-ios CLIENT_MODE=ui
check "it is refused: unknown-client" within 60 is_refused unknown-client
check "a CLI asks for operator.admin" within 60 asks admin SCOPES=operator.admin
check "it is refused: disallowed-scopes" within 60 is_refused disallowed-scopes

check "no approval is under way" hold approve
open_browser
check "a Control UI in Chromium asks" within 120 browser_asks
release
check "it is approved" within 100 is_approved openclaw-control-ui webchat
case $version in
2026.5.*) check "it is served" opens_anew ;;
*) check "it is served" within 120 browser_is_served ;;
esac
check "the browser is closed, and nothing is left of it" close_browser
case $version in
2026.5.*) check "the CLI's own request for operator.admin is refused" within 60 own_cli_is_refused ;;
*) check "nobody else is approved" status '.auto_pair | .approved == 3 and .failed == 0' ;;
esac
pod_stop

# At the usual pace, at which a call that failed is soon tried again; its limit does not grow when it is set.
unset NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS
export NEMOCLAW_AUTO_PAIR_RUN_TIMEOUT_SECS=10
pod_start
check "healthy again" within 120 is_healthy
hangs_in list second 'list failed|timeout calling devices list'
hangs_in approve third 'approve (deferred|failed)|timeout calling devices approve'
check "it is the same gateway all the time" status 'gateway.restarts == 0'

check "restarted: no list is under way" hold list
check "restarted: a CLI asks" within 120 asks fourth
check "restarted: the watcher is about to list" within 60 is_held list
signal_gateway KILL
release
check "restarted: ready again" within 120 status 'gateway | .ready and .restarts == 1'
check "restarted: a fresh life approves it" within 150 is_approved
check "restarted: and it is let in" within 60 client fourth

sort -u environments | sed 's/^/# call: /'
check "every call knows port and token, not the URL" \
	[ "$(sort -u environments)" = "port=$OPENCLAW_GATEWAY_PORT token=$token url=" ]
pod_stop
finish
