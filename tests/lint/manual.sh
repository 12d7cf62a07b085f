#!/bin/bash
# manual.sh NEMOCTL NEMOINIT NEMOPAIR NEMOPROBE: the manual pages against the tables in the code and the usage
# of the programs: every key, option, op, command, field, error code, event and metric is in its
# page, and no page has a key or an option that is not there. The completion knows every command.
set -u
nemoctl=$(realpath "$1") nemoinit=$(realpath "$2") nemopair=$(realpath "$3") nemoprobe=$(realpath "$4")
cd "$(dirname "$0")/../.." || exit 1
man=packaging/man
failed=0
complain() { echo "$*"; failed=1; }

# strings FROM TO FILE: the first string of each line of a table.
strings() {
	awk -v from="$1" -v to="$2" '$0 ~ from { inside = 1 } inside && match($0, /"[^"]+"/) { print substr($0, RSTART + 1, RLENGTH - 2) } $0 ~ to { inside = 0 }' "$3"
}

# section FROM TO PAGE: of a page.
section() {
	awk -v from="# $1" -v to="# $2" '$0 == to { inside = 0 } inside { print } $0 == from { inside = 1 }' "$man/$3"
}

# bold: the bold words of what comes in.
bold() {
	grep -oE '\*[^* ]+\*' | tr -d '*' | sort -u
}

# all WHAT PAGE: each of the words that come in is bold in the page.
all() {
	local word count=0 known

	known=$(bold <"$man/$2")
	while read -r word; do
		count=$((count + 1))
		grep -qxF -- "$word" <<<"$known" || complain "$2 has no $1 $word"
	done
	((count)) || complain "nothing is known of $1"
}

# part NAME PAGE: a section of a page, to where the next begins.
part() {
	awk -v from="# $1" '/^# / { inside = 0 } inside { print } $0 == from { inside = 1 }' "$man/$2"
}

# same WHAT PAGE: the words that come in are those of the second input, no more and no fewer.
same() {
	local out wanted

	wanted=$(sort -u)
	[ -n "$wanted" ] || complain "nothing is known of $1"
	out=$(comm -3 <(echo "$wanted") <(sort -u <&3) | sed 's/^\t/has too much: /; t; s/^/lacks: /')
	[ -z "$out" ] || complain "$2, $1: $(xargs <<<"$out")"
}

# ---- keys: both ways ----

keys() {
	comm -3 <(sort -u <<<"$2") <(section "$3" "$4" nemoinit.ini.5.scd | grep '^\*' | bold | grep -v '^fatal_output') |
		sed 's/^\t/nemoinit.ini.5.scd has too much: /; t; s/^/nemoinit.ini.5.scd lacks: /' | sed "s/^/[$1] /"
}
table=src/core/config_keys.c
out=$(
	keys nemoinit "$(strings 'nemoinit_keys\[\]' '^};' $table)" 'NEMOINIT SECTION' 'SERVICE SECTIONS'
	keys service "$(strings 'service_keys\[\]' '^};' $table; echo env.NAME)" 'SERVICE SECTIONS' 'TASK SECTIONS'
	keys task "$(strings 'task_keys\[\]' '^};' $table; echo env.NAME)" 'TASK SECTIONS' 'SEE ALSO'
)
[ -z "$out" ] || complain "$out"

# ---- options: both ways ----

options() {
	local wanted got

	wanted=$("$1" --help | grep -oE '(^|[ [])--?[a-zA-Z][a-z-]*' | tr -d ' [' | sort -u)
	got=$(grep -oE '\*--?[a-zA-Z][a-z-]*\*' "$man/$2" | tr -d '*' | sort -u)
	out=$(comm -3 <(echo "$wanted") <(echo "$got"))
	[ -z "$out" ] || complain "$2: options that are only in one of page and usage: $(xargs <<<"$out")"
}
options "$nemoctl" nemoctl.1.scd
options "$nemopair" nemopair.1.scd
options "$nemoinit" nemoinit.8.scd
options "$nemoprobe" nemoprobe.1.scd

# ---- the rest: all of it is told ----

commands=$("$nemoctl" --help | awk '/^Commands:/ { inside = 1; next } /^$/ { if (n) exit } inside { print $1; n++ }')
all command nemoctl.1.scd <<<"$commands"
for word in $commands; do
	grep -qw -- "$word" packaging/nemoctl.bash || complain "nemoctl.bash does not know $word"
done
control=$(part 'CONTROL SOCKET' nemoinit.8.scd)
same op nemoinit.8.scd < <(strings '^} ops\[\]' '^};' src/core/request.c) 3< <(grep '^\*.*[^.]$' <<<"$control" | bold)
same "error code" nemoinit.8.scd < <(strings 'code_names\[\]' '^};' src/core/request.c) \
	3< <(awk '/^Error codes:/ { inside = 1 } /^$/ { inside = 0 } inside { print }' <<<"$control" | bold)
