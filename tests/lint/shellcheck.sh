#!/bin/bash
# ShellCheck is content with every shell script, dotfiles included.
set -eu
cd "$(dirname "$0")/../.."
grep -rlE '^#!/bin/(ba)?sh|^# shellcheck shell=' --exclude-dir='build*' --exclude-dir=.git . | xargs shellcheck
