#!/bin/bash
# The tree is as clang-format 14 writes it.
set -eu
cd "$(dirname "$0")/../.."
find src tests -name '*.[ch]' -exec clang-format-14 --dry-run -Werror {} +
