#!/bin/bash
# Who may include whom. Includes are written from src/: "LAYER/file.h".
set -u
cd "$(dirname "$0")/../../src" || exit 1
failed=0

# Lines of "FILE <header>" or "FILE "header"".
includes()
{
	grep -rHoE '^[[:space:]]*#[[:space:]]*include[[:space:]]+[<"][^>"]+[>"]' --include='*.[ch]' . |
		sed -E 's|^\./||; s/:[^<"]*/ /'
}

complain()
{
	[ -z "$2" ] || { printf '%s:\n%s\n' "$1" "$2"; failed=1; }
}

# forbid WHY FILES INCLUDES: regular expressions for the file and for <header> or "header".
forbid()
{
	complain "$1" "$(includes | awk -v files="$2" -v headers="$3" '$1 ~ files && $2 ~ headers')"
}

# only WHY FILES INCLUDES: none but these files.
only()
{
	complain "$1" "$(includes | awk -v files="$2" -v headers="$3" '$1 !~ files && $2 ~ headers')"
}

forbid 'own headers are included from src/' . '^"([^/]*|\.\.?/.*)"$'
forbid 'util stands alone' ^util/ '^"(core|io|app)/'
forbid 'core knows only util' ^core/ '^"(io|app)/'
forbid 'io knows only util' ^io/ '^"(core|app)/'
forbid 'core and util ask no kernel and no clock' '^(core|util)/' '^<(time|unistd|fcntl|poll|sys/.*)\.h>'
only 'libev is behind io/loop.c' '^io/loop\.c$' '^<ev(\+\+)?\.h>'
only 'inih is behind core/config_ini.c' '^core/config_ini\.c$' '^<ini\.h>'
only 'cJSON is for the codecs' '^core/(json|.*_json)\.[ch]$' 'cJSON\.h>'

users=$(includes | awk '$2 == "<sys/capability.h>" { print $1 }' | sort -u)
[ "$(wc -w <<<"$users")" -le 1 ] || complain 'libcap is for one file' "$users"
only 'libcap is for io' '^io/' '^<sys/capability\.h>'
exit "$failed"