same outcome nemoinit.8.scd < <(strings 'outcome_names\[\]' '^};' src/core/request.c) \
	3< <(awk '/_result_/ { inside = 1 } inside { print } inside && /[.]$/ { exit }' <<<"$control" | grep -oE '_[a-z-]+_' | tr -d _ | grep -v '^result$')
for file in feed_json reply_json; do
	while read -r word; do
		grep -qF "\"$word\"" <<<"$control" || complain "nemoinit.8.scd has no \"$word\" in a reply"
	done < <(grep -oE 'RECORD[A-Z_]*\(struct [a-z_]+, [A-Z]+, "[a-z_]+"' "src/core/$file.c" | grep -oE '"[a-z_]+"' | tr -d '"')
done
while read -r word; do
	grep -E '^\*' <<<"$control" | grep -qE "\(.*\<$word\>" || grep -qF "\"$word\"" <<<"$control" ||
		complain "nemoinit.8.scd has no argument $word"
done < <(grep -oE '\{ "[a-z]+", read_' src/core/request_json.c | grep -oE '"[a-z]+"' | tr -d '"')
same event nemoinit.8.scd 3< <(part EVENTS nemoinit.8.scd | bold) < <(awk '/names\[\] =/ { inside = 1 } inside { print } /};/ { inside = 0 }' src/core/event_ring.c |
	grep -oE '"[a-z-]+"' | tr -d '"')
same metric nemoinit.8.scd 3< <(part METRICS nemoinit.8.scd | bold) < <(grep -ohE '"nemoinit_[a-z_]+' src/core/metrics_text.c | tr -d '"' | sort -u)
# Names of fields are the strings behind a struct's name or an object's; `.name =` stands alone.
# The members of a reply that are no record's are named with them.
same field nemoctl.1.scd 3< <(part STATUS nemoctl.1.scd | bold | grep -vxE 'state_dir|--json') < <(cat src/core/snapshot_json.c src/core/auto_pair_json.c | tr -s '\n\t ' ' ' |
	grep -oE '(RECORD[A-Z_]*\( *struct [a-z_]+,( [A-Z_]+,)?|(json_add_[a-z]+|names_add|text_add_[a-z]+)\([a-z]+,|\.name =) *"[A-Za-z_]+"|\{ "[a-z_]+", offsetof' |
	grep -oE '"[A-Za-z_]+"' | tr -d '"' | sort -u)
same "exit code" nemoctl.1.scd 3< <(part 'EXIT STATUS' nemoctl.1.scd | bold) < <(awk '/^enum exit_status/,/^};/' src/core/exit_status.h | grep -oE '= [0-9]+' | tr -d '= ')
same "exit code" nemoprobe.1.scd 3< <(part 'EXIT STATUS' nemoprobe.1.scd | bold | grep -E '^[0-9]+$') < <(awk '/^enum probe_exit/,/^};/' src/core/probe_exit.h | grep -oE '= [0-9]+' | tr -d '= ')
probes=$("$nemoprobe" --help | grep -oE '\<nemoprobe [a-z]+ ' | awk '{ print $2 }')
all probe nemoprobe.1.scd <<<"$probes"
for word in $probes $("$nemoprobe" --help | grep -oE '(^| )--[a-z-]+' | sort -u); do
	grep -qw -- "$word" packaging/nemoprobe.bash || complain "nemoprobe.bash does not know $word"
done
all variable nemopair.1.scd < <(grep -ohE '"(NEMO(CLAW|PAIR)|OPENCLAW_BIN)[A-Z_]*"' src/core/pairing_settings.c src/app/*.c |
	tr -d '"' | grep -vE 'SKIP_AUTO_PAIR|DASHBOARD|OPENSHELL' | sort -u)

# ---- a hint names what exists and is tested ----

while read -r word; do
	grep -qw -- "$word" <<<"$commands" || complain "a hint names nemoctl $word, which is no command"
	grep -rqE "(ctl|nemoctl(_itself)?\"?( -s \"?[^ ]+| --socket [^ ]+)?)( --[a-z]+)* $word\\b" tests/integration/*.sh ||
		complain "a hint names nemoctl $word, which no test runs"
done < <(grep -ohE '"[^"]*nemoctl [a-z]+' src/core/*.c src/app/*.c | grep -oE 'nemoctl [a-z]+$' | awk '{ print $2 }' | sort -u)

# ---- they can be made ----

if command -v scdoc >/dev/null; then
	for page in "$man"/*.scd; do
		scdoc <"$page" >/dev/null || complain "$page: scdoc refuses it"
	done
fi
exit $failed
