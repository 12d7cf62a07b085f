#!/bin/bash
# The one command: installs what is missing, builds, runs every suite and counts. `tests/run.sh unit sim` runs
# only those. The build directory is build/, or $NEMOINIT_BUILD.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
build=${NEMOINIT_BUILD:-$root/build}
cd "$root" || exit 1
. packaging/packages.sh
. tests/report.sh

suites=("$@")
[ $# -gt 0 ] || suites=(lint unit sim integration container openclaw)

groups=(build tests)
[[ " ${suites[*]} " != *' lint '* ]] || groups+=(lint)
[[ " ${suites[*]} " != *' openclaw '* ]] || groups+=(openclaw browser)
[[ " ${suites[*]} " != *' container '* ]] || groups+=(container)

build_all()
{
	{ [ -f "$build/build.ninja" ] || meson setup "$build"; } && ninja -C "$build"
}

if report_step packages packages_install "${groups[@]}" && report_step build build_all; then
	for suite in "${suites[@]}"; do
		report_suite "$suite" "$build" "$suite"
	done
fi
report_end
