#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What deploy/ gives Prometheus: its own reader takes it, the rules fire when they should and not
# before, and they name only metrics that there are.
. test/check/tree.sh

# Every weft_* of the rules is one of the programs' tables.
names() {
	local name known bad=0
	known=$("$BUILD/controller/weftd" --print-metrics && "$BUILD/agent/weft-agent" --print-metrics) || return
	for name in $(grep -oE '\bweft_[a-z_]+' deploy/alerts.yml | sort -u); do
		printf '%s\n' "$known" | grep -qx ".It Li $name" || { echo "there is no $name"; bad=1; }
	done
	return $bad
}

check 'rules name metrics that there are' names
if command -v promtool >/dev/null; then
	check 'the configuration' promtool check config deploy/prometheus.yml
	check 'the rules' promtool check rules deploy/alerts.yml
	check 'the rules fire in time' promtool test rules test/check/alerts.yml
else
	skipped 'the configuration and the rules' 'promtool (package prometheus) is not installed'
fi
tests_end
