#!/bin/bash
# purity.sh LIBUTIL LIBCORE: core decides and util says; neither can reach the world. What their objects leave
# undefined must be defined in them or be on this list of functions that only compute.
set -u
pure='mem[a-z]+|bcmp|str[a-z0-9_]+|is(alnum|alpha|digit|print|space|xdigit)|to(lower|upper)'
pure+='|malloc|calloc|realloc|reallocarray|free|qsort|bsearch|abs|labs|snprintf|vsnprintf|asprintf|vasprintf|sscanf'
pure+='|fabs|floor|ceil|lround|fmin|fmax|pow|exp2|ldexp|frexp|modf|isnan|isinf|gmtime_r|timegm'
pure+='|cJSON_.*|ini_parse_stream|inet_(ntop|pton)|__errno_location|__ctype_[a-z]+_loc|__isoc99_.*|__[a-z]+_chk'
pure+='|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__(asan|ubsan|gcov|sanitizer)_.*|__assert_fail'

needed=$(nm -u "$@" | awk '$1 == "U" || $1 == "w" { print $2 }' | sort -u)
defined=$(nm --defined-only "$@" | awk 'NF == 3 { print $3 }' | sort -u)
[ -n "$defined" ] || { echo "nothing is defined in $*"; exit 1; }
impure=$(comm -23 <(echo "$needed") <(echo "$defined") | grep -vxE "$pure|")
[ -z "$impure" ] || { printf 'not on the list of pure functions:\n%s\n' "$impure"; exit 1; }
