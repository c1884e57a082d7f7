#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make demo-down: takes the demo down and looks that nothing is left.
. "$(dirname "$0")/lib.sh"
pids=$(cat "$CLOUD_DIR"/pid/* 2>/dev/null)
[ -e "$CLOUD_DIR" ] || [ -n "$(cloud_namespaces)" ] || { echo 'the demo is not up'; exit 0; }
cloud_down
# shellcheck disable=SC2086
cloud_wait 5 cloud_leftovers $pids || {
	echo 'left behind:' >&2
	cloud_leftovers $pids >&2
	exit 1
}
echo 'the demo is down; nothing is left'
