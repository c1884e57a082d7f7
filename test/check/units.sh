#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The systemd units of deploy/: systemd reads them without a complaint, and by its own reckoning
# (0: nothing to attack, 10: everything) they expose no more than they must.
. test/check/tree.sh

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# As installed, but with the programs of this build, which systemd looks for.
unit() { # NAME PROGRAM
	sed "s|^ExecStart=[^ ]*|ExecStart=$BUILD/$2|" "deploy/$1" >"$folder/$1"
}

# Complaints about other units of this machine are not ours.
verifies() { # NAME
	local said
	said=$(systemd-analyze verify --man=no "$folder/$1" 2>&1) && ! printf '%s\n' "$said" | grep -F "$1"
}

# Exposure in tenths.
bounded() { # NAME TENTHS
	systemd-analyze security --offline=true --threshold="$2" "$folder/$1" | tail -n 1
	[ "${PIPESTATUS[0]}" = 0 ]
}

if command -v systemd-analyze >/dev/null; then
	unit weftd.service controller/weftd
	unit weft-agent.service agent/weft-agent
	cp deploy/weft-bpffs.service "$folder"
	for name in weftd.service weft-agent.service; do check "$name is a unit" verifies $name; done
	check 'weftd exposes next to nothing' bounded weftd.service 12
	check 'weft-agent exposes what it works on' bounded weft-agent.service 45
else
	skipped 'the units' 'systemd-analyze (package systemd) is not installed'
fi
tests_end
