#!/bin/bash
# Functions of at most 70 lines between their braces, files of at most 400; names in lower case.
set -u
cd "$(dirname "$0")/../.." || exit 1
find src -name '*.[ch]' -print0 | xargs -0 awk '
	FNR == 1 { start = 0 }
	FNR == 401 { print FILENAME ": more than 400 lines"; bad = 1 }
	/^{/ { start = FNR }
	/^}/ && start { if (FNR - start - 1 > 70) { print FILENAME ":" start ": " FNR - start - 1 " lines in a function"; bad = 1 } start = 0 }
	END { exit bad }' || exit 1
! find src -type f | grep -vE '^src/([a-z][a-z0-9_]*/)?([a-z][a-z0-9_]*\.([ch]|sed)|meson\.build|README\.md)$'
